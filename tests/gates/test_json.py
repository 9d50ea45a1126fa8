"""The JSON gate: hardening cases G01 to G06."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Unreadable
from gateway.gates.json import loads

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('ab"\\:{}[],é\n'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text('ab"\\:{}[]'), inner),
)


@given(_VALUES)
def test_valid_json_reads_as_the_standard_library_reads_it(value: object) -> None:
    raw = json.dumps(value).encode()
    assert loads(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e400", b"1" * 5000, b"1" * 21, b"0." + b"1" * 60]
)
def test_a_number_that_cannot_be_kept_is_refused(number: bytes) -> None:
    with pytest.raises(Unreadable):
        loads(b'{"type":"Point","coordinates":[' + number + b",1]}")


@pytest.mark.parametrize("number", [b"-0", b"1e308", b"18446744073709551615", b"0.12345678901234567", b"-9223372036854775808"])
def test_a_number_that_a_double_or_64_bits_hold_is_kept(number: bytes) -> None:
    assert loads(b"[" + number + b"]") == json.loads(b"[" + number + b"]")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"access":"open","access":"restricted"}',
        b'{"type":"Feature","x":{"type":1},"type":"Feature"}',
        b'[1,{"a":1,"a":2}]',
        b'[[[1]],[{"a":1,"a":2}]]',
        b'{"a":1,"\\u0061":2}',
        b'{"a":{"b":1},"a":1}',
    ],
)
def test_the_same_key_twice_in_one_object_is_refused_by_name(raw: bytes) -> None:
    with pytest.raises(Unreadable, match=r"the key '(access|type|a)' stands twice"):
        loads(raw)


def test_punctuation_inside_strings_is_no_structure() -> None:
    value = {'a":{"a': '\\":{[', "b": [[1, 2], {"c": "\\\\"}]}
    assert loads(orjson.dumps(value)) == value


@pytest.mark.parametrize("raw", [b"[" * 200_000, b"[" * 100 + b"]" * 100, b'{"a":' * 100 + b"1" + b"}" * 100])
def test_deep_nesting_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        loads(raw)


def test_sixty_four_levels_pass() -> None:
    assert loads(b'{"a":' * 64 + b"1" + b"}" * 64)


@pytest.mark.parametrize(
    "raw", [b'"\\ud800"', b'{"\\udc00":1}', b'["\\ud800\\u0041"]', b'"\\u0000"', b'"\x00"', b'"\xff"', '{"a":1}'.encode("utf-16")]
)
def test_text_that_is_no_sound_unicode_is_refused(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        loads(raw)


def test_a_byte_order_mark_is_skipped() -> None:
    assert loads(b"\xef\xbb\xbf[1]") == [1]


def test_an_error_names_line_and_column() -> None:
    with pytest.raises(Unreadable, match="feature 3, line 2, column 6"):
        loads(b'{"a":1,\n"b": }', place="feature 3")


def test_a_text_of_several_megabytes_is_judged_as_a_short_one() -> None:
    good = [{"key": f'value "{i}" \\', "list": [[i, 1.5], [i, 2.5]]} for i in range(50_000)]
    raw = orjson.dumps(good)
    assert len(raw) > 2_000_000
    assert loads(raw) == good
    with pytest.raises(Unreadable, match="'key' stands twice"):
        loads(raw[:-2] + b',"key":1}]')
