"""The gate before the SPARQL engine: one reading of a query's tokens that refuses what the engine must never see.

The engine has no time limit, follows SERVICE, and dies on deep nesting (hardening P1 to P3, S01 to S05). So a query is read
here by the tokens of SPARQL 1.1 section 19.8: comments are dropped, code point escapes outside strings and IRIs are undone
(section 19.2), and what goes on to the engine is the text written anew from those tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urljoin

from gateway.errors import ParameterError

MAX_BYTES = 65_536
MAX_DEPTH = 64
FORMS = ("SELECT", "ASK", "CONSTRUCT", "DESCRIBE")
_UPDATES = frozenset(("INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY", "WITH"))

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+)
    | (?P<comment>\#[^\r\n]*)
    | (?P<string>'''(?:(?:'|'')?(?:[^'\\]|\\.))*'''|\"\"\"(?:(?:"|"")?(?:[^"\\]|\\.))*\"\"\"
        |'(?:[^'\\\r\n]|\\.)*'|"(?:[^"\\\r\n]|\\.)*")
    | (?P<iri><(?:[^<>"{}|^`\\\x00-\x20]|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8})*>)
    | (?P<variable>[?$]\w+)
    | (?P<language>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    | (?P<name>(?:[^\W\d][\w.-]*)?:(?:[\w.:-]|%[0-9A-Fa-f]{2}|\\[_~.!$&'()*+,;=/?\#@%-])*)
    | (?P<word>[^\W\d][\w-]*)
    | (?P<number>[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+(?:[eE][+-]?[0-9]+)?)
    | (?P<mark>\^\^|&&|\|\||!=|<=|>=|[{}()\[\],;.=<>+*/!|^?$-])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})")
_STRING_ESCAPES = {"\\": "\\\\", '"': '\\"', "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PREFIXED = re.compile(r"[!+^-]")


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind (a group name of the tokeniser), its text, and where it began."""

    kind: str
    text: str
    position: int


@dataclass(slots=True)
class Gated:
    """A query that may go on: the form (SELECT, …), the text to run, and the graphs its dataset clause names."""

    form: str
    text: str
    default: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    @property
    def has_dataset(self) -> bool:
        """Whether the query says itself which graphs it is about."""
        return bool(self.default or self.named)


