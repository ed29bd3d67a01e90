"""Parts of documents are what reading the whole would give."""

from __future__ import annotations

import json

import pytest

from models.shop.parts_of_json import only_field, part, rows

TEXT = 'a "metrics": {"x": 1} ] } , ä'
DOCUMENT = {
    "schedule_id": TEXT,
    "scheduled_jobs": [{"job_id": f"{TEXT}{i}", "lot": i} for i in range(50)],
    "unscheduled_jobs": [],
    "metrics": {"makespan": 1.5, TEXT: None},
    "warnings": [TEXT],
}


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_rows_come_one_by_one_however_the_document_is_cut(size: int, separators: tuple[str, str]) -> None:
    whole = json.dumps(DOCUMENT, separators=separators, ensure_ascii=False).encode()
    parts = [whole[i : i + size] for i in range(0, len(whole), size)]
    assert list(rows(parts, "scheduled_jobs")) == DOCUMENT["scheduled_jobs"]
    assert list(rows(parts, "unscheduled_jobs")) == []
    assert list(rows(parts, "nothing")) == []


def test_a_field_is_found_whatever_texts_hold() -> None:
    assert part(json.dumps(DOCUMENT).encode(), "metrics") == DOCUMENT["metrics"]
    with pytest.raises(KeyError):
        part(b"{}", "metrics")


@pytest.mark.parametrize(
    "text",
    [
        '{"jobs": [], "objective" : ["makespan"], "x": 1}',
        '{"objective": "makespan"}',
        '{"jobs": ["objective"], "objective": {"makespan": 2}}',
        '{"\\u006fbjective": "makespan"}',
        '{"jobs": []}',
        '{"jobs": ["objective"]}',
    ],
)
def test_a_single_field_is_as_in_the_whole(text: str) -> None:
    whole = json.loads(text)
    assert only_field(text.encode(), "objective") == ({"objective": whole["objective"]} if "objective" in whole else {})


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_a_longer_field_that_ends_like_it_is_another(separators: tuple[str, str]) -> None:
    document = {'x"objective': [{"job_id": "none"}], "objective": [{"job_id": "J1"}], 'y"objective': 3}
    written = json.dumps(document, separators=separators).encode()
    assert list(rows([written], "objective")) == document["objective"]
    assert only_field(written, "objective") == {"objective": document["objective"]}
    assert only_field(json.dumps({'x"objective': 3}, separators=separators).encode(), "objective") == {}
    if separators == (",", ":"):
        assert part(written, "objective") == document["objective"]
