"""The one way in which people and programs change the life of a plan: a command is given, done and audited as a whole.

A command is a frozen dataclass. What it takes to compute is computed first; then one transaction does it and writes who
asked for it and why, and only then its messages are sent: the commit is the promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.store import audit
from models.store.views import RunView
from models.tables.session import in_transaction
from monitoring.logs import get
from tasks.base import database
from tasks.commands import send

log = get(__name__)
T = TypeVar("T")


class UnknownRun(LookupError):
    """There is no run of that id."""


class NoPlan(Exception):
    """The run has no plan that could be changed: it goes on, or ended without one."""

    def __init__(self, view: RunView) -> None:
        super().__init__(f"run {view.id} has no plan")
        self.view = view


@dataclass(frozen=True, slots=True)
class Who:
    """Who gives a command: an API key's id, or a name such as ``cli``; and why, in words, where that was said."""

    name: str = audit.SYSTEM
    why: str | None = None
    key_id: str | None = None


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """What a command did: its answer, what the audit tells of it, and the messages to send once it is committed."""

    answer: T
    subject: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    messages: tuple[tuple[Any, ...], ...] = ()


class Command(Protocol[T]):
    """Something that is asked for. ``action`` is its name in the audit."""

    @property
    def action(self) -> str:
        """Such as ``plan.disrupted``."""

    def prepared(self, who: Who) -> Callable[[Session], Done[T]]:
        """Computes what needs no transaction, and answers what one has to do. Raises what is wrong with the command."""


def give(command: Command[T], who: Who) -> T:
    """Does what ``command`` asks for, once, and audits it: who, why, and when by the database's clock."""
    act = command.prepared(who)

    def store(session: Session) -> Done[T]:
        done = act(session)
        detail = {**done.detail, **({} if who.why is None else {"why": who.why})}
        audit.record(session, action=command.action, subject=done.subject, actor=who.name, detail=detail)
        return done

    try:
        done = in_transaction(database(), store)
    except IntegrityError:  # another came first in the same moment: done again, the command meets what that one did
        done = in_transaction(database(), store)
    log.info("given", action=command.action, subject=done.subject, by=who.name)
    for name, *args in done.messages:
        send(name, *args)
    return done.answer
