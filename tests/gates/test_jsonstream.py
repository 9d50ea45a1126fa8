"""Walking a large JSON text in windows must give what reading it whole gives."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import TooLarge, Unreadable
from gateway.gates import jsonstream
from gateway.gates.jsonstream import JsonStream

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 10**6) | st.text('a"\\{}[],:é\n'),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('a"\\{}[],'), inner, max_size=4),
    max_leaves=20,
)


def _walk(raw: bytes, window: int) -> dict[str, Any]:
    stream = JsonStream(io.BytesIO(raw), window=window)
    found: dict[str, Any] = {}
    for key in stream.members():
        if key == "skipped":
            continue
        kind = stream.kind()
        if kind == b"[":
            found[key] = [element for batch in stream.elements() for element in batch]
        elif kind == b"{":
            found[key] = {name: value for batch in stream.entries() for name, value in batch.items()}
        else:
            found[key] = stream.value()
    stream.finish()
    return found


@given(st.dictionaries(st.text('a"\\{,', max_size=3), _VALUES, max_size=5), _VALUES, st.integers(1, 40), st.booleans())
def test_a_text_walked_in_windows_of_any_size_is_the_text_read_whole(
    value: dict[str, Any], skipped: Any, window: int, indented: bool
) -> None:
    whole = {"skipped": skipped, **value}
    raw = json.dumps(whole, indent=1 if indented else None, ensure_ascii=False).encode()
    assert _walk(raw, window) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"a"',
        b'{"a":',
        b'{"a":[',
        b'{"a":[1',
        b'{"a":[1,',
        b'{"a":[{"b":1}',
        b'{"a":"x',
        b'{"a":1',
        b'{"a":[1]',
        b'{"skipped":[[1]',
    ],
)
def test_a_text_that_is_cut_off_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        _walk(raw, 8)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":[1,]}',
        b'{"a":[,1]}',
        b'{"a":[1}}',
        b'{"a":{"b":1]}',
        b'{"a":1}}',
        b'{"a":1,}',
        b"{a:1}",
        b'{"a" 1}',
        b'{"a":1,"a":2}',
        b'{"a":[1 2]}',
    ],
)
def test_a_text_that_is_broken_is_unreadable(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        _walk(raw, 8)


def test_the_error_names_the_element_and_the_line() -> None:
    raw = b'{"features":[\n{"a":1},\n{"a":1},\n{"a":1,"a":2}\n]}'
    stream = JsonStream(io.BytesIO(raw))
    assert next(stream.members()) == "features"
    with pytest.raises(Unreadable, match="/features/2: the key 'a' stands twice"):
        list(stream.elements(place="/features"))


def test_a_broken_element_far_inside_is_named_by_its_line() -> None:
    lines = [b'{"a":1},'] * 5000 + [b'{"a":}'] + [b"]}"]
    stream = JsonStream(io.BytesIO(b'{"features":[\n' + b"\n".join(lines)), window=4096)
    next(stream.members())
    with pytest.raises(Unreadable, match="/features/5000, line 5002, column 6"):
        list(stream.elements(place="/features"))


def test_one_element_beyond_the_limit_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonstream, "MAX_ELEMENT", 1 << 16)
    stream = JsonStream(io.BytesIO(b"[[" + b"1," * 1_000_000 + b"1]]"), window=1024)
    with pytest.raises(TooLarge):
        list(stream.elements())
