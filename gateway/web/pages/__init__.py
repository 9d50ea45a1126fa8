"""The pages a person reads: one function a page, each a response; templates and words lie beside."""

from gateway.web.pages.about import api, conformance, functions, landing, problem, sign_in
from gateway.web.pages.catalogue import collection, collections, dataset, datasets, files, schema, versions
from gateway.web.pages.features import item, items
from gateway.web.pages.processes import job, jobs, process, processes
from gateway.web.pages.verdicts import submission, submissions

__all__ = [
    "api",
    "collection",
    "collections",
    "conformance",
    "dataset",
    "datasets",
    "files",
    "functions",
    "item",
    "items",
    "job",
    "jobs",
    "landing",
    "problem",
    "process",
    "processes",
    "schema",
    "sign_in",
    "submission",
    "submissions",
    "versions",
]
