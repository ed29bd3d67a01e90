"""What the plants get: key figures of their latest plans."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.panels import Query, dashboard, lines

PLANT = '{plant=~"$plant"}'
ENDED = f"3600 * sum by (plant, state) (rate(nightshift_plant_runs_total{PLANT}[$__rate_interval]))"


def board() -> Dashboard:
    """Key figures by plant."""
    return dashboard(
        "plants",
        "Plant KPIs",
        "What the plants get: key figures of their latest plans.",
        {
            "Dates": [
                lines(
                    "On time",
                    _of("on_time_ratio"),
                    "Share of jobs with a due date that meet it. Wanted: more than 95 %.",
                    unit="percentunit",
                    most=1,
                ),
                lines("Tardy jobs", _of("tardy_jobs"), "Jobs that end after their due date."),
                lines("Weighted tardiness", _of("weighted_tardiness_seconds"), "Weighted by priority.", unit="s"),
            ],
            "Plans": [
                lines("Makespan", _of("makespan_seconds"), "Until the last job ends.", unit="s"),
                lines(
                    "Completion",
                    _of("completion_ratio"),
                    "Share of jobs that the plan has. Wanted: at least 95 %.",
                    unit="percentunit",
                    most=1,
                ),
                lines(
                    "Utilisation",
                    _of("utilisation_ratio"),
                    "Processing over open time until the makespan. Wanted: more than 80 %.",
                    unit="percentunit",
                    most=1,
                ),
            ],
            "Requests": [
                lines(
                    "Requests ended",
                    [
                        (
                            ENDED,
                            "{{plant}} {{state}}",
                        )
                    ],
                    "An hour, by how they ended.",
                ),
                lines(
                    "Replans: slack",
                    [(f"nightshift_replan_deadline_slack_seconds{PLANT}", "{{plant}}")],
                    "From the end of the latest replan to its deadline; below 0 it was missed.",
                    unit="s",
                ),
                lines(
                    "Age of plant data",
                    [(f"nightshift_snapshot_age_seconds{PLANT}", "{{plant}}")],
                    "Since the data that is planned on was read.",
                    unit="s",
                ),
            ],
        },
        ("plant",),
    )


def _of(name: str) -> list[Query]:
    return [(f"max by (plant) (nightshift_plant_{name}{PLANT})", "{{plant}}")]
