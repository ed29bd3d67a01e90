"""Payloads are kept zstd-compressed (RFC 8878), with a checksum, and are unpacked only up to a bound."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from backports import zstd

MAX_UNPACKED_BYTES: Final = 1024 * 1024 * 1024
"""No payload of ours is larger; what claims to be is damaged or hostile."""

_OPTIONS: Final[dict[int, int]] = {
    zstd.CompressionParameter.compression_level: 3,
    zstd.CompressionParameter.checksum_flag: 1,
}


class DamagedPayload(ValueError):
    """A stored payload that cannot be unpacked: not zstd, cut off, changed, or larger than allowed."""


def pack(data: bytes) -> bytes:
    """``data`` compressed into one zstd frame that states its size and carries a checksum."""
    return zstd.compress(data, options=_OPTIONS)


def unpack(packed: bytes, limit: int = MAX_UNPACKED_BYTES) -> bytes:
    """The bytes that ``pack`` was given.

    At most ``limit`` bytes are ever produced. Raises DamagedPayload where the frame is no zstd, incomplete, followed by
    other bytes, fails its checksum or would unpack to more than ``limit``.
    """
    decompressor = zstd.ZstdDecompressor()
    try:
        data = decompressor.decompress(packed, max_length=limit + 1)
    except zstd.ZstdError as error:
        raise DamagedPayload(f"not a readable zstd frame: {error}") from error
    if len(data) > limit:
        raise DamagedPayload(f"larger than the {limit} bytes allowed")
    if not decompressor.eof:
        raise DamagedPayload("the zstd frame is cut off")
    if decompressor.unused_data:
        raise DamagedPayload("bytes follow the zstd frame")
    return data


def parts(packed: bytes, size: int) -> Iterator[bytes]:
    """What ``pack`` was given, in parts of at most ``size`` bytes, so that no more of it is in memory at once.

    Raises DamagedPayload where it cannot be unpacked.
    """
    decompressor = zstd.ZstdDecompressor()
    try:
        yield decompressor.decompress(packed, max_length=size)
        while not decompressor.eof:
            if decompressor.needs_input:
                raise DamagedPayload("the zstd frame is cut off")
            yield decompressor.decompress(b"", max_length=size)
    except zstd.ZstdError as error:
        raise DamagedPayload(f"not a readable zstd frame: {error}") from error
