"""What an operator may set, read from environment variables once and checked at the start.

Nothing needs to be set: without DATABASE_URL and REDIS_URL the product keeps a SQLite file and an embedded Redis in its
data folder. An empty variable counts as unset.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

MARIADB_DRIVER: Final = "mariadb+mariadbconnector"
SOCKET_PATH_LIMIT: Final = 104
"""Longest path of a unix socket that every supported system accepts, in bytes."""

_MASK: Final = "***"
_SECRET_PARAMETERS: Final = frozenset({"password", "passwd", "pwd", "ssl_key_password", "ssl_password"})
_DATABASE_SCHEMES: Final = ("sqlite", "mariadb", "mysql", MARIADB_DRIVER)
_REDIS_SCHEMES: Final = ("redis", "rediss", "redis+socket")


class SettingsError(ValueError):
    """A setting that is refused: names the variable, the rule and the value (secrets masked)."""

    def __init__(self, variable: str, rule: str, value: str) -> None:
        self.variable = variable
        self.rule = rule
        self.value = value
        super().__init__(f"{variable} {rule} (got {value!r})")


@dataclass(frozen=True, slots=True, repr=False)
class Settings:
    """The product's settings. Sizes in bytes, times in seconds.

    ``solve_processes`` batches are solved beside each other with ``solve_threads`` solver threads each; together
    they should not exceed the cores. ``hard_limit_seconds`` is how long a solve may run on past its own time limit
    before its process is ended. ``max_seconds`` is the largest ``time_limit_seconds`` a request may ask for.
    ``max_attempts`` counts how often a run whose worker was lost is tried in all. Ended runs go after
    ``keep_days``; 0 keeps them all. The newest ``training_runs`` finished ones stay as material to train policies on.
    ``metrics_dir`` holds the metric files that processes share;
    ``worker_metrics_port`` 0 serves no worker metrics. ``redis_socket`` is the embedded server's socket; None where
    REDIS_URL names a server. ``plants_dir`` holds a mapping for each plant. ``protect_metrics`` asks for an API key
    at health and metrics endpoints too. ``traces_url`` is where traces are sent (None: nowhere).
    ``tls_certificate`` is the file whose end of validity is watched; None watches none.
    """

    data_dir: Path
    database_url: str
    redis_url: str
    cache_redis_url: str
    redis_socket: Path | None
    metrics_dir: Path
    plants_dir: Path
    environment: str = "development"
    host: str = "127.0.0.1"
    port: int = 8080
    worker_metrics_port: int = 0
    log_format: str = "console"
    log_level: str = "INFO"
    protect_metrics: bool = False
    tls_certificate: Path | None = None
    traces_url: str | None = None
    solve_processes: int = 1
    solve_threads: int = 1
    hard_limit_seconds: int = 30
    max_seconds: int = 3600
    max_attempts: int = 3
    keep_days: int = 0
    training_runs: int = 0
    max_body_bytes: int = 64 * 1024 * 1024
    max_depth: int = 20
    max_operations: int = 200_000
    max_options: int = 5_000_000

    @property
    def production(self) -> bool:
        """Whether NIGHTSHIFT_ENV says production."""
        return self.environment == "production"

    @property
    def embedded_redis(self) -> bool:
        """Whether the product has to start its own Redis."""
        return self.redis_socket is not None

    def describe(self) -> dict[str, str]:
        """Every setting as text fit for logs and screens: passwords in URLs are masked."""
        return {
            field.name: masked(str(value)) if field.name.endswith("_url") else str(value)
            for field in fields(self)
            for value in (getattr(self, field.name),)
        }

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={value}' for name, value in self.describe().items())})"


def masked(url: str) -> str:
    """``url`` with the password, in its authority or its query, replaced by ***."""
    try:
        parts = urlsplit(url)
        password = parts.password
    except ValueError:
        return _MASK
    authority = parts.netloc
    if password is not None:
        user, _, host = authority.rpartition("@")
        authority = f"{user.partition(':')[0]}:{_MASK}@{host}"
    query = parts.query
    if any(name.lower() in _SECRET_PARAMETERS for name, _ in parse_qsl(query, keep_blank_values=True)):
        pairs = parse_qsl(query, keep_blank_values=True)
        hidden = [(name, _MASK if name.lower() in _SECRET_PARAMETERS else value) for name, value in pairs]
        query = urlencode(hidden, quote_via=quote, safe="*/:")
    if authority == parts.netloc and query == parts.query:
        return url
    return urlunsplit(parts._replace(netloc=authority, query=query))


def database_url(url: str) -> str:
    """``url`` for SQLAlchemy: ``mariadb://`` and ``mysql://`` are served by the MariaDB connector."""
    scheme, separator, rest = url.partition("://")
    return f"{MARIADB_DRIVER}://{rest}" if separator and scheme in ("mariadb", "mysql") else url


