"""Metrics, logs and health: names, units, thresholds. Knows no business rule."""
