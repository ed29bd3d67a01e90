"""A shop run backwards in time, and plans carried over from one direction to the other.

Where nothing ties a plan to the clock or to a direction (for makespan; no releases, delays, calendars, setups, machines
that are busy at first), a plan read backwards is a plan of the shop whose routings run backwards, and as long. The
policy makes other mistakes there, so that the better of both directions is better than either.
"""

from __future__ import annotations

import numpy as np

from workers.ppo.build import Parts, Place, Work, build
from workers.ppo.shop import NO_DUE, Integers, Shop


def mirrored(shop: Shop) -> Shop | None:
    """The shop run backwards; its operation i is operation O - 1 - i of ``shop``. None where plans are tied to time."""
    clock = shop.tardy or shop.release.any() or shop.lane_free.any() or (shop.opening >= 0).any()
    if clock or shop.delay.any() or (shop.matrix >= 0).any() or len(shop.job) == 0:
        return None
    last = len(shop.job) - 1
    works = []
    for operation in range(last, -1, -1):
        options = slice(shop.first[operation], shop.first[operation + 1])
        followers = shop.after[shop.next_first[operation] : shop.next_first[operation + 1]]
        works.append(
            Work(
                int(shop.job[operation]),
                dict(zip(shop.machine[options].tolist(), shop.seconds[options].tolist(), strict=True)),
                (last - followers).tolist(),
            )
        )
    lanes = np.diff(shop.lane_first).tolist()
    places = [Place(lanes=[0] * count) for count in lanes]
    return build(Parts(works, places, [NO_DUE] * len(shop.due), shop.weight.tolist()))


def backwards(operations: Integers, machines: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """(operations, machines) of a complete plan in the order in which the mirrored shop places them."""
    order = np.lexsort((np.arange(len(ends), 0, -1), -ends))
    return len(operations) - 1 - operations[order], machines[order]
