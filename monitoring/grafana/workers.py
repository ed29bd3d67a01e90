"""Whether work is taken up and comes back."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.panels import dashboard, lines, quantiles, rate


def board() -> Dashboard:
    """Queues, the workers that serve them, and what they lose."""
    return dashboard(
        "workers",
        "Workers and queues",
        "Whether work is taken up and comes back.",
        {
            "Queues": [
                lines("Messages waiting", [("max by (queue) (nightshift_queue_depth)", "{{queue}}")], "By queue."),
                lines(
                    "Oldest message",
                    [("max by (queue) (nightshift_queue_oldest_age_seconds)", "{{queue}}")],
                    "How long it has waited.",
                    unit="s",
                ),
                lines(
                    "Oldest request",
                    [("max by (state) (nightshift_oldest_run_age_seconds)", "{{state}}")],
                    "Since it was accepted, by state.",
                    unit="s",
                ),
            ],
            "Workers": [
                lines(
                    "Processes",
                    [("max by (queue) (nightshift_worker_processes)", "{{queue}}")],
                    "What can be done side by side.",
                ),
                lines(
                    "Memory of the largest process",
                    [("max by (process) (nightshift_process_resident_bytes)", "{{process}}")],
                    "Resident, by kind.",
                    unit="bytes",
                ),
                lines(
                    "Memory together",
                    [("max by (process) (nightshift_process_total_bytes)", "{{process}}")],
                    "Of all processes of a kind.",
                    unit="bytes",
                    stacked=True,
                ),
            ],
            "Tasks": [
                lines("Tasks", [rate("nightshift_tasks_total", "task")], "A second."),
                lines(
                    "Time of a task",
                    quantiles("nightshift_task_seconds", "task", of=(0.95,)),
                    "95 % take at most.",
                    unit="s",
                ),
                lines(
                    "Processor time",
                    [rate("nightshift_task_cpu_seconds_total", "task")],
                    "Cores that tasks keep busy.",
                    stacked=True,
                ),
            ],
            "Beat and what gets lost": [
                lines(
                    "Beat",
                    [("min(nightshift_beat_age_seconds)", "silent for")],
                    "It sends every 5 s.",
                    unit="s",
                    limit=30,
                ),
                lines(
                    "Heartbeat",
                    [("max(nightshift_oldest_heartbeat_age_seconds)", "oldest")],
                    "Since a request being solved gave a sign of life; the sweep looks after 10 s.",
                    unit="s",
                    limit=20,
                ),
                lines(
                    "Taken up again",
                    [
                        ("sum(increase(nightshift_resumptions_total[10m]))", "next attempts"),
                        ("sum(increase(nightshift_leases_lost_total[10m]))", "leases lost"),
                        ("sum(increase(nightshift_sweep_steps_total[10m])) or vector(0)", "steps of the sweep"),
                    ],
                    "Within ten minutes.",
                ),
            ],
        },
    )
