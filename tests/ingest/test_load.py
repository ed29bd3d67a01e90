from __future__ import annotations

import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from models.ingest import database
from models.ingest import rows as rows_module
from models.ingest.load import Before, load, stopped
from models.ingest.mapping import Limits, PlantMapping, for_files, from_document
from models.ingest.rows import SourceRefused
from models.shop.faults import MAX_VALUE_LENGTH, shown
from models.shop.parse import parse
from tests.ingest.files import NOW, loaded, tiny, write


def test_a_sound_load_is_a_problem_with_its_progress(tmp_path: Path) -> None:
    found = loaded(tmp_path, tiny())
    assert found.refused == ()
    problem = parse(found.document)
    assert [(job.job_id, job.count, job.due) for job in problem.jobs] == [("J1", 2, 30 * 3600), ("J2", 1, None)]
    assert [dict(o.options) for o in problem.operations] == [{0: 5400}, {1: 7200}, {0: 10800, 1: 14400}]
    assert problem.operations[0].skill_level == 2
    assert (found.hours, found.jobs, found.tells_progress, found.generated) == (1.5 + 2 + 3, 2, True, False)
    assert found.progress[0]["start_time"] == "2026-01-05T05:30:00+00:00"


REFUSED: list[tuple[str, int, dict[str, Any], str, str]] = [
    ("operation_machines", 2, {"processing_time": ""}, "J2/10/M1", "processing_time has no value"),
    ("operation_machines", 2, {"processing_time": "soon"}, "J2/10/M1", "processing_time must be a number (got 'soon')"),
    ("operation_machines", 2, {"processing_time": "-1"}, "J2/10/M1", "processing_time must be at least 0"),
    ("operation_machines", 2, {"machine_id": "M9"}, "J2/10/M9", "names no machine of this load: M9"),
    ("operation_machines", 3, {"machine_id": "M1"}, "J2/10/M1", "is listed twice"),
    (
        "progress",
        0,
        {"end_time": "2026-01-05 05:00"},
        "J1/10",
        "finished at 2026-01-05T05:00:00+00:00, before it started",
    ),
    ("progress", 0, {"start_time": "2026-01-05 07:00"}, "J1/10", "after the load was taken"),
    ("progress", 0, {"machine_id": "M9"}, "J1/10", "names no machine of this load: M9"),
    ("jobs", 1, {"priority": "9"}, "J2", "priority must be at most 5"),
    ("jobs", 1, {"lcd_date": "tomorrow"}, "J2", "lcd_date must be a date with time"),
    ("operations", 0, {"skill_level": "3"}, "J1/10", "needs skill welding at level 3, which no operator"),
    ("operations", 2, {"job_id": "J9"}, "J9/10", "names no job of this load: J9"),
    ("machines", 0, {"calendar": "weekend"}, "M1", "names no calendar of this load: weekend"),
    ("operators", 0, {"capacity": "many"}, "ANNA", "capacity must be a number"),
]


@pytest.mark.parametrize(("table", "row", "change", "key", "reason"), REFUSED, ids=[str(r[4])[:40] for r in REFUSED])
def test_a_row_that_is_refused_is_told_with_table_key_and_reason(
    table: str, row: int, change: dict[str, Any], key: str, reason: str, tmp_path: Path
) -> None:
    rows = tiny()
    rows[table][row] |= change
    found = loaded(tmp_path, rows)
    told = [str(one) for one in found.refused]
    assert any(line.startswith(f"{table} {key}: ") and reason in line for line in told), told
    parse(found.document)


def test_a_job_goes_with_the_only_machine_of_its_operation_and_what_is_told_of_it(tmp_path: Path) -> None:
    rows = tiny()
    rows["machines"][0]["capacity"] = "0"
    found = loaded(tmp_path, rows)
    assert [job["job_id"] for job in found.document["jobs"]] == ["J2"]
    told = {(row.table, row.key): row.reason for row in found.refused}
    assert "capacity must be at least 1" in told["machines", "M1"]
    assert told["operations", "J1/10"] == "has no machine that can do it"
    assert told["jobs", "J1"] == "cannot be planned without its operation 10, which is refused"
    assert told["progress", "J1/10"] == "names no operation of this load"
    assert found.progress == []


