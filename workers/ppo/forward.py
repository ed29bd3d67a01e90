"""The policy's network, compiled: a score for each candidate; and whole plans made with it.

Each candidate is embedded by the same two layers; the mean and the greatest of the embeddings and the global features
make a context; embedding and context give the score, to which a linear term in the candidate's features is added.
Nothing depends on how many candidates, jobs or machines there are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from workers.ppo.kernel import inner, kernel
from workers.ppo.observation import FEATURES, GLOBALS, SIZE, observe
from workers.ppo.place import MAKESPAN, SHOWN, TARDINESS, append, begin, probe
from workers.ppo.rules import Generator, uniform
from workers.ppo.shop import CANDIDATES, Bools, Integers, Shop, Singles, State
from workers.ppo.step import take


class Weights(NamedTuple):
    """The network's arrays, inputs by outputs, single precision; H hidden units.

    ``first`` (FEATURES, H), ``second`` (H, H): the embedding; ``pooled`` (2 H + GLOBALS, H), ``context`` (H, H);
    ``third`` (H, H), ``score`` (H, 1) with ``linear`` (FEATURES, 1). The biases of each but the last.
    """

    first: Singles
    first_bias: Singles
    second: Singles
    second_bias: Singles
    pooled: Singles
    pooled_bias: Singles
    context: Singles
    context_bias: Singles
    third: Singles
    third_bias: Singles
    score: Singles
    linear: Singles


class Scratch(NamedTuple):
    """Room for one observation and what the network makes of it."""

    seen: Singles
    mask: Bools
    hidden: Singles
    embedding: Singles
    pool: Singles
    middle: Singles
    around: Singles
    scores: Singles


def new_scratch(hidden: int) -> Scratch:
    """Room for a network of so many hidden units."""

    def room(*shape: int) -> Singles:
        return np.zeros(shape, np.float32)

    return Scratch(
        seen=room(SIZE),
        mask=np.zeros(CANDIDATES, np.bool_),
        hidden=room(hidden),
        embedding=room(CANDIDATES, hidden),
        pool=room(2 * hidden + GLOBALS),
        middle=room(hidden),
        around=room(hidden),
        scores=room(CANDIDATES),
    )


@inner
def _layer(inputs: Singles, matrix: Singles, bias: Singles, outputs: Singles) -> None:
    """outputs = inputs x matrix + bias."""
    columns = matrix.shape[1]
    for column in range(columns):
        outputs[column] = bias[column]
    for row in range(matrix.shape[0]):
        value = inputs[row]
        if value != 0.0:
            for column in range(columns):
                outputs[column] += value * matrix[row, column]  # twice as fast as through a view of the row


@inner
def _rectify(values: Singles) -> None:
    for at in range(len(values)):
        values[at] = max(values[at], np.float32(0.0))


@inner
def score(weights: Weights, scratch: Scratch, count: int) -> None:
    """The scores of the first ``count`` candidates of the observation in ``scratch``."""
    hidden = len(weights.first_bias)
    pool = scratch.pool
    pool[:] = 0.0
    for at in range(count):
        row = scratch.seen[GLOBALS + at * FEATURES : GLOBALS + (at + 1) * FEATURES]
        _layer(row, weights.first, weights.first_bias, scratch.hidden)
        _rectify(scratch.hidden)
        embedding = scratch.embedding[at]
        _layer(scratch.hidden, weights.second, weights.second_bias, embedding)
        _rectify(embedding)
        for unit in range(hidden):
            pool[unit] += embedding[unit] / np.float32(count)
            pool[hidden + unit] = max(pool[hidden + unit], embedding[unit])
    for at in range(GLOBALS):
        pool[2 * hidden + at] = scratch.seen[at]
    _layer(pool, weights.pooled, weights.pooled_bias, scratch.middle)
    _rectify(scratch.middle)
    _layer(scratch.middle, weights.context, weights.context_bias, scratch.around)
    for at in range(count):
        row = scratch.seen[GLOBALS + at * FEATURES : GLOBALS + (at + 1) * FEATURES]
        _layer(scratch.embedding[at], weights.third, weights.third_bias, scratch.hidden)
        total = np.float32(0.0)
        for unit in range(hidden):
            total += max(scratch.hidden[unit] + scratch.around[unit], np.float32(0.0)) * weights.score[unit, 0]
        for feature in range(FEATURES):
            total += row[feature] * weights.linear[feature, 0]
        scratch.scores[at] = total


@kernel
def score_once(weights: Weights, scratch: Scratch, count: int) -> None:
    """``score``, callable from Python: for tests and measurements."""
    score(weights, scratch, count)


@kernel
def follow(shop: Shop, state: State, operations: Integers, machines: Integers, count: int) -> None:
    """Begins a plan as another one began: with the first ``count`` of its operations."""
    begin(shop, state)
    for at in range(count):
        operation, machine = operations[at], machines[at]
        for option in range(shop.first[operation], shop.first[operation + 1]):
            if shop.machine[option] == machine:
                start, end, _ = probe(shop, state, operation, option)
                append(shop, state, operation, machine, start, end)
                break


@kernel
def plan(
    shop: Shop,
    state: State,
    weights: Weights,
    scratch: Scratch,
    generator: Generator,
    temperature: float,
    least: float,
    steps: int,
    fresh: bool,
) -> int:
    """Makes up to ``steps`` choices of a plan, from the empty one if ``fresh``; 0 more to come, 1 complete, 2 given up.

    A ``temperature`` of 0 takes the candidate with the highest score; else one is drawn, with odds exp(score /
    temperature). The plan is given up once its lower bound (of weighted tardiness, or of makespan) reaches ``least``.
    """
    if fresh:
        begin(shop, state)
    for _ in range(steps):
        observe(shop, state, scratch.seen, scratch.mask)
        count = state.counts[SHOWN]
        if count == 0:
            return 1
        if (state.values[TARDINESS] if shop.tardy else state.values[MAKESPAN]) >= least:
            return 2
        chosen = 0
        if count > 1:
            score(weights, scratch, count)
            greatest = -math.inf
            for at in range(count):
                value = float(scratch.scores[at])
                if temperature > 0.0:
                    value = value / temperature - math.log(-math.log(uniform(generator)))
                if value > greatest:
                    chosen, greatest = at, value
        take(shop, state, chosen)
    return 0
