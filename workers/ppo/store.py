"""Where policies lie: those that are shipped, and those that were imported on this host; and which are in force.

Imported ones lie in the folder ``policies`` of the data folder, beside ``active.json``: for each objective the
activations so far, newest first, each with the SHA-256 that the arrays had. The newest whose files still are what they
were is in force; without any, the shipped one is.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from models.settings import settings
from monitoring.logs import get
from workers.ppo.policy import ARRAYS, CARD, ID, OBJECTIVES, Policy, PolicyRefused, load

log = get(__name__)

SHIPPED = Path(__file__).with_name("policies")
DEFAULTS: Mapping[str, str] = {"makespan": "makespan-2", "weighted_tardiness": "weighted-tardiness-3"}
"""The shipped policy of each objective."""

ACTIVE = "active.json"
MOST_ACTIVATIONS = 20


@dataclass(frozen=True)
class Listed:
    """A policy that lies in a store; ``refused`` says why it cannot be used."""

    id: str
    origin: str
    policy: Policy | None
    active: bool
    refused: str | None = None


def own_folder() -> Path:
    """The folder of imported policies; it need not exist."""
    return settings().data_dir / "policies"


def listed() -> list[Listed]:
    """All policies, shipped ones first."""
    found: list[Listed] = []
    current = {}
    for objective in OBJECTIVES:
        try:
            current[objective] = in_force(objective).id
        except PolicyRefused as error:  # not even the shipped one can be used: its row says why
            log.error("policy_refused", reason=str(error))
    for origin, folder in (("shipped", SHIPPED), ("imported", own_folder())):
        for place in sorted(folder.glob(f"*/{CARD}")):
            name = place.parent.name
            try:
                policy = load(place.parent)
            except PolicyRefused as error:
                found.append(Listed(name, origin, None, False, str(error)))
            else:
                found.append(Listed(name, origin, policy, current.get(policy.objective) == policy.id))
    return found


def find(name: str) -> Path:
    """The folder of the policy of that id. Raises PolicyRefused where there is none."""
    if ID.fullmatch(name):
        for folder in (own_folder(), SHIPPED):
            if (folder / name / CARD).is_file():
                return folder / name
    raise PolicyRefused(f"there is no policy {name!r}; nightshift policy list shows those there are")


def bring(folder: Path) -> Policy:
    """Imports the policy in ``folder`` (its two files) into this host's store; it is not yet in force.

    Raises PolicyRefused where it cannot be used, or another one has its id.
    """
    policy = load(folder)
    for other in (SHIPPED / policy.id, own_folder() / policy.id):
        if (other / CARD).is_file() and load(other).sha256 != policy.sha256:
            raise PolicyRefused(f"policy {policy.id}: another policy has this id already; ids are never used again")
    if (SHIPPED / policy.id).is_dir():
        return policy
    home = own_folder()
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as draft:
        for name in (ARRAYS, CARD):
            shutil.copyfile(folder / name, Path(draft) / name)
        load(Path(draft))  # what was copied is what was checked
        target = home / policy.id
        target.mkdir(exist_ok=True)
        for name in (ARRAYS, CARD):
            (Path(draft) / name).replace(target / name)
    return policy


def activate(name: str) -> Policy:
    """Puts a policy in force for its objective, on this host. Raises PolicyRefused; then the former stays."""
    policy = load(find(name))
    active = _activations()
    rows = [{"id": policy.id, "sha256": policy.sha256}, *active.get(policy.objective, [])][:MOST_ACTIVATIONS]
    home = own_folder()
    home.mkdir(parents=True, exist_ok=True)
    new = home / f"{ACTIVE}.{os.getpid()}"
    new.write_text(json.dumps({**active, policy.objective: rows}, indent=1), encoding="utf-8")
    new.replace(home / ACTIVE)
    return policy


def in_force(objective: str) -> Policy:
    """The policy in force for an objective. Raises PolicyRefused where not even the shipped one can be used."""
    for row in _activations().get(objective, []):
        try:
            return _activated(row)
        except PolicyRefused as error:
            log.error("policy_refused", reason=str(error))
    folder = SHIPPED / DEFAULTS[objective]
    if not folder.is_dir():
        raise PolicyRefused(f"there is no policy for {objective}")
    return _cached(folder)


def faults() -> list[str]:
    """What is wrong with what decides the policies in force, one line each; another stands in for each of them.

    Looked at are the activations, the newest policy of each objective, and those that are shipped.
    """
    found: list[str] = []
    try:
        newest = [rows[0] for rows in _noted().values() if rows]
    except PolicyRefused as error:
        found.append(str(error))
        newest = []
    for row in newest:
        try:
            _activated(row)
        except PolicyRefused as error:
            found.append(str(error))
    for name in DEFAULTS.values():
        try:
            load(SHIPPED / name)
        except PolicyRefused as error:
            found.append(str(error))
    return found


def _activated(row: Mapping[str, str]) -> Policy:
    """The policy of an activation. Raises PolicyRefused where it is not what was activated."""
    policy = _cached(find(row["id"]))
    if policy.sha256 != row["sha256"]:
        raise PolicyRefused(f"policy {policy.id}: {ARRAYS} is not what was activated")
    return policy


def _cached(folder: Path) -> Policy:
    """The policy, loaded once for as long as its files are not touched."""
    marks = []
    for name in (ARRAYS, CARD):
        try:
            stat = (folder / name).stat()
        except OSError as error:
            raise PolicyRefused(f"{folder.name}: {name} cannot be read: {error.strerror}") from error
        marks.append((stat.st_mtime_ns, stat.st_size))
    return _loaded(folder, tuple(marks))


@lru_cache(maxsize=8)
def _loaded(folder: Path, _marks: tuple[tuple[int, int], ...]) -> Policy:
    return load(folder)


def _activations() -> dict[str, list[dict[str, str]]]:
    """Activations by objective; none where the file is missing, or is not what this wrote."""
    try:
        return _noted()
    except PolicyRefused as error:
        log.error("activations_unreadable", path=str(own_folder() / ACTIVE), error=str(error))
        return {}


def _noted() -> dict[str, list[dict[str, str]]]:
    """Activations by objective. Raises PolicyRefused where the file is not what this wrote."""
    path = own_folder() / ACTIVE
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {
            name: [{"id": str(row["id"]), "sha256": str(row["sha256"])} for row in found.get(name, [])]
            for name in OBJECTIVES
        }
    except (ValueError, KeyError, TypeError, AttributeError, OSError, RecursionError) as error:
        raise PolicyRefused(f"{ACTIVE} cannot be read ({type(error).__name__}): no activation counts") from error
