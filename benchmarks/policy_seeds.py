"""What policies reach that came of the same training with other seeds: medians and the worst, beside those in force."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.quality_tables import class_of
from benchmarks.report import Report, table
from models.shop.problem import Problem
from workers.ppo.policy import load

Rows = Mapping[str, Sequence[float]]
"""By class or kind, what was reached: greedily, both ways (makespan only), and as best of many."""

Solved = Callable[..., Any]
"""``benchmarks.policy.solved``: (problem, samples, weights) -> what was found."""


def other_seeds(
    report: Report,
    folders: Iterable[Path],
    solved: Solved,
    samples: int,
    *,
    problems: Mapping[str, Problem],
    known: Mapping[str, float],
    gaps: Rows,
    bars: Mapping[str, Mapping[str, float]],
    made: Mapping[str, Sequence[Problem]],
    ruled: Mapping[str, float],
    late: Rows,
) -> None:
    """R2 and R3 with the policies in ``folders``, as exported by a training, beside those in force.

    ``gaps`` (percent, by class) and ``late`` (over the best rule's, by kind) are what those in force reach; ``known``
    are best known makespans by problem, ``ruled`` the best rule's sums by kind, ``bars`` the bars of greedy and best.
    """
    policies = [load(folder) for folder in folders]
    by_class: list[Rows] = [gaps]
    by_kind: list[Rows] = [late]
    for policy in policies:
        if policy.objective == "makespan":
            by_class.append(_gaps(problems, known, partial(solved, samples=samples, weights=policy.weights)))
        else:
            by_kind.append(_late(made, ruled, partial(solved, samples=samples, weights=policy.weights)))
    ways = ("greedy", "both ways", f"best of {samples}")
    limits = (bars["greedy"], bars["greedy"], bars["best"])
    if len(by_class) > 1:
        for name in gaps:
            for at, (way, limit) in enumerate(zip(ways, limits, strict=True)):
                worst = max(rows[name][at] for rows in by_class)
                what = f"{name}, {way}: worst of {len(by_class)} seeds"
                report.add("R2", what, worst, "%", limit.get(name), samples=len(by_class))
        report.sections.append(_section("makespan", "gap, %", by_class, ways, ".1f"))
    if len(by_kind) > 1:
        for name in late:
            worst = max(rows[name][-1] for rows in by_kind)
            what = f"plants, {name}: best of {samples} over the best rule, worst of {len(by_kind)} seeds"
            report.add("R3", what, worst, "", 1.0, samples=len(by_kind))
        report.sections.append(_section("weighted tardiness", "over the best rule", by_kind, ways[::2], ".3f"))


def _gaps(problems: Mapping[str, Problem], known: Mapping[str, float], solved: Callable[[Problem], Any]) -> Rows:
    classes: dict[str, list[tuple[float, ...]]] = {}
    for name, problem in problems.items():
        found = solved(problem)
        values = (100 * (value / known[name] - 1) for value in (found.greedy, found.passes, found.best))
        classes.setdefault(class_of(name), []).append(tuple(values))
    return {name: np.mean(rows, axis=0).tolist() for name, rows in classes.items()}


def _late(made: Mapping[str, Sequence[Problem]], ruled: Mapping[str, float], solved: Callable[[Problem], Any]) -> Rows:
    late: dict[str, list[float]] = {}
    for kind in ruled:
        found = [solved(problem) for problem in made[kind]]
        late[kind] = [sum(getattr(one, way) for one in found) / max(1.0, ruled[kind]) for way in ("greedy", "best")]
    return late


def _section(objective: str, unit: str, seeds: Sequence[Rows], ways: Sequence[str], form: str) -> str:
    head = ["", *(f"{way}, {which}" for way in ways for which in ("median", "worst"))]
    rows = []
    for name in seeds[0]:
        row: list[object] = [name]
        for at in range(len(ways)):
            values = [reached[name][at] for reached in seeds]
            row += [format(float(np.median(values)), form), format(max(values), form)]
        rows.append(row)
    return (
        f"## Seeds: {objective}\n\nThe policy in force and {len(seeds) - 1} of the same training with other seeds "
        f"({unit}).\n\n" + table(head, rows)
    )
