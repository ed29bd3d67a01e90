"""Writes the dashboards as JSON."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from monitoring.grafana import DASHBOARDS

FOLDER: Final = Path(__file__).parent / "dashboards"


def written(name: str) -> str:
    """A dashboard as the JSON that Grafana reads."""
    board = importlib.import_module(f"monitoring.grafana.{name}").board().build()
    for number, panel in enumerate(board.panels, start=1):
        panel.id_val = number
    return json.dumps(board, cls=JSONEncoder, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(written(name), encoding="utf-8")
