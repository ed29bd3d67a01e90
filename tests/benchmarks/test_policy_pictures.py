"""What ``nightshift bench policy`` draws and makes up."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from benchmarks.bars import Bars
from benchmarks.policy_generated import SETS
from workers.ppo.lessons import as_problem


def test_bars_stand_for_their_values() -> None:
    picture = Bars("Title", "note", "gap, %", ("one", "two"), {"A, B": (10.0, 5.0), "C": (None, 0.0)})
    root = ElementTree.fromstring(picture.svg())
    rects = list(root.iter("{http://www.w3.org/2000/svg}rect"))[3:]
    heights = [float(row.attrib["height"]) for row in rects]
    assert len(heights) == 3, "a value that is missing has no bar"
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.3) and heights[2] == 0.0
    words = [row.text for row in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Title", "note", "one", "two", "A", "B", "C", "10.0", "5.0"} <= set(words)


def test_made_up_shops_have_the_sizes_of_their_sets() -> None:
    for name, made, jobs, machines, _ in SETS:
        problem = as_problem(made(np.random.default_rng(1), jobs, machines))
        assert (len(problem.jobs), len(problem.machines)) == (jobs, machines), name
        assert all(operation.options for operation in problem.operations)
        assert sum(job.count for job in problem.jobs) >= 0.8 * jobs * machines
