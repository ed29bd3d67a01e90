"""Meaning: the shop, schedules, tables and stored values. Knows no solver and no queue."""
