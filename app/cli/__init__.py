"""The command line. Commands import what they need when they run, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from app.cli import (
    admin,
    baselines,
    bench,
    diff,
    disrupt,
    health,
    monitoring,
    plant,
    policy,
    remote,
    replan,
    solve,
    stack,
    train,
    warm,
    why,
)
from app.cli.errors import BadInput, Failed, Trouble, Unreachable

INTERRUPTED = 130

EPILOG = """\b
Exit codes: 0 done; 1 the answer is no (violations found, the run failed, a process ended);
2 bad input; 3 a server that is needed does not answer; 130 Ctrl-C."""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="nightshift", message="%(version)s")
def cli() -> None:
    """Nightshift plans factories: requests go in, checked plans with their proof of quality come out."""


for command in (
    stack.demo,
    stack.up,
    monitoring.monitoring,
    solve.solve,
    solve.check,
    why.why,
    diff.diff,
    disrupt.disrupt,
    solve.generate,
    remote.submit,
    remote.status,
    remote.result,
    remote.cancel,
    plant.ingest,
    plant.plant,
    replan.replan,
    admin.db,
    admin.apikey,
    health.health,
    baselines.baselines,
    train.train,
    policy.policy,
    bench.bench,
    warm.warm,
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs the command line and ends the process with its exit code."""
    try:
        code = cli.main(arguments, prog_name="nightshift", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        code = BadInput.exit_code
    except click.UsageError as error:
        name = error.ctx.command_path if error.ctx else "nightshift"
        click.echo(f"{error.format_message().rstrip('.')}; see: {name} --help", err=True)
        code = BadInput.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:
        trouble = _known(error)
        if trouble is None:
            raise
        trouble.show()
        code = trouble.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _known(error: Exception) -> Trouble | None:
    """What an exception from below means for whoever typed the command; None for a fault of ours."""
    from models.settings import SettingsError

    if isinstance(error, SettingsError):
        return BadInput(str(error))
    if isinstance(error, ModuleNotFoundError) and error.name == "mariadb":
        return BadInput("DATABASE_URL names a MariaDB, which needs the extra: pip install 'nightshift[mariadb]'")
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return Failed(f"{name}{error.strerror or error}")
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import DBAPIError

        if isinstance(error, DBAPIError):
            return Unreachable(f"the database does not answer as it should: {error.orig}")
    return None
