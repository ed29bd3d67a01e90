"""``nightshift baselines``: what runs of each class usually take and reach, and whether recent ones are worse."""

from __future__ import annotations

import click

from app.cli.errors import BadInput, Failed


@click.group(invoke_without_command=True, short_help="Compare recent runs with their baselines.")
@click.pass_context
def baselines(context: click.Context) -> None:
    """Compare the last 6 runs of each class with the 50 before them, measure by measure.

    A class is plant/template/size/engine/budget. Change is the ratio of medians, above 1 is worse. REGRESSED stands
    where the change is at least 1.1 and a rank-sum test finds it no chance; then the exit code is 1.
    """
    if context.invoked_subcommand is not None:
        return
    from models.settings import settings
    from models.tables.session import sessions
    from tasks.baselines import examined

    found = examined(sessions(settings().database_url))
    if not found:
        click.echo("no class has 5 recent runs and 20 before them yet")
        return
    for run_class in dict.fromkeys(row.run_class for row in found):
        click.echo(str(run_class))
        for row in found:
            if row.run_class == run_class:
                usual, verdict = row.comparison.baseline, "REGRESSED" if row.regressed else ""
                click.echo(
                    f"  {row.measure:<13} {row.comparison.recent:>12.4g}  usually {usual.median:>10.4g} "
                    f"+- {usual.spread:<9.3g} ({usual.runs} runs)  x{row.comparison.change:.2f}  "
                    f"p {row.comparison.p:.2g}  {verdict}".rstrip()
                )
    if any(row.regressed for row in found):
        raise Failed("recent runs are worse than their baseline")


@baselines.command()
@click.argument("run_class", metavar="CLASS")
def accept(run_class: str) -> None:
    """Start the baseline of CLASS anew: what runs from now on is the new normal."""
    from models.settings import settings
    from models.store import records
    from models.store.records import RunClass
    from models.tables.session import sessions, transaction

    try:
        wanted = RunClass.of(run_class)
    except ValueError as error:
        raise BadInput(str(error)) from None
    with transaction(sessions(settings().database_url)) as session:
        if wanted not in records.classes(session, days=90, limit=1000):
            raise BadInput(f"no run of class {run_class!r} in the last 90 days; nightshift baselines lists them")
        records.accept(session, wanted, actor="cli")
    click.echo(f"the baseline of {run_class} begins now; it takes 25 runs until it can be compared with")
