"""``nightshift bench quality``: makespans of job shops beside PyJobShop and plain CP-SAT (bars Q1 and Q8)."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click

from benchmarks.quality_bars import tell_bars
from benchmarks.quality_results import Results
from benchmarks.quality_tables import picture, tell_tables
from benchmarks.report import Report
from benchmarks.study import Study
from benchmarks.work import OURS, PEERS, Task, digest_of

TEXTS = (".fjs", ".jsp", ".txt")
BEST_KNOWN = "bks.csv"
OUT = Path("docs/benchmarks")


@dataclass(frozen=True, slots=True)
class Numbers(click.ParamType[tuple[float, ...]]):
    """Positive numbers with commas between them."""

    name = "numbers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Ascending, each once."""
        if not isinstance(value, str):
            return tuple(value)
        try:
            found = tuple(sorted({float(part) for part in value.split(",")}))
        except ValueError:
            self.fail(f"{value!r} is not numbers with commas between them", param, ctx)
        if not all(0 < one < float("inf") for one in found):
            self.fail(f"{value!r} must be above 0", param, ctx)
        return found


def study_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every study of plans has."""
    for option in (
        click.option("--out", default=OUT, show_default=True, type=click.Path(file_okay=False, path_type=Path)),
        click.option("--only-tables", is_flag=True, help="Run nothing; write the tables of what is known."),
        click.option(
            "--again", multiple=True, metavar="SOLVER", help="Measure this solver again, as nightshift or cpsat."
        ),
        click.option(
            "--checker", metavar="COMMAND", help="An outside checker; gets PROBLEM RESULT, exits with 0 if valid."
        ),
        click.option(
            "--jobs-at-once", "at_once", default=1, show_default=True, type=click.IntRange(1, 256), help="Cores used."
        ),
        click.option("--seeds", default=3, show_default=True, type=click.IntRange(1, 100)),
    ):
        command = option(command)
    return command


def peers_of(_context: click.Context, _option: click.Parameter, value: str) -> tuple[str, ...]:
    """Names of peers with commas between them; ``none`` for none."""
    names = tuple(name.strip() for name in value.split(",") if name.strip() not in ("", "none"))
    for name in names:
        if name not in PEERS:
            raise click.BadParameter(f"{name!r} is none of {', '.join(PEERS)}")
    return names


@click.command(short_help="Job shops beside PyJobShop and CP-SAT (Q1, Q8).")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--limits", default="5,15,60", show_default=True, type=Numbers(), help="Time limits in seconds.")
@click.option("--peers", default="pyjobshop,cpsat", show_default=True, callback=peers_of, help="Or none.")
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
        best_known=_best_known(bks or folder / BEST_KNOWN),
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


def _best_known(file: Path) -> dict[str, tuple[float, float]]:
    """Instance -> (best known makespan, lower bound) in the text's unit; empty where there is no file."""
    if not file.exists():
        return {}
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {row["instance"]: (float(row["best_known_makespan"]), float(row["lower_bound"])) for row in rows}
