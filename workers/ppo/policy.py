"""A policy as files: ``policy.npz``, plain arrays, and ``card.toml``: what they are and what they are good for.

Nothing in a policy is ever run as code: arrays are read without pickle, of known names and shapes alone, after their
size and their SHA-256 were compared with the card's. Archives of Stable-Baselines3 are refused.
"""

from __future__ import annotations

import hashlib
import io
import re
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from workers.ppo.forward import Weights
from workers.ppo.observation import FEATURES, GLOBALS, schema_hash

ARRAYS, CARD = "policy.npz", "card.toml"

MOST_BYTES, MOST_CARD_BYTES = 4 * 1024 * 1024, 64 * 1024
MOST_HIDDEN = 512
OBJECTIVES = ("makespan", "weighted_tardiness")
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


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
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyRefused(f"{path.parent.name}: {CARD} is no TOML: {error}") from error
    wanted = {"id": str, "objective": str, "sha256": str, "schema": str, "envelope": dict}
    for name, kind in wanted.items():
        if not isinstance(card.get(name), kind):
            raise PolicyRefused(f"{path.parent.name}: {CARD} must hold {name} as a {kind.__name__}")
    if ID.fullmatch(card["id"]) is None:
        raise PolicyRefused(f"{path.parent.name}: {CARD}: id must be small letters, digits and - (got {card['id']!r})")
    if card["objective"] not in OBJECTIVES:
        raise PolicyRefused(
            f"policy {card['id']}: objective must be one of {', '.join(OBJECTIVES)} (got {card['objective']!r})"
        )
    return card


def _arrays(content: bytes, name: str) -> Weights:
    """The arrays in the bytes of an npz file, each of the size that its header says before it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {entry.filename: entry.file_size for entry in archive.infolist()}
    except zipfile.BadZipFile:
        raise PolicyRefused(f"policy {name}: the file of arrays is damaged or no npz file") from None
    expected = {f"{field}.npy" for field in Weights._fields}
    if set(members) != expected:
        odd = sorted(set(members) ^ expected)[0]
        raise PolicyRefused(f"policy {name}: must hold exactly the arrays of a policy; {odd!r} is missing or too much")
    if sum(members.values()) > MOST_BYTES:
        raise PolicyRefused(f"policy {name}: would unpack to more than {MOST_BYTES} bytes")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            found = Weights(**{field: arrays[field] for field in Weights._fields})
    except (ValueError, OSError, zipfile.BadZipFile, EOFError, KeyError) as error:
        raise PolicyRefused(f"policy {name}: an array cannot be read: {str(error).splitlines()[0]}") from None
    hidden = found.first_bias.size
    if not 1 <= hidden <= MOST_HIDDEN:
        raise PolicyRefused(f"policy {name}: must have 1 to {MOST_HIDDEN} hidden units (got {hidden})")
    for field, shape in shapes(hidden).items():
        array = getattr(found, field)
        if array.dtype != np.float32 or array.shape != shape:
            raise PolicyRefused(
                f"policy {name}: array {field} must be float32 of shape {shape} (got {array.dtype} of {array.shape})"
            )
        if not np.isfinite(array).all():
            raise PolicyRefused(f"policy {name}: array {field} holds numbers that are not finite")
    return Weights(*(np.ascontiguousarray(array) for array in found))
