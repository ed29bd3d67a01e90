"""ETags, what may be kept, and answers as small as the client takes them."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from backports import zstd

from models.store import plans, runs
from models.tables.session import transaction
from tests.app.conftest import Api
from tests.app.test_follow import RESULT, end, queued, solving

LONG = RESULT | {"scheduled_jobs": [{"job_id": f"J{number}"} for number in range(500)]}


def test_a_status_that_has_not_changed_is_not_sent_again(api: Api) -> None:
    run_id = queued(api)
    first = api.get(f"/v1/schedules/{run_id}")
    tag = first.headers["ETag"]
    assert tag.startswith('W/"')
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = api.get(f"/v1/schedules/{run_id}", headers={"If-None-Match": f'"other", {tag}'})
    assert (again.status_code, again.data) == (304, b"")
    assert (again.headers["ETag"], again.headers["Retry-After"]) == (tag, "1")
    with transaction(api.maker) as session:
        runs.beat(session, run_id, 1)
    assert api.get(f"/v1/schedules/{run_id}", headers={"If-None-Match": tag}).status_code == 304
    with transaction(api.maker) as session:
        runs.begin(session, run_id, 1, batches=1)
    assert api.get(f"/v1/schedules/{run_id}", headers={"If-None-Match": tag}).status_code == 200


def test_a_stored_result_has_a_strong_tag_that_stays(api: Api) -> None:
    run_id = solving(api)
    end(api, run_id)
    first = api.get(f"/v1/schedules/{run_id}/result")
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Retry-After" not in first.headers
    again = api.get(f"/v1/schedules/{run_id}/result", headers={"If-None-Match": tag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", None),
        ("*", None),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("zstd;q=0.2, gzip;q=0.9", "gzip"),
        ("zstd;q=0, gzip;q=0", None),
    ],
)
def test_a_result_is_packed_as_the_client_takes_it(api: Api, accepted: str, encoding: str | None) -> None:
    run_id = solving(api)
    with transaction(api.maker) as session:
        assert runs.finish(session, run_id, 1, state="finished", result=json.dumps(LONG).encode())
    answer = api.get(f"/v1/schedules/{run_id}/result", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    unpack: dict[str | None, Any] = {None: bytes, "gzip": gzip.decompress, "zstd": zstd.decompress}
    assert json.loads(unpack[encoding](answer.data)) == LONG
    assert encoding is None or len(answer.data) < len(json.dumps(LONG)) / 4
    plain = api.get(f"/v1/schedules/{run_id}/result").headers["ETag"]
    assert (answer.headers["ETag"] == plain) == (encoding is None)


def test_the_best_plan_so_far_can_be_read_while_the_run_goes_on(api: Api) -> None:
    run_id = solving(api)
    tags = []
    for version in (1, 2):
        with transaction(api.maker) as session:
            document = json.dumps(RESULT | {"version": version}).encode()
            assert plans.keep(session, run_id, 1, version, decisions=b"{}", result=document)
        answer = api.get(f"/v1/schedules/{run_id}/result")
        assert answer.status_code == 200
        assert answer.json["version"] == version  # type: ignore[index]
        assert answer.headers["Retry-After"] == "1"
        tags.append(answer.headers["ETag"])
    assert tags[0] != tags[1]
    end(api, run_id)
    answer = api.get(f"/v1/schedules/{run_id}/result", headers={"If-None-Match": tags[1]})
    assert answer.status_code == 200
    assert "Retry-After" not in answer.headers
