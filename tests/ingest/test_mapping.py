from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.ingest.cells import CellRefused, converter
from models.ingest.columns import TABLES
from models.ingest.mapping import from_document, read_mapping
from models.sample_plant.mapping import SAMPLE, write_mapping
from models.shop.faults import InvalidProblem

BERLIN = ZoneInfo("Europe/Berlin")
PAGE = Path(__file__).parents[2] / "docs" / "ingest.md"


def mapping(**changes: Any) -> dict[str, Any]:
    select = {"select": "SELECT * FROM t"}
    tables = {name: dict(select) for name, table in TABLES.items() if table.required}
    found = {"plant": "main", "time_zone": "Europe/Berlin", "source": {"url_variable": "PLANT_URL"}, "tables": tables}
    return found | changes


def test_the_sample_mapping_is_one_and_is_not_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "plants" / "main.toml"
    assert write_mapping(file, "main", 'url = "sqlite:///plant.db"')
    found = read_mapping(file)
    assert (found.plant, found.url, found.limits.refused_share) == ("main", "sqlite:///plant.db", 0.05)
    assert found.tables["machines"].parameters == {"status": "open", "retired": 0}
    file.write_text(file.read_text() + "# edited\n")
    assert not write_mapping(file, "main", 'url = "sqlite:///plant.db"')
    assert SAMPLE.is_file()


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"plant": None}, "plant", "is required"),
        ({"time_zone": "Mars"}, "time_zone", "must be an IANA time zone"),
        ({"colour": 1}, "colour", "must be one of"),
        ({"source": {}}, "source.url", "exactly one of"),
        ({"source": {"url": "mariadb://me:secret@host/db"}}, "source.url", "must hold no password"),
        ({"source": {"url": "postgresql://host/db"}}, "source.url", "must start with sqlite://"),
        (
            {"source": {"url_variable": "plant url"}},
            "source.url_variable",
            "must be the name of an environment variable",
        ),
        ({"source": {"path": "plant.ods"}}, "source.path", "must name a folder of CSV files or an .xlsx file"),
        ({"limits": {"refused_share": -1}}, "limits.refused_share", "must be at least 0"),
        ({"tables": {}}, "tables.machines", "is required"),
        ({"tables": {"robots": {}}}, "tables.robots", "must be one of"),
        ({"source": {"url": "mysql://u:p4ss@[::1"}}, "source.url", "must be a URL like"),
        ({"parameters": {"p": 10**29}}, "parameters.p", "must be a whole number of at most 63 bits"),
        ({"tables": {"jobs": {"sheet": "../c/jobs"}}}, "tables.jobs.sheet", "must be the name of a sheet"),
        ({"tables": {"jobs": {"sheet": "c\\jobs"}}}, "tables.jobs.sheet", "must be the name of a sheet"),
        ({"tables": {"jobs": {"sheet": ".."}}}, "tables.jobs.sheet", "must be the name of a sheet"),
    ],
)
def test_a_fault_of_a_mapping_is_named(changes: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(InvalidProblem) as refused:
        from_document(mapping(**changes), Path())
    told = {fault.field: fault.message for fault in refused.value.faults}
    assert words in told[field], told
    assert "p4ss" not in str(refused.value.faults)


@pytest.mark.parametrize("text", [f"plant = {'[' * 100_000}", f"plant = {'9' * 5000}", "plant = "])
def test_a_file_that_cannot_be_read_as_toml_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "main.toml").write_text(text)
    with pytest.raises(InvalidProblem, match=r"is no TOML|is nested too deeply"):
        read_mapping(tmp_path / "main.toml")


@pytest.mark.parametrize("select", ["DELETE FROM jobs", "SELECT 1; DROP TABLE jobs", "", None, 7])
def test_only_one_select_is_taken(select: Any) -> None:
    document = mapping()
    document["tables"]["jobs"] = {"select": select}
    with pytest.raises(InvalidProblem, match=r"tables\.jobs\.select"):
        from_document(document, Path())


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ({"column": "x", "unit": "weeks"}, "must be one of hours, minutes, seconds, days"),
        ({"column": "x", "time_zone": "Mars"}, "IANA"),
        ({"colum": "x"}, "must be one of column"),
        (3, "must be a table"),
    ],
)
def test_a_fault_of_a_column_is_named(column: Any, words: str) -> None:
    document = mapping()
    document["tables"]["operation_machines"]["columns"] = {"processing_time": column}
    with pytest.raises(InvalidProblem, match=words):
        from_document(document, Path())


@pytest.mark.parametrize(
    ("kind", "unit", "given", "meant"),
    [
        ("id", "", 17, "17"),
        ("id", "", " M1 ", "M1"),
        ("hours", "minutes", 90, 1.5),
        ("hours", "days", "0.5", 12.0),
        ("number", "percent", 85, 0.85),
        ("share", "percent", 40, 400_000),
        ("flag", "", "Y", True),
        ("flag", "", 0, False),
        ("whole", "", "3", 3),
        ("instant", "text", "2026-03-29 02:30", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ("instant", "text", "2026-10-25 02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("instant", "unix_seconds", 0, datetime(1970, 1, 1, tzinfo=UTC)),
        ("date", "", "2026-01-06 00:00:00", "2026-01-06"),
        ("clock", "", "06:00", "06:00:00"),
        ("clock", "", "24:00", "24:00"),
        ("days", "", "Monday, tue", ["mon", "tue"]),
    ],
)
def test_a_cell_means_what_its_unit_says(kind: Any, unit: str, given: Any, meant: Any) -> None:
    assert converter(kind, unit, BERLIN)(given) == meant


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("id", ""),
        ("id", "a\nb"),
        ("id", 1.5),
        ("id", "x" * 201),
        ("number", "nan"),
        ("number", b"1"),
        ("whole", 1.5),
        ("flag", "maybe"),
        ("instant", 5),
        ("instant", "0001-01-01 00:00:00"),
        ("number", 10**400),
        ("share", 1e308),
        ("date", "soon"),
        ("clock", "26:00"),
        ("days", "mon,funday"),
    ],
)
def test_a_cell_that_means_nothing_is_refused(kind: Any, given: Any) -> None:
    with pytest.raises(CellRefused):
        converter(kind, "text" if kind == "instant" else "one", BERLIN)(given)


def test_every_table_and_column_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        assert f"| `{name}` |" in page, name
        section = page[page.index(f"| `{name}` |") :].split("\n")[0]
        for column in table.columns:
            assert f"`{column}`" in section, f"{name}.{column}"
