"""Reads CQL2 Text (OGC 21-065, annex B) by recursive descent, each level of nesting counted."""

from __future__ import annotations

from collections.abc import Callable

from gateway.cql2.node import DEEPEST, MOST_NODES, Node, fault, shown
from gateway.cql2.tokens import Token, number, tokens
from gateway.cql2.wkt import NAMES, read_wkt

_OR, _AND, _NOT, _COMPARED, _ADDED, _MULTIPLIED, _POWER = range(1, 8)
_LEVELS = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "like", "between", "in", "is", "not"), _COMPARED),
    **dict.fromkeys(("+", "-"), _ADDED),
    **dict.fromkeys(("*", "/", "%", "div"), _MULTIPLIED),
    "^": _POWER,
}
"""How tightly each operator binds."""

_WORDS = frozenset(("and", "or", "not", "like", "between", "in", "is", "null", "true", "false", "div"))


def read(text: str) -> Node:
    """The nodes of a filter. Raises ParameterError naming the character and what would be right."""
    parser = Parser(tokens(text))
    found = parser.whole()
    parser.finish()
    return found


class Parser:
    """One text on its way through; `depth` counts the levels that are open."""

    def __init__(self, words: list[Token]) -> None:
        self._words = words
        self._next = 0
        self._depth = 0
        self._nodes = 0

    @property
    def token(self) -> Token:
        """The next word."""
        return self._words[self._next]

    def advance(self) -> Token:
        """Take the next word."""
        token = self._words[self._next]
        self._next += token.kind != "end"
        return token

    def is_sign(self, *signs: str) -> bool:
        """Whether the next word is one of these signs."""
        return self.token.kind == "sign" and self.token.text in signs

    def is_word(self, *words: str) -> bool:
        """Whether the next word is one of these keywords, in any case."""
        return self.token.kind == "word" and self.token.text.lower() in words

    def expect(self, sign: str, what: str) -> Token:
        """Take `sign`. Raises ParameterError."""
        if not self.is_sign(sign):
            raise self.unexpected(f"{sign} {what}")
        return self.advance()

    def unexpected(self, wanted: str) -> Exception:
        """The error of a word that stands where another thing must."""
        token = self.token
        found = "the filter ends" if token.kind == "end" else f"found {shown(token.text)!r}"
        return fault(token.at, f"{found} where {wanted} is due")

    def node(self, op: str, at: int, *parts: Node, value: object = None) -> Node:
        """A node, counted."""
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise fault(at, f"a filter has at most {MOST_NODES} parts")
        return Node(op, at, parts, value)

    def deeper(self, read: Callable[[], Node]) -> Node:
        """Read one level further down. Raises ParameterError below the deepest."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise fault(self.token.at, f"nested more than {DEEPEST} deep", "ask a flatter question")
        found = read()
        self._depth -= 1
        return found

    def finish(self) -> None:
        """Raises ParameterError where something follows the filter."""
        if self.token.kind != "end":
            raise self.unexpected("AND, OR or the end of the filter")

    def whole(self) -> Node:
        """Conditions joined by OR, or one operand."""
        return self.expression(_OR)

    def expression(self, floor: int) -> Node:
        """What binds at least as tightly as `floor`, read by operator precedence so that a level costs few calls."""
        left = self._negated(floor) if floor <= _NOT and self.is_word("not") else self._primary()
        while True:
            level, word = self._operator()
            if level < floor:
                return left
            left = self._joined(word, level, left) if level in (_OR, _AND) else self._applied(word, level, left)

    def _operator(self) -> tuple[int, str]:
        """How tightly the next word binds, and the word; 0 where it is no operator."""
        token = self.token
        word = token.text.lower() if token.kind in ("word", "sign") else ""
        return _LEVELS.get(word, 0), word

    def _joined(self, word: str, level: int, left: Node) -> Node:
        parts = [left]
        at = self.token.at
        while self.is_word(word):
            self.advance()
            parts.append(self.expression(level + 1))
        return self.node(word, at, *parts)

    def _negated(self, floor: int) -> Node:
        at = self.advance().at
        return self.node("not", at, self.deeper(lambda: self.expression(_NOT)))

    def _applied(self, word: str, level: int, left: Node) -> Node:
        if level == _COMPARED:
            return self._compared(word, left)
        if level == _POWER:
            return self._power(left)
        return self._chain(level, left)

    def _compared(self, word: str, left: Node) -> Node:
        if word == "is":
            return self._null(left)
        at = self.advance().at
        if word != "not":
            return self._suffix(word, at, left)
        _, follows = self._operator()
        if follows not in ("like", "between", "in"):
            raise self.unexpected("LIKE, BETWEEN or IN")
        place = self.advance().at
        return self.node("not", at, self._suffix(follows, place, left))

    def _suffix(self, word: str, at: int, left: Node) -> Node:
        if word == "between":
            low = self.expression(_ADDED)
            if not self.is_word("and"):
                raise self.unexpected("AND of BETWEEN")
            self.advance()
            return self.node("between", at, left, low, self.expression(_ADDED))
        if word == "in":
            start = self.expect("(", "of the list").at
            return self.node("in", at, left, self.node("array", start, *self._list()))
        return self.node(word, at, left, self.deeper(lambda: self.expression(_ADDED)))

    def _null(self, left: Node) -> Node:
        at = self.advance().at
        is_negated = self.is_word("not")
        if is_negated:
            self.advance()
        if not self.is_word("null"):
            raise self.unexpected("NULL")
        self.advance()
        found = self.node("isNull", at, left)
        return self.node("not", at, found) if is_negated else found

    def _chain(self, level: int, left: Node) -> Node:
        """Terms from left to right; each one nests the ones before."""
        length = 1
        while self._operator()[0] == level:
            sign = self.advance()
            length += 1
            if length + self._depth > DEEPEST:
                raise fault(sign.at, f"nested more than {DEEPEST} deep", "ask a flatter question")
            left = self.node(sign.text.lower(), sign.at, left, self.expression(level + 1))
        return left

    def _power(self, base: Node) -> Node:
        at = self.advance().at
        exponent = self._primary()
        if self.is_sign("^"):
            raise fault(self.token.at, "two powers in a row", "say by parentheses which comes first")
        return self.node("^", at, base, exponent)

    def _primary(self) -> Node:
        token = self.token
        if token.kind == "number":
            return self._number(self.advance(), "")
        if token.kind == "text":
            return self.node("literal", self.advance().at, value=token.text)
        if token.kind == "quoted":
            return self.node("property", self.advance().at, value=token.text)
        if self.is_sign("-", "+"):
            return self._signed()
        if self.is_sign("("):
            return self.deeper(self._parenthesis)
        if token.kind == "word":
            return self._word()
        raise self.unexpected("a property, a literal or a function")

    def _signed(self) -> Node:
        sign = self.advance()
        if self.token.kind != "number":
            raise fault(sign.at, f"{sign.text} before what is no number", "subtract from 0")
        return self._number(self.advance(), sign.text, sign.at)

    def _number(self, token: Token, sign: str, at: int | None = None) -> Node:
        return self.node("literal", token.at if at is None else at, value=number(token, sign))

    def _parenthesis(self) -> Node:
        at = self.advance().at
        if self.is_sign(")"):
            self.advance()
            return self.node("array", at)
        first = self.expression(_OR)
        if not self.is_sign(","):
            self.expect(")", "or a comma")
            return first
        self.advance()
        return self.node("array", at, first, *self._list())

    def _list(self) -> list[Node]:
        """Operands up to the parenthesis that closes them."""
        found = [self.deeper(self.whole)]
        while self.is_sign(","):
            self.advance()
            found.append(self.deeper(self.whole))
        self.expect(")", "or a comma")
        return found

    def _word(self) -> Node:
        token = self.advance()
        word = token.text.lower()
        if word in ("true", "false"):
            return self.node("literal", token.at, value=word == "true")
        if word in _WORDS:
            raise fault(token.at, f"unexpected {token.text}", 'a property of that name is written in "quotation marks"')
        if word in NAMES and (self.is_sign("(") or self.is_word("z", "m", "zm", "empty")):
            return self.deeper(lambda: read_wkt(self, token))
        if not self.is_sign("("):
            return self.node("property", token.at, value=token.text)
        self.advance()
        return self._call(token, word)

    def _call(self, token: Token, word: str) -> Node:
        if self.is_sign(")"):
            self.advance()
            return self.node(word, token.at)
        arguments = self._list()
        if word in ("date", "timestamp"):
            return self.node(word, token.at, value=_only_text(word, token, arguments))
        if word == "bbox":
            return self.node(word, token.at, value=[_only_number(argument) for argument in arguments])
        return self.node(word, token.at, *arguments)


def _only_text(word: str, token: Token, arguments: list[Node]) -> str:
    if len(arguments) != 1 or arguments[0].op != "literal" or not isinstance(arguments[0].value, str):
        example = "'2024-05-01'" if word == "date" else "'2024-05-01T08:00:00Z'"
        raise fault(token.at, f"{word.upper()} takes one text", f"{word.upper()}({example})")
    return arguments[0].value


def _only_number(node: Node) -> float:
    if node.op != "literal" or isinstance(node.value, bool) or not isinstance(node.value, int | float):
        raise fault(node.at, "BBOX takes numbers", "BBOX(minx,miny,maxx,maxy)")
    return float(node.value)
