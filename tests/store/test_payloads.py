from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from backports import zstd
from hypothesis import given, settings
from hypothesis import strategies as st

from models import compression
from models.compression import DamagedPayload, pack, unpack
from models.store import ids


@settings(max_examples=50)
@given(st.binary(max_size=2000), st.integers(1, 20))
def test_what_is_packed_comes_back(data: bytes, times: int) -> None:
    assert unpack(pack(data * times), limit=len(data) * times) == data * times


def test_json_shrinks() -> None:
    data = b'{"job_id": "J1", "operations": []}' * 1000
    assert len(pack(data)) < len(data) / 20


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"", "cut off"),
        (b"{}", "not a readable zstd frame"),
        (pack(b"x" * 1000)[:-5], "cut off"),
        (pack(b"x" * 1000) + b"more", "bytes follow"),
        (pack(bytes(range(256)))[:-1] + b"\0", "not a readable zstd frame"),
    ],
)
def test_a_damaged_payload_is_told(packed: bytes, message: str) -> None:
    with pytest.raises(DamagedPayload, match=message):
        unpack(packed)


def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = pack(bytes(50_000_000))
    unsized = zstd.ZstdCompressor().compress(bytes(50_000_000), zstd.ZstdCompressor.FLUSH_FRAME)
    assert len(bomb) < 10_000
    for packed in (bomb, unsized):
        with pytest.raises(DamagedPayload, match="larger than the 1000 bytes"):
            unpack(packed, limit=1000)
    assert compression.MAX_UNPACKED_BYTES >= 2**30


def test_run_ids_are_uuids_of_version_7_that_tell_their_time() -> None:
    made = uuid.UUID(ids.run_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert abs((made.int >> 80) / 1000 - datetime.now(UTC).timestamp()) < 30


def test_run_ids_sort_by_age_within_a_process() -> None:
    made = [ids.run_id() for _ in range(5000)]
    assert made == sorted(made) and len(set(made)) == len(made)


def test_run_ids_keep_their_order_when_the_clock_steps_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ids.run_id()
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000)
    assert before < ids.run_id() < ids.run_id()


def test_threads_never_share_a_run_id() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: ids.run_id(), range(4000)))
    assert len(set(made)) == len(made)
