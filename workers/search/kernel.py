"""How everything compiled here is compiled: once, cached on disk, without the interpreter's lock.

Kernels allocate nothing: what they need is handed to them. So they are compiled without Numba's runtime, which would
count references to every array at every call and every look into a tuple of arrays; that takes a hundred times longer
than the work of a small kernel, and most of the compiler's time.

Numba looks only at a kernel's own file to tell whether what it compiled is still good, not at the kernels that it
calls. So everything compiled lies in a folder named after all sources here: where one changes, all is compiled anew.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba import njit

F = TypeVar("F", bound=Callable[..., object])

_KERNEL: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy", "_nrt": False}
_INNER: dict[str, Any] = {**_KERNEL, "cache": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

SOURCES = Path(__file__).parent

KEPT_SECONDS = 14 * 86_400.0


def cache_folder() -> Path:
    """Where compiled kernels are kept: beside the sources where that can be written, else in the user's cache."""
    digest = hashlib.sha256(numba.__version__.encode())
    for source in sorted(SOURCES.rglob("*.py")):
        digest.update(source.read_bytes())
    beside = SOURCES / "__pycache__"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nightshift"
    name = f"kernels-{digest.hexdigest()[:16]}"
    for parent in (beside, home):
        try:
            (parent / name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=parent / name):
                return parent / name
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="nightshift-kernels-"))


def _tidy(folder: Path) -> None:
    """Removes what sources of long ago were compiled to; newer folders may be another process's."""
    for other in folder.parent.glob("kernels-*"):
        if time.time() - other.stat().st_mtime > KEPT_SECONDS:
            shutil.rmtree(other, ignore_errors=True)


FOLDER = cache_folder()
_tidy(FOLDER)
numba.config.CACHE_DIR = str(FOLDER)  # type: ignore[attr-defined]  # its settings are made at run time


def kernel(function: F) -> F:
    """``function`` compiled by Numba at its first call; later processes load it from the cache."""
    return cast(F, njit(**_KERNEL)(function))


def inner(function: F) -> F:
    """A kernel that only kernels call: the compiler makes no way into it from Python, which takes it longer than most.

    It is compiled, and cached, with the kernels that call it.
    """
    return cast(F, njit(**_INNER)(function))


def inlined(function: F) -> F:
    """A small kernel that is always compiled into its callers, where a call would take longer than the work."""
    return cast(F, njit(**_KERNEL, forceinline=True)(function))


def making(function: F) -> F:
    """A kernel that makes arrays of its own; for what is called once a plan, not once a move."""
    return cast(F, njit(cache=True, nogil=True)(function))
