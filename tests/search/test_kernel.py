"""Compiled kernels lie in a folder that changes with any of their sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from workers.search import kernel


def test_the_folder_changes_with_the_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "SOURCES", tmp_path)
    (tmp_path / "one.py").write_text("first = 1\n")
    first = kernel.cache_folder()
    assert first == kernel.cache_folder()
    assert first.is_relative_to(tmp_path)
    (tmp_path / "one.py").write_text("first = 2\n")
    assert kernel.cache_folder() != first


def test_where_the_sources_cannot_be_written_to_the_users_cache_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "sources"
    sources.mkdir()
    (sources / "__pycache__").write_text("a file where the folder should be")
    monkeypatch.setattr(kernel, "SOURCES", sources)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert kernel.cache_folder().is_relative_to(tmp_path / "cache" / "nightshift")
