"""Text without case and without accents (OGC 21-065, /req/case-insensitive-comparison and /req/accent-insensitive-comparison)."""

from __future__ import annotations

import unicodedata

from gateway.cql2.node import Node
from gateway.model.query import Call, Operand


def casei(text: str) -> str:
    """Text without case: Unicode's full case folding."""
    return text.casefold()


def accenti(text: str) -> str:
    """Text without accents: what is left when combining marks are taken from its decomposed form."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(sign for sign in decomposed if not unicodedata.combining(sign)))


FOLDS = {"casei": casei, "accenti": accenti, "upper": str.upper, "lower": str.lower}


def fold(name: str, operand: Operand) -> Operand:
    """casei or accenti of an operand: of a literal its value, else the call."""
    return FOLDS[name](operand) if isinstance(operand, str) else Call(name, (operand,))


def constant(call: Call) -> Operand:
    """A call of literals whose value does not need the store."""
    (first, *rest) = call.arguments
    return FOLDS[call.name](first) if not rest and call.name in FOLDS and isinstance(first, str) else call


def bare(node: Node) -> str | None:
    """The pattern of LIKE: a literal, in CASEI and ACCENTI as may be; None where it is none."""
    if node.op == "literal":
        return node.value if isinstance(node.value, str) else None
    if node.op in ("casei", "accenti") and len(node.parts) == 1:
        inner = bare(node.parts[0])
        return None if inner is None else FOLDS[node.op](inner)
    return None
