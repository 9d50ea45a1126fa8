"""A run as a JUnit report, for the tools that read those."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from conformance.verdict import Run, Status


def write(run: Run, target: Path) -> None:
    """Write the run to `target`; one test case an abstract test."""
    suite = ElementTree.Element(
        "testsuite",
        name=run.url,
        tests=str(len(run.outcomes)),
        failures=str(run.count(Status.FAILED)),
        skipped=str(run.count(Status.SKIPPED)),
    )
    for outcome in run.outcomes:
        group, _, name = outcome.id.rpartition("/")
        case = ElementTree.SubElement(suite, "testcase", classname=group, name=name, time=f"{outcome.seconds:.3f}")
        if outcome.status is not Status.PASSED:
            kind = "failure" if outcome.status is Status.FAILED else "skipped"
            ElementTree.SubElement(case, kind, message=outcome.reason)
    ElementTree.ElementTree(suite).write(target, encoding="utf-8", xml_declaration=True)
