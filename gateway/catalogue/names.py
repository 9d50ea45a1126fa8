"""Namespaces, code lists and language tags of the catalogue's XML."""

from __future__ import annotations

GMD = "http://www.isotc211.org/2005/gmd"
GMI = "http://www.isotc211.org/2005/gmi"
GCO = "http://www.isotc211.org/2005/gco"
GMX = "http://www.isotc211.org/2005/gmx"
SRV = "http://www.isotc211.org/2005/srv"
GML = "http://www.opengis.net/gml/3.2"
XLINK = "http://www.w3.org/1999/xlink"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CHE = "http://www.geocat.ch/2008/che"
CSW2 = "http://www.opengis.net/cat/csw/2.0.2"
CSW3 = "http://www.opengis.net/cat/csw/3.0"
DC = "http://purl.org/dc/elements/1.1/"
DCT = "http://purl.org/dc/terms/"
OWS1 = "http://www.opengis.net/ows"
OWS2 = "http://www.opengis.net/ows/2.0"

CODE_LISTS = "http://standards.iso.org/iso/19139/resources/gmxCodelists.xml"
LANGUAGES = "http://www.loc.gov/standards/iso639-2/"

_TAGS = {
    "eng": "en",
    "fre": "fr",
    "fra": "fr",
    "ger": "de",
    "deu": "de",
    "ita": "it",
    "roh": "rm",
    "spa": "es",
    "por": "pt",
    "dut": "nl",
    "nld": "nl",
    "gre": "el",
    "ell": "el",
    "dan": "da",
    "swe": "sv",
    "nor": "no",
    "fin": "fi",
    "pol": "pl",
    "cze": "cs",
    "ces": "cs",
    "slv": "sl",
    "slo": "sk",
    "slk": "sk",
    "hun": "hu",
    "rum": "ro",
    "ron": "ro",
    "bul": "bg",
    "hrv": "hr",
    "est": "et",
    "lav": "lv",
    "lit": "lt",
    "mlt": "mt",
    "gle": "ga",
    "jpn": "ja",
    "chi": "zh",
    "zho": "zh",
}
_CODES = {tag: code for code, tag in reversed(_TAGS.items())}


def tag_of(code: str | None) -> str | None:
    """The BCP 47 tag of an ISO 639-2 code (``ger`` -> ``de``); a tag stays as it is, None stays None."""
    text = (code or "").strip()
    return _TAGS.get(text.lower(), text or None)


def code_of(tag: str) -> str:
    """The ISO 639-2/B code of a BCP 47 tag (``de-CH`` -> ``ger``); a tag without one stays as it is."""
    return _CODES.get(tag.partition("-")[0].lower(), tag)
