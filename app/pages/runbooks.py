"""The runbooks of ``monitoring/runbooks`` as pages: what alerts link to."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import monitoring
from app.pages.html import page

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

FOLDER: Final = Path(monitoring.__file__).parent / "runbooks"
PATH: Final = "/runbooks"

_NEIGHBOUR: Final = re.compile(r'href="(\w+)\.md"')


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt  # noqa: PLC0415  takes time that the start of a web process has no use for

    return MarkdownIt("commonmark", {"html": False}).enable("table")


def names() -> list[str]:
    """The alerts that have a runbook."""
    return sorted(file.stem for file in FOLDER.glob("*.md"))


@cache
def runbook(name: str) -> str:
    """The page of one alert."""
    body = _markdown().render((FOLDER / f"{name}.md").read_text(encoding="utf-8"))
    body = _NEIGHBOUR.sub(rf'href="{PATH}/\1"', body)
    return page(name, f'<main>{body}<p><a href="{PATH}">All runbooks</a></p></main>')


@cache
def contents() -> str:
    """The page that lists them, with what each alert means."""
    rows = "".join(f'<tr><td><a href="{PATH}/{name}">{name}</a></td><td>{_first(name)}</td></tr>' for name in names())
    head = "<header><h1>Runbooks</h1><p>What each alert means, and what to do.</p></header>"
    return page("Runbooks", f'{head}<main><div class="scroll"><table>{rows}</table></div></main>')


def _first(name: str) -> str:
    """The paragraph after a runbook's heading."""
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    return str(_markdown().renderInline(text.split("\n\n")[1]))
