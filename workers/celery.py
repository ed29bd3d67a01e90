"""The Celery application: three queues, messages of ids and numbers only, and settings that survive what happens.

Every setting below has a reason that was measured or met:

- late acknowledgement, rejection when a worker dies, a prefetch of one: a killed worker's task runs again at once;
- the visibility timeout exceeds every time limit, or Redis would hand a running task to a second worker;
- JSON only: a pickled message runs code of whoever wrote it;
- no result backend: the database is the record, and an id unknown to Celery looks like one that waits (celery#4450);
- socket timeouts and health checks, or a publish into a half-open connection blocks for ever.
"""

from __future__ import annotations

import time
from typing import Any

import psutil
import redis
from celery import Celery
from celery.signals import (
    beat_init,
    before_task_publish,
    celeryd_init,
    setup_logging,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from kombu.entity import Queue

from models.celery_queue import SENT_AT
from models.inflight import connect
from models.settings import settings
from models.signs import Signs
from monitoring import exposition, logs, tracing
from workers.engine import is_compiled, load, load_quick_planner, warm_once
from workers.vitals import Vitals, resident

CONTROL_QUEUE = "control"
"""Short tasks: finish, sweep. They never wait behind a solve, nor behind the first plan of a large problem."""

PLAN_QUEUE = "plan"
"""Plan, merge, ingest, replan: milliseconds for most, seconds for 10,000 jobs. They never wait behind a solve."""

SOLVE_QUEUE = "solve"
"""One task a batch or improver; each keeps a core busy for its whole budget."""

QUEUES = (CONTROL_QUEUE, PLAN_QUEUE, SOLVE_QUEUE)

TASKS_OF = {
    PLAN_QUEUE: ("plan", "merge", "explain", "preview", "compare", "actuals", "ingest", "replan"),
    SOLVE_QUEUE: ("solve", "improve", "conflicts", "remedy"),
}
"""Which tasks wait in which queue; the others in the control queue."""

SWEEP_SECONDS = 5.0
SWEEP_EXPIRES_SECONDS = 600.0
HEALTH_SECONDS = 10.0
BASELINE_SECONDS = 30.0
PRUNE_SECONDS = 3600.0
DUE_SECONDS = 5.0
"""How often somebody looks which replans are due."""

BROKER_SOCKET_SECONDS = 10.0

CONTROL_SECONDS = 300.0
"""A control or plan task that has not ended by then hangs, and is killed. Solves and improvers bring their own."""

TASK_MODULES = (
    "tasks.plan",
    "tasks.solve",
    "tasks.merge",
    "tasks.improve",
    "tasks.finish",
    "tasks.sweep",
    "tasks.health",
    "tasks.baselines",
    "tasks.retention",
    "tasks.explain",
    "tasks.read_large",
    "tasks.ingest",
    "tasks.replan",
    "tasks.due",
)


def create() -> Celery:
    """The application for the settings of this process."""
    config = settings()
    application = Celery("nightshift", broker=config.redis_url, include=list(TASK_MODULES))
    longest = config.max_seconds + config.hard_limit_seconds
    application.conf.update(
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_queues=[Queue(name) for name in QUEUES],  # type: ignore[no-untyped-call]
        task_default_queue=CONTROL_QUEUE,
        task_create_missing_queues=False,
        task_routes={f"nightshift.{name}": {"queue": queue} for queue, names in TASKS_OF.items() for name in names},
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_time_limit=CONTROL_SECONDS,
        worker_prefetch_multiplier=1,
        worker_max_tasks_per_child=2000,
        worker_soft_shutdown_timeout=5.0,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_hijack_root_logger=False,
        task_publish_retry_policy={"max_retries": 2, "interval_start": 0.1, "interval_step": 0.2, "interval_max": 0.5},
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": longest + 300,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "queue_order_strategy": "priority",
            "socket_timeout": BROKER_SOCKET_SECONDS,
            "socket_connect_timeout": BROKER_SOCKET_SECONDS,
            "health_check_interval": 15,
        },
        beat_schedule={
            "sweep": {
                "task": "nightshift.sweep",
                "schedule": SWEEP_SECONDS,
                # sweeps that nobody could run must not pile up; long, because two hosts' clocks are compared
                "options": {"queue": CONTROL_QUEUE, "expires": SWEEP_EXPIRES_SECONDS},
            },
            "baselines": {
                "task": "nightshift.baselines",
                "schedule": BASELINE_SECONDS,
                "options": {"queue": CONTROL_QUEUE, "expires": SWEEP_EXPIRES_SECONDS},
            },
            "health": {
                "task": "nightshift.health",
                "schedule": HEALTH_SECONDS,
                "options": {"queue": CONTROL_QUEUE, "expires": SWEEP_EXPIRES_SECONDS},
            },
            "prune": {
                "task": "nightshift.prune",
                "schedule": PRUNE_SECONDS,
                "options": {"queue": CONTROL_QUEUE, "expires": PRUNE_SECONDS},
            },
            "due": {
                "task": "nightshift.due",
                "schedule": DUE_SECONDS,
                "options": {"queue": CONTROL_QUEUE, "expires": SWEEP_EXPIRES_SECONDS},
            },
        },
        beat_schedule_filename=str(config.data_dir / "beat-schedule"),
    )
    return application


