"""One query parameter, one function: what it takes, what it refuses and by which name (hardening Q01, Q02, Q04, Q05)."""

from __future__ import annotations

import pytest

from gateway.errors import ParameterError
from gateway.web import parameters


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "1,2,3",
        "1,2,3,4,5",
        "1,2,3,4,5,6,7",
        "a,b,c,d",
        "[1,2,3,4]",
        "1,2,3,",
        "nan,0,1,1",
        "0,0,inf,1",
        "0,0,1e400,1",
        "٣,0,4,1",
    ],
)
def test_a_bbox_that_is_no_box_is_refused_by_name(text: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parameters.bbox(text)
    assert caught.value.parameter == "bbox"


def test_a_bbox_has_four_or_six_numbers() -> None:
    assert parameters.bbox("6.1,46.1,6.2,46.3") == (6.1, 46.1, 6.2, 46.3)
    assert parameters.bbox("6,46,-100,7,47,900") == (6, 46, -100, 7, 47, 900)
    assert parameters.bbox(" 1e1, -2 ,+3,4.") == (10, -2, 3, 4)


@pytest.mark.parametrize("text", ["", "0", "00", "-1", "1.5", "ten", "0x10", "1e3", "٣", " 5"])
def test_a_limit_that_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="limit"):
        parameters.limit(text, 10_000)


@pytest.mark.parametrize("text", ["10001", "1000000000", "9" * 400])
def test_a_limit_above_the_largest_is_capped(text: str) -> None:
    assert parameters.limit(text, 10_000) == 10_000


def test_a_limit_is_ten_unless_said() -> None:
    assert parameters.limit(None, 10_000) == 10
    assert parameters.limit("0007", 10_000) == 7


@pytest.mark.parametrize("key", [0, 1, 999_999, 2**62])
def test_a_token_gives_its_key_back(key: int) -> None:
    assert parameters.after(parameters.token_of(key)) == key


@pytest.mark.parametrize("text", ["", "x", "AAAA", "A" * 300, "é", "AAAAAAAAAAE=", parameters.token_of(5) + "A", "_" * 11, "10000"])
def test_a_token_of_someone_else_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="after"):
        parameters.after(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01", ("2024-05-01T00:00:00Z", "2024-05-01T23:59:59.999999Z")),
        ("2024-05-01T08:00:00Z", ("2024-05-01T08:00:00Z", "2024-05-01T08:00:00Z")),
        ("2024-05-01T08:00:00+02:00", ("2024-05-01T06:00:00Z", "2024-05-01T06:00:00Z")),
        ("2024-05-01T08:00:00 02:00", ("2024-05-01T06:00:00Z", "2024-05-01T06:00:00Z")),
        ("2024-05-01T08:00:00.250Z/..", ("2024-05-01T08:00:00.25Z", None)),
        ("../2024-05-01", (None, "2024-05-01T23:59:59.999999Z")),
        ("/2024-05-01", (None, "2024-05-01T23:59:59.999999Z")),
        ("2024-01-01/2024-02-01", ("2024-01-01T00:00:00Z", "2024-02-01T23:59:59.999999Z")),
        ("../..", (None, None)),
    ],
)
def test_a_time_is_an_instant_a_day_or_an_interval_in_utc(text: str, expected: tuple[str | None, str | None]) -> None:
    assert parameters.interval(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024",
        "2024-13-01",
        "2024-02-30",
        "2024-05-01T25:00:00Z",
        "2024-05-01T08:00:00",
        "2024-05-02/2024-05-01",
        "a/b",
        "2024-05-01/x/y",
        "0001-01-01T00:00:00+02:00",
    ],
)
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="datetime"):
        parameters.interval(text)
