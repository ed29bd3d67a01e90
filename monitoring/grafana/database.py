"""What Nightshift stands on: database, Redis, caches, disks, logs."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.panels import dashboard, lines, quantiles, rate

STATEMENTS = "sum by (operation) (rate(nightshift_database_query_seconds_count[$__rate_interval]))"
HITS = 'sum by (cache) (rate(nightshift_cache_requests_total{result="hit"}[$__rate_interval]))'
ASKED = "sum by (cache) (rate(nightshift_cache_requests_total[$__rate_interval]))"
LOGGED = "sum by (level) (rate(nightshift_log_events_total[$__rate_interval])) or vector(0)"
LIMIT = "max(nightshift_redis_limit_bytes) or max(nightshift_redis_used_bytes)"


def board() -> Dashboard:
    """Database, Redis, caches, disks, logs."""
    return dashboard(
        "database",
        "Database and cache",
        "What Nightshift stands on: database, Redis, caches, disks, logs.",
        {
            "Database": [
                lines(
                    "Time of a statement",
                    quantiles("nightshift_database_query_seconds", "operation", of=(0.95, 0.99)),
                    "Its wait for locks included.",
                    unit="s",
                    limit=0.25,
                ),
                lines(
                    "Statements",
                    [
                        (
                            STATEMENTS,
                            "{{operation}}",
                        )
                    ],
                    "A second.",
                ),
                lines(
                    "Errors",
                    [("sum by (reason) (increase(nightshift_database_errors_total[10m])) or vector(0)", "{{reason}}")],
                    "Within ten minutes.",
                ),
            ],
            "Redis and caches": [
                lines(
                    "Memory of Redis",
                    [
                        ("max(nightshift_redis_used_bytes)", "in use"),
                        (
                            LIMIT,
                            "limit, if there is one",
                        ),
                    ],
                    "Full, nothing new begins.",
                    unit="bytes",
                ),
                lines(
                    "Found in a cache",
                    [
                        (
                            f"{HITS} / ({ASKED} > 0) or {ASKED} * 0",
                            "{{cache}}",
                        )
                    ],
                    "Share of look-ups.",
                    unit="percentunit",
                    most=1,
                ),
                lines("Look-ups", [rate("nightshift_cache_requests_total", "cache")], "A second."),
            ],
            "Host": [
                lines(
                    "Free on disk",
                    [("min by (folder) (nightshift_disk_free_bytes)", "{{folder}}")],
                    "Under each folder.",
                    unit="bytes",
                ),
                lines(
                    "Metric files",
                    [("max(nightshift_metric_files)", "files")],
                    "Three a living process.",
                ),
                lines(
                    "Log lines",
                    [
                        (
                            LOGGED,
                            "{{level}}",
                        )
                    ],
                    "A second, warning and above.",
                ),
            ],
        },
    )
