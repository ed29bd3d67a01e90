"""Requests that try to make labels grow, in a process whose metrics are its own."""

from __future__ import annotations

from app import create_app
from monitoring import exposition

ROUNDS = 50


def send() -> None:
    """Sends them and prints the metrics."""
    client = create_app().test_client()
    for number in range(ROUNDS):
        client.get(f"/odd{number}")
        client.get(f"/v1/schedules/odd{number}")
        client.get(f"/livez?odd={number}", headers={"Host": f"odd{number}.example", "X-Request-Id": f"odd{number}"})
        client.open("/livez", method=f"ODD{number}")
        client.delete(f"/odd/{number}")
    print(exposition.render()[0].decode())
