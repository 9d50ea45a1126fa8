"""What a process is: its inputs and outputs as typed descriptions, from which the public description and the checks are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.model.text import Text


@dataclass(frozen=True, slots=True)
class Input:
    """One input. `schema` is JSON Schema, whole in itself; `most` None means as many values as one likes. Where the text
    `names_collection`, the results have that collection's access level."""

    title: Text
    schema: Mapping[str, Any]
    description: Text = field(default_factory=dict)
    least: int = 1
    most: int | None = 1
    names_collection: bool = False

    @property
    def is_content(self) -> bool:
        """Whether its values are files: bytes in base64 or by reference."""
        return any("contentEncoding" in option for option in (self.schema, *self.schema.get("oneOf", ())))


@dataclass(frozen=True, slots=True)
class Output:
    """One output."""

    title: Text
    schema: Mapping[str, Any]
    description: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Result:
    """One output of a finished job: plain JSON in `json`, or the file at `path` with its media type and name."""

    json: Any = None
    path: Path | None = None
    media_type: str = "application/json"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """One process (OGC 18-062r2, 7.10)."""

    id: str
    version: str
    title: Text
    description: Text
    inputs: Mapping[str, Input]
    outputs: Mapping[str, Output]
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an input or output: plain JSON in `json`, or the bytes of the file at `path`, of `media_type`."""

    json: Any = None
    path: Path | None = None
    media_type: str | None = None
    name: str | None = None
