"""``nightshift monitoring``: Prometheus and Alertmanager beside a Nightshift on this machine."""

from __future__ import annotations

import os
import shlex

import click

from app.cli.errors import Failed

HOST = "127.0.0.1"
EVERYWHERE = ("0.0.0.0", "::")


@click.command(short_help="Run Prometheus and Alertmanager beside it until Ctrl-C.")
@click.option("--prometheus-port", default=9090, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--alertmanager-port", default=9093, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--scrape-seconds", default=15, show_default=True, type=click.IntRange(1, 300), help="Between scrapes.")
@click.option("--webhook", metavar="URL", help="Where alerts are posted to; without it they are only shown.")
@click.option("--watchdog", metavar="URL", help="Where an alert that always fires is posted to, every minute.")
def monitoring(
    prometheus_port: int, alertmanager_port: int, scrape_seconds: int, webhook: str | None, watchdog: str | None
) -> None:
    """Run Prometheus and Alertmanager until Ctrl-C, for the Nightshift at NIGHTSHIFT_HOST and NIGHTSHIFT_PORT.

    Both programs have to be installed. They use this version's rules and keep their data in the folder monitoring of
    NIGHTSHIFT_HOME. Where NIGHTSHIFT_PROTECT_METRICS=1, metrics are read with NIGHTSHIFT_API_KEY.
    """
    from models.settings import settings
    from monitoring import servers
    from workers import boot
    from workers.embedded_redis import private_folder

    found = settings()
    folder = private_folder(private_folder(found.data_dir) / "monitoring")
    web = HOST if found.host in EVERYWHERE else found.host
    at = servers.Addresses(f"{web}:{found.port}", f"{HOST}:{prometheus_port}", f"{HOST}:{alertmanager_port}")
    key = os.environ.get("NIGHTSHIFT_API_KEY") if found.protect_metrics else None
    try:
        commands = servers.commands(folder, at)
    except servers.NotInstalled as missing:
        raise Failed(str(missing)) from None
    for port in (prometheus_port, alertmanager_port):
        if boot.port_taken(HOST, port):
            raise Failed(f"port {port} of {HOST} is taken; see nightshift monitoring --help for how to name another")
    servers.configure(folder, at, scrape_seconds=scrape_seconds, webhook=webhook, watchdog=watchdog, key=key)
    click.echo(f"Prometheus    http://{at.prometheus} (alerts: in its menu)", err=True)
    click.echo(f"Alertmanager  amtool alert --alertmanager.url=http://{at.alertmanager}", err=True)
    click.echo(f"watching      http://{at.web}/metrics every {scrape_seconds} s; Ctrl-C stops both", err=True)
    raise SystemExit(boot.run({name: shlex.join(command) for name, command in commands.items()}, os.environ))
