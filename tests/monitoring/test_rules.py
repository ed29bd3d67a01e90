"""Alerts as files: each is tested, says what to do, and is silenced only by what causes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from app.cli import cli
from monitoring import servers
from tests.conftest import _missing

TESTS = servers.RULES.parent / "tests"
ROOT = servers.FOLDER.parent
RUNBOOKS = servers.FOLDER / "runbooks"
SECTIONS = ["Impact", "Look at", "Do", "Escalate"]
SEVERITIES = {
    "critical": "on-call, now",
    "warning": "the team, within the working day",
    "none": "on-call, now, where it does not come",
}
WATCHDOG = "Watchdog"
"""Fires always, and is named as everybody names it."""


def groups() -> Iterator[dict[str, Any]]:
    for file in sorted(servers.RULES.glob("*.yml")):
        yield from yaml.safe_load(file.read_text())["groups"]


ALERTS = {rule["alert"]: rule for group in groups() for rule in group["rules"] if "alert" in rule}
ALERTMANAGER = yaml.safe_load(servers.ALERTMANAGER.read_text())


def run(program: str, *arguments: object) -> None:
    if shutil.which(program) is None:
        _missing(f"{program} is not installed")
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.services
@pytest.mark.parametrize("file", sorted(TESTS.glob("*.yml")), ids=lambda file: file.stem)
def test_alerts_fire_when_they_have_to_and_not_before(file: Path) -> None:
    run("promtool", "test", "rules", file)


@pytest.mark.services
def test_both_programs_take_their_files() -> None:
    run("promtool", "check", "config", servers.PROMETHEUS)
    run("amtool", "check-config", servers.ALERTMANAGER)


def expectations() -> Iterator[list[set[str]]]:
    """Of every test case, which alerts are said to fire, at one time after the other."""
    for file in TESTS.glob("*.yml"):
        for case in yaml.safe_load(file.read_text())["tests"]:
            looks = [
                {case_alert["alertname"]} if case_alert.get("exp_alerts") else set()
                for case_alert in case.get("alert_rule_test", [])
            ]
            for look in case.get("promql_expr_test", []):
                told = " ".join(sample["labels"] for sample in look["exp_samples"])
                looks.append(set(re.findall(r'alertname="(\w+)"', told)))
            yield looks


def test_every_alert_is_seen_firing_and_silent() -> None:
    fires = {name for looks in expectations() for look in looks for name in look}
    silent = {
        name for looks in expectations() for name in set().union(*looks) if any(name not in look for look in looks)
    }
    assert fires == set(ALERTS)
    assert silent == set(ALERTS) - {WATCHDOG}


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_how_bad_it_is_and_where_to_read_on(name: str) -> None:
    alert = ALERTS[name]
    assert name == WATCHDOG or re.fullmatch(r"Nightshift[A-Z][A-Za-z]+", name)
    assert alert["labels"]["severity"] in SEVERITIES
    assert (alert["labels"]["severity"] == "none") == (name == WATCHDOG)
    assert alert["annotations"]["runbook_url"] == f"{{{{ $externalLabels.runbooks }}}}/{name}"
    assert alert["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_runbook(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    severity = ALERTS[name]["labels"]["severity"]
    assert text.startswith(f"# {name}\n\n")
    assert f"\n\n**Severity** {severity} · **Who** {SEVERITIES[severity]}" in text
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert all(part.strip() for part in re.split(r"^## .*$", text, flags=re.MULTILINE))


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {file.stem for file in RUNBOOKS.glob("*.md")} == set(ALERTS)


@pytest.mark.parametrize("file", sorted(RUNBOOKS.glob("*.md")), ids=lambda file: file.stem)
def test_what_a_runbook_points_to_exists(file: Path) -> None:
    text = file.read_text()
    for page in re.findall(r"`(docs/[\w/.-]+)`", text):
        assert (ROOT / page).is_file(), page
    for words in re.findall(r"`nightshift ([a-z]+(?: [a-z]+)?)", text):
        first, *rest = words.split()
        command = cli.commands[first]
        assert not isinstance(command, click.Group) or not rest or rest[0] in command.commands, words


def test_what_an_alert_needs_can_be_said_to_be_broken() -> None:
    """Each part that another alert needs has an alert of its own that silences it, and no alert silences itself."""
    parts = {part for alert in ALERTS.values() for part in alert["labels"].get("needs", "").split()}
    causes = {alert["labels"]["part"] for alert in ALERTS.values() if alert["labels"].get("cause") == "yes"}
    silencing = {
        re.search(r'part="(\w+)"', matchers)[1]  # type: ignore[index]
        for rule in ALERTMANAGER["inhibit_rules"]
        for matchers in [" ".join(rule["source_matchers"])]
    }
    assert parts <= causes
    assert silencing == parts
    for alert in ALERTS.values():
        if alert["labels"].get("cause") == "yes":
            assert alert["labels"]["part"] not in alert["labels"].get("needs", "").split()


def test_a_copy_for_this_machine_names_its_addresses_only(tmp_path: Path) -> None:
    at = servers.Addresses("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3")
    servers.configure(tmp_path, at, scrape_seconds=5, key="nsk_x", haste=5)
    prometheus = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    assert prometheus["global"]["scrape_interval"] == "5s"
    assert {job["job_name"]: job["static_configs"][0]["targets"] for job in prometheus["scrape_configs"]} == {
        "nightshift": ["127.0.0.1:1"],
        "prometheus": ["127.0.0.1:2"],
        "alertmanager": ["127.0.0.1:3"],
    }
    key = Path(prometheus["scrape_configs"][0]["authorization"]["credentials_file"])
    assert (key.read_text(), key.stat().st_mode & 0o777) == ("nsk_x", 0o600)
    held = [
        servers.seconds(rule["for"])
        for file in (tmp_path / "rules").glob("*.yml")
        for group in yaml.safe_load(file.read_text())["groups"]
        for rule in group["rules"]
        if "for" in rule
    ]
    assert max(held) == 180
    alertmanager = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())
    assert alertmanager["receivers"] == [{"name": "team"}, {"name": "on-call"}, {"name": "watchdog"}]
    assert alertmanager["inhibit_rules"] == ALERTMANAGER["inhibit_rules"]


def test_only_who_is_named_for_it_is_told_of_what_always_fires(tmp_path: Path) -> None:
    servers.configure(tmp_path, servers.Addresses("127.0.0.1:1"), webhook="http://a/", watchdog="http://b/")
    alertmanager = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())
    urls = {receiver["name"]: receiver["webhook_configs"][0]["url"] for receiver in alertmanager["receivers"]}
    assert urls == {"team": "http://a/", "on-call": "http://a/", "watchdog": "http://b/"}


def test_durations() -> None:
    assert [servers.seconds(text) for text in ("15s", "1m", "1h30m", "3d")] == [15, 60, 5400, 259_200]
    for text in ("", "5", "1x"):
        with pytest.raises(ValueError, match="is no duration"):
            servers.seconds(text)
