"""Words that checks find or expect, in the languages of the shipped charters; whatever is not listed is said as it is."""

from __future__ import annotations

from collections.abc import Mapping

_NOTHING: Mapping[str, str] = {"en": "nothing", "fr": "rien", "de": "nichts"}

_WORDS: Mapping[str, Mapping[str, str]] = {
    "fr": {
        "title": "titre",
        "abstract": "résumé",
        "short_title": "titre court",
        "contact": "contact",
        "owner": "propriétaire",
        "frequency": "fréquence de mise à jour",
        "topic": "thème ISO",
        "keyword": "mot-clé",
        "lineage": "généalogie",
        "date": "date",
        "extent": "étendue",
        "crs": "système de coordonnées",
        "attributes": "attributs",
        "licence": "licence",
        "access_level": "niveau d’accès",
        "federal_level": "niveau de diffusion fédéral",
        "language": "langue",
    },
    "de": {
        "title": "Titel",
        "abstract": "Zusammenfassung",
        "short_title": "Kurztitel",
        "contact": "Kontakt",
        "owner": "Eigentümer",
        "frequency": "Nachführungsrhythmus",
        "topic": "ISO-Thema",
        "keyword": "Schlagwort",
        "lineage": "Herkunft",
        "date": "Datum",
        "extent": "Ausdehnung",
        "crs": "Koordinatensystem",
        "attributes": "Attribute",
        "licence": "Lizenz",
        "access_level": "Zugangsstufe",
        "federal_level": "Zugangsberechtigungsstufe des Bundes",
        "language": "Sprache",
    },
    "en": {
        "short_title": "short title",
        "frequency": "update frequency",
        "topic": "ISO topic",
        "attributes": "list of attributes",
        "access_level": "access level",
        "federal_level": "federal access level",
    },
}


def said(word: str | None, language: str) -> str:
    """A word in a language; None is nothing."""
    if word is None:
        return _NOTHING.get(language, "–")
    return _WORDS.get(language, {}).get(word, word)
