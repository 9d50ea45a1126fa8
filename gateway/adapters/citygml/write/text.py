"""Text, numbers and identifiers as they are written into XML."""

from __future__ import annotations

import hashlib
import re

from gateway.model.report import Report

NCNAME = re.compile(r"[^\W\d][\w.\-·]*")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL = re.compile(r"[&<>\"\t\n\r]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}


def escape(text: str, report: Report) -> str:
    """`text` for use in content and attributes; characters that XML forbids become U+FFFD and are counted."""
    if _ILLEGAL.search(text) is not None:
        report.changed("character", "XML has no place for it; it became U+FFFD", repr(text[:40]))
        text = _ILLEGAL.sub("\ufffd", text)
    return _SPECIAL.sub(lambda found: _ENTITIES[found.group()], text)


def identifier(text: str) -> str:
    """An id as a gml:id (xs:NCName): as it is if it can be, else ``id_…`` made from it, always the same."""
    if NCNAME.fullmatch(text) is not None:
        return text
    plain = f"id_{text}"
    if NCNAME.fullmatch(plain) is not None:
        return plain
    return f"{re.sub(r'[^A-Za-z0-9_.-]', '_', plain)[:80]}_{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def number(value: float) -> str:
    """A number as xs:double, so that reading gives the same number."""
    return repr(value)
