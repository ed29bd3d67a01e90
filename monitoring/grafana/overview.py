"""Is all well, and what is under way?"""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.panels import dashboard, lines, number, quantiles, rate


def board() -> Dashboard:
    """The dashboard to look at first."""
    return dashboard(
        "overview",
        "Overview",
        "Is all well, and what is under way?",
        {
            "Now": [
                number("Health", "min(nightshift_health_score)", "As in /health, of 100.", warn=80, bad=50),
                number(
                    "Alerts",
                    'count(ALERTS{alertname=~"Nightshift.+", alertstate="firing"}) or vector(0)',
                    "Alerts that fire; each links to its runbook.",
                    warn=1,
                    bad=3,
                ),
                number("Open requests", "sum(nightshift_open_runs)", "Accepted and not ended."),
                number(
                    "Jobs a minute",
                    '60 * sum(rate(nightshift_jobs_total{outcome="scheduled"}[$__rate_interval]))',
                    "Jobs scheduled in requests that ended.",
                ),
                number(
                    "First plan",
                    quantiles("nightshift_first_plan_seconds", of=(0.95,))[0][0],
                    "So long 95 % of requests wait for their first plan, at most.",
                    unit="s",
                    warn=2,
                    bad=5,
                ),
                number(
                    "Failed requests to the API",
                    "nightshift:http_errors:ratio_rate5m",
                    "Share that ends in a server error.",
                    unit="percentunit",
                    warn=0.001,
                    bad=0.01,
                ),
            ],
            "Work": [
                lines(
                    "Open requests",
                    [("sum by (state) (nightshift_open_runs)", "{{state}}")],
                    "By state.",
                    stacked=True,
                ),
                lines(
                    "Requests ended",
                    [rate("nightshift_runs_total", "state", each=60)],
                    "A minute, by how they ended.",
                    stacked=True,
                ),
                lines("Jobs", [rate("nightshift_jobs_total", "outcome", each=60)], "A minute, scheduled or left out."),
            ],
            "What it stands on": [
                lines(
                    "Sources",
                    [("min by (source) (nightshift_source_up)", "{{source}}")],
                    "1 where the web process reads it.",
                    most=1,
                ),
                lines("Workers", [("max by (queue) (nightshift_workers)", "{{queue}}")], "By the queue they serve."),
                lines(
                    "Host",
                    [
                        ("max(nightshift_host_cpu_used_ratio)", "processor"),
                        ("max(nightshift_host_memory_used_ratio)", "memory"),
                        ("max by (folder) (nightshift_disk_used_ratio)", "disk of {{folder}}"),
                    ],
                    "In use on the host of the web process.",
                    unit="percentunit",
                    most=1,
                ),
            ],
        },
    )
