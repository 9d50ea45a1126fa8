"""``meta.matches_schema``: every published attribute is described in the record, and every described one exists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gateway.charter.check import QuietCheck
from gateway.charter.observation import observed
from gateway.model.dataset import Collection
from gateway.model.finding import Finding
from gateway.model.record import Attribute
from gateway.model.text import Text
from gateway.ports import Subject


class MetaMatchesSchema(QuietCheck):
    """An attribute is described by a text in the record's list; a name without a collection describes it in all of them.

    Published is what the file's features have or its schema declares and, of the dataset's other collections, their columns.
    """

    type = "meta.matches_schema"
    needs = frozenset({"features"})

    def finish(self, subject: Subject) -> Iterable[Finding]:
        """A finding for each attribute without a description, then for each description without an attribute."""
        if subject.record is None:
            return  # that there is none is said elsewhere
        described = [entry for entry in subject.record.attributes if any(entry.description.values())]
        published = _published(subject)
        known = {(entry.collection, entry.name) for entry in described}
        for collection, names in published.items():
            for name in sorted(names):
                if not known & {(None, name), (collection, name)}:
                    yield observed(name, place=collection)
        for entry in described:
            if not _exists(entry, published):
                yield observed(entry.name, place="record/attributes", message=_absent(entry.name))


def _absent(name: str) -> Text:
    return {
        "fr": f"L’attribut {name} est décrit, mais les données ne l’ont pas.",
        "en": f"The attribute {name} is described, but the data do not have it.",
        "de": f"Das Attribut {name} ist beschrieben, aber die Daten haben es nicht.",
    }


def _exists(entry: Attribute, published: Mapping[str, set[str]]) -> bool:
    """Whether a described attribute stands in its collection, or in any where it names none."""
    if entry.collection is None:
        return any(entry.name in names for names in published.values())
    return entry.name in published.get(entry.collection, set())


def _published(subject: Subject) -> dict[str, set[str]]:
    """The attributes of each collection, by its id in the twin, as this publication leaves them."""
    names: Mapping[str, str] = subject.extra.get("names", {})
    found: dict[str, set[str]] = {}
    for own, attributes in subject.properties.items():
        found.setdefault(names.get(own, own), set()).update(attributes)
    for layer in () if subject.header is None else subject.header.layers:
        found.setdefault(names.get(layer.id, layer.id), set()).update(field.name for field in layer.fields)
    staying: tuple[Collection, ...] = subject.extra.get("staying", ())
    for collection in staying:
        found.setdefault(collection.id, set()).update(field.name for field in collection.fields)
    return found
