"""Dashboards as files: they are what their code writes, and ask for what there is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from monitoring.grafana import DASHBOARDS
from tests.monitoring import expressions
from tests.monitoring.expressions import BOARDS, Expression

PROVISIONING = BOARDS.parent / "provisioning"


@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_committed_dashboard_is_what_its_code_writes(name: str) -> None:
    pytest.importorskip("grafana_foundation_sdk")
    from monitoring.grafana.__main__ import written

    assert (BOARDS / f"{name}.json").read_text() == written(name), "run python -m monitoring.grafana"


def test_no_dashboard_is_left_over() -> None:
    assert {file.stem for file in BOARDS.glob("*.json")} == set(DASHBOARDS)


@pytest.mark.parametrize("file", sorted(BOARDS.glob("*.json")), ids=lambda file: file.stem)
def test_every_panel_says_what_it_shows_and_has_its_place(file: Path) -> None:
    board = json.loads(file.read_text())
    source = yaml.safe_load((PROVISIONING / "datasources" / "nightshift.yml").read_text())["datasources"][0]
    assert board["uid"] == f"nightshift-{file.stem}"
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        columns = range(place["x"], place["x"] + place["w"])
        cells = {(x, y) for x in columns for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, f"{panel['title']} lies on another panel"
        assert columns.stop <= 24
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"].endswith(".")
            assert panel["datasource"] == {"type": "prometheus", "uid": source["uid"]}
            assert panel["targets"]
            assert panel["fieldConfig"]["defaults"]["unit"]


@pytest.mark.parametrize(
    "expression",
    [*expressions.rules(), *expressions.panels(), *expressions.annotations()],
    ids=lambda expression: expression.place,
)
def test_an_expression_names_what_there_is(expression: Expression) -> None:
    assert expression.metrics <= expressions.existing() | expressions.planned()
    assert expression.records <= {rule.place for rule in expressions.rules()}
