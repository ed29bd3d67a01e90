"""Prometheus and Alertmanager beside a Nightshift: their configuration with the addresses of a machine.

The files in ``monitoring/prometheus`` and ``monitoring/alertmanager`` are what a production uses, edited to its
addresses. ``configure`` writes a copy of them for servers on this machine, and ``commands`` says how to start those.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

FOLDER: Final = Path(__file__).parent
PROMETHEUS: Final = FOLDER / "prometheus" / "prometheus.yml"
RULES: Final = FOLDER / "prometheus" / "rules"
ALERTMANAGER: Final = FOLDER / "alertmanager" / "alertmanager.yml"

KEPT: Final = "15d"
"""How long Prometheus keeps what it has scraped: baselines and slow burn rates look back over days."""

WATCHDOG: Final = "watchdog"
"""The receiver of the alert that always fires."""

_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")


class NotInstalled(Exception):
    """A program is missing on this machine; the message says how to get it."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the servers of this machine listen, each as host:port; ``web`` is what Prometheus scrapes."""

    web: str
    prometheus: str = "127.0.0.1:9090"
    alertmanager: str = "127.0.0.1:9093"


def configure(
    folder: Path,
    at: Addresses,
    *,
    scrape_seconds: int = 15,
    webhook: str | None = None,
    watchdog: str | None = None,
    key: str | None = None,
    haste: int = 1,
) -> None:
    """Writes ``prometheus.yml``, ``rules/`` and ``alertmanager.yml`` into ``folder``.

    Receivers of the copy call ``webhook``, a URL, and nothing else; None: they tell nobody. ``watchdog`` is the same
    for the alert that always fires, every minute. Rules are evaluated as often as is scraped, every
    ``scrape_seconds``; ``key`` is the API key to scrape with, if one is needed. ``haste`` divides the time that an
    alert has to hold before it fires; above 1 nothing waits in Alertmanager: for rehearsals.
    """
    rules = folder / "rules"
    shutil.rmtree(rules, ignore_errors=True)
    rules.mkdir(parents=True)
    for file in RULES.glob("*.yml"):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        _hasten(document, haste)
        _write(rules / file.name, document)
    prometheus = _prometheus(at, scrape_seconds)
    if key is not None:
        file = folder / "nightshift.key"
        file.touch(mode=0o600)
        file.write_text(key, encoding="utf-8")
        prometheus["scrape_configs"][0]["authorization"] = {"credentials_file": str(file)}
    _write(folder / "prometheus.yml", prometheus)
    _write(folder / "alertmanager.yml", _alertmanager(webhook, watchdog, hasten=haste > 1))


def commands(folder: Path, at: Addresses) -> Mapping[str, list[str]]:
    """Name -> command of the servers configured in ``folder``. Raises NotInstalled."""
    return {
        "prometheus": [
            _program("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'prometheus'}",
            f"--storage.tsdb.retention.time={KEPT}",
            f"--web.listen-address={at.prometheus}",
            f"--web.external-url=http://{at.prometheus}",
            "--log.level=warn",
        ],
        "alertmanager": [
            _program("prometheus-alertmanager"),
            f"--config.file={folder / 'alertmanager.yml'}",
            f"--storage.path={folder / 'alertmanager'}",
            f"--web.listen-address={at.alertmanager}",
            f"--web.external-url=http://{at.alertmanager}",
            "--cluster.listen-address=",  # one is enough beside one Prometheus
            "--log.level=warn",
        ],
    }


def seconds(duration: str) -> int:
    """A Prometheus duration such as ``1h30m`` in seconds. Raises ValueError for what is none."""
    found = _DURATION.fullmatch(duration)
    if not duration or found is None:
        raise ValueError(f"{duration!r} is no duration in d, h, m and s")
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        package = name if name.startswith("prometheus") else f"prometheus-{name}"
        raise NotInstalled(f"{name} is not installed; on Debian and Ubuntu: apt-get install {package}")
    return found


def _prometheus(at: Addresses, scrape_seconds: int) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(PROMETHEUS.read_text(encoding="utf-8"))
    often = f"{scrape_seconds}s"
    found["global"] |= {
        "scrape_interval": often,
        "scrape_timeout": f"{min(10, scrape_seconds)}s",
        "evaluation_interval": often,
        "external_labels": {"runbooks": f"http://{at.web}/runbooks"},
    }
    targets = {"nightshift": at.web, "prometheus": at.prometheus, "alertmanager": at.alertmanager}
    for job in found["scrape_configs"]:
        job["static_configs"] = [{"targets": [targets[job["job_name"]]]}]
    found["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": [at.alertmanager]}]}]}
    return found


def _alertmanager(webhook: str | None, watchdog: str | None, *, hasten: bool) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(ALERTMANAGER.read_text(encoding="utf-8"))
    urls = {receiver["name"]: webhook for receiver in found["receivers"]} | {WATCHDOG: watchdog}
    found["receivers"] = [
        {"name": name, "webhook_configs": [{"url": url, "send_resolved": name != WATCHDOG}]} if url else {"name": name}
        for name, url in urls.items()
    ]
    found["global"] = {"resolve_timeout": found["global"]["resolve_timeout"]}
    if hasten:
        for route in (found["route"], *found["route"]["routes"]):
            route |= {"group_wait": "1s", "group_interval": "1s"}
    return found


def _hasten(document: dict[str, Any], haste: int) -> None:
    for group in document["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = f"{seconds(rule['for']) // haste}s"


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
