from __future__ import annotations

from pathlib import Path

import pytest

from models.settings import SOCKET_PATH_LIMIT, Settings, SettingsError, database_url, load_settings, masked

SECRET = "hunter2"
SERVERS = {
    "DATABASE_URL": f"mariadb://planner:{SECRET}@db.example:3307/nightshift?ssl=true",
    "REDIS_URL": f"redis://:{SECRET}@cache.example/1",
    "CACHE_REDIS_URL": f"rediss://cache.example/2?password={SECRET}",
}


def test_nothing_needs_to_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = load_settings({})
    home = tmp_path / ".nightshift"
    assert found.data_dir == home and not home.exists()
    assert found.database_url == f"sqlite:///{home}/nightshift.db"
    assert found.redis_url == found.cache_redis_url == f"redis+socket://{home}/redis.sock"
    assert found.embedded_redis and found.redis_socket == home / "redis.sock"
    assert (found.host, found.port, found.environment, found.production) == ("127.0.0.1", 8080, "development", False)
    assert (found.max_attempts, found.hard_limit_seconds, found.max_body_bytes) == (3, 30, 64 * 2**20)
    assert found.solve_processes >= 1 and found.log_format == "console"


def test_a_long_data_folder_has_its_socket_elsewhere() -> None:
    homes = [f"/{'x' * 100}{number}" for number in range(2)]
    one, two = (load_settings({"NIGHTSHIFT_HOME": home}).redis_socket for home in homes)
    assert one and two and one != two and all(len(str(path)) <= SOCKET_PATH_LIMIT for path in (one, two))


def test_servers_are_taken_from_the_environment() -> None:
    found = load_settings({**SERVERS, "NIGHTSHIFT_ENV": "production", "NIGHTSHIFT_PORT": " 9000 "})
    assert found.database_url == f"mariadb+mariadbconnector://planner:{SECRET}@db.example:3307/nightshift?ssl=true"
    assert (found.redis_url, found.cache_redis_url) == (SERVERS["REDIS_URL"], SERVERS["CACHE_REDIS_URL"])
    assert not found.embedded_redis and found.production and found.port == 9000 and found.log_format == "json"


def test_the_cache_defaults_to_the_broker() -> None:
    assert load_settings({"REDIS_URL": "redis://r/0"}).cache_redis_url == "redis://r/0"


def test_empty_variables_count_as_unset() -> None:
    assert load_settings({"NIGHTSHIFT_PORT": "", "NIGHTSHIFT_ENV": " ", "REDIS_URL": ""}).port == 8080


@pytest.mark.parametrize(
    ("url", "rewritten"),
    [
        ("mysql://u@h/d", "mariadb+mariadbconnector://u@h/d"),
        ("mariadb+mariadbconnector://u@h/d", "mariadb+mariadbconnector://u@h/d"),
        ("sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
    ],
)
def test_database_urls_name_the_driver(url: str, rewritten: str) -> None:
    assert database_url(url) == rewritten


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("NIGHTSHIFT_PORT", "http", "must be a whole number from 1 to 65535"),
        ("NIGHTSHIFT_PORT", "0", "must be a whole number from 1 to 65535"),
        ("NIGHTSHIFT_SOLVE_PROCESSES", "1.5", "must be a whole number from 1 to 1024"),
        ("NIGHTSHIFT_MAX_BODY_BYTES", "-1", "must be a whole number"),
        ("NIGHTSHIFT_ENV", "staging", "must be one of development, production"),
        ("DATABASE_URL", "postgresql://h/d", "must be a URL that starts with sqlite:// or mariadb://"),
        ("DATABASE_URL", "nightshift.db", "must be a URL"),
        ("REDIS_URL", "localhost:6379", "must be a URL that starts with redis://"),
        ("DATABASE_URL", "sqlite://", "must name a database"),
        ("DATABASE_URL", "sqlite:///:memory:", "must name a database"),
        ("DATABASE_URL", "mariadb://h:3306/", "must name a database"),
        ("NIGHTSHIFT_HOME", __file__, "must name a folder"),
    ],
)
def test_a_bad_value_is_told_with_variable_rule_and_value(variable: str, value: str, rule: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({variable: value})
    assert str(caught.value).startswith(f"{variable} {rule}") and value in str(caught.value)
    assert caught.value.variable == variable


def test_secrets_appear_nowhere() -> None:
    found = load_settings(SERVERS)
    for told in (repr(found), str(found), str(found.describe())):
        assert SECRET not in told and "db.example:3307/nightshift" in told
    with pytest.raises(SettingsError) as caught:
        load_settings({"DATABASE_URL": f"postgresql://planner:{SECRET}@h/d"})
    assert SECRET not in str(caught.value) and "planner" in str(caught.value)


def test_every_setting_is_described() -> None:
    assert set(load_settings({}).describe()) == set(Settings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://h:1/0", "redis://h:1/0"),
        ("redis://:p@h:1/0", "redis://:***@h:1/0"),
        ("mariadb://u:p%40ss@h/d", "mariadb://u:***@h/d"),
        ("mariadb://u:p@s@h/d", "mariadb://u:***@h/d"),
        ("mariadb://h/d?user=u&passwd=p", "mariadb://h/d?user=u&passwd=***"),
        ("mariadb://u@h/d", "mariadb://u@h/d"),
        ("redis://u:p@[bad/0", "***"),
    ],
)
def test_passwords_are_masked(url: str, shown: str) -> None:
    assert masked(url) == shown
