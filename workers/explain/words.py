"""Explanations in words, from their documents: short lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from models.shop.problem import COUNT_TERMS

SHOWN_BEHIND = 3
SHOWN_IDS = 8

Document = Mapping[str, Any]

ORIGINS = {
    "release": "its release date",
    "start_after": "its start_after",
    "zero": "second zero",
    "fixed": "fixed work",
}
SPENT = {
    "setup": "setup",
    "calendar": "calendar closed",
    "closure": "machine's own closure",
    "operator_away": "operator away",
    "delay": "minimum delay",
    "no_fit": "too short before closing",
    "idle": "idle without need",
}


def lines(document: Document, jobs: int, most: int) -> Iterator[str]:
    """A whole document of a plan of ``jobs`` jobs; at most ``most`` late ones are told."""
    late, rows = document["late_total"], document["jobs"][:most]
    if document["asked"] is None:
        yield f"{late} of {jobs} jobs are late{f'; the costliest {len(rows)}:' if len(rows) < late else ''}"
    for row in rows:
        yield from _job(row)
    out = document["unscheduled_jobs"]
    if out:
        yield f"{_counted(len(out), 'job is', 'jobs are')} left out:"
        yield from (f"  {row['job_id']}  {row['reason']}: {row['detail']}" for row in out[:most])
        if len(out) > most:
            yield f"  and {len(out) - most} more"
    if document["conflicts"] is not None:
        yield from _conflicts(document["conflicts"])


def _job(row: Document) -> Iterator[str]:
    done = f"completed {_moment(row['completion_time'])}"
    if row["due_date"] is None:
        yield f"{row['job_id']}: {done}, no due date"
    elif row["tardiness"] > 0:
        cost = f"{row['tardiness']:,.2f} h late (weighted {row['weighted_tardiness']:,.2f} h)"
        yield f"{row['job_id']}: {cost}, due {_moment(row['due_date'])}, {done}"
    else:
        yield f"{row['job_id']}: on time, due {_moment(row['due_date'])}, {done}"
    parts = [f"own processing {_hours(row['own_processing'])}", *_behind(row["behind"]), *_spent(row["hours"])]
    whole = sum(row["hours"].values())
    yield f"  {_hours(whole)} since {_moment(row['begin_time'])} ({ORIGINS[row['begins_with']]}): {'; '.join(parts)}"
    if row["links"]:
        yield from _table(row["links"])


def _behind(rows: Sequence[Document]) -> Iterator[str]:
    if rows:
        told = [f"{_hours(row['hours'])} {row['job_id']} on {row['machine_id']}" for row in rows[:SHOWN_BEHIND]]
        rest = rows[SHOWN_BEHIND:]
        if rest:
            told.append(f"{_hours(sum(row['hours'] for row in rest))} {len(rest)} more")
        yield f"behind others {_hours(sum(row['hours'] for row in rows))} ({', '.join(told)})"


def _spent(hours: Mapping[str, float]) -> Iterator[str]:
    yield from (f"{SPENT[kind]} {_hours(value)}" for kind, value in hours.items() if kind in SPENT)


def _table(links: Sequence[Document]) -> Iterator[str]:
    rows = [("start", "end", "operation", "machine", "operator", "why then")]
    before: Document | None = None
    for link in links:
        place = (link["machine_id"], link["operator_id"] or "-")
        rows.append((_moment(link["start_time"]), _moment(link["end_time"]), _name(link), *place, _why(link, before)))
        before = link
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        yield "  " + "  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]])


def _why(link: Document, before: Document | None) -> str:
    reason = ORIGINS.get(link["waits_for"], "")
    if before is not None:
        reason = {
            "predecessor": f"after {_name(before)}",
            "machine": f"machine busy with {_name(before)}",
            "order": f"kept behind {_name(before)}; could start {_moment(link['could_start'])} before it",
            "operator": f"operator busy with {_name(before)}",
        }[link["waits_for"]]
        families = (before["family_id"], link["family_id"])
        if "setup" in link["waited"] and link["waits_for"] in ("machine", "order"):
            reason += f", {families[0]} to {families[1]}"
    paused = [f"{_hours(value)} {SPENT[kind]} meanwhile" for kind, value in link["ran"].items() if kind in SPENT]
    return "; ".join([reason, *_spent(link["waited"]), *paused])


def _conflicts(found: Document) -> Iterator[str]:
    for one in found["conflicts"]:
        who = _ids(one["job_ids"])
        where = "even alone in the shop" if one["alone"] else "together with the other jobs"
        proof = "proved" if one["proof"] == "proved" else f"found by search within {found['seconds']:.1f} s"
        if one["rules"]:
            verb = "conflicts" if len(one["rules"]) == 1 else "conflict"
            yield f"{who}: {' + '.join(one['rules'])} {verb} with the rest, {where} ({proof})"
        else:
            yield f"{who}: no rule that can be relaxed is to blame, {where} ({proof})"
        if len(one["remedy"]) > 1:
            yield f"  relaxing {' and '.join(one['remedy'])} together leaves room"
    for row in found["relaxations"]:
        gain = f"schedules {_ids(row['schedules'])}" if row["schedules"] else "schedules none of them"
        levels = ", ".join(
            f"{_level(before['objective'])} {_value(before)} -> {_value(after)}"
            for before, after in zip(found["levels"], row["levels"], strict=True)
        )
        yield f"Without {' and '.join(row['rules'])}: {gain}; {levels}"
    if found["unasked"]:
        yield f"No time was left to ask {_ids(found['unasked'])}"
    if found["untried"]:
        yield f"No time was left to try without {', '.join(' and '.join(rules) for rules in found['untried'])}"
    if found["relaxations"]:
        yield f"Plans without a rule were searched for within {found['seconds']:.1f} s; there may be better ones."


def _level(objective: str | Mapping[str, float]) -> str:
    if isinstance(objective, str):
        return "weight left out" if objective == "unscheduled" else objective
    return " + ".join(f"{factor:g} {term}" for term, factor in objective.items())


def _value(level: Document) -> str:
    counts = isinstance(level["objective"], str) and level["objective"] in (*COUNT_TERMS, "unscheduled")
    return f"{level['value']:,g}" if counts else f"{level['value']:,.2f} h"


def _ids(ids: Sequence[str]) -> str:
    rest = len(ids) - SHOWN_IDS
    return ", ".join(ids[:SHOWN_IDS]) + (f" and {rest} more" if rest > 0 else "")


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _name(work: Document) -> str:
    lot = f" lot {work['lot']}" if work["lot"] > 1 else ""
    return f"{work['job_id']}/{work['operation_id']}{lot}"


def _hours(value: float) -> str:
    return f"{value:,.2f} h"


def _moment(text: str) -> str:
    """An instant to the second, to the minute where it is one, in its own zone."""
    moment = datetime.fromisoformat(text)
    return moment.strftime("%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M")
