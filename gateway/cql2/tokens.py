"""The words of CQL2 Text (OGC 21-065, annex B): names, texts, numbers and signs, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.cql2.node import fault, shown

_START = r":_A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u02FF\u0370-\u037D\u037F-\u1FFF\u200C-\u200D\u2070-\u218F\u2C00-\u2FEF"
_START += r"\u3001-\uD7FF\uF900-\uFDCF\uFDF0-\uFFFD\U00010000-\U000EFFFF"
_PART = _START + r".0-9\u00B7\u0300-\u036F\u203F-\u2040"
_TOKEN = re.compile(
    rf"""[ \t\r\n\f\v\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*(?:
    (?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    |(?P<word>[{_START}][{_PART}]*)
    |(?P<text>'(?:[^'\\]|''|\\'|\\)*+')
    |(?P<quoted>"(?:[^"]|"")*+")
    |(?P<sign><>|<=|>=|[=<>(),+*/%^-])
    |(?P<end>\Z))""",
    re.VERBOSE,
)
_LONGEST_NUMBER = 40
_QUOTE = re.compile(r"''|\\'")
_BLANK = re.compile(r"\s*")


@dataclass(frozen=True, slots=True)
class Token:
    """One word: `kind` is number, word, text, quoted, sign or end; `text` is its value, without quotation marks."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> list[Token]:
    """The words of a filter, `end` last. Raises ParameterError at a character that begins none, and for NUL."""
    if "\0" in text:
        raise fault(text.index("\0"), "the character NUL")
    found: list[Token] = []
    position = 0
    while not found or found[-1].kind != "end":
        match = _TOKEN.match(text, position)
        if match is None:
            raise _unreadable(text, position)
        kind = str(match.lastgroup)
        found.append(_token(kind, match[kind], match.start(kind)))
        position = match.end()
    return found


def number(token: Token, sign: str = "") -> int | float:
    """The number that a token writes. Raises ParameterError for one that no double holds."""
    text = sign.replace("+", "") + token.text
    if token.text.isdecimal():
        whole = int(text)
        return whole if -(2**63) <= whole < 2**63 else float(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise fault(token.at, f"{text} is larger than any number kept here")
    return value


def _token(kind: str, text: str, at: int) -> Token:
    if kind == "text":
        text = _QUOTE.sub("'", text[1:-1])
    elif kind == "quoted":
        text = text[1:-1].replace('""', '"')
        if not text:
            raise fault(at, "a property without a name")
    elif kind == "number" and len(text) > _LONGEST_NUMBER:
        raise fault(at, f"a number has at most {_LONGEST_NUMBER} digits")
    return Token(kind, text, at)


def _unreadable(text: str, position: int) -> Exception:
    blank = _BLANK.match(text, position)
    at = position if blank is None else blank.end()
    sign = text[at : at + 1]
    if sign == "'":
        return fault(at, "a text that does not end", "end it with ', and write ' inside as ''")
    if sign == '"':
        return fault(at, "a name that does not end", 'end it with ", and write " inside as ""')
    if text.startswith("!=", at):
        return fault(at, "no comparison is written !=", "write <>")
    return fault(at, f"unexpected {shown(sign)!r}")
