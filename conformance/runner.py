"""Runs the tests of what an endpoint declares, and the lint of the declaration itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from conformance import declaration, suite
from conformance.client import Client
from conformance.features.resources import CORE
from conformance.site import Site
from conformance.verdict import AbstractTest, Failed, Outcome, Run, Skipped, Status, Unreachable


def run(url: str, headers: Mapping[str, str] | None = None, told: Callable[[Outcome], None] = lambda outcome: None) -> Run:
    """Judge the endpoint whose landing page is at `url`. Raises Unreachable if nothing answers there.

    Core is judged whether declared or not: an endpoint that does not declare it fails `conformance-success`.
    """
    site = Site(url, Client(headers))
    site.client.get(f"{site.url}/")
    result = Run(site.url, _declared(site))
    judged = [one.tests for one in suite.installed() if one.uri == CORE or one.uri in result.declared]
    for tests in (declaration.TESTS, *judged):
        for test in tests:
            outcome = _try(test, site)
            result.outcomes.append(outcome)
            told(outcome)
    return result


def _declared(site: Site) -> tuple[str, ...]:
    try:
        found = site.conformance.get("conformsTo", [])
    except Failed:
        return ()
    return tuple(str(uri) for uri in found) if isinstance(found, list) else ()


def _try(test: AbstractTest[Site], site: Site) -> Outcome:
    began = time.monotonic()
    status, reason = Status.PASSED, ""
    try:
        test.run(site)
    except Failed as failure:
        status, reason = Status.FAILED, str(failure)
    except Skipped as skip:
        status, reason = Status.SKIPPED, str(skip)
    except Unreachable as silence:
        status, reason = Status.FAILED, f"no answer: {silence}"
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        status, reason = Status.FAILED, f"the answer has another shape than the standard's: {type(error).__name__} {error}"
    return Outcome(test.id, status, reason, time.monotonic() - began)
