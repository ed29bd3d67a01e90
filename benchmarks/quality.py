"""``nightshift bench quality``: makespans of job shops beside PyJobShop and plain CP-SAT (bars Q1 and Q8)."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path

import click

from benchmarks.options import Numbers, peers_option, study_options
from benchmarks.quality_bars import tell_bars
from benchmarks.quality_results import Results
from benchmarks.quality_tables import picture, tell_tables
from benchmarks.report import Report
from benchmarks.study import Study
from benchmarks.work import OURS, PEERS, Task, digest_of

TEXTS = (".fjs", ".jsp", ".txt")
BEST_KNOWN = "bks.csv"


@click.command(short_help="Job shops beside PyJobShop and CP-SAT (Q1, Q8).")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limits", default="5,15,60", show_default=True, type=Numbers(), help="Time limits in seconds.")
@peers_option
@click.option("--peer-seeds", type=click.IntRange(1, 100), help="Seeds of the peers.  [default: as --seeds]")
@click.option(
    "--bks", type=click.Path(exists=True, dir_okay=False, path_type=Path), help=f"[default: FOLDER/{BEST_KNOWN}]"
)
@click.option("--half", type=click.IntRange(1, 2), help="Every second instance: 1 has the first, 2 the second.")
@click.option("--only", default="*", metavar="PATTERN", help="Instances whose name fits, such as 'mk*'.")
@click.option("--trajectory", is_flag=True, help="One run of ours at the largest limit, read at each limit.")
@study_options
def quality(
    folder: Path,
    limits: tuple[float, ...],
    peers: tuple[str, ...],
    peer_seeds: int | None,
    bks: Path | None,
    half: int | None,
    only: str,
    trajectory: bool,
    seeds: int,
    at_once: int,
    checker: str | None,
    again: tuple[str, ...],
    only_tables: bool,
    out: Path,
) -> None:
    """Measure the makespan of every FJSP and JSP text in FOLDER, ours and the peers', at each time limit.

    Every run has a process and a core of its own. What was measured before is kept in DIR/quality.jsonl and not run
    again. The tables go to DIR/quality.md and .json, the picture to DIR/quality.svg.
    """
    files = sorted(path for path in folder.iterdir() if path.suffix in TEXTS and fnmatch(path.stem, only))
    files = files[half - 1 :: 2] if half else files
    if not files:
        raise click.ClickException(f"there is no FJSP or JSP text in {folder}")
    study = Study(out / "quality.jsonl", checker=checker, at_once=at_once)
    study.forget(again)
    results = Results(
        study=study,
        problems=[Task(path.stem, str(path.resolve()), digest_of(path)) for path in files],
        limits=limits,
        seeds=range(1, seeds + 1),
        peers=peers,
        peer_seeds=range(1, (peer_seeds or seeds) + 1),
        trajectory=trajectory,
        best_known=best_known(bks or folder / BEST_KNOWN),
    )
    if not only_tables:
        study.run(tasks(results))
    report = Report("quality")
    tell_bars(results, report)
    tell_tables(results, report, half)
    out.mkdir(parents=True, exist_ok=True)
    (out / "quality.svg").write_text(picture(results), encoding="utf-8")
    report.write(out)


def tasks(results: Results) -> Sequence[Task]:
    """Seed by seed, so that an interrupted study has something of every instance."""
    found = []
    for seed in sorted({*results.seeds, *results.peer_seeds}):
        for problem in results.problems:
            if seed in results.seeds:
                found += [results.task(problem, OURS, seed, limit) for limit in results.our_limits]
            if seed in results.peer_seeds:
                ways = [way for peer in results.peers for way in PEERS[peer]]
                found += [results.task(problem, way, seed, results.limits[-1]) for way in ways]
    return found


def best_known(file: Path) -> dict[str, tuple[float, float]]:
    """Instance -> (best known makespan, lower bound) in the text's unit; empty where there is no file."""
    if not file.exists():
        return {}
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {row["instance"]: (float(row["best_known_makespan"]), float(row["lower_bound"])) for row in rows}
