"""What all tables share: the declarative base, constraint names and the column types of both databases."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from sqlalchemy import JSON, BigInteger, Integer, LargeBinary, MetaData
from sqlalchemy.dialects.mysql import LONGBLOB
from sqlalchemy.orm import DeclarativeBase

Blob: Final = LargeBinary().with_variant(LONGBLOB(), "mariadb", "mysql")
"""Up to 4 GiB of bytes."""

Counter: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A number the database gives out; SQLite does so only for INTEGER."""

MARIADB: Final = {"mariadb_engine": "InnoDB", "mariadb_charset": "utf8mb4", "mariadb_collate": "utf8mb4_bin"}
"""Table options: utf8mb4_bin makes ids and names compare byte by byte, as SQLite does."""


class Base(DeclarativeBase):
    """The tables' common base. Constraints have fixed names, so that migrations can refer to them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: JSON()}
