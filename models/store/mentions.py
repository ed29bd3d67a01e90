"""Which ids a stored problem does not know, told without reading it as a problem: quick, and with little memory."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.compression import parts
from models.tables import Problem

PART_BYTES = 1 << 20


def unmentioned(session: Session, run_id: str, texts: Collection[str]) -> set[str]:
    """Of ``texts`` those that stand nowhere in a run's problem, be it as an id or anything else.

    So none of them is the id of a machine, job, operator or calendar there. Of the others nothing is said, and nothing
    at all where the problem writes characters as escapes. Raises KeyError for an unknown run.
    """
    packed = session.scalar(select(Problem.body).where(Problem.run_id == run_id))
    if packed is None:
        raise KeyError(run_id)
    missing = {text: f'"{text}"'.encode() for text in texts}
    longest = max((len(form) for form in missing.values()), default=0)
    before = b""
    for part in parts(packed, PART_BYTES):
        if b"\\" in part:
            return set()
        window = before + part
        missing = {text: form for text, form in missing.items() if form not in window}
        if not missing:
            break
        before = window[-longest:]
    return set(missing)
