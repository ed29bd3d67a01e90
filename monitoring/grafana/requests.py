"""How requests are served, against what is promised."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import Dashboard

from monitoring.grafana.panels import Query, dashboard, lines, number, quantiles, rate

AVAILABILITY, FIRST_PLAN = 0.001, 0.01
"""Budgets: shares of requests, or of time, that may be lost."""

API = '{route=~"/v1/.+"}'


def board() -> Dashboard:
    """Service levels and the traffic behind them."""
    return dashboard(
        "requests",
        "Requests and SLOs",
        "How requests are served, against what is promised.",
        {
            "Service levels": [
                number(
                    "Availability, 3 days",
                    "1 - nightshift:unavailability:ratio_rate3d",
                    "Requests to the API without a server error, while the web process is up. Promised: 99.9 %.",
                    unit="percentunit",
                    warn=0.9995,
                    bad=0.999,
                ),
                number(
                    "First plans within 2 s, 3 days",
                    "1 - nightshift:first_plans_late:ratio_rate3d",
                    "Of requests of up to 170 jobs. Promised: 99 %.",
                    unit="percentunit",
                    warn=0.995,
                    bad=0.99,
                ),
            ],
            "Burn rates: 1 spends the budget of a month in a month": [
                lines(
                    "Availability",
                    _burn("nightshift:unavailability:ratio_rate", AVAILABILITY),
                    "How fast the budget of 0.1 % burns; 14.4 over an hour raises a critical alert.",
                    limit=14.4,
                ),
                lines(
                    "First plan within 2 s",
                    _burn("nightshift:first_plans_late:ratio_rate", FIRST_PLAN),
                    "How fast the budget of 1 % burns; 14.4 over an hour raises a critical alert.",
                    limit=14.4,
                ),
            ],
            "HTTP": [
                lines(
                    "Requests to the API", [rate("nightshift_http_requests_total", "status", where=API)], "A second."
                ),
                lines(
                    "Time to answer",
                    quantiles("nightshift_http_request_seconds", "route", of=(0.95,), where=API),
                    "95 % are answered within.",
                    unit="s",
                ),
                lines(
                    "Submissions",
                    [rate("nightshift_submissions_total", "engine", each=60)],
                    "A minute, by engine asked.",
                ),
            ],
            "From acceptance on": [
                lines("Waiting", quantiles("nightshift_wait_seconds"), "Until a worker takes a request up.", unit="s"),
                lines(
                    "First plan",
                    quantiles("nightshift_first_plan_seconds", "size", of=(0.95,)),
                    "Until the first checked plan can be read, by jobs.",
                    unit="s",
                    limit=2,
                ),
                lines("End", quantiles("nightshift_run_seconds", "state", of=(0.5, 0.95)), "Until the end.", unit="s"),
            ],
        },
    )


def _burn(record: str, budget: float) -> list[Query]:
    return [(f"{record}{window} / {budget:g}", window) for window in ("5m", "1h", "6h", "3d")]
