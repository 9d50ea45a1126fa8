"""Representation and language: `f` and `lang` first, then the headers; nonsense in a header does no harm (hardening Q08)."""

from __future__ import annotations

import pytest

from gateway.errors import NotAcceptable, ParameterError
from gateway.web.negotiation import GEOJSON, HTML, choose, language

OFFERS = (GEOJSON, HTML)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, GEOJSON),
        ("", GEOJSON),
        ("*/*", GEOJSON),
        ("application/json", GEOJSON),
        ("application/geo+json", GEOJSON),
        ("application/json;q=0.3, text/html;q=0.2", GEOJSON),
        ("application/*", GEOJSON),
        ("text/html", HTML),
        (BROWSER, HTML),
        ("text/html;q=NaN", GEOJSON),
        ("*/*;q=NaN", GEOJSON),
        ("text/html;q=1e9, application/json;q=0.1", GEOJSON),
        ("text/html;q=٣", GEOJSON),
        (";;;,,,=", GEOJSON),
        ("*/*;q=0.1," * 5000, GEOJSON),
    ],
)
def test_the_accepted_type_is_sent_and_nonsense_means_json(accept: str | None, expected: object) -> None:
    assert choose(None, accept, OFFERS) is expected


@pytest.mark.parametrize("accept", ["image/png", "application/json;q=0, text/html;q=0", "*/*;q=0"])
def test_nothing_acceptable_is_said_so(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        choose(None, accept, OFFERS)


def test_f_is_stronger_than_accept() -> None:
    assert choose("html", "application/json", OFFERS) is HTML
    assert choose("json", BROWSER, OFFERS) is GEOJSON


@pytest.mark.parametrize("f", ["", "JSON", "xml", "../../x", "application/json", "json\0"])
def test_an_unknown_f_is_refused(f: str) -> None:
    with pytest.raises(ParameterError, match="f: "):
        choose(f, None, OFFERS)


@pytest.mark.parametrize(
    ("lang", "accept", "expected"),
    [
        (None, None, "en"),
        (None, "fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        (None, "de, en;q=0.5, fr;q=0.7", "fr"),
        (None, "de-CH", "en"),
        (None, "fr;q=NaN", "en"),
        ("fr", "en", "fr"),
    ],
)
def test_the_language_is_the_best_there_is(lang: str | None, accept: str | None, expected: str) -> None:
    assert language(lang, accept) == expected


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ParameterError, match="lang"):
        language("xx", None)
