"""The sample plant's mapping, ready to be put where mappings are."""

from __future__ import annotations

from pathlib import Path
from typing import Final

SAMPLE: Final = Path(__file__).with_name("main.toml")


def write_mapping(file: Path, plant: str, source: str) -> bool:
    """Write the mapping to ``file``, with ``source`` (a line of TOML) saying where the data are.

    False, and nothing is written, where there is a file that says so already; it may have been edited since.
    """
    if file.is_file() and source in file.read_text(encoding="utf-8"):
        return False
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.write_text(
        SAMPLE.read_text(encoding="utf-8").replace("@PLANT@", plant).replace("@SOURCE@", source), encoding="utf-8"
    )
    return True
