"""Small pieces of HTML; everything that comes from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from app.pages.style import STYLE

_CODE = re.compile(r"`([^`]+)`")


def page(title: str, body: str) -> str:
    """A whole document around ``body``, which is HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head>\n<body>\n{body}</body></html>\n"
    )


def prose(text: str) -> str:
    """Text with `code` in backticks; empty lines part paragraphs."""
    paragraphs = (_CODE.sub(r"<code>\1</code>", escape(part.strip(), quote=False)) for part in text.split("\n\n"))
    return "".join(f"<p>{part}</p>" for part in paragraphs if part)


def inline(text: str) -> str:
    """One line of text with `code` in backticks."""
    return _CODE.sub(r"<code>\1</code>", escape(text, quote=False))


def code(text: object) -> str:
    """A piece of code in a line."""
    return f"<code>{escape(str(text), quote=False)}</code>"


def block(text: str) -> str:
    """Lines of code."""
    return f'<pre tabindex="0"><code>{escape(text, quote=False)}</code></pre>'


def link(target: str, text: str) -> str:
    """A link within the page."""
    return f'<a href="#{escape(target)}">{escape(text)}</a>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of HTML cells; nothing without rows."""
    lines = ["<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows]
    if not lines:
        return ""
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
