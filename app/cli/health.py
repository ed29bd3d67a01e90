"""``nightshift health``: a report of how the platform is, asked from this host."""

from __future__ import annotations

import json

import click

from app.cli.errors import Failed


@click.command(short_help="Report how the platform is.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, as GET /health answers.")
def health(as_json: bool) -> None:
    """Examine servers, disks, memory, engines, workers, queues, beat and clock from this host.

    Exit code 1 where something is critical.
    """
    import redis

    from models.holding import Holding
    from models.inflight import connect
    from models.settings import settings
    from monitoring import logs
    from monitoring.health.checks import probes
    from monitoring.health.report import examine

    logs.configure(level="CRITICAL")  # what is wrong stands in the report
    asked = probes(settings())
    report = examine(asked)
    try:
        held = list(Holding(connect(settings().redis_url)).reasons())
    except redis.RedisError:
        held = None
    if as_json:
        checks = {
            name: {"status": found.level, "message": found.detail, "seconds": round(found.seconds, 4)}
            for name, found in report.findings.items()
        }
        told = {"status": report.level, "score": report.score, "solves_held": held, "checks": checks}
        click.echo(json.dumps(told, indent=2))
    else:
        for name, found in report.findings.items():
            click.echo(f"{found.level:<9} {name:<10} {found.detail}")
        click.echo(f"{report.level:<9} score {report.score} of 100")
        if held:
            click.echo(f"new solves are held: {', '.join(held)}")
    if report.level == "critical":
        if settings().embedded_redis and report.findings["redis"].level == "critical":
            raise Failed(f"something is critical: its Redis in {settings().data_dir} does not run; try: nightshift up")
        raise Failed("something is critical")
