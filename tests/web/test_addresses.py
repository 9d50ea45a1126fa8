"""The address links are made from: the setting, a loopback Host with the served port, else the first allowed host (H05)."""

from __future__ import annotations

import pytest

from gateway.errors import UsageError
from gateway.settings import Settings
from gateway.web.asked import address, base_url


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost:8000", "http://localhost:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("[::1]:8000", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
        ("localhost:9999", "http://localhost:8000"),
        ("localhost:port", "http://localhost:8000"),
        (None, "http://localhost:8000"),
    ],
)
def test_without_a_setting_links_follow_a_loopback_host_on_the_served_port(host: str | None, expected: str) -> None:
    assert base_url(Settings(), host, 8000) == expected


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "", "[::2]:8000", "169.254.1.1"],
)
def test_another_host_is_not_answered(host: str) -> None:
    with pytest.raises(UsageError, match="host name"):
        base_url(Settings(), host, 8000)


def test_the_setting_makes_all_links_and_its_host_is_answered() -> None:
    settings = Settings(base_url="https://twin.example/geo")
    assert base_url(settings, "twin.example", 8000) == "https://twin.example/geo"
    assert base_url(settings, "localhost:8000", 8000) == "https://twin.example/geo"


def test_an_allowed_host_without_a_base_address_gets_the_first_allowed_one() -> None:
    settings = Settings(allowed_hosts=("twin.example", "other.example"))
    assert base_url(settings, "other.example", 8000) == "http://twin.example:8000"


@pytest.mark.parametrize("name", ["a b", "a/b", "?f=html", "ü", "..%2F", "a#b", "😀"])
def test_every_id_survives_in_an_address(name: str) -> None:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(address("http://localhost:8000", "collections", "c", "items", name))
    assert unquote(parts.path.rsplit("/", 1)[1]) == name
    assert not parts.query
    assert not parts.fragment