def test_a_missing_column_is_named_with_those_that_are_there(tmp_path: Path) -> None:
    rows = tiny()
    for row in rows["operation_machines"]:
        row["hours"] = row.pop("processing_time")
    with pytest.raises(
        SourceRefused, match=r"operation_machines: the source has no column 'processing_time'.* has .*hours"
    ):
        loaded(tmp_path, rows)


def test_nothing_to_plan_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceRefused, match="nothing to plan: jobs, operations, operation_machines has no row"):
        loaded(tmp_path, tiny() | {"jobs": [], "operations": [], "operation_machines": []} | {"progress": []})


def test_a_bad_load_is_stopped_by_its_limits(tmp_path: Path) -> None:
    rows = tiny()
    rows["operation_machines"][2]["machine_id"] = "M9"
    found = loaded(tmp_path, rows)
    assert stopped(found, Limits(refused_share=0.1), None) == ()
    (reason,) = stopped(found, Limits(refused_share=0.05), None)
    assert reason == "1 of 16 rows are refused (1 of operation_machines); at most 5.00% may be"
    jobs, hours = stopped(found, Limits(1.0), Before(jobs=5, hours=100.0))
    assert jobs.startswith("the number of jobs went from 5 to 2, by 60%")
    assert hours.startswith("the hours of work went from 100 to 7.5, by 92%")


def test_an_xlsx_file_reads_like_a_folder(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for name, rows in tiny().items():
        sheet = book.create_sheet(name)
        columns = list(dict.fromkeys(column for row in rows for column in row))
        sheet.append(columns)
        for row in rows:
            cells = [row.get(column) for column in columns]
            sheet.append([float(c) if c and str(c).replace(".", "").isdigit() and name != "jobs" else c for c in cells])
    book.save(tmp_path / "plant.xlsx")

    found = load(for_files("main", "UTC", tmp_path / "plant.xlsx"), NOW)
    assert found.document == loaded(tmp_path / "folder", tiny()).document


@pytest.mark.parametrize(("name", "content"), [("plant.xlsx", b"no zip"), ("plant.xlsx", b"PK\x05\x06" + bytes(18))])
def test_a_broken_xlsx_file_is_refused(name: str, content: bytes, tmp_path: Path) -> None:
    pytest.importorskip("openpyxl")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceRefused, match=r"is no \.xlsx file"):
        load(for_files("main", "UTC", tmp_path / name), NOW)


HEADERS = '<row r="1"><c r="A1" t="inlineStr"><is><t>generated_by</t></is></c></row>'
CELL = '<row r="2"><c r="A2"{}><v>{}</v></c></row>'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (CELL, '<row r="2"'),
        (CELL, "&lol;"),
        (CELL, CELL.format("", "9" * 5000)),
        (CELL, CELL.format(' t="d"', "99999-99-99")),
        (CELL, CELL.format(' t="s"', "7")),
        (HEADERS, "&lol;"),
    ],
    ids=["cut off", "entity", "digits", "date", "shared string", "first row"],
)
def test_a_sheet_that_breaks_is_refused(old: str, new: str, tmp_path: Path) -> None:
    sheet = (HEADERS + CELL).replace(old, new).replace(CELL, "")
    with pytest.raises(SourceRefused, match=r"origin: sheet origin cannot be read|is no \.xlsx file: .*: line 1"):
        load(for_files("main", "UTC", workbook(tmp_path, sheet)), NOW)


@pytest.mark.parametrize(
    ("place", "value"),
    [(8, b"\x63\x00"), (6, b"\x01\x00")],
    ids=["unknown packing", "encrypted"],
)
def test_a_workbook_whose_parts_cannot_be_unpacked_is_refused(place: int, value: bytes, tmp_path: Path) -> None:
    file = workbook(tmp_path, HEADERS)
    found = file.read_bytes()
    changed = bytearray(found)
    for mark, offset in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        at = found.find(mark)
        while at >= 0:
            changed[at + offset + place : at + offset + place + 2] = value
            at = found.find(mark, at + 1)
    file.write_bytes(changed)
    with pytest.raises(SourceRefused, match=r"is no \.xlsx file"):
        load(for_files("main", "UTC", file), NOW)


