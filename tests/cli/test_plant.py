"""Plants and replans on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from models.shop.schedule import Decision
from models.shop.timeline import replay
from models.tables.session import sessions
from tests.build import job, problem
from tests.cli.conftest import Run
from tests.ingest.files import tiny, write
from tests.plans import ended


def test_a_sample_plant_is_made_and_read(nightshift: Run, environment: Path) -> None:
    nightshift("db", "upgrade")
    missing = nightshift("ingest")
    assert missing.returncode == 2 and "has no mapping" in missing.stderr
    assert nightshift("plant", "show").returncode == 1
    made = nightshift("plant", "seed", "--jobs", 20, "--machines", 8)
    assert made.returncode == 0, made.stderr
    done = nightshift("ingest", "--output", "snapshot.json")
    assert done.returncode == 0, done.stderr
    assert "20 jobs" in done.stdout and "0 refused" in done.stdout
    held = json.loads((environment / "snapshot.json").read_text())
    assert len(held["document"]["jobs"]) == 20 and held["progress"]
    assert "20 jobs" in nightshift("plant", "show").stdout
    assert nightshift("plant", "seed", NIGHTSHIFT_ENV="production").returncode == 2
    refused = nightshift("ingest", NIGHTSHIFT_ENV="production")
    assert refused.returncode == 2 and "made up" in refused.stderr


def test_files_are_read_and_bad_loads_stopped(nightshift: Run, environment: Path) -> None:
    nightshift("db", "upgrade")
    rows = tiny()
    rows["operation_machines"][2]["processing_time"] = "soon"
    write(environment / "files", rows)
    stopped = nightshift("ingest", "--from", "files", "--plant", "tiny")
    assert stopped.returncode == 1 and "at most 5.00% may be" in stopped.stderr
    assert "refused: operation_machines J2/10/M1: processing_time must be a number (got 'soon')" in stopped.stderr
    forced = nightshift("ingest", "--from", "files", "--plant", "tiny", "--force")
    assert forced.returncode == 0 and "2 jobs" in forced.stdout
    broken = nightshift("ingest", "--from", "nowhere", "--plant", "tiny")
    assert broken.returncode == 2 and "there is no such file or folder" in broken.stderr
    (environment / "bad.toml").write_text('plant = "tiny"\ncolour = 1\n')
    bad = nightshift("ingest", "--mapping", "bad.toml")
    assert bad.returncode == 2 and "bad.toml: time_zone: is required" in bad.stderr
    (environment / "away.toml").write_text(
        Path(__file__)
        .parents[2]
        .joinpath("models/sample_plant/main.toml")
        .read_text()
        .replace("@PLANT@", "tiny")
        .replace("@SOURCE@", 'url = "sqlite:////nowhere.db"')
    )
    assert nightshift("ingest", "--mapping", "away.toml").returncode == 3


def test_a_plan_is_put_in_force(nightshift: Run, environment: Path) -> None:
    nightshift("db", "upgrade")
    made = problem([job("A", 2, ["M1"])], plant="main")
    run_id = ended(
        sessions(f"sqlite:///{environment / 'home' / 'nightshift.db'}"), made, replay(made, [Decision(0, 0)])
    )
    done = nightshift("plant", "accept", run_id, "--replaces", 0, "--why", "good")
    assert done.returncode == 0 and "plan 1 in force" in done.stdout, done.stderr
    assert nightshift("plant", "accept", run_id, "--replaces", 0).returncode == 1
    assert nightshift("plant", "accept", "nothing").returncode == 2
    assert "by cli (good)" in nightshift("plant", "history").stdout


def test_replan_schedules_are_added_listed_and_removed(nightshift: Run) -> None:
    nightshift("db", "upgrade")
    cron = ("--cron", "30 2 * * *", "--time-zone", "Europe/Berlin", "--ready-by", "05:30", "--max-moves", 5)
    done = nightshift("replan", "add", "nightly", *cron)
    assert done.returncode == 0, done.stderr
    assert "nightly  '30 2 * * *' Europe/Berlin, next due" in nightshift("replan", "list").stdout
    assert nightshift("replan", "add", "nightly", *cron).returncode == 2
    never = nightshift("replan", "add", "never", "--cron", "0 0 31 2 *")
    assert never.returncode == 2 and "cron: is" in never.stderr
    assert nightshift("replan", "remove", done.stdout.strip()).returncode == 0
    assert nightshift("replan", "remove", done.stdout.strip()).returncode == 2
    asked = nightshift("replan", "now")
    assert asked.returncode == 0 and asked.stdout.strip() in nightshift("replan", "runs").stdout
    shown = asked.stderr.strip().rpartition("nightshift ")[2]
    told = nightshift(*shown.split())
    assert told.returncode == 0 and "nightshift up" in told.stderr
    assert nightshift("replan", "show", "nothing").returncode == 2


def test_a_frontier_of_churn_against_the_objective(nightshift: Run, environment: Path) -> None:
    jobs = [job(f"J{i}", 4, ["M1", "M2", "M3"], lcd_date="2026-01-05T12:00:00+01:00") for i in range(6)]
    made = problem(jobs, ["M1", "M2", "M3"])
    from models.shop.canonical import canonical_bytes
    from tests.plans import result

    (environment / "problem.json").write_bytes(canonical_bytes(made))
    document = result(made, replay(made, [Decision(i, 0) for i in range(6)]))
    (environment / "plan.json").write_text(json.dumps(document))
    done = nightshift("replan", "frontier", "problem.json", "plan.json", "--moves", "0,3,6", "--seconds", 0.3)
    assert done.returncode == 0, done.stderr
    moved = [int(line[22:29]) for line in done.stdout.splitlines()]
    late = [float(line.split()[-2].replace(",", "")) for line in done.stdout.splitlines()]
    assert moved[0] == moved[1] == 0 and moved[2] <= 3 and moved[3] <= 6
    assert late[0] >= late[1] >= late[2] >= late[3]
    assert nightshift("replan", "frontier", "problem.json", "plan.json", "--moves", "few").returncode == 2
