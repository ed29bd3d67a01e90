"""How good the plans are, and whether they stay so."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.panels import dashboard, lines, number, quantiles, rate

CLASS = '{plant=~"$plant", engine=~"$engine", size=~"$size"}'
LEGEND = "{{measure}} {{plant}} {{template}} {{size}} {{engine}} {{budget}}"


def board() -> Dashboard:
    """Gaps, improvement, engines, and baselines by class of runs."""
    return dashboard(
        "search",
        "Search quality",
        "How good the plans are, and whether they stay so.",
        {
            "Quality": [
                lines(
                    "Gap at the end",
                    quantiles("nightshift_gap_ratio", "objective"),
                    "Between the first level's value and its lower bound; 0 is proved optimal.",
                    unit="percentunit",
                ),
                lines(
                    "Improvement steps",
                    [rate("nightshift_improvement_steps_total", "outcome")],
                    "A second, by what came of them.",
                ),
                lines(
                    "First level",
                    [("max by (objective) (nightshift_objective_seconds)", "{{objective}}")],
                    "Of the latest request that ended.",
                    unit="s",
                ),
            ],
            "Engines": [
                lines(
                    "Time of a batch",
                    quantiles("nightshift_solve_seconds", "engine"),
                    "By engine that solved it.",
                    unit="s",
                ),
                lines("Batches", [rate("nightshift_batches_total", "outcome", each=60)], "A minute, by how they went."),
                lines(
                    "Fallbacks and refused plans",
                    [
                        ("sum by (reason) (increase(nightshift_fallbacks_total[10m])) or vector(0)", "{{reason}}"),
                        ("sum(increase(nightshift_refused_plans_total[10m]))", "refused by the validator"),
                    ],
                    "Within ten minutes.",
                ),
            ],
            "Against the baseline": [
                number(
                    "Classes that got worse",
                    "sum(max without (measure) (nightshift_regression))",
                    "Classes of runs of which a measure is worse than its baseline, and that is no chance.",
                    warn=1,
                    bad=3,
                ),
            ],
            "By class of runs": [
                lines(
                    "Change",
                    [(f"nightshift_baseline_change_ratio{CLASS}", LEGEND)],
                    "Recent runs over their baseline: above 1 is worse.",
                    limit=1.5,
                ),
                lines(
                    "Regressions",
                    [(f"nightshift_regression{CLASS}", LEGEND)],
                    "1 where recent runs are worse than their baseline and that is no chance.",
                    most=1,
                ),
                lines(
                    "Baseline of the time",
                    [('nightshift_baseline_median{measure="seconds", plant=~"$plant"}', LEGEND)],
                    "Median over the window of a class.",
                    unit="s",
                ),
            ],
        },
        ("plant", "engine", "size"),
    )
