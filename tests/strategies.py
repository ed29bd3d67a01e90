"""Hypothesis strategies for whole small problems in the form of docs/problem.md.

``problems()`` draws documents that the form accepts, with every feature now and then: calendars over daylight saving,
closures, capacity, setups, skills, routings, delays, windows, lots, fixed work, references and objectives. Some of
what is drawn contradicts itself on purpose (fixed work at closed times, windows too narrow): that is allowed input.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

Document = dict[str, Any]

STARTS = (
    ("2026-01-05T06:00:00+01:00", "Europe/Berlin"),
    ("2026-03-28T20:00:00+01:00", "Europe/Berlin"),
    ("2026-10-24T20:00:00+02:00", "Europe/Berlin"),
    ("2026-03-07T18:30:00-05:00", "America/New_York"),
    ("2026-07-01T00:00:00Z", None),
)
FAMILIES = ("red", "green", "blue")
SKILLS = ("welding", "milling")
DAYS = (
    ["mon", "tue", "wed", "thu", "fri"],
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    ["sat", "sun"],
    ["mon", "sun"],
)
SHIFTS = (
    ("06:00", "14:00"),
    ("14:00", "22:00"),
    ("22:00", "06:00"),
    ("00:00", "24:00"),
    ("08:00", "08:00"),
    ("01:30", "02:30"),
    ("02:15", "09:45"),
)
BREAKS = (("09:00", "09:15"), ("12:00", "12:45"), ("02:30", "02:50"), ("23:45", "00:15"))
HOURS = st.sampled_from((0.0003, 0.25, 0.5, 1, 1.5, 2.5, 4, 9))
SHORT_HOURS = st.sampled_from((0, 0.1, 0.25, 1))
OBJECTIVES: tuple[Any, ...] = (
    "makespan",
    "weighted_tardiness",
    "total_flow_time",
    {"makespan": 1, "setup_time": 0.1},
    [{"tardy_jobs": 1, "max_tardiness": 0.5}, "changes", "total_tardiness"],
    ["weighted_tardy_jobs", {"makespan": 1}],
)


def sometimes(values: SearchStrategy[Any], one_in: int = 3) -> SearchStrategy[Any]:
    """One of ``values`` now and then, else None."""
    return st.one_of(*[st.none()] * (one_in - 1), values)


def filled(**fields: Any) -> Document:
    """A mapping without the fields that are None."""
    return {name: value for name, value in fields.items() if value is not None}


class Clock:
    """Instants as texts, counted in quarters of an hour from the schedule's start."""

    def __init__(self, start: str) -> None:
        self.start = datetime.fromisoformat(start)

    def at(self, quarters: int) -> str:
        """The instant that many quarters of an hour after the start."""
        return (self.start + timedelta(minutes=15 * quarters)).isoformat()

    def instants(self, first_hour: int, last_hour: int) -> SearchStrategy[str]:
        """Instants between two hours after the start."""
        return st.integers(4 * first_hour, 4 * last_hour).map(self.at)

    def spans(self, first_hour: int, last_hour: int) -> SearchStrategy[Document]:
        """Stretches of up to 12 hours, begun between two hours after the start."""
        begins = st.integers(4 * first_hour, 4 * last_hour)
        return st.builds(
            lambda begin, length: {"from": self.at(begin), "to": self.at(begin + length)}, begins, st.integers(1, 48)
        )

    def closures(self, first_hour: int, last_hour: int) -> SearchStrategy[list[Document]]:
        """One or two stretches with or without a reason."""
        reasons = st.sampled_from(({}, {"reason": "service"}))
        closure = st.builds(lambda span, reason: span | reason, self.spans(first_hour, last_hour), reasons)
        return st.lists(closure, min_size=1, max_size=2)


def windows(hours: tuple[tuple[str, str], ...]) -> SearchStrategy[list[Document]]:
    """One or two weekly windows."""
    one = st.builds(
        lambda days, hour: {"days": days, "from": hour[0], "to": hour[1]}, st.sampled_from(DAYS), st.sampled_from(hours)
    )
    return st.lists(one, min_size=1, max_size=2)


@st.composite
def calendars(draw: DrawFn, clock: Clock) -> Document:
    """A calendar: mostly shifts, now and then none at all, or extra time alone."""
    weekly = draw(st.one_of(windows(SHIFTS), windows(SHIFTS), st.sampled_from([None, []])))
    spans = st.lists(clock.spans(-24, 72), min_size=1, max_size=2)
    dates = clock.instants(-24, 96).map(lambda text: text[:10])
    return filled(
        weekly=weekly,
        breaks=draw(sometimes(windows(BREAKS))),
        holidays=draw(sometimes(st.lists(dates, min_size=1, max_size=2, unique=True))),
        extra=draw(spans if weekly == [] else sometimes(spans)),
        closed=draw(sometimes(clock.closures(-24, 72))),
    )


