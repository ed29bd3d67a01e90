"""The operations guide: its units start what the Procfile starts, its files are accepted, what it names exists."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from app.cli import cli
from models.settings import load_settings
from monitoring.servers import ALERTMANAGER
from workers import boot

GUIDE = Path(__file__).parents[1] / "docs" / "operations"
PAGES = sorted(GUIDE.glob("*.md"))
UNITS = sorted((GUIDE / "systemd").glob("*.service"))


def unit(name: str) -> ConfigParser:
    found = ConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read(GUIDE / "systemd" / f"nightshift-{name}.service")
    return found


@pytest.mark.parametrize("name", boot.processes())
def test_a_unit_starts_what_the_procfile_starts(name: str) -> None:
    service = unit(name)["Service"]
    started = service["ExecStart"].removeprefix("/opt/nightshift/.venv/bin/").replace("%%", "%")
    nice = re.match(r"nice -n (\d+) (.*)", boot.processes()[name])
    wanted = nice[2] if nice else boot.processes()[name]
    assert started == wanted.replace('"${NIGHTSHIFT_SOLVE_PROCESSES:-$(nproc)}"', "${NIGHTSHIFT_SOLVE_PROCESSES}")
    assert service.get("Nice") == (nice[1] if nice else None)
    assert service["Restart"] == "always"
    assert int(service["TimeoutStopSec"]) >= boot.STOP_SECONDS


def test_the_target_has_every_unit() -> None:
    wanted = re.search(r"^Wants=(.*)$", (GUIDE / "systemd" / "nightshift.target").read_text(), re.MULTILINE)
    assert wanted is not None
    assert wanted[1].split() == [f"nightshift-{name}.service" for name in boot.processes()]


def test_the_environment_of_the_units_is_accepted() -> None:
    lines = (GUIDE / "systemd" / "environment").read_text().splitlines()
    env = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    settings = load_settings(env)
    assert settings.production
    assert str(settings.metrics_dir) == env["PROMETHEUS_MULTIPROC_DIR"]


def test_the_command_of_an_installed_host_has_the_settings_of_the_units(tmp_path: Path) -> None:
    url = "mariadb://u:p%40$x@h/db?ssl_ca=/*&charset=utf8mb4"
    (tmp_path / "environment").write_text(f"# a comment\nNIGHTSHIFT_ENV=production\nDATABASE_URL={url}\n")
    for name, text in (
        ("sudo", 'test "$1 $2" = "-u nightshift" && shift 2 && exec "$@"'),
        ("program", 'printf "%s\\n" "$DATABASE_URL" "$NIGHTSHIFT_ENV" "$#" "$@"'),
    ):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    command = (GUIDE / "systemd" / "nightshift").read_text()
    command = command.replace("/etc/nightshift/environment", str(tmp_path / "environment"))
    command = command.replace("/opt/nightshift/.venv/bin/nightshift", str(tmp_path / "program"))
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    done = subprocess.run(
        ["sh", "-c", command, "nightshift", "apikey", "create", "two words"], capture_output=True, text=True, env=env
    )
    assert done.stdout.splitlines() == [url, "production", "3", "apikey", "create", "two words"], done.stderr


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed")
    for file in [*UNITS, GUIDE / "systemd" / "nightshift.target"]:
        # the programs and the user they name are not on this machine
        text = re.sub(r"/opt/nightshift/.venv/bin/\w+", "/bin/true", file.read_text())
        (tmp_path / file.name).write_text(re.sub(r"(User|Group)=nightshift", r"\1=root", text))
    command = [program, "verify", "--man=no", *map(str, tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "nightshift" in line]
    assert not said


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None or shutil.which("openssl") is None:
        pytest.skip("nginx is not installed")
    pem, key = tmp_path / "certificate.pem", tmp_path / "certificate.key"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=nightshift.example.com"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(pem)], capture_output=True, check=True)
    site = (GUIDE / "nginx" / "nightshift.conf").read_text().replace("/etc/nightshift", str(tmp_path))
    whole = f"pid {tmp_path}/pid; error_log {tmp_path}/error.log; events {{}} http {{ access_log off; {site} }}"
    (tmp_path / "nginx.conf").write_text(whole)
    command = [program, "-t", "-q", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_exists(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (GUIDE / target).resolve().exists(), target
    for words in re.findall(r"(?:^|[\s`/])nightshift ((?:[a-z]+ ?){1,2})", text, re.MULTILINE):
        first, *rest = words.split()
        if first not in cli.commands:
            continue  # a sentence or a user of that name
        command = cli.commands[first]
        if isinstance(command, click.Group):
            assert rest[0] in command.list_commands(click.Context(command)), words
    for path in re.findall(r"`((?:monitoring|tests|docs)/[\w./-]+)`", text):
        assert (GUIDE.parents[1] / path).exists(), path


def test_every_page_is_in_the_list() -> None:
    listed = set(re.findall(r"\]\((\w+\.md)\)", (GUIDE / "README.md").read_text()))
    assert listed == {page.name for page in PAGES} - {"README.md"}


def test_secrets_are_read_from_files() -> None:
    text = ALERTMANAGER.read_text()
    assert not re.search(r"^\s*(smtp_auth_password|slack_api_url|api_url|password|credentials):", text, re.MULTILINE)
