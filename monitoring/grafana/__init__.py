"""Grafana dashboards as code: ``python -m monitoring.grafana`` writes ``dashboards/*.json`` (extra ``dev``).

Each module named in ``DASHBOARDS`` builds one; ``panels`` has the pieces. What Grafana reads is the committed JSON.
"""

from typing import Final

DASHBOARDS: Final = ("overview", "requests", "workers", "search", "policy", "plants", "database")