@st.composite
def setup_matrices(draw: DrawFn) -> Document:
    """A matrix over the families; pairs now and then listed, also from a family to itself."""
    pairs = draw(st.lists(st.tuples(st.sampled_from(FAMILIES), st.sampled_from(FAMILIES)), max_size=4, unique=True))
    changes = [{"from_family": a, "to_family": b, "setup_time": draw(SHORT_HOURS)} for a, b in pairs]
    return {"default": draw(SHORT_HOURS), "changes": changes}


@st.composite
def machines(draw: DrawFn, number: int, clock: Clock, names: list[str], matrices: list[str]) -> Document:
    """A machine of type 1 or 2."""
    capacity = draw(st.sampled_from((1, 1, 1, 2)))
    return filled(
        machine_id=f"M{number}",
        machine_type=draw(st.sampled_from((1, 2))),
        department=draw(st.sampled_from((None, "north"))),
        efficiency=draw(st.sampled_from((None, 0.8, 1.0, 1.25, 3))),
        calendar=draw(st.sampled_from(names)) if names else None,
        closed=draw(sometimes(clock.closures(-6, 48))),
        setup_matrix=draw(st.sampled_from(matrices)) if matrices and capacity == 1 else None,
        initial_family=draw(sometimes(st.sampled_from(FAMILIES), 2)) if capacity == 1 else None,
        capacity=capacity if capacity > 1 else None,
    )


@st.composite
def operators(draw: DrawFn, number: int, clock: Clock, names: list[str]) -> Document:
    """A person or a crew with at least one skill."""
    skills = draw(st.dictionaries(st.sampled_from(SKILLS), st.integers(1, 3), min_size=1))
    return filled(
        operator_id=f"P{number}",
        skills=skills,
        calendar=draw(sometimes(st.sampled_from(names), 2)) if names else None,
        absent=draw(sometimes(clock.closures(0, 48))),
        capacity=draw(st.sampled_from((None, None, 2))),
    )


class Shop:
    """What operations may draw from: machine ids and types, and the skills that somebody has."""

    def __init__(self, resources: list[Document], people: list[Document], clock: Clock) -> None:
        self.clock = clock
        self.machine_ids = [machine["machine_id"] for machine in resources]
        self.types = sorted({machine["machine_type"] for machine in resources})
        self.people = people
        offered = [(skill, level) for who in people for skill, top in who["skills"].items() for level in {1, top}]
        self.skills = [skill if level == 1 else {"skill": skill, "level": level} for skill, level in offered]

    def skill(self) -> SearchStrategy[Any]:
        """A skill that somebody has, in either spelling, or None."""
        return sometimes(st.sampled_from(self.skills), 2) if self.skills else st.none()


@st.composite
def work(draw: DrawFn, shop: Shop) -> Document:
    """The fields of one operation."""
    step: Document = {}
    if draw(st.booleans()):
        step["processing_time"] = draw(HOURS)
        step["machine_types"] = draw(st.lists(st.sampled_from(shop.types), min_size=1, unique=True))
    else:
        chosen = draw(st.lists(st.sampled_from(shop.machine_ids), min_size=1, max_size=3, unique=True))
        step["machines"] = [{"machine_id": machine, "processing_time": draw(HOURS)} for machine in chosen]
    lots = draw(st.sampled_from((None, None, None, 2, 3)))
    return step | filled(
        family_id=draw(st.sampled_from((None, *FAMILIES))),
        skill=draw(shop.skill()),
        interruptible=draw(st.sampled_from((None, True, False))),
        max_lots=lots,
        min_lot=draw(st.sampled_from((None, 0.25))) if lots else None,
        start_after=draw(sometimes(shop.clock.instants(-12, 24), 6)),
        end_before=draw(sometimes(shop.clock.instants(8, 120), 8)),
    )


