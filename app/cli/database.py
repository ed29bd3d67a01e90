"""The database that commands work on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.cli.errors import Failed

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker


def made_sessions() -> sessionmaker[Session]:
    """Sessions on the settings' database. Raises Failed where it has not the tables of this version."""
    from models.settings import settings
    from models.tables import migrate
    from models.tables.session import sessions

    url = settings().database_url
    if migrate.revision(url) != migrate.head():
        raise Failed("the database has not the tables of this version; run: nightshift db upgrade")
    return sessions(url)