def gate(query: str) -> Gated:
    """Read a query and refuse what must not run. Raises ParameterError naming ``query`` and the place."""
    if len(query.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _refusal(f"longer than {MAX_BYTES} bytes", "ask a shorter question")
    tokens = list(_tokens(_unescape(query)))
    _check_depth(tokens)
    _check_words(tokens)
    found = Gated(_form(tokens), "".join(token.text for token in tokens))
    _read_dataset([token for token in tokens if token.kind != "space"], found)
    return found


def _refusal(message: str, cure: str | None = None) -> ParameterError:
    return ParameterError("query", message, cure=cure)


def _unescape(query: str) -> str:
    """Undo code point escapes outside strings, IRIs and comments; inside a string, delimiters become string escapes."""
    if "\x00" in query:
        raise _refusal("a NUL character")
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise _refusal("a lone surrogate") from error
    if "\\u" not in query and "\\U" not in query:
        return query
    parts: list[str] = []
    position = 0
    while position < len(query):
        token = _TOKEN.match(query, position)
        if token is None or token.lastgroup not in ("string", "iri", "comment"):
            escape = _ESCAPE.match(query, position)
            end = escape.end() if escape else position + 1
            parts.append(_decoded(escape) if escape else query[position])
            position = end
            continue
        text = token.group()
        parts.append(_string(text) if token.lastgroup == "string" else text if token.lastgroup == "iri" else " ")
        position = token.end()
    return "".join(parts)


def _decoded(escape: re.Match[str]) -> str:
    character = _character(escape)
    if not (character.isalnum() or character == "_"):
        raise _refusal(f"the escape {escape.group()} outside a string", "write the character itself")
    return character


def _character(escape: re.Match[str]) -> str:
    code = int(escape.group(1) or escape.group(2), 16)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or code == 0:
        raise _refusal(f"the escape {escape.group()} is no character")
    return chr(code)


def _string(text: str) -> str:
    def replace(match: re.Match[str]) -> str:
        if match.group() == "\\\\":
            return match.group()
        character = _character(match)
        return _STRING_ESCAPES.get(character, character)

    return re.sub(rf"\\\\|{_ESCAPE.pattern}", replace, text)


def _tokens(query: str) -> Iterator[Token]:
    position = 0
    while position < len(query):
        match = _TOKEN.match(query, position)
        if match is None:
            line = query.count("\n", 0, position) + 1
            raise _refusal(f"line {line}: {query[position]!r} begins nothing that SPARQL knows")
        kind = match.lastgroup or ""
        is_space = kind in ("space", "comment")
        yield Token("space" if is_space else kind, " " if kind == "comment" else match.group(), position)
        position = match.end()


def _check_depth(tokens: list[Token]) -> None:
    depth = run = deepest = 0
    for token in tokens:
        if token.kind == "mark" and token.text in "{([":
            depth += 1
        elif token.kind == "mark" and token.text in "})]":
            depth -= 1
        if token.kind == "mark" and token.text in ("!", "+", "-", "^", "^^"):
            run += 1
        elif token.kind != "space" and not (token.kind == "mark" and token.text in "{(["):
            run = 0
        deepest = max(deepest, depth + run)
    if deepest > MAX_DEPTH:
        raise _refusal(f"nested {deepest} deep; at most {MAX_DEPTH}", "ask a flatter question")


def _check_words(tokens: list[Token]) -> None:
    """Refuse SERVICE and updates as words of the language; inside strings, comments and names of terms they are text."""
    solid = [token for token in tokens if token.kind != "space"]
    for place, token in enumerate(solid):
        if token.kind == "word" and "service" in token.text.casefold():
            raise _refusal("SERVICE is not allowed here", "ask the other endpoint yourself")
        before_group = any(following.text == "{" for following in solid[place + 1 : place + 3])
        if token.kind == "name" and before_group and "service" in token.text.partition(":")[0].casefold():
            raise _refusal("SERVICE is not allowed here", "ask the other endpoint yourself")
        if token.kind == "word" and token.text.upper() in _UPDATES:
            raise _refusal(f"{token.text.upper()} is an update; this endpoint only reads", "publish through /submissions")


def _form(tokens: list[Token]) -> str:
    for token in tokens:
        if token.kind == "word" and token.text.upper() in FORMS:
            return token.text.upper()
        if token.kind == "word" and token.text.upper() not in ("PREFIX", "BASE"):
            raise _refusal(f"{token.text!r} where SELECT, ASK, CONSTRUCT or DESCRIBE should stand")
    raise _refusal("no SELECT, ASK, CONSTRUCT or DESCRIBE")


def _read_dataset(tokens: list[Token], found: Gated) -> None:
    """Gather FROM and FROM NAMED with their IRIs made absolute (sections 4.1 and 13.2)."""
    prefixes: dict[str, str] = {}
    base = ""
    for place, token in enumerate(tokens):
        word = token.text.upper() if token.kind == "word" else ""
        following = [later.text for later in tokens[place + 1 : place + 3]]
        if word == "BASE" and following:
            base = _absolute(following[0], base, prefixes)
        elif word == "PREFIX" and len(following) == 2 and following[0].endswith(":"):
            prefixes[following[0][:-1]] = _absolute(following[1], base, prefixes)
        elif word == "FROM" and following:
            is_named = following[0].upper() == "NAMED" and len(following) == 2
            (found.named if is_named else found.default).append(_absolute(following[is_named], base, prefixes))
        elif word.startswith("FROM") and word != "FROM":
            raise _refusal(f"{token.text!r} is no word of SPARQL", "write FROM and a blank")


def _absolute(text: str, base: str, prefixes: dict[str, str]) -> str:
    if text.startswith("<"):
        plain = _ESCAPE.sub(_character, text[1:-1])
        return urljoin(base, plain) if base else plain
    prefix, colon, local = text.partition(":")
    if not colon or prefix not in prefixes:
        raise _refusal(f"{text!r} is no IRI, or its prefix is not declared")
    return prefixes[prefix] + re.sub(r"\\(.)", r"\1", local)
