"""The pieces that dashboards are made of: a number, lines over time, rows of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, QueryVariable, Row, ThresholdsConfig
from grafana_foundation_sdk.builders.dashboard import DashboardLink as Link
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
    VariableSort,
)

SOURCE: Final = DataSourceRef(type_val="prometheus", uid="nightshift-prometheus")
"""The data source that ``provisioning/datasources`` names."""

NEW_VERSION: Final = "nightshift_build_info unless nightshift_build_info offset 2m"
NEW_REGRESSION: Final = "nightshift_regression == 1 unless nightshift_regression offset 2m == 1"
CRITICAL: Final = 'ALERTS{alertname=~"Nightshift.+", alertstate="firing", severity="critical"}'
"""What is marked on every graph."""

TAG: Final = "nightshift"
WIDTH: Final = 24
HEIGHT: Final = 8
NUMBER_HEIGHT: Final = 4

Panel = stat.Panel | timeseries.Panel
Query = tuple[str, str]
"""PromQL, and the legend of its series."""


def number(
    title: str, query: str, about: str, *, unit: str = "short", warn: float | None = None, bad: float | None = None
) -> stat.Panel:
    """One number, now: orange from ``warn`` and red from ``bad`` on; downwards where ``warn`` is above ``bad``."""
    return (
        stat.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .height(NUMBER_HEIGHT)
        .color_mode(BigValueColorMode.VALUE)
        .graph_mode(BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(_thresholds(warn, bad))
        .with_target(prometheus.Dataquery().expr(query).legend_format("__auto").ref_id("A"))
    )


def lines(
    title: str,
    queries: Sequence[Query],
    about: str,
    *,
    unit: str = "short",
    stacked: bool = False,
    limit: float | None = None,
    most: float | None = None,
) -> timeseries.Panel:
    """Series over time; ``limit`` draws the line they should stay below, ``most`` is the upper end of the axis."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(about)
        .datasource(SOURCE)
        .unit(unit)
        .height(HEIGHT)
        .min(0)
        .line_width(1)
        .fill_opacity(40 if stacked else 8)
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
    )
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    if most is not None:
        panel = panel.max(most)
    if limit is not None:
        panel = panel.thresholds(_thresholds(None, limit)).thresholds_style(
            common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.DASHED)
        )
    for letter, (query, legend) in zip("ABCDEFGH", queries, strict=False):
        panel = panel.with_target(prometheus.Dataquery().expr(query).legend_format(legend).ref_id(letter))
    return panel


def quantiles(metric: str, by: str = "", *, of: Sequence[float] = (0.5, 0.95), where: str = "") -> list[Query]:
    """Quantiles of a histogram, one series for each value of the label ``by``."""
    legend = f"{{{{{by}}}}} " if by else ""
    labels = f"le, {by}" if by else "le"
    return [
        (
            f"histogram_quantile({share:g}, sum by ({labels}) (rate({metric}_bucket{where}[$__rate_interval])))",
            f"{legend}p{share * 100:g}",
        )
        for share in of
    ]


def rate(metric: str, by: str, *, where: str = "", each: float = 1) -> Query:
    """Events a second (times ``each``) of a counter, one series for each value of the label ``by``."""
    factor = f"{each:g} * " if each != 1 else ""
    return f"{factor}sum by ({by}) (rate({metric}{where}[$__rate_interval]))", f"{{{{{by}}}}}"


def dashboard(
    name: str, title: str, about: str, rows: Mapping[str, Sequence[Panel]], variables: Sequence[str] = ()
) -> Dashboard:
    """A dashboard with a row for each heading. ``variables`` are labels to choose values of."""
    board = (
        Dashboard(f"Nightshift / {title}")
        .uid(f"nightshift-{name}")
        .description(about)
        .tags([TAG])
        .readonly()
        .refresh("30s")
        .time("now-3h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .link(Link("Nightshift").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True).keep_time(True))
        .annotation(_annotation("Version", "blue", NEW_VERSION))
        .annotation(_annotation("Regression", "orange", NEW_REGRESSION))
        .annotation(_annotation("Critical alert", "red", CRITICAL))
    )
    for label in variables:
        board = board.with_variable(
            QueryVariable(label)
            .datasource(SOURCE)
            .query(f'label_values({{__name__=~"nightshift_.+"}}, {label})')
            .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(VariableSort.ALPHABETICAL_ASC)
            .multi(True)
            .include_all(True)
            .all_value(".*")
        )
    for heading, panels in rows.items():
        board = board.with_row(Row(heading))
        for panel in panels:
            board = board.with_panel(panel.span(WIDTH // _across(panels)))
    return board


def _across(panels: Sequence[Panel]) -> int:
    """How many panels stand side by side."""
    return min(len(panels), 6 if isinstance(panels[0], stat.Panel) else 3)


def _annotation(name: str, color: str, query: str) -> AnnotationQuery:
    return AnnotationQuery().name(name).datasource(SOURCE).enable(True).icon_color(color).expr(query)


def _thresholds(warn: float | None, bad: float | None) -> ThresholdsConfig:
    steps = [Threshold(None, "green")]
    if warn is not None and bad is not None and warn > bad:  # the lower, the worse
        steps = [Threshold(None, "red"), Threshold(bad, "orange"), Threshold(warn, "green")]
    else:
        steps += [Threshold(at, color) for at, color in ((warn, "orange"), (bad, "red")) if at is not None]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
