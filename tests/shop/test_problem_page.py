"""docs/problem.md says what the parser does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from models.shop.canonical import to_document
from models.shop.parse import load, parse
from models.shop.problem import RELAXABLE, TERMS
from models.shop.reading.options import ENGINES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "problem.md").read_text(encoding="utf-8")
RULE = re.compile(r'(?:add|fault|Unreadable|_refuse|_refused)\(\s*[^,()]*(?:\([^()]*\))?[^,()]*,?\s*f?"([a-z_]+)",')


def test_the_example_is_a_problem() -> None:
    found = re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    made = load(found[1].encode())
    assert [o.options for o in made.operations] == [{0: 9_000, 1: 11_250}, {2: 5_400}, {0: 14_400, 1: 18_000}]
    assert parse(json.loads(json.dumps(to_document(made)))) == made


@pytest.mark.parametrize("name", [*TERMS, *RELAXABLE, *ENGINES])
def test_terms_relaxable_rules_and_engines_are_explained(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_every_rule_of_a_fault_is_explained() -> None:
    sources = [
        *(ROOT / "models/shop/reading").glob("*.py"),
        ROOT / "models/shop/parse.py",
        ROOT / "models/shop/formats.py",
    ]
    rules = {rule for source in sources for rule in RULE.findall(source.read_text(encoding="utf-8"))}
    assert len(rules) > 30
    assert [rule for rule in sorted(rules) if f"`{rule}`" not in PAGE] == []


def test_every_field_is_explained() -> None:
    known = re.compile(r"frozenset\(\s*\{(.*?)\}", re.DOTALL)
    sources = [*(ROOT / "models/shop/reading").glob("*.py"), ROOT / "models/shop/parse.py"]
    groups = [group for source in sources for group in known.findall(source.read_text(encoding="utf-8"))]
    fields = {field for group in groups for field in re.findall(r'"([a-z_]+)"', group)}
    assert len(fields) > 60
    assert [field for field in sorted(fields) if not re.search(rf"\b{field}\b", PAGE)] == []
