from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from models.shop.reading.bounds import MAX_ID, MAX_TEXT
from models.shop.reading.row import is_plain
from models.tables.runs import NAME_LENGTH

NULL = {"type": "null"}
MAX_NUMBER = 2**31 - 1
"""The largest number of a plan in a plant: what a column of the database holds."""


def tidy(schema: dict[str, Any]) -> None:
    """Drops what pydantic adds and a reader does not need: made-up titles, and null as the default of absent fields."""
    for field in schema.get("properties", {}).values():
        field.pop("title", None)
        if field.get("default", ...) is None:
            del field["default"]


def nullable(schema: dict[str, Any]) -> None:
    """``tidy``, and every field that may be left out may be null instead."""
    tidy(schema)
    for name, field in schema.get("properties", {}).items():
        if name in schema.get("required", ()):
            continue
        if "$ref" in field:
            field["anyOf"] = [{"$ref": field.pop("$ref")}, NULL]
        elif "anyOf" in field:
            field["anyOf"] = [*field["anyOf"], *([] if NULL in field["anyOf"] else [NULL])]
        elif isinstance(field.get("type"), str):
            field["type"] = [field["type"], "null"]
            if "enum" in field:
                field["enum"] = [*field["enum"], None]


class Form(BaseModel):
    """An object of a request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True, defer_build=True, json_schema_extra=tidy)


class BodyForm(Form):
    """An object of a request's body: null is the same as leaving a field out."""

    model_config = ConfigDict(json_schema_extra=nullable)


class Answer(BaseModel):
    """An object of an answer."""

    model_config = ConfigDict(defer_build=True, json_schema_extra=tidy)


Absent = SkipJsonSchema[None]
"""A field that may be left out."""

Instant = Annotated[
    str,
    WithJsonSchema({"type": "string", "format": "date-time", "description": "RFC 3339 date and time with offset."}),
]


def _check_plain(text: str) -> str:
    if not is_plain(text):
        raise PydanticCustomError("control_character", "must not hold control characters")
    return text


Plain = Annotated[
    str,
    AfterValidator(_check_plain),
    Field(json_schema_extra={"pattern": r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"}),
]
"""Text without control characters, as in problems."""

Id = Annotated[Plain, Field(min_length=1, max_length=MAX_ID)]
Name = Annotated[Plain, Field(min_length=1, max_length=MAX_ID)]
Text = Annotated[Plain, Field(max_length=MAX_TEXT)]
PlantName = Annotated[Plain, Field(min_length=1, max_length=NAME_LENGTH)]
Why = Annotated[Plain, Field(min_length=1, max_length=1000, description="Why; kept in the audit.")]
