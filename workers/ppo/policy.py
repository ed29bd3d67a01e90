"""A policy as files: ``policy.npz``, plain arrays, and ``card.toml``: what they are and what they are good for.

Nothing in a policy is ever run as code: arrays are read without pickle, of known names and shapes alone, after their
size and their SHA-256 were compared with the card's. Archives of Stable-Baselines3 are refused.
"""

from __future__ import annotations

import hashlib
import io
import re
import struct
import tokenize
import tomllib
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models.shop.faults import shown
from workers.ppo.envelope import MEASURES
from workers.ppo.forward import Weights
from workers.ppo.observation import FEATURES, GLOBALS, schema_hash

ARRAYS, CARD = "policy.npz", "card.toml"

MOST_BYTES, MOST_CARD_BYTES = 4 * 1024 * 1024, 64 * 1024
MOST_HIDDEN = 512
MOST_HEADER = 256
"""Characters of an array's header, which is read as a Python literal: numpy writes 118."""
MOST_MEASURE = 1e9
MOST_SAID = 200
OBJECTIVES = ("makespan", "weighted_tardiness")
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


BROKEN = (
    # what zipfile and numpy's reading of a header raise for content that was damaged or made up
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    tokenize.TokenError,
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
)


class PolicyRefused(ValueError):
    """A policy that is not used; the message says why in one line."""


@dataclass(frozen=True)
class Policy:
    """A policy that was checked: its id, objective, weights, SHA-256 of its arrays, and its card."""

    id: str
    objective: str
    weights: Weights
    sha256: str
    card: Mapping[str, Any]

    @property
    def envelope(self) -> Mapping[str, Any]:
        """What problems it was trained for: see ``workers.ppo.envelope``."""
        found: Mapping[str, Any] = self.card["envelope"]
        return found


def shapes(hidden: int) -> dict[str, tuple[int, ...]]:
    """The shape of each array of a network with so many hidden units, in the order of ``Weights``."""
    return {
        "first": (FEATURES, hidden),
        "first_bias": (hidden,),
        "second": (hidden, hidden),
        "second_bias": (hidden,),
        "pooled": (2 * hidden + GLOBALS, hidden),
        "pooled_bias": (hidden,),
        "context": (hidden, hidden),
        "context_bias": (hidden,),
        "third": (hidden, hidden),
        "third_bias": (hidden,),
        "score": (hidden, 1),
        "linear": (FEATURES, 1),
    }


def write_weights(path: Path, weights: Weights) -> str:
    """Writes the arrays; returns their SHA-256."""
    buffer = io.BytesIO()
    np.savez(buffer, **weights._asdict())
    path.write_bytes(buffer.getvalue())
    return hashlib.sha256(buffer.getvalue()).hexdigest()


def read_weights(path: Path) -> Weights:
    """The arrays in a file. Raises PolicyRefused."""
    return _arrays(_bytes(path, MOST_BYTES), path.name)


def load(folder: Path) -> Policy:
    """The policy in a folder. Raises PolicyRefused for whatever is wrong with it."""
    card = _card(folder / CARD)
    content = _bytes(folder / ARRAYS, MOST_BYTES)
    name, sha256 = str(card["id"]), hashlib.sha256(content).hexdigest()
    if sha256 != card["sha256"]:
        raise PolicyRefused(f"policy {name}: {ARRAYS} is not what its card was written for (SHA-256 {sha256[:16]}...)")
    if card["schema"] != schema_hash():
        raise PolicyRefused(f"policy {name}: was trained on other features than this version observes")
    return Policy(name, str(card["objective"]), _arrays(content, name), sha256, card)


