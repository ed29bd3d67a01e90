"""The tables of the record. Importing the package makes all of them known to ``Base.metadata``."""

from models.tables.audit import AuditRow
from models.tables.base import Base
from models.tables.idempotency import IdempotencyKey
from models.tables.keys import ApiKey
from models.tables.life import ExecutionRow, OriginRow
from models.tables.plants import AcceptedPlan, SnapshotRow
from models.tables.records import BaselineRow, RunRecord
from models.tables.replans import Replan, ReplanSchedule, ReplanTry
from models.tables.runs import BatchRow, PlanRow, Problem, Run, ScheduleRow

__all__ = [
    "AcceptedPlan",
    "ApiKey",
    "AuditRow",
    "Base",
    "BaselineRow",
    "BatchRow",
    "ExecutionRow",
    "IdempotencyKey",
    "OriginRow",
    "PlanRow",
    "Problem",
    "Replan",
    "ReplanSchedule",
    "ReplanTry",
    "Run",
    "RunRecord",
    "ScheduleRow",
    "SnapshotRow",
]
