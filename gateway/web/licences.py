"""Where a dataset's terms of use stand."""

from __future__ import annotations

from gateway.model.dataset import Dataset
from gateway.web.asked import Asked

_KNOWN = ("http://", "https://")


def address(asked: Asked, dataset: Dataset) -> str | None:
    """The address of the licence: the charter's, or the licence itself where it is one; None where nobody says."""
    return find(asked, dataset.licence or dataset.record.licence)


def find(asked: Asked, name: str | None) -> str | None:
    """The address of the licence that a code or an address names."""
    licence = asked.gateway.charter.licence(name)
    if licence is not None and licence.uri:
        return licence.uri if is_address(licence.uri) else None
    return name if name is not None and is_address(name) else None


def is_address(text: str) -> bool:
    """Whether `text` can stand in a link: a web address of plain ASCII without what would break out of a header."""
    return text.startswith(_KNOWN) and text.isascii() and text.isprintable() and not set(text) & set('<>" ;,\\')
