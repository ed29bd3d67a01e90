"""Use of a capacity over time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from models.shop.resources import Block, Usage, blocks

spans = st.tuples(st.integers(0, 30), st.integers(0, 8)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.integers(1, 3), st.lists(spans, max_size=12), st.integers(0, 30), st.integers(1, 8), st.integers(1, 6))
def test_usage_agrees_with_counting_every_second(
    capacity: int, users: list[tuple[int, int]], start: int, length: int, seconds: int
) -> None:
    usage = Usage(capacity)
    for user in users:
        usage.add(*user)
    full = {t for t in range(60) if sum(a <= t < b for a, b in users) >= capacity}
    end = start + length
    clash = [t for t in range(start, end) if t in full]
    found = usage.conflict(start, end)
    if clash:
        assert found is not None and found > clash[-1]
        assert all(t in full for t in range(clash[-1], found))
    else:
        assert found is None
    earliest = next(t for t in range(start, 60) if not full & set(range(t, t + seconds)))
    assert usage.skip(start, seconds) == earliest


def test_blocks_join_what_meets_or_overlaps() -> None:
    work = [(0, 10, "a"), (10, 20, "b"), (12, 15, "c"), (21, 30, "d")]
    assert blocks(work) == [Block(0, 20, "a", "b"), Block(21, 30, "d", "d")]