def test_a_workbook_with_bad_deflate_is_refused(tmp_path: Path) -> None:
    file = workbook(tmp_path, HEADERS)
    with zipfile.ZipFile(file) as packed:
        part = packed.getinfo("xl/worksheets/sheet1.xml")
    changed = bytearray(file.read_bytes())
    start = part.header_offset + 30 + len(part.filename)
    changed[start : start + part.compress_size] = b"\xff" * part.compress_size
    file.write_bytes(changed)
    with pytest.raises(SourceRefused, match=r"cannot be read|is no \.xlsx file"):
        load(for_files("main", "UTC", file), NOW)


def workbook(folder: Path, rows: str) -> Path:
    """An .xlsx file with one sheet, ``origin``, of these rows."""
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.title = "origin"
    book.save(folder / "whole.xlsx")
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    with zipfile.ZipFile(folder / "whole.xlsx") as whole, zipfile.ZipFile(folder / "plant.xlsx", "w", 8) as made:
        for part in whole.infolist():
            own = f'<worksheet xmlns="{space}"><sheetData>{rows}</sheetData></worksheet>'
            made.writestr(part.filename, own if part.filename.endswith("sheet1.xml") else whole.read(part))
    return folder / "plant.xlsx"


def test_a_cell_before_the_first_year_is_a_refused_row(tmp_path: Path) -> None:
    rows = tiny()
    rows["jobs"][0]["lcd_date"] = "0001-01-01 00:00:00"
    found = load(for_files("main", "Europe/Berlin", write(tmp_path, rows)), NOW)
    assert "jobs J1: lcd_date must be of the years 1 to 9999 in UTC" in str(found.refused[0])


def test_a_very_long_cell_is_refused_and_quoted_by_its_beginning(tmp_path: Path) -> None:
    rows = tiny()
    rows["jobs"][1]["job_id"] = "x" * 100_000
    (refused, *_) = loaded(tmp_path, rows).refused
    assert "must have at most 10000 characters, has 100000" in refused.reason
    assert len(refused.reason) < 300


def test_quoting_a_large_value_does_not_write_all_of_it() -> None:
    class Blob(bytes):
        def __repr__(self) -> str:
            raise AssertionError("all of it is written")

    class Counted:
        written = 0

        def __repr__(self) -> str:
            Counted.written += 1
            return "one"

    assert len(shown(Blob(1000))) == MAX_VALUE_LENGTH
    assert len(shown([Counted()] * 1000)) <= MAX_VALUE_LENGTH
    assert Counted.written <= MAX_VALUE_LENGTH
    assert shown([10**5000]) == "[a very large int]"
    assert shown({"a": [1, "x"]}) == "{'a': [1, 'x']}"


SQLITE = {
    "endless": (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n",
        "takes more than",
    ),
    "many": ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n", "has more than 9 rows"),
}


@pytest.mark.parametrize("select", SQLITE)
def test_an_endless_select_on_sqlite_ends(select: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "STATEMENT_SECONDS", 0.3)
    for module in (database, rows_module):
        monkeypatch.setattr(module, "MAX_ROWS", 9)
    sqlite3.connect(tmp_path / "plant.db").close()
    statement, words = SQLITE[select]
    keys = {"machines": "machine_id", "jobs": "job_id", "operations": "job_id", "operation_machines": "job_id"}
    document = {
        "plant": "main",
        "time_zone": "UTC",
        "source": {"url": f"sqlite:///{tmp_path}/plant.db"},
        "tables": {name: {"select": statement, "columns": {key: "i"}} for name, key in keys.items()},
    }
    with pytest.raises(SourceRefused, match=words):
        load(from_document(document, tmp_path), NOW)


def test_a_broken_url_from_the_environment_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANT_URL", "mariadb://me:p4ss@host:p0rt/plant")
    mapping = PlantMapping("main", "UTC", {}, url_variable="PLANT_URL")
    with pytest.raises(SourceRefused, match="must be named by a URL") as refused, database.opened(mapping):
        pass
    assert "p0rt" not in str(refused.value)


def test_a_file_that_is_no_csv_is_refused(tmp_path: Path) -> None:
    write(tmp_path, tiny())
    (tmp_path / "jobs.csv").write_bytes(b"job_id\n\xff\xfe\n")
    with pytest.raises(SourceRefused, match=r"jobs\.csv is no CSV file in UTF-8"):
        loaded(tmp_path, {})
