"""``nightshift bench ingest``: how long a plant's database takes to become a snapshot."""

from __future__ import annotations

import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import click

from benchmarks.report import Report, median
from models.compression import pack
from models.ingest.load import load
from models.ingest.mapping import read_mapping
from models.sample_plant.mapping import write_mapping
from models.sample_plant.seed import seed
from models.tables.session import make_engine

BAR_SECONDS = 5.0


@click.command(short_help="A plant of 10,000 jobs as a snapshot.")
@click.option("--jobs", default=10_000, show_default=True, type=click.IntRange(1, 200_000))
@click.option("--machines", default=600, show_default=True, type=click.IntRange(1, 20_000))
@click.option("--repeats", default=3, show_default=True, type=click.IntRange(1, 100))
@click.option("--url-variable", metavar="NAME", help="Variable with the URL of an empty MariaDB.  [default: SQLite]")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for ingest.json and .md.")
def ingest(jobs: int, machines: int, repeats: int, url_variable: str | None, out: Path | None) -> None:
    """Seed a sample plant, load it, pack it as it is stored; bar: 10,000 jobs from MariaDB in 5 s."""
    if url_variable is not None and not os.environ.get(url_variable):
        raise click.UsageError(f"--url-variable: the environment variable {url_variable} is not set")
    report = Report("ingest")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plant.db"
        url = f"sqlite:///{file}" if url_variable is None else os.environ[url_variable]
        source = f'url = "{url}"' if url_variable is None else f'url_variable = "{url_variable}"'
        engine = make_engine(url)
        rows = seed(engine, jobs, machines, start=datetime.now(UTC).replace(minute=0, second=0, microsecond=0))
        engine.dispose()
        write_mapping(Path(folder) / "main.toml", "main", source)
        mapping = read_mapping(Path(folder) / "main.toml")
        times = []
        for _ in range(repeats):
            begun = time.perf_counter()
            found = load(mapping, datetime.now(UTC))
            packed = pack(json.dumps({"document": found.document, "progress": list(found.progress)}).encode())
            times.append(time.perf_counter() - begun)
    name = f"{found.jobs} jobs from {url.partition(':')[0]}"
    report.add("", f"{name}, rows", sum(rows.values()), "")
    report.add("", f"{name}, rows refused", len(found.refused), "")
    report.add("", f"{name}, packed", len(packed) / 1e6, "MB")
    report.add("D1", f"{name}, median", median(times), "s", BAR_SECONDS, samples=repeats)
    report.add("D1", f"{name}, slowest", max(times), "s", BAR_SECONDS, samples=repeats)
    report.write(out)
