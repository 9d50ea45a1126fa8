"""Writes a STEP physical file (ISO 10303-21) entity by entity, as far as the demo's own IFC model needs it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from pathlib import Path

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"
_NAMESPACE = uuid.UUID("6f1d0b5e-5a0c-5c1e-9d0e-2a6f0e6c7b11")


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to an entity instance (``#12``)."""

    number: int


@dataclass(frozen=True, slots=True)
class Enum:
    """An enumeration value (``.METRE.``)."""

    name: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A value of a defined type (``IFCLABEL('x')``)."""

    type: str
    value: object


DERIVED = Enum("*")


def global_id(name: str) -> str:
    """The 22 characters of an IfcGloballyUniqueId, always the same for the same name."""
    number = uuid.uuid5(_NAMESPACE, name).int
    digits = [_ALPHABET[(number >> 6 * place) & 63] for place in range(21)]
    return _ALPHABET[number >> 126] + "".join(reversed(digits))


@dataclass(slots=True)
class StepFile:
    """The data section as it grows."""

    schema: str
    name: str
    stamp: str
    _lines: list[str] = field(default_factory=list)

    def add(self, entity: str, *values: object) -> Ref:
        """Add an instance; gives the reference to it."""
        number = len(self._lines) + 1
        self._lines.append(f"#{number}={entity.upper()}({','.join(map(_text, values))});")
        return Ref(number)

    def write(self, target: Path) -> int:
        """Write the file; gives the number of instances."""
        head = (
            "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION(('ViewDefinition [ReferenceView_V1.2]'),'2;1');\n"
            f"FILE_NAME({_text(self.name)},{_text(self.stamp)},('demo'),('demo'),'twin gateway','twin gateway','');\n"
            f"FILE_SCHEMA(({_text(self.schema)}));\nENDSEC;\nDATA;\n"
        )
        target.write_text(head + "\n".join(self._lines) + "\nENDSEC;\nEND-ISO-10303-21;\n", encoding="ascii")
        return len(self._lines)


def _text(value: object) -> str:
    match value:
        case None:
            return "$"
        case Ref(number):
            return f"#{number}"
        case Enum("*"):
            return "*"
        case Enum(name):
            return f".{name}."
        case Typed(kind, inner):
            return f"{kind.upper()}({_text(inner)})"
        case bool():
            return ".T." if value else ".F."
        case float():
            return f"{value:.6f}".rstrip("0")
        case int():
            return str(value)
        case str():
            return f"'{_escaped(value)}'"
        case list() | tuple():
            return f"({','.join(map(_text, value))})"
    raise TypeError(f"{type(value).__name__} has no STEP form")


def _escaped(text: str) -> str:
    """ISO 10303-21 section 6.4.3: apostrophes doubled, characters outside ASCII as UTF-16 in hex."""
    found = []
    for character in text:
        if character == "'":
            found.append("''")
        elif character == "\\":
            found.append("\\\\")
        elif " " <= character <= "~":
            found.append(character)
        else:
            found.append(f"\\X2\\{character.encode('utf-16-be').hex().upper()}\\X0\\")
    return "".join(found)