def load_settings(env: Mapping[str, str] | None = None) -> Settings:
    """The settings that ``env`` (default: the process's environment) asks for.

    Raises SettingsError for the first variable that breaks its rule.
    """
    read = _Reader(os.environ if env is None else env)
    data_dir = read.folder("NIGHTSHIFT_HOME", Path(".nightshift"))
    environment = read.choice("NIGHTSHIFT_ENV", "development", ("development", "production"))
    log_format = "json" if environment == "production" else "console"
    redis_url = read.url("REDIS_URL", _REDIS_SCHEMES)
    redis_socket = None
    if redis_url is None:
        redis_socket = _socket(data_dir)
        redis_url = f"redis+socket://{redis_socket}"
    return Settings(
        data_dir=data_dir,
        database_url=_database(read) or f"sqlite:///{data_dir / 'nightshift.db'}",
        redis_url=redis_url,
        cache_redis_url=read.url("CACHE_REDIS_URL", _REDIS_SCHEMES) or redis_url,
        redis_socket=redis_socket,
        metrics_dir=read.folder("NIGHTSHIFT_METRICS_DIR", data_dir / "metrics"),
        plants_dir=read.folder("NIGHTSHIFT_PLANTS_DIR", data_dir / "plants"),
        environment=environment,
        host=read.text("NIGHTSHIFT_HOST", "127.0.0.1"),
        port=read.whole("NIGHTSHIFT_PORT", 8080, 1, 65_535),
        worker_metrics_port=read.whole("NIGHTSHIFT_WORKER_METRICS_PORT", 0, 0, 65_535),
        log_format=read.choice("NIGHTSHIFT_LOG_FORMAT", log_format, ("console", "json")),
        log_level=read.choice("NIGHTSHIFT_LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
        protect_metrics=read.choice("NIGHTSHIFT_PROTECT_METRICS", "0", ("0", "1")) == "1",
        traces_url=read.url("NIGHTSHIFT_TRACES_URL", ("http", "https")),
        tls_certificate=read.file("NIGHTSHIFT_TLS_CERTIFICATE"),
        solve_processes=read.whole("NIGHTSHIFT_SOLVE_PROCESSES", os.cpu_count() or 1, 1, 1024),
        solve_threads=read.whole("NIGHTSHIFT_SOLVE_THREADS", 1, 1, 64),
        hard_limit_seconds=read.whole("NIGHTSHIFT_HARD_LIMIT_SECONDS", 30, 1, 3600),
        max_seconds=read.whole("NIGHTSHIFT_MAX_SECONDS", 3600, 1, 86_400),
        max_attempts=read.whole("NIGHTSHIFT_MAX_ATTEMPTS", 3, 1, 10),
        keep_days=read.whole("NIGHTSHIFT_KEEP_DAYS", 0, 0, 36_500),
        training_runs=read.whole("NIGHTSHIFT_TRAINING_RUNS", 0, 0, 1000),
        max_body_bytes=read.whole("NIGHTSHIFT_MAX_BODY_BYTES", 64 * 1024 * 1024, 1024, 256 * 1024 * 1024),
        max_depth=read.whole("NIGHTSHIFT_MAX_DEPTH", 20, 8, 100),
        max_operations=read.whole("NIGHTSHIFT_MAX_OPERATIONS", 200_000, 1, 10_000_000),
        max_options=read.whole("NIGHTSHIFT_MAX_OPTIONS", 5_000_000, 1, 100_000_000),
    )


def _database(read: _Reader) -> str | None:
    url = read.url("DATABASE_URL", _DATABASE_SCHEMES)
    if url is None:
        return None
    if urlsplit(url).path.strip("/") in ("", ":memory:"):
        raise SettingsError("DATABASE_URL", "must name a database (SQLite: a file) after the host", masked(url))
    return database_url(url)


def _socket(data_dir: Path) -> Path:
    """Where the embedded Redis listens: in the data folder, or in a short folder of its own where that is too long."""
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"nightshift-{os.getuid()}-{name}" / "redis.sock"


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings, read at the first call. ``settings.cache_clear()`` reads them again."""
    return load_settings()


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one variable at a time and refuses what breaks its rule."""

    env: Mapping[str, str]

    def _value(self, variable: str) -> str | None:
        return self.env.get(variable, "").strip() or None

    def text(self, variable: str, default: str) -> str:
        return self._value(variable) or default

    def choice(self, variable: str, default: str, allowed: Collection[str]) -> str:
        value = self.text(variable, default)
        for choice in allowed:
            if value.lower() == choice.lower():
                return choice
        raise SettingsError(variable, f"must be one of {', '.join(allowed)}", value)

    def whole(self, variable: str, default: int, least: int, most: int) -> int:
        value = self._value(variable)
        if value is None:
            return default
        rule = f"must be a whole number from {least} to {most}"
        try:
            number = int(value)
        except ValueError:
            raise SettingsError(variable, rule, value) from None
        if not least <= number <= most:
            raise SettingsError(variable, rule, value)
        return number

    def folder(self, variable: str, default: Path) -> Path:
        path = Path(self.text(variable, str(default))).expanduser().absolute()
        if path.exists() and not path.is_dir():
            raise SettingsError(variable, "must name a folder", str(path))
        return path

    def file(self, variable: str) -> Path | None:
        value = self._value(variable)
        return None if value is None else Path(value).expanduser().absolute()

    def url(self, variable: str, schemes: Collection[str]) -> str | None:
        value = self._value(variable)
        if value is None:
            return None
        if value.partition("://")[0] not in schemes or "://" not in value:
            raise SettingsError(
                variable, f"must be a URL that starts with {' or '.join(f'{s}://' for s in schemes)}", masked(value)
            )
        return value
