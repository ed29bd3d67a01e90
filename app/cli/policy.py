"""``nightshift policy``: which policies there are, where they come from, and which are in force on this host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from app.cli.errors import BadInput

if TYPE_CHECKING:
    from workers.ppo.policy import PolicyRefused


@click.group(short_help="Policies: list, show, import, activate.")
def policy() -> None:
    """Policies that plan: list, show, import and put in force, on this host.

    A policy is a folder with policy.npz and card.toml. Whatever is wrong with one, it is refused and the former stays.
    """


@policy.command(name="list", short_help="All policies of this host.")
def show_all() -> None:
    """All policies of this host: id, objective, origin, and which are in force."""
    from workers.ppo.store import listed

    for found in listed():
        if found.policy is None:
            click.echo(f"  {found.id:<28} refused: {found.refused}")
        else:
            mark = "*" if found.active else " "
            click.echo(
                f"{mark} {found.id:<28} {found.policy.objective:<20} {found.origin:<9} {found.policy.sha256[:16]}"
            )


@policy.command(short_help="A policy's card.")
@click.argument("name", metavar="ID")
def show(name: str) -> None:
    """The card of policy ID: what it was trained on, what it scored, what problems it is for."""
    from workers.ppo.policy import CARD, PolicyRefused, load
    from workers.ppo.store import find

    try:
        folder = find(name)
        load(folder)
    except PolicyRefused as error:
        raise _refused(error) from None
    click.echo((folder / CARD).read_text(encoding="utf-8").rstrip())


@policy.command(name="import", short_help="Copy a policy into this host's store.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def bring(folder: Path) -> None:
    """Check the policy in FOLDER and copy it into this host's store. It is in force only after activate."""
    from workers.ppo import store
    from workers.ppo.policy import PolicyRefused

    try:
        found = store.bring(folder)
    except PolicyRefused as error:
        raise _refused(error) from None
    click.echo(f"imported {found.id} for {found.objective}; nightshift policy activate {found.id}")


@policy.command(short_help="Put a policy in force for its objective.")
@click.argument("name", metavar="ID")
def activate(name: str) -> None:
    """Put policy ID in force for its objective. To go back, activate the former one."""
    from workers.ppo import store
    from workers.ppo.policy import PolicyRefused

    try:
        found = store.activate(name)
    except PolicyRefused as error:
        raise _refused(error) from None
    click.echo(f"{found.id} is in force for {found.objective}; workers take it from their next batch on")


def _refused(error: PolicyRefused) -> BadInput:
    return BadInput(str(error))
