"""Policy files: whatever is wrong with one, it is refused in one clear line and the former policy stays in force."""

from __future__ import annotations

import io
import pickle
import shutil
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tomli_w

from models import settings as product_settings
from workers.ppo import store
from workers.ppo.policy import ARRAYS, CARD, MOST_BYTES, PolicyRefused, load, write_weights

SHIPPED = store.SHIPPED / "makespan-1"


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
    "pickled array": (pickled_array, "Object arrays cannot be loaded"),
    "bomb": (bomb, "would unpack to more than"),
    "wrong shape": (changed(first=np.zeros((3, 64), np.float32)), "array first must be float32 of shape"),
    "wrong type": (changed(linear=np.zeros((31, 1))), "array linear must be float32"),
    "not finite": (changed(linear=np.full((31, 1), np.nan, np.float32)), "not finite"),
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


def test_import_activate_and_back(copied: Path, home: Path) -> None:
    assert store.in_force("makespan").id == "makespan-1"
    store.bring(copied)
    assert store.in_force("makespan").id == "makespan-1"
    store.activate("other-1")
    assert store.in_force("makespan").id == "other-1"
    assert [row.id for row in store.listed() if row.active and row.policy.objective == "makespan"] == ["other-1"]
    store.activate("makespan-1")
    assert store.in_force("makespan").id == "makespan-1"


def test_a_policy_spoilt_after_it_was_activated_gives_way_to_the_former(copied: Path, home: Path) -> None:
    store.bring(copied)
    store.activate("other-1")
    tampered(home / "policies" / "other-1")
    assert store.in_force("makespan").id == "makespan-1"
    assert [row.refused is not None for row in store.listed() if row.id == "other-1"] == [True]


def test_a_policy_exchanged_with_its_card_after_it_was_activated_gives_way(copied: Path, home: Path) -> None:
    store.bring(copied)
    store.activate("other-1")
    changed(linear=np.zeros((31, 1), np.float32))(home / "policies" / "other-1")
    assert load(home / "policies" / "other-1").id == "other-1"
    assert store.in_force("makespan").id == "makespan-1"


def test_an_id_is_never_used_again(copied: Path, tmp_path: Path, home: Path) -> None:
    store.bring(copied)
    other = renamed(tmp_path / "again", "other-1")
    changed(linear=np.zeros((31, 1), np.float32))(other)
    with pytest.raises(PolicyRefused, match="another policy has this id"):
        store.bring(other)
    with pytest.raises(PolicyRefused, match="no policy 'nobody'"):
        store.activate("nobody")
    with pytest.raises(PolicyRefused, match=r"no policy '\.\./makespan-1'"):
        store.activate("../makespan-1")


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"makespan": [{}]}', '{"makespan": 3}'])
def test_an_unreadable_list_of_activations_counts_as_none(text: str, home: Path) -> None:
    (home / "policies").mkdir(parents=True)
    (home / "policies" / "active.json").write_text(text)
    assert store.in_force("makespan").id == "makespan-1"


@pytest.mark.parametrize("folder", sorted(store.SHIPPED.iterdir()), ids=lambda folder: folder.name)
def test_shipped_policies_are_what_their_cards_say(folder: Path) -> None:
    policy = load(folder)
    assert policy.id == folder.name
    scores = policy.card["validation"]["scores"]
    assert scores["policy"] < scores["best"] < scores["random"]
    assert sum(file.stat().st_size for file in folder.iterdir()) < 300_000
