"""A metadata record as JSON: the members of `gateway.model.record.Record` by their names in camelCase, and nothing else.

Human text is a string, or an object from language tag to string. Unlike ISO 19139 it says what each attribute means.
"""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from gateway.catalogue import reading
from gateway.errors import Unreadable
from gateway.gates import json
from gateway.model.record import Attribute, Contact, Extent, Keyword, Record
from gateway.model.text import UNDETERMINED, Text

SCHEMA = "twin:record"
"""What `Record.source_schema` says of a record that came as JSON."""

_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?)?)?")


def _spoken(value: str | dict[str, str]) -> dict[str, str]:
    texts = {UNDETERMINED: value} if isinstance(value, str) else value
    for tag in texts:
        if not _TAG.fullmatch(tag):
            raise ValueError(f"{tag[:40]!r} is no language tag")
    return texts


def _dated(value: str) -> str:
    if not _DATE.fullmatch(value):
        raise ValueError("write it as 2026-01-31 or 2026-01-31T12:00:00Z")
    return value


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


type Spoken = Annotated[str | dict[str, str], AfterValidator(_spoken)]
type Word = Annotated[str, Field(min_length=1, max_length=10_000)]
type Date = Annotated[str, AfterValidator(_dated)]
type Number = Annotated[float, AfterValidator(_finite)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=False)


class _Contact(_Part):
    organisation: Spoken
    role: Word = "pointOfContact"
    name: Word | None = None
    email: Word | None = None
    phone: Word | None = None
    url: Word | None = None


class _Keyword(_Part):
    text: Spoken
    thesaurus: Word | None = None
    iri: Word | None = None


class _Attribute(_Part):
    name: Word
    type: Word | None = None
    description: Spoken = {}
    collection: Word | None = None


class _Extent(_Part):
    box: Annotated[list[Number], Field(min_length=4, max_length=4)] | None = None
    vertical: Annotated[list[Number], Field(min_length=2, max_length=2)] | None = None
    interval: Annotated[list[Date | None], Field(min_length=2, max_length=2)] | None = None


class _Document(_Part):
    id: Word
    title: Spoken
    abstract: Spoken = {}
    short_title: Spoken = {}
    type: Word = "dataset"
    language: Word | None = None
    contacts: list[_Contact] = []
    metadata_contacts: list[_Contact] = []
    keywords: list[_Keyword] = []
    topics: list[Word] = []
    extent: _Extent = _Extent()
    crs: list[Word] = []
    lineage: Spoken = {}
    licence: Word | None = None
    constraints: list[Spoken] = []
    update_frequency: Word | None = None
    created: Date | None = None
    published: Date | None = None
    revised: Date | None = None
    modified: Date | None = None
    resolution: Number | None = None
    access_level: Word | None = None
    federal_level: Word | None = None
    attributes: list[_Attribute] = []
    formats: list[Word] = []
    links: list[dict[str, str]] = []


_PARTS = {"contacts": Contact, "metadata_contacts": Contact, "keywords": Keyword, "attributes": Attribute}
_TEXTS = frozenset({"title", "abstract", "short_title", "lineage", "organisation", "text", "description"})


def is_json(head: bytes) -> bool:
    """Whether a file that begins so is JSON rather than XML."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def read(content: bytes, place: str) -> Record:
    """The record in `content`; `source` keeps the bytes. Raises Unreadable for all that is wrong, each with its member."""
    document = json.loads(content, place=place)
    try:
        found = _Document.model_validate(document)
    except ValidationError as error:
        raise Unreadable(_reasons(error), place=place, cure="the manual lists the members of a record") from error
    return _record(found, place, content)


def write(record: Record) -> bytes:
    """A record as JSON, without the members it does not have; what this gives, `read` takes."""
    members = {field.name: getattr(record, field.name) for field in fields(record) if field.name in _Document.model_fields}
    return orjson.dumps(_plain(members), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _record(found: _Document, place: str, content: bytes) -> Record:
    members = _members(found)
    for name, kind in _PARTS.items():
        members[name] = [kind(**_members(part)) for part in members[name]]
    whole: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in members.items()}
    whole |= {"extent": _extent(found.extent, place), "source": content, "source_schema": SCHEMA}
    return Record(**whole)


def _extent(found: _Extent, place: str) -> Extent:
    return Extent(
        box=None if found.box is None else reading.box(*found.box, place=f"{place} extent/box"),
        vertical=None if found.vertical is None else (found.vertical[0], found.vertical[1]),
        interval=None if found.interval is None else (found.interval[0], found.interval[1]),
    )


def _members(part: BaseModel) -> dict[str, Any]:
    return {name: getattr(part, name) for name in type(part).model_fields}


def _reasons(error: ValidationError) -> str:
    told = [f"{'/'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_input=False)[:10]]
    return "; ".join(told)[:1000]


def _plain(members: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for name, value in members.items():
        if value in (None, (), {}) or (name == "extent" and value == Extent()):
            continue
        found[to_camel(name)] = _value(name, value)
    return found


def _value(name: str, value: Any) -> Any:
    if name in _TEXTS:
        return _text(value)
    if name == "constraints":
        return [_text(entry) for entry in value]
    if name in _PARTS:
        return [_plain({field.name: getattr(part, field.name) for field in fields(part)}) for part in value]
    if isinstance(value, Extent):
        return _plain({field.name: getattr(value, field.name) for field in fields(value)})
    return list(value) if isinstance(value, tuple) else value


def _text(text: Text) -> Any:
    return text[UNDETERMINED] if set(text) == {UNDETERMINED} else dict(text)
