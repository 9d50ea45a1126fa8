"""The pages a person reads: one function a page, each a response; templates and words lie beside."""

from gateway.web.pages.about import api, conformance, landing, problem
from gateway.web.pages.catalogue import collection, collections, dataset, datasets, schema
from gateway.web.pages.features import item, items
from gateway.web.pages.verdicts import submission, submissions

__all__ = [
    "api",
    "collection",
    "collections",
    "conformance",
    "dataset",
    "datasets",
    "item",
    "items",
    "landing",
    "problem",
    "schema",
    "submission",
    "submissions",
]
