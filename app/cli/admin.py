"""``nightshift db`` and ``nightshift apikey``: what whoever runs a Nightshift does with its database."""

from __future__ import annotations

from pathlib import Path

import click

from app.cli.database import made_sessions
from app.cli.errors import BadInput, Failed

ROLES = ("viewer", "planner", "admin")


@click.group(short_help="Look after the database.")
def db() -> None:
    """Look after the database that DATABASE_URL names (default: a SQLite file in NIGHTSHIFT_HOME)."""


@db.command()
def upgrade() -> None:
    """Bring the tables to what this version needs. Safe to run again."""
    from models.settings import settings
    from models.tables import migrate

    migrate.upgrade(settings().database_url)
    click.echo(f"at revision {migrate.head()}")


@db.command()
def revision() -> None:
    """Show the revision the database is at and the one this version needs; exit code 1 where they differ."""
    from models.settings import settings
    from models.tables import migrate

    found, needed = migrate.revision(settings().database_url), migrate.head()
    click.echo(f"at {found or 'no revision'}, this version needs {needed}")
    if found != needed:
        raise Failed("run: nightshift db upgrade")


@db.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the whole database to FILE, while it is in use. Needs mariadb-dump for a MariaDB."""
    from models.settings import settings
    from models.tables.backup import BackupFailed, back_up

    try:
        back_up(settings().database_url, file)
    except BackupFailed as error:
        raise Failed(str(error)) from None
    click.echo(f"written to {file}, {file.stat().st_size} bytes")


@db.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Throw away what the database holds now.")
def restore(file: Path, replace: bool) -> None:
    """Make the database what it was when FILE was written. Stop Nightshift first, and run db upgrade after."""
    from models.settings import settings
    from models.tables import migrate
    from models.tables.backup import BackupFailed
    from models.tables.backup import restore as read_back

    try:
        read_back(settings().database_url, file, replace=replace)
    except BackupFailed as error:
        hint = "" if replace or "already" not in str(error) else "; --replace throws them away"
        raise Failed(f"{error}{hint}") from None
    click.echo(f"restored; at revision {migrate.revision(settings().database_url)}")


@db.command()
@click.option("--older-than", "days", required=True, type=click.IntRange(1, 36_500), metavar="DAYS")
def prune(days: int) -> None:
    """Delete ended runs and plant snapshots that are older than DAYS, with all that belongs to them.

    Runs of accepted plans and of replans stay; so do snapshots that a plan in force or a replan needs, and each plant's
    last good one. With NIGHTSHIFT_KEEP_DAYS it happens by itself.
    """
    from models.store import retention

    gone = retention.prune(made_sessions(), days, actor="cli")
    click.echo(f"{gone.runs} runs and {gone.snapshots} snapshots deleted")


@click.group()
def apikey() -> None:
    """Make, list and revoke API keys."""


@apikey.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="planner", show_default=True)
def create(name: str, role: str) -> None:
    """Make a key called NAME. The key is shown once, on stdout; only its hash is kept."""
    from models.store import keys
    from models.tables.session import transaction

    try:
        with transaction(made_sessions()) as session:
            key_id, token = keys.create(session, name, role)
    except ValueError as error:
        raise BadInput(str(error)) from None
    click.echo(token)
    click.echo(f"key {key_id} ({role}); keep it now, it is not shown again", err=True)


@apikey.command("list")
def list_keys() -> None:
    """List all keys: id, name, role, when made, last used and revoked."""
    from models.store import keys
    from models.tables.session import reading

    with reading(made_sessions()) as session:
        for key in keys.list_keys(session):
            used = f"last used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            revoked = f", revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
            click.echo(f"{key.id}  {key.name}  {key.role}  made {key.created_at:%Y-%m-%d %H:%M}, {used}{revoked}")


@apikey.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """Take the key KEY_ID out of use, at once."""
    from models.store import keys
    from models.tables.session import transaction

    with transaction(made_sessions()) as session:
        if not keys.revoke(session, key_id):
            raise BadInput(f"no key {key_id!r} is in use")
    click.echo(f"key {key_id} revoked")
