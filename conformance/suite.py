"""The suites there are: each judges one conformance class and is found by its entry point in the group ``conformance.suites``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points

from conformance.site import Site
from conformance.verdict import AbstractTest, require

GROUP = "conformance.suites"


@dataclass(frozen=True, slots=True)
class Suite:
    """The abstract tests of the class `uri`, in the order they are tried."""

    uri: str
    tests: tuple[AbstractTest[Site], ...]

    @classmethod
    def of(cls, uri: str, **tests: Callable[[Site], None]) -> Suite:
        """A suite of functions by the name of their test; an underscore stands for a hyphen, two for an underscore."""
        named = ((name.replace("__", "/").replace("_", "-").replace("/", "_"), function) for name, function in tests.items())
        return cls(uri, tuple(AbstractTest(f"{uri}/{name}", function) for name, function in named))


def installed() -> list[Suite]:
    """All suites of this installation, by the URI of their class."""
    found = [entry.load() for entry in entry_points(group=GROUP)]
    return sorted((suite for suite in found if isinstance(suite, Suite)), key=lambda suite: suite.uri)


def declared(uri: str) -> Callable[[Site], None]:
    """The test ``get-conformance`` of a class: it stands in /conformance."""

    def get_conformance(site: Site) -> None:
        require(site.declares(uri), f"{uri} is not declared")

    return get_conformance
