"""``meta.required``: the record says what the charter's dictionary sheet asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.charter.parameters import Parameters
from gateway.model.finding import Finding
from gateway.model.record import Record
from gateway.ports import Subject

_OWNING = frozenset({"owner", "custodian", "publisher", "resourceProvider", "originator"})

_FILLED: Mapping[str, Callable[[Record], bool]] = {
    "title": lambda record: any(record.title.values()),
    "abstract": lambda record: any(record.abstract.values()),
    "short_title": lambda record: any(record.short_title.values()),
    "contact": lambda record: any(contact.email or contact.phone or contact.url for contact in record.contacts),
    "owner": lambda record: any(contact.role in _OWNING for contact in record.contacts),
    "frequency": lambda record: bool(record.update_frequency),
    "topic": lambda record: bool(record.topics),
    "keyword": lambda record: bool(record.keywords),
    "lineage": lambda record: any(record.lineage.values()),
    "date": lambda record: any((record.created, record.published, record.revised)),
    "extent": lambda record: record.extent.box is not None,
    "crs": lambda record: bool(record.crs),
    "attributes": lambda record: bool(record.attributes),
    "licence": lambda record: bool(record.licence),
    "access_level": lambda record: bool(record.access_level),
    "federal_level": lambda record: bool(record.federal_level),
    "language": lambda record: bool(record.language),
}


class MetaRequired(QuietCheck):
    """Each of `fields` is filled in the record; those of `with_features` only where the dataset has features."""

    type = "meta.required"
    parameters: ClassVar[Parameters] = {"fields": ("texts", True), "with_features": ("texts", False)}

    @classmethod
    def problems(cls, parameters: Mapping[str, Any]) -> Iterable[str]:
        """Fields nobody can fill are refused when the charter is loaded."""
        for name in (*parameters.get("fields", ()), *parameters.get("with_features", ())):
            if name not in _FILLED:
                yield f"the field {name} is unknown (known: {', '.join(_FILLED)})"

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """One finding for each field that is empty."""
        given = self.rule.parameters
        fields = given["fields"] + (given.get("with_features", ()) if subject.features else ())
        for name in fields:
            known_owner = name == "owner" and subject.party is not None
            if not known_owner and (subject.record is None or not _FILLED[name](subject.record)):
                yield observed(None, name, place=f"record/{name}")
