"""How the compiled code here is compiled: as the local search is, but kept in a folder named after these sources too.

Numba looks only at a kernel's own file to tell whether what it compiled is still good, not at the kernels it calls.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import numba

from workers.search import kernel as search

F = TypeVar("F", bound=Callable[..., object])

COMPILED = ("kernel", "shop", "place", "candidates", "observation", "step", "rules", "forward")
"""The files here that hold compiled code or what it is compiled for."""


def _folder() -> Path:
    digest = hashlib.sha256()
    for name in COMPILED:
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    folder = search.FOLDER / f"ppo-{digest.hexdigest()[:16]}"
    folder.mkdir(exist_ok=True)
    return folder


FOLDER = _folder()


@contextmanager
def _kept_here() -> Iterator[None]:
    """Numba takes the folder of its cache from its settings when a function is decorated."""
    before = numba.config.CACHE_DIR  # type: ignore[attr-defined]  # its settings are made at run time
    numba.config.CACHE_DIR = str(FOLDER)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before  # type: ignore[attr-defined]


def kernel(function: F) -> F:
    """``function`` compiled by Numba at its first call; later processes load it from the cache."""
    with _kept_here():
        return search.kernel(function)


def inner(function: F) -> F:
    """A kernel that only kernels call."""
    return search.inner(function)
