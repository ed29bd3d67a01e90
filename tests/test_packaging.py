"""What is installed, what is started and what the README promises fit together."""

from __future__ import annotations

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import click
import pytest

from app.cli import cli
from workers import boot
from workers.celery import QUEUES, app

ROOT = Path(__file__).parents[1]
FOLDERS = ("app", "tasks", "workers", "monitoring", "models")


def setup_cfg() -> ConfigParser:
    found = ConfigParser()
    found.read(ROOT / "setup.cfg")
    return found


def test_the_walls_stand() -> None:
    pytest.importorskip("importlinter")
    lint = "from importlinter.cli import lint_imports; raise SystemExit(lint_imports())"
    done = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "module", ["app.web", "app.cli", "tasks.plan", "tasks.solve", "tasks.finish", "workers.celery"]
)
def test_light_processes_load_no_solver(module: str) -> None:
    heavy = {"ortools", "torch", "gymnasium", "pandas", "numba"}
    code = f"import sys, {module}; print(*sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_package_is_installed() -> None:
    include = setup_cfg()["options.packages.find"]["include"].split()
    assert include == [pattern for folder in FOLDERS for pattern in (folder, f"{folder}.*")]
    for folder in FOLDERS:
        for module in (ROOT / folder).rglob("*.py"):
            if "migrations" not in module.parts:
                assert (module.parent / "__init__.py").exists(), f"{module.parent} is no package: it would be left out"


def test_package_data_exists() -> None:
    for package, patterns in setup_cfg()["options.package_data"].items():
        for pattern in patterns.replace(",", " ").split():
            assert list((ROOT / package.replace(".", "/")).glob(pattern)), f"{package}: {pattern} matches nothing"


def test_the_packaged_procfile_is_the_one_at_the_root() -> None:
    assert boot.PROCFILE.read_text() == (ROOT / "Procfile").read_text()
    assert list(boot.processes()) == ["web", "control", "plan", "solve", "beat"]


def test_every_queue_has_a_worker_and_every_worker_a_queue() -> None:
    served = re.findall(r"--queues (\S+)", (ROOT / "Procfile").read_text())
    assert sorted(served) == sorted(QUEUES)
    assert sorted(queue.name for queue in app.conf.task_queues) == sorted(served)


def test_every_task_waits_in_a_queue_that_fits_it() -> None:
    """Nothing that plans a whole problem waits in the queue of the tasks that are to be short."""
    app.loader.import_default_modules()
    names = [name.removeprefix("nightshift.") for name in app.tasks if name.startswith("nightshift.")]
    waiting = {name: app.amqp.router.route({}, f"nightshift.{name}")["queue"].name for name in names}
    control = {name for name, queue in waiting.items() if queue == "control"}
    assert control == {"finish", "sweep", "health", "baselines", "due", "prune"}
    assert {name for name, queue in waiting.items() if queue == "solve"} == {"solve", "improve", "conflicts", "remedy"}
    assert waiting["plan"] == waiting["merge"] == "plan"


def test_every_extra_is_pinned() -> None:
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line}
    declared = "\n".join([setup_cfg()["options"]["install_requires"], *setup_cfg()["options.extras_require"].values()])
    for line in declared.splitlines():
        name = re.match(r"[A-Za-z0-9._-]+", line.strip())
        if name:
            assert name[0].lower().replace("_", "-") in pinned, f"{name[0]} is not in constraints.txt"


def test_every_command_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text()
    called = re.findall(r"(?:^|[\s`/])nightshift ((?:[a-z]+ ?){1,2})", text, re.MULTILINE)
    assert called
    for words in called:
        first, *rest = words.split()
        assert first in cli.commands, f"nightshift {first}"
        command = cli.commands[first]
        if isinstance(command, click.Group) and rest:
            assert rest[0] in command.commands, f"nightshift {words}"
    targets = re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"^make ([a-z]+)|`make ([a-z]+)", text, re.MULTILINE):
        assert (target[0] or target[1]) in targets


def test_every_option_of_the_readme_exists() -> None:
    text = (ROOT / "README.md").read_text()
    for line in re.findall(r"^nightshift [a-z].*$", text, re.MULTILINE):
        name, *arguments = line.partition("nightshift ")[2].split()
        command: click.Command = cli.commands[name]
        if isinstance(command, click.Group):
            command = command.commands[arguments[0]]
        known = {option for parameter in command.params for option in parameter.opts}
        for argument in arguments:
            if argument.startswith("--"):
                assert argument.partition("=")[0] in known, line


def test_every_setting_is_in_the_readme() -> None:
    text = (ROOT / "README.md").read_text()
    settings = (ROOT / "models" / "settings.py").read_text()
    for variable in set(re.findall(r'"((?:NIGHTSHIFT_|DATABASE_|REDIS_|CACHE_REDIS_)[A-Z_]+)"', settings)):
        assert f"`{variable}`" in text, variable
    for variable in set(re.findall(r"`(NIGHTSHIFT_[A-Z_]+)`", text)):
        known = settings + (ROOT / "app" / "cli" / "remote.py").read_text() + (ROOT / "app" / "health.py").read_text()
        assert f'"{variable}"' in known, variable


def test_every_file_the_readme_links_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", (ROOT / "README.md").read_text()):
        assert (ROOT / target).exists(), target


def test_the_picture_is_what_its_script_draws() -> None:
    draw = "import runpy, sys; sys.stdout.write(runpy.run_path('docs/pictures/road.py')['draw']())"
    drawn = subprocess.run([sys.executable, "-c", draw], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert drawn == (ROOT / "docs" / "pictures" / "road.svg").read_text()
