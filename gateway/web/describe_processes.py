"""Processes as the standard describes them, made from their typed descriptions (OGC 18-062r2, 7.9 and 7.10)."""

from __future__ import annotations

from typing import Any

from gateway.model.process import Description, Input, Output
from gateway.model.text import Text, pick
from gateway.web.asked import Asked
from gateway.web.features import link

EXECUTE = "http://www.opengis.net/def/rel/ogc/1.0/execute"
PROCESSES = "http://www.opengis.net/def/rel/ogc/1.0/processes"
JOBS = "http://www.opengis.net/def/rel/ogc/1.0/job-list"


def summary(asked: Asked, description: Description) -> dict[str, Any]:
    """A process as the list has it."""
    address = asked.url("processes", description.id)
    return {
        **_named(asked, description.title, description.description),
        "id": description.id,
        "version": description.version,
        "keywords": list(description.keywords),
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "outputTransmission": ["value", "reference"],
        "links": [
            link(address, "self", "application/json", "the description of the process"),
            link(asked.url("processes", description.id, f="html"), "alternate", "text/html", "the process as a web page"),
            link(f"{address}/execution", EXECUTE, "application/json", "execute the process"),
        ],
    }


def whole(asked: Asked, description: Description) -> dict[str, Any]:
    """A process with its inputs and outputs."""
    return summary(asked, description) | {
        "inputs": {name: _input(asked, spec) for name, spec in description.inputs.items()},
        "outputs": {name: _output(asked, spec) for name, spec in description.outputs.items()},
    }


def _input(asked: Asked, spec: Input) -> dict[str, Any]:
    found = _named(asked, spec.title, spec.description)
    found |= {"minOccurs": spec.least, "maxOccurs": "unbounded" if spec.most is None else spec.most}
    return found | {"schema": dict(spec.schema)}


def _output(asked: Asked, spec: Output) -> dict[str, Any]:
    return _named(asked, spec.title, spec.description) | {"schema": dict(spec.schema)}


def _named(asked: Asked, title: Text, description: Text) -> dict[str, Any]:
    found = {"title": pick(title, asked.languages)}
    if description:
        found["description"] = pick(description, asked.languages)
    return found
