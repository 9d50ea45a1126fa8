"""The Protocols between the services and everything they use: adapters, checks, the store, blobs, projections.

A service is handed objects that keep these contracts; it never imports the modules that fulfil them.
"""

from gateway.ports.charter import Check, Subject
from gateway.ports.formats import Adapter, Header, Output, Reading, ReadOptions
from gateway.ports.jobs import Jobs, Process, Work
from gateway.ports.projections import Projection
from gateway.ports.reading import Readable, Reader
from gateway.ports.store import Blobs, Publication, Staging, Store

__all__ = [
    "Adapter",
    "Blobs",
    "Check",
    "Header",
    "Jobs",
    "Output",
    "Process",
    "Projection",
    "Publication",
    "ReadOptions",
    "Readable",
    "Reader",
    "Reading",
    "Staging",
    "Store",
    "Subject",
    "Work",
]
