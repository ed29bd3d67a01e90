"""Measurements of the product against its bars, run from the repository: ``nightshift bench --help``."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "service": "benchmarks.service:service",
    "timeline": "benchmarks.timeline:timeline",
    "hotpaths": "benchmarks.hotpaths:hotpaths",
    "rules": "benchmarks.rules:rules",
    "fuzz": "benchmarks.fuzz:fuzz",
    "survival": "benchmarks.survival.command:survival",
    "metrics": "benchmarks.scrape:scrape",
    "alerts": "benchmarks.alerts:alerts",
    "quality": "benchmarks.quality:quality",
    "factory": "benchmarks.factory:factory",
    "scale": "benchmarks.scale:scale",
    "parallel": "benchmarks.parallel:parallel",
    "ingest": "benchmarks.ingest:ingest",
    "nights": "benchmarks.nights:nights",
    "repair": "benchmarks.repair:repair",
    "policy": "benchmarks.policy:policy",
    "training": "benchmarks.training:training",
}
"""Name -> where the command is, so that only the one that is called is imported."""