app = create()


@setup_logging.connect  # type: ignore[untyped-decorator]
def _configure_logs(**_: Any) -> None:
    config = settings()
    logs.configure(config.log_format, config.log_level.upper())


@celeryd_init.connect  # type: ignore[untyped-decorator]
def _import_solver_before_fork(options: dict[str, Any] | None = None, **_: Any) -> None:
    """The parent imports the solvers once, so that children share their pages.

    It compiles the kernels of the local search where nothing is compiled yet, which starts no threads; CP-SAT must not
    run here (children of a process that has run it hang).
    """
    queues = (options or {}).get("queues") or ""
    names = queues.split(",") if isinstance(queues, str) else list(queues)
    if SOLVE_QUEUE in names:
        load("cpsat")
        load("search")
        if not is_compiled():
            _configure_logs()
            logs.get(__name__).warning("compiling_the_search", takes="a minute or more", beforehand="nightshift warm")
        warm_once()
    elif PLAN_QUEUE in names:
        load_quick_planner()


@before_task_publish.connect  # type: ignore[untyped-decorator]
def _say_when(headers: dict[str, Any] | None = None, **_: Any) -> None:
    """Says in every message when it was sent, and which request it goes back to."""
    if headers is None:
        return
    headers[SENT_AT] = time.time()
    if (request := logs.request_id()) is not None:
        headers["request_id"] = request
    tracing.carry(headers)


@beat_init.connect  # type: ignore[untyped-decorator]
def _tell_of_beat(**_: Any) -> None:
    """Beat's sign of life is that it sends: a loop that hangs gives none."""
    signs = Signs(connect(settings().redis_url))

    def tell(**_: Any) -> None:
        try:
            signs.tell("beat", "beat", {"resident": resident(psutil.Process())})
        except redis.RedisError as error:
            logs.get(__name__).warning("beat_untold", error=type(error).__name__)

    before_task_publish.connect(tell, weak=False)


@worker_ready.connect  # type: ignore[untyped-decorator]
def _tell_of_worker(sender: Any = None, **_: Any) -> None:
    """Tells of this worker from now on, until it is asked to stop."""
    queues = sorted(sender.app.amqp.queues.consume_from)
    vitals = Vitals(Signs(connect(settings().redis_url)), queues, solves=SOLVE_QUEUE in queues)
    vitals.start()
    worker_shutting_down.connect(lambda **_: vitals.stop(), weak=False)


@worker_ready.connect  # type: ignore[untyped-decorator]
def _serve_metrics(**_: Any) -> None:
    """Serves this host's metrics where a port is set; on the web's host its own /metrics already covers the workers."""
    port = settings().worker_metrics_port
    if port:
        exposition.serve(port)


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _trace(**_: Any) -> None:
    """Traces this child where the settings say so; after the fork, as it has a thread of its own."""
    tracing.start(settings().traces_url, "worker")


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _tidy_metrics(**_: Any) -> None:
    """A new child takes the place of one that died: what that one counted is folded into one file."""
    exposition.tidy()