def _bytes(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise PolicyRefused(f"{path.parent.name}: {path.name} cannot be read: {error.strerror}") from error
    if len(content) > most:
        raise PolicyRefused(f"{path.parent.name}: {path.name} is larger than {most} bytes")
    return content


def _card(path: Path) -> dict[str, Any]:
    try:
        card = tomllib.loads(_bytes(path, MOST_CARD_BYTES).decode("utf-8"))
    except RecursionError:
        raise PolicyRefused(f"{path.parent.name}: {CARD} is nested too deep") from None
    except ValueError as error:  # TOML and UTF-8 that are none, and numbers of too many digits
        raise PolicyRefused(f"{path.parent.name}: {CARD} is no TOML: {_said(error)}") from error
    wanted = {"id": str, "objective": str, "sha256": str, "schema": str, "envelope": dict}
    for name, kind in wanted.items():
        if not isinstance(card.get(name), kind):
            raise PolicyRefused(f"{path.parent.name}: {CARD} must hold {name} as a {kind.__name__}")
    if ID.fullmatch(card["id"]) is None:
        raise PolicyRefused(
            f"{path.parent.name}: {CARD}: id must be small letters, digits and - (got {shown(card['id'])})"
        )
    if card["objective"] not in OBJECTIVES:
        raise PolicyRefused(
            f"policy {card['id']}: objective must be one of {', '.join(OBJECTIVES)} (got {shown(card['objective'])})"
        )
    _check_envelope(card["envelope"], card["id"])
    return card


def _check_envelope(envelope: Mapping[str, Any], name: str) -> None:
    """Whether ``workers.ppo.envelope.fit`` can work with it. Raises PolicyRefused."""
    unknown = envelope.get("unknown")
    if not isinstance(unknown, list) or not all(isinstance(rule, str) for rule in unknown):
        raise PolicyRefused(f"policy {name}: envelope.unknown must be a list of texts (got {_shown(unknown)})")
    for measure in MEASURES:
        limits = envelope.get(measure)
        if not (
            isinstance(limits, list)
            and len(limits) == 2
            and all(isinstance(limit, int | float) and not isinstance(limit, bool) for limit in limits)
            and 0 <= limits[0] <= limits[1] <= MOST_MEASURE
        ):
            raise PolicyRefused(
                f"policy {name}: envelope.{measure} must be two numbers from 0 to {MOST_MEASURE:g}, "
                f"the least first (got {_shown(limits)})"
            )


def _shown(value: object) -> str:
    """A value as ``shown`` quotes it, whatever it is."""
    try:
        return shown(value)
    except (ValueError, RecursionError):  # Python writes neither thousands of digits nor thousands of levels
        return "what is too long to show"


def _said(error: Exception) -> str:
    """What an error says, as one short line."""
    return (str(error).splitlines() or [type(error).__name__])[0][:MOST_SAID]


def _arrays(content: bytes, name: str) -> Weights:
    """The arrays in the bytes of an npz file.

    Nothing is unpacked before the sizes in the archive's directory are known to be small, and no array is made before
    its own header is known to hold the shape and the type that it must have.
    """
    try:
        members = _members(content, name)
        headers = {field: _header(members[field]) for field in Weights._fields}
    except BROKEN as error:
        if isinstance(error, PolicyRefused):
            raise
        raise PolicyRefused(f"policy {name}: {ARRAYS} is damaged or no npz file: {_said(error)}") from None
    hidden = headers["first_bias"][0]
    if len(hidden) != 1 or not 1 <= hidden[0] <= MOST_HIDDEN:
        raise PolicyRefused(f"policy {name}: must have 1 to {MOST_HIDDEN} hidden units (got {_shown(hidden)})")
    arrays = []
    for field, shape in shapes(hidden[0]).items():
        found, kind = headers[field]
        if kind != np.float32 or found != shape:
            raise PolicyRefused(
                f"policy {name}: array {field} must be float32 of shape {shape} (got {kind} of {_shown(found)})"
            )
        try:
            array = np.lib.format.read_array(io.BytesIO(members[field]), allow_pickle=False)
        except ValueError as error:
            raise PolicyRefused(f"policy {name}: array {field} cannot be read: {_said(error)}") from None
        if not np.isfinite(array).all():
            raise PolicyRefused(f"policy {name}: array {field} holds numbers that are not finite")
        arrays.append(np.ascontiguousarray(array))
    return Weights(*arrays)


def _members(content: bytes, name: str) -> dict[str, bytes]:
    """The files in an npz file by the names of their arrays, each as long as the archive's directory says at most."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        expected = {f"{field}.npy" for field in Weights._fields}
        if odd := sorted(set(entries) ^ expected):
            raise PolicyRefused(
                f"policy {name}: must hold exactly the arrays of a policy; {shown(odd[0])} is missing or too much"
            )
        if len(archive.infolist()) > len(entries):
            raise PolicyRefused(f"policy {name}: holds an array twice")
        if sum(entry.file_size for entry in entries.values()) > MOST_BYTES:
            raise PolicyRefused(f"policy {name}: would unpack to more than {MOST_BYTES} bytes")
        members = {}
        for field in Weights._fields:
            entry = entries[f"{field}.npy"]
            with archive.open(entry) as file:
                members[field] = file.read(entry.file_size)  # read() alone would unpack without a limit
        return members


def _header(content: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """The shape and the type that an npy file says its array has."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, kind = read(file, max_header_size=MOST_HEADER)
    return shape, kind
