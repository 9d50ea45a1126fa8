"""The landing page, the API's documentation, the conformance page and the page of a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Response

from gateway.cql2.functions import Function
from gateway.model.dataset import Dataset
from gateway.web.asked import Asked
from gateway.web.messages import catalogue
from gateway.web.pages.catalogue import card
from gateway.web.pages.render import page

_SHOWN = 6
"""Collections on the landing page's map."""


def landing(asked: Asked, datasets: Sequence[Dataset], headers: Mapping[str, str]) -> Response:
    """What is here, whose it is, and how to connect."""
    collections = [collection for dataset in datasets for collection in dataset.collections]
    shown = [found for found in collections if found.box is not None][:_SHOWN]
    overview = [{"items": asked.page("collections", found.id, "items"), "box": found.box} for found in shown]
    return page(
        asked,
        "landing.html",
        headers=headers,
        cards=[card(asked, dataset) for dataset in datasets],
        overview=overview,
        features=sum(found.features for found in collections),
        collections=len(collections),
        example=max(collections, key=lambda found: found.features, default=None),
        charter=asked.gateway.charter,
    )


def conformance(asked: Asked, classes: Sequence[str]) -> Response:
    """The conformance classes, by standard."""
    groups: dict[str, list[str]] = {}
    for uri in classes:
        standard = uri.split("/spec/", 1)[1].split("/", 1)[0]
        groups.setdefault(standard, []).append(uri)
    return page(asked, "conformance.html", groups=groups)


def functions(asked: Asked, found: Sequence[Function]) -> Response:
    """The functions that filters may call."""
    return page(asked, "functions.html", functions=found)


def api(asked: Asked, definition: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """The API definition as a page: every path with its parameters, and every kind of problem."""
    shared = definition["components"]["parameters"]
    operations = [
        (
            path,
            method.upper(),
            operation,
            [shared[entry["$ref"].rsplit("/", 1)[1]] if "$ref" in entry else entry for entry in operation["parameters"]],
        )
        for path, methods in definition["paths"].items()
        for method, operation in methods.items()
    ]
    by_tag = {tag["name"]: [entry for entry in operations if tag["name"] in entry[2]["tags"]] for tag in definition["tags"]}
    problems = sorted(key.removeprefix("problem-") for key in catalogue("en") if key.startswith("problem-"))
    return page(asked, "api.html", headers=headers, by_tag=by_tag, problems=problems)


def sign_in(asked: Asked) -> Response:
    """How to read with a key in a browser, or who reads already."""
    return page(asked, "sign-in.html", headers={"Cache-Control": "private, no-store"})


def problem(asked: Asked, status: int, code: str, members: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    """What went wrong, where, and how to mend it; a refusal shows its findings."""
    return page(asked, "problem.html", status=status, headers=headers, code=code, members=members)
