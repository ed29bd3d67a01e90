"""Problems broken in a thousand ways: each is read, or refused with what is wrong and where."""

from __future__ import annotations

from random import Random

import pytest

from benchmarks.mutations import broken, sources
from models.shop.canonical import digest
from models.shop.faults import MAX_FAULTS, InvalidProblem
from models.shop.parse import parse

CASES = 1000
BLOCK = 100


def test_the_sources_are_sound() -> None:
    for source in sources():
        parse(source)


@pytest.mark.parametrize("first", range(0, CASES, BLOCK))
def test_a_broken_problem_is_read_or_refused_with_field_rule_and_value(first: int) -> None:
    documents = sources()
    refused = 0
    for seed in range(first, first + BLOCK):
        random = Random(seed)
        document = broken(random.choice(documents), random)
        try:
            assert len(digest(parse(document))) == 64
        except InvalidProblem as error:
            refused += 1
            assert 0 < len(error.faults) <= MAX_FAULTS
            assert error.total >= len(error.faults)
            for fault in error.faults:
                assert fault.field and fault.rule and fault.message, (seed, fault)
                assert fault.value or fault.rule in ("required", "depth", "duplicate_field"), (seed, fault)
                str(fault).encode()
    assert refused > BLOCK / 2
