"""Every PromQL expression of the product: those of rules, of panels and of what is marked on graphs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from monitoring import servers

BOARDS = servers.FOLDER / "grafana" / "dashboards"
METRICS_PAGE = servers.FOLDER.parent / "docs" / "metrics.md"


class Expression(NamedTuple):
    """Where it stands, and what it asks."""

    place: str
    text: str

    @property
    def metrics(self) -> set[str]:
        """The metrics of ours that it names, histograms without the suffix of their series."""
        return {re.sub(r"_(bucket|count|sum)$", "", name) for name in re.findall(r"nightshift_\w+", self.text)}

    @property
    def records(self) -> set[str]:
        """The recording rules that it names."""
        return set(re.findall(r"nightshift:\w+:\w+", self.text))


def rules() -> Iterator[Expression]:
    for file in sorted(servers.RULES.glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                yield Expression(rule.get("alert") or rule["record"], rule["expr"])


def panels() -> Iterator[Expression]:
    for file in sorted(BOARDS.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield Expression(f"{file.stem}: {panel['title']}", target["expr"])


def annotations() -> Iterator[Expression]:
    for file in sorted(BOARDS.glob("*.json")):
        for mark in json.loads(file.read_text())["annotations"]["list"]:
            yield Expression(f"{file.stem}: mark {mark['name']}", mark["expr"])


def existing() -> set[str]:
    """The metrics that docs/metrics.md says there are."""
    return set(re.findall(r"^\| `(nightshift_\w+)` \| ", METRICS_PAGE.read_text(), re.MULTILINE))


def planned() -> set[str]:
    """Those that it says will come."""
    return set(re.findall(r"^\| planned \| `(nightshift_\w+)` \| ", METRICS_PAGE.read_text(), re.MULTILINE))
