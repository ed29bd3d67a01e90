"""Policy files: whatever is wrong with one, it is refused in one clear line and the former policy stays in force."""

from __future__ import annotations

import io
import pickle
import shutil
import tomllib
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tomli_w

from models import settings as product_settings
from workers.ppo import store
from workers.ppo.policy import ARRAYS, CARD, MOST_BYTES, PolicyRefused, load, write_weights

SHIPPED = store.SHIPPED / "makespan-2"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own."""
    monkeypatch.setenv("NIGHTSHIFT_HOME", str(tmp_path / "home"))
    product_settings.settings.cache_clear()
    yield tmp_path / "home"
    product_settings.settings.cache_clear()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The shipped policy under another name."""
    return renamed(tmp_path / "other", "other-1")


def renamed(folder: Path, name: str, **changes: object) -> Path:
    shutil.copytree(SHIPPED, folder)
    card = tomllib.loads((folder / CARD).read_text()) | {"id": name} | changes
    (folder / CARD).write_text(tomli_w.dumps(card))
    return folder


def truncated(folder: Path) -> None:
    content = (folder / ARRAYS).read_bytes()
    (folder / ARRAYS).write_bytes(content[: len(content) // 2])


def tampered(folder: Path) -> None:
    content = bytearray((folder / ARRAYS).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / ARRAYS).write_bytes(bytes(content))


def vast(folder: Path) -> None:
    (folder / ARRAYS).write_bytes(bytes(MOST_BYTES + 1))


def gone(folder: Path) -> None:
    (folder / ARRAYS).unlink()


def no_toml(folder: Path) -> None:
    (folder / CARD).write_text("= =")


def binary_card(folder: Path) -> None:
    (folder / CARD).write_bytes(b"\xff\xfe\x00")


def signed(folder: Path, content: bytes) -> None:
    """Arrays with a card whose hash is right."""
    import hashlib

    (folder / ARRAYS).write_bytes(content)
    card = tomllib.loads((folder / CARD).read_text()) | {"sha256": hashlib.sha256(content).hexdigest()}
    (folder / CARD).write_text(tomli_w.dumps(card))


def pickled(folder: Path) -> None:
    signed(folder, pickle.dumps({"first": 1}))


def sb3_archive(folder: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data", "{}")
        archive.writestr("policy.pth", b"x")
    signed(folder, buffer.getvalue())


def pickled_array(folder: Path) -> None:
    buffer = io.BytesIO()
    arrays = {name: np.zeros(1, np.float32) for name in load(SHIPPED).weights._fields}
    np.savez(buffer, **arrays | {"first": np.array([{"run": "code"}], object)})
    signed(folder, buffer.getvalue())


def bomb(folder: Path) -> None:
    buffer = io.BytesIO()
    arrays = {name: np.zeros(1, np.float32) for name in load(SHIPPED).weights._fields}
    np.savez_compressed(buffer, **arrays | {"first": np.zeros(MOST_BYTES, np.float32)})
    signed(folder, buffer.getvalue())


Members = list[tuple[zipfile.ZipInfo, bytes]]


def repacked(change: Callable[[Members], None], then: Callable[[bytes], bytes] = bytes) -> Callable[[Path], None]:
    """The shipped arrays in an archive whose members, and then whose bytes, were changed; its hash is right."""

    def spoil(folder: Path) -> None:
        with zipfile.ZipFile(SHIPPED / ARRAYS) as archive:
            members = [(zipfile.ZipInfo(entry.filename), archive.read(entry)) for entry in archive.infolist()]
        change(members)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are there twice
            for entry, content in members:
                archive.writestr(entry, content)
        signed(folder, then(buffer.getvalue()))

    return spoil


def first(content: bytes) -> Callable[[Path], None]:
    """An archive whose first member holds something else."""

    def change(members: Members) -> None:
        members[0] = (members[0][0], content)

    return repacked(change)


def with_header(header: str) -> Callable[[Path], None]:
    """An archive whose first member is an npy file with that header."""
    return first(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + bytes(64))


def of_shape(shape: str) -> Callable[[Path], None]:
    return with_header(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n")


def twice(members: Members) -> None:
    members.append(members[0])


def no_deflate(members: Members) -> None:
    members[0] = (members[0][0], b"\x07" * 100)


def patched(offset: int, value: int, change_members: Callable[[Members], None] = list) -> Callable[[Path], None]:
    """An archive in whose first entry of the directory two bytes, at an offset, are something else."""

    def change(content: bytes) -> bytes:
        at = content.index(b"PK\x01\x02") + offset
        return content[:at] + value.to_bytes(2, "little") + content[at + 2 :]

    return repacked(change_members, change)


def text_card(text: str) -> Callable[[Path], None]:
    """A card with one more line at its top."""

    def change(folder: Path) -> None:
        (folder / CARD).write_text(f"{text}\n{(folder / CARD).read_text()}")

    return change


def envelope(**values: object) -> Callable[[Path], None]:
    """A card whose envelope holds something else; None takes a value away."""

    def change(folder: Path) -> None:
        written: dict[str, Any] = tomllib.loads((folder / CARD).read_text())
        written["envelope"] = {k: v for k, v in (written["envelope"] | values).items() if v is not None}
        (folder / CARD).write_text(tomli_w.dumps(written))

    return change


def changed(**arrays: np.ndarray) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        write_weights(folder / ARRAYS, load(SHIPPED).weights._replace(**arrays))
        signed(folder, (folder / ARRAYS).read_bytes())

    return change


def card(**values: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        written = tomllib.loads((folder / CARD).read_text()) | values
        (folder / CARD).write_text(tomli_w.dumps(written))

    return change


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "truncated": (truncated, "is not what its card was written for"),
    "tampered": (tampered, "is not what its card was written for"),
    "too large": (vast, f"is larger than {MOST_BYTES} bytes"),
    "missing": (gone, "cannot be read: No such file"),
    "no toml": (no_toml, "is no TOML"),
    "binary card": (binary_card, "is no TOML"),
    "other schema": (card(schema="0" * 64), "was trained on other features"),
    "other objective": (card(objective="beauty"), "objective must be one of"),
    "no envelope": (card(envelope="wide"), "must hold envelope as a dict"),
    "bad id": (card(id="../../etc"), "id must be small letters"),
    "pickle": (pickled, "damaged or no npz file"),
    "sb3 archive": (sb3_archive, "must hold exactly the arrays"),
    "pickled array": (pickled_array, "array first must be float32 .*got object"),
    "bomb": (bomb, "would unpack to more than"),
    "wrong shape": (changed(first=np.zeros((3, 64), np.float32)), "array first must be float32 of shape"),
    "wrong type": (changed(linear=np.zeros((31, 1))), "array linear must be float32"),
    "not finite": (changed(linear=np.full((31, 1), np.nan, np.float32)), "not finite"),
    "shape of gigabytes": (of_shape("(2147483648,)"), "array first must be float32 of shape"),
    "shape of petabytes": (of_shape("(1000000000000000,)"), "array first must be float32 of shape"),
    "shape beyond 64 bits": (of_shape(f"({10**26},)"), "array first must be float32 of shape"),
    "negative shape": (of_shape("(-1, 64)"), "array first must be float32 of shape"),
    "long header": (of_shape("(" * 5000), "damaged or no npz file: Header info length"),
    "nested header": (with_header("(" * 200), "damaged or no npz file"),
    "unclosed header": (with_header("{"), "damaged or no npz file"),
    "odd header": (with_header("{1: 2, 'shape': ()}"), "damaged or no npz file"),
    "empty array": (first(b""), "damaged or no npz file"),
    "no array": (first(b"hello, this is a text"), "damaged or no npz file"),
    "array cut short": (of_shape("(31, 64)"), "array first cannot be read"),
    "array twice": (repacked(twice), "holds an array twice"),
    "bad deflate": (patched(10, zipfile.ZIP_DEFLATED, no_deflate), "damaged or no npz file: Error -3"),
    "unknown method": (patched(10, 77), "damaged or no npz file: That compression method is not supported"),
    "encrypted": (patched(8, 1), "damaged or no npz file: .* is encrypted"),
    "zip version": (patched(6, 255), "damaged or no npz file: zip file version 25.5"),
    "nested card": (text_card("deep = " + "[" * 30_000), "card.toml is nested too deep"),
    "number of 5000 digits": (text_card("many = " + "9" * 5000), "is no TOML: Exceeds the limit"),
    "empty envelope": (card(envelope={"unknown": []}), "envelope.operations_a_job must be two numbers"),
    "measure no list": (envelope(operations_a_machine="x"), "envelope.operations_a_machine must be two numbers .*'x'"),
    "one limit": (envelope(setup_ratio=[0.5]), "envelope.setup_ratio must be two numbers"),
    "limits of text": (envelope(setup_ratio=["0", "1"]), "envelope.setup_ratio must be two numbers"),
    "limits reversed": (envelope(closed_share=[0.5, 0.1]), "envelope.closed_share must be .* the least first"),
    "limit not a number": (envelope(closed_share=[0.0, float("nan")]), "envelope.closed_share must be two numbers"),
    "limit infinite": (envelope(closed_share=[0.0, float("inf")]), "envelope.closed_share must be two numbers"),
    "limit past a float": (envelope(closed_share=[0, 10**400]), "envelope.closed_share must be two numbers"),
    "no unknown": (envelope(unknown=None), "envelope.unknown must be a list of texts"),
    "unknown no texts": (envelope(unknown=[["lots"]]), "envelope.unknown must be a list of texts"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_bad_file_is_refused_in_one_line_and_the_former_stays(name: str, copied: Path, home: Path) -> None:
    spoil, words = WRONG[name]
    spoil(copied)
    before = store.in_force("makespan").sha256
    with pytest.raises(PolicyRefused, match=words) as refusal:
        store.bring(copied)
    assert "\n" not in str(refusal.value)
    assert store.in_force("makespan").sha256 == before
    assert not (home / "policies" / "other-1").exists()


@pytest.mark.parametrize("name", ["shape of petabytes", "no array", "nested card", "empty envelope"])
def test_a_folder_spoilt_after_it_was_activated_breaks_neither_the_list_nor_plans(
    name: str, copied: Path, home: Path
) -> None:
    store.bring(copied)
    store.activate("other-1")
    spoil, words = WRONG[name]
    spoil(home / "policies" / "other-1")
    assert store.in_force("makespan").id == "makespan-2"
    assert [words in str(row.refused) for row in store.listed() if row.id == "other-1"] == [True]


def test_a_shipped_policy_that_is_damaged_is_listed_as_such(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(store.SHIPPED, tmp_path / "shipped")
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "shipped")
    tampered(tmp_path / "shipped" / "makespan-2")
    refused = {row.id: row.refused is not None for row in store.listed()}
    assert refused == {"makespan-2": True, "weighted-tardiness-3": False}
    with pytest.raises(PolicyRefused, match="is not what its card was written for"):
        store.in_force("makespan")


def test_import_activate_and_back(copied: Path, home: Path) -> None:
    assert store.in_force("makespan").id == "makespan-2"
    store.bring(copied)
    assert store.in_force("makespan").id == "makespan-2"
    store.activate("other-1")
    assert store.in_force("makespan").id == "other-1"
    assert [row.id for row in store.listed() if row.active and row.policy.objective == "makespan"] == ["other-1"]
    store.activate("makespan-2")
    assert store.in_force("makespan").id == "makespan-2"


def test_a_policy_spoilt_after_it_was_activated_gives_way_to_the_former(copied: Path, home: Path) -> None:
    store.bring(copied)
    store.activate("other-1")
    tampered(home / "policies" / "other-1")
    assert store.in_force("makespan").id == "makespan-2"
    assert [row.refused is not None for row in store.listed() if row.id == "other-1"] == [True]


def test_a_policy_exchanged_with_its_card_after_it_was_activated_gives_way(copied: Path, home: Path) -> None:
    store.bring(copied)
    store.activate("other-1")
    changed(linear=np.zeros((31, 1), np.float32))(home / "policies" / "other-1")
    assert load(home / "policies" / "other-1").id == "other-1"
    assert store.in_force("makespan").id == "makespan-2"


def test_an_id_is_never_used_again(copied: Path, tmp_path: Path, home: Path) -> None:
    store.bring(copied)
    other = renamed(tmp_path / "again", "other-1")
    changed(linear=np.zeros((31, 1), np.float32))(other)
    with pytest.raises(PolicyRefused, match="another policy has this id"):
        store.bring(other)
    with pytest.raises(PolicyRefused, match="no policy 'nobody'"):
        store.activate("nobody")
    with pytest.raises(PolicyRefused, match=r"no policy '\.\./makespan-2'"):
        store.activate("../makespan-2")


def test_an_intact_store_has_no_faults(copied: Path, home: Path) -> None:
    assert store.faults() == []
    store.bring(copied)
    store.activate("other-1")
    assert store.faults() == []


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)


def exchanged(folder: Path) -> None:
    changed(linear=np.zeros((31, 1), np.float32))(folder)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (emptied, "there is no policy 'other-1'"),
        (gone, "policy.npz cannot be read"),
        (tampered, "policy.npz is not what its card was written for"),
        (exchanged, "policy.npz is not what was activated"),
    ],
)
def test_an_activated_policy_that_is_missing_or_tampered_with_is_a_fault(
    spoil: Callable[[Path], None], words: str, copied: Path, home: Path
) -> None:
    store.bring(copied)
    store.activate("other-1")
    spoil(home / "policies" / "other-1")
    (told,) = store.faults()
    assert words in told


def test_damaged_activations_and_a_damaged_shipped_policy_are_faults(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(store.SHIPPED, tmp_path / "shipped")
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "shipped")
    (home / "policies").mkdir(parents=True)
    (home / "policies" / "active.json").write_text("{")
    (tmp_path / "shipped" / "weighted-tardiness-3" / CARD).unlink()
    activations, shipped = store.faults()
    assert "active.json cannot be read" in activations
    assert "card.toml cannot be read" in shipped


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, '{"makespan": [{}]}', '{"makespan": 3}'])
def test_an_unreadable_list_of_activations_counts_as_none(text: str, home: Path) -> None:
    (home / "policies").mkdir(parents=True)
    (home / "policies" / "active.json").write_text(text)
    assert store.in_force("makespan").id == "makespan-2"


@pytest.mark.parametrize("folder", sorted(store.SHIPPED.iterdir()), ids=lambda folder: folder.name)
def test_shipped_policies_are_what_their_cards_say(folder: Path) -> None:
    policy = load(folder)
    assert policy.id == folder.name
    scores = policy.card["validation"]["scores"]
    assert scores["policy"] < scores["best"] < scores["random"]
    assert sum(file.stat().st_size for file in folder.iterdir()) < 300_000