@st.composite
def jobs(draw: DrawFn, number: int, shop: Shop) -> Document:
    """A job of one operation, a chain, or a small network."""
    due = draw(sometimes(shop.clock.instants(-12, 72), 2))
    job = filled(
        job_id=f"J{number}",
        priority=draw(st.sampled_from((None, 1, 2, 5))),
        is_important=draw(st.sampled_from((None, True))),
        weight=draw(sometimes(st.sampled_from((0.125, 1, 7.5)), 4)),
        release_date=draw(sometimes(shop.clock.instants(-24, 36))),
        lcd_date=due,
        lcd_hard=draw(st.sampled_from((None, None, True))) if due else None,
        quantity=draw(st.sampled_from((None, 10))),
    )
    count = draw(st.integers(1, 3))
    if count == 1 and draw(st.booleans()):
        return job | draw(work(shop))
    steps = [{"operation_id": str(10 * (i + 1)), **draw(work(shop))} for i in range(count)]
    network = draw(st.booleans())
    for position, step in enumerate(steps):
        before = [other["operation_id"] for other in steps[:position]]
        if network:
            step["predecessors"] = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        if draw(st.integers(1, 4)) == 1:
            step["min_delay"] = draw(SHORT_HOURS)
    return job | {"operations": steps}


@st.composite
def fixed_work(draw: DrawFn, job: Document, step: Document, shop: Shop) -> Document:
    """A piece of fixed work of an operation: completed, running, pinned, or one lot of it."""
    eligible = [option["machine_id"] for option in step.get("machines", ())]
    entry: Document = filled(job_id=job["job_id"], operation_id=step.get("operation_id"))
    entry["machine_id"] = draw(st.sampled_from(eligible or shop.machine_ids))
    if "skill" in step and shop.people and draw(st.integers(1, 5)) > 1:
        entry["operator_id"] = draw(st.sampled_from([who["operator_id"] for who in shop.people]))
    if step.get("max_lots") and draw(st.booleans()):
        entry |= {"lot": 1, "share": draw(st.sampled_from((400_000, 500_000)))}
    kind = draw(st.sampled_from(("completed", "running", "pinned", "pinned with time left")))
    begin = draw(st.integers(0, 48) if kind.startswith("pinned") else st.integers(-48, -8))
    entry["start_time"] = shop.clock.at(begin)
    if kind == "completed":
        return entry | {"completed": True, "end_time": shop.clock.at(begin + draw(st.integers(1, 8)))}
    # A machine that may turn out ineligible states no time for the operation: then what is left must be given.
    return entry | ({"remaining_time": draw(HOURS)} if kind != "pinned" or not eligible else {})


@st.composite
def references(draw: DrawFn, job: Document, step: Document, shop: Shop) -> Document:
    """Where an earlier plan had an operation."""
    begin = draw(st.integers(0, 48))
    return filled(
        job_id=job["job_id"],
        operation_id=step.get("operation_id"),
        machine_id=draw(st.sampled_from(shop.machine_ids)),
        start_time=shop.clock.at(begin),
        end_time=shop.clock.at(begin + 4),
    )


@st.composite
def problems(draw: DrawFn, max_jobs: int = 6, relax: bool = True) -> Document:
    """A whole problem document of up to ``max_jobs`` jobs of up to three operations each."""
    start, zone = draw(st.sampled_from(STARTS))
    clock = Clock(start)
    names = [f"calendar {i}" for i in range(draw(st.integers(0, 2)))]
    matrices = ["paint"] if draw(st.booleans()) else []
    resources = [draw(machines(i + 1, clock, names, matrices)) for i in range(draw(st.integers(1, 4)))]
    people = [draw(operators(i + 1, clock, names)) for i in range(draw(st.integers(0, 2)))]
    shop = Shop(resources, people, clock)
    orders = [draw(jobs(i + 1, shop)) for i in range(draw(st.integers(1, max_jobs)))]
    steps = [(job, step) for job in orders for step in job.get("operations", [job])]
    some = st.lists(st.sampled_from(range(len(steps))), max_size=4, unique=True)
    rules = ["lcd_hard", "skill", "setup", "end_before", "release", *(f"calendar:{name}" for name in names)]
    dropped = (
        draw(sometimes(st.lists(st.sampled_from(rules), min_size=1, max_size=2, unique=True), 8)) if relax else None
    )
    return filled(
        schedule_start=start,
        time_zone=zone,
        machines=resources,
        calendars={name: draw(calendars(clock)) for name in names} or None,
        operators=people or None,
        setup_matrices={name: draw(setup_matrices()) for name in matrices} or None,
        jobs=orders,
        fixed=[draw(fixed_work(*steps[i], shop)) for i in draw(some)] or None,
        reference=[draw(references(*steps[i], shop)) for i in draw(some)] or None,
        objective=draw(sometimes(st.sampled_from(OBJECTIVES), 2)),
        options={"relax": dropped} if dropped else None,
    )
