"""The Common Query Language of CSW (OGC 07-006r1 section 6.2.2) turned into an ogc:Filter.

pycsw's own reading splits at the word ``or`` wherever it stands; this one knows quotes, brackets, NOT, BETWEEN, IN, IS NULL and
BBOX. Property names are those of the filter; keywords are in any case.
"""

from __future__ import annotations

import re

from lxml import etree

from gateway.catalogue.reading import Element
from gateway.errors import ParameterError

OGC = "http://www.opengis.net/ogc"
GML = "http://www.opengis.net/gml"
MAX_DEPTH = 64
MAX_LENGTH = 65_536

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'(?:[^']|'')*'|"(?:[^"]|"")*")
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w:-]))
    |(?P<word>[A-Za-z_][\w.:/-]*)
    |(?P<mark><>|!=|<=|>=|[=<>(),]))""",
    re.VERBOSE,
)
_OPERATORS = {
    "=": "PropertyIsEqualTo",
    "<>": "PropertyIsNotEqualTo",
    "!=": "PropertyIsNotEqualTo",
    "<": "PropertyIsLessThan",
    ">": "PropertyIsGreaterThan",
    "<=": "PropertyIsLessThanOrEqualTo",
    ">=": "PropertyIsGreaterThanOrEqualTo",
}


def to_filter(text: str) -> Element:
    """The ogc:Filter of a CQL text. Raises ParameterError (``constraint``) naming the position."""
    if len(text) > MAX_LENGTH:
        raise ParameterError("constraint", f"longer than {MAX_LENGTH} characters")
    reading = _Reading(text)
    root = etree.Element(f"{{{OGC}}}Filter", nsmap={"ogc": OGC, "gml": GML})
    root.append(reading.disjunction(1))
    if reading.kind is not None:
        raise reading.wrong("where the text should end")
    return root


def _element(name: str, *children: Element) -> Element:
    element = etree.Element(f"{{{OGC}}}{name}")
    element.extend(children)
    return element


def _text(name: str, text: str) -> Element:
    element = etree.Element(f"{{{OGC}}}{name}")
    element.text = text
    return element


class _Reading:
    """The text, and the token that comes next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._end = 0
        self.kind: str | None = None
        self._value = ""
        self._start = 0
        self._next()

    def wrong(self, expected: str) -> ParameterError:
        """The error that says what stands here."""
        found = repr(self._value) if self.kind else "the end"
        return ParameterError("constraint", f"character {self._start + 1}: {found} {expected}")

    def disjunction(self, depth: int) -> Element:
        """``a OR b``."""
        parts = [self._conjunction(depth)]
        while self._takes("OR"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else _element("Or", *parts)

    def _conjunction(self, depth: int) -> Element:
        parts = [self._negation(depth)]
        while self._takes("AND"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else _element("And", *parts)

    def _negation(self, depth: int) -> Element:
        if depth > MAX_DEPTH:
            raise ParameterError("constraint", f"nested more than {MAX_DEPTH} deep")
        if self._takes("NOT"):
            return _element("Not", self._negation(depth + 1))
        if self._takes("("):
            inner = self.disjunction(depth + 1)
            self._expect(")")
            return inner
        return self._predicate()

    def _predicate(self) -> Element:
        if self.kind != "word":
            raise self.wrong("where a property should stand")
        name = self._take()
        if name.upper() == "BBOX" and self._takes("("):
            return self._box()
        negated = self._takes("NOT")
        found = self._rest(_text("PropertyName", name))
        return _element("Not", found) if negated else found

    def _rest(self, name: Element) -> Element:
        if self.kind == "mark" and self._value in _OPERATORS:
            operator = _OPERATORS[self._take()]
            return _element(operator, name, _text("Literal", self._literal()))
        for word, match_case in (("LIKE", "true"), ("ILIKE", "false")):
            if self._takes(word):
                found = _element("PropertyIsLike", name, _text("Literal", self._literal()))
                found.attrib.update({"wildCard": "%", "singleChar": "_", "escapeChar": "\\", "matchCase": match_case})
                return found
        if self._takes("BETWEEN"):
            low = _element("LowerBoundary", _text("Literal", self._literal()))
            self._expect("AND")
            return _element("PropertyIsBetween", name, low, _element("UpperBoundary", _text("Literal", self._literal())))
        if self._takes("IN"):
            return self._among(name)
        if self._takes("IS"):
            negated = self._takes("NOT")
            self._expect("NULL")
            found = _element("PropertyIsNull", name)
            return _element("Not", found) if negated else found
        raise self.wrong("where an operator should stand")

    def _among(self, name: Element) -> Element:
        self._expect("(")
        values = [self._literal()]
        while self._takes(","):
            values.append(self._literal())
        self._expect(")")
        return _element(
            "Or", *(_element("PropertyIsEqualTo", _text("PropertyName", name.text or ""), _text("Literal", v)) for v in values)
        )

    def _box(self) -> Element:
        name = self._take()
        numbers = []
        for _ in range(4):
            self._expect(",")
            if self.kind != "number":
                raise self.wrong("where a coordinate should stand")
            numbers.append(self._take())
        envelope = etree.Element(f"{{{GML}}}Envelope")
        if self._takes(","):
            envelope.set("srsName", self._literal())
        self._expect(")")
        etree.SubElement(envelope, f"{{{GML}}}lowerCorner").text = f"{numbers[0]} {numbers[1]}"
        etree.SubElement(envelope, f"{{{GML}}}upperCorner").text = f"{numbers[2]} {numbers[3]}"
        return _element("BBOX", _text("PropertyName", name), envelope)

    def _literal(self) -> str:
        if self.kind == "string":
            quote = self._value[0]
            return self._take()[1:-1].replace(quote * 2, quote)
        if self.kind in ("number", "word"):
            return self._take()
        raise self.wrong("where a value should stand")

    def _takes(self, word: str) -> bool:
        matches = self.kind in ("word", "mark") and self._value.upper() == word
        if matches:
            self._next()
        return matches

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise self.wrong(f"where {word} should stand")

    def _take(self) -> str:
        value = self._value
        self._next()
        return value

    def _next(self) -> None:
        match = _TOKEN.match(self._text, self._end)
        if match is None:
            rest = self._text[self._end :].strip()
            self.kind, self._value, self._start = None, rest[:20], self._end
            if rest:
                raise ParameterError("constraint", f"character {self._end + 1}: {rest[0]!r} begins nothing that CQL knows")
            return
        self.kind = match.lastgroup
        self._value = match.group(match.lastgroup or 0)
        self._start, self._end = match.start(match.lastgroup or 0), match.end()
