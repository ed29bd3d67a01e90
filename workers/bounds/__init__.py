"""True lower bounds: what no plan of the whole problem can undercut, term by term and level by level."""

from workers.bounds.levels import level_bounds
from workers.bounds.terms import UNSCHEDULED, Bound, lower_bounds

__all__ = ["UNSCHEDULED", "Bound", "level_bounds", "lower_bounds"]
