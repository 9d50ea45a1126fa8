"""The server's log: one JSON line an event on stderr, or plain lines on a terminal."""

from __future__ import annotations

import logging
import sys

import orjson
import structlog
from structlog.typing import Processor


def configure(level: str) -> None:
    """Set up structlog for this process; `level` is debug, info, warning or error."""
    number = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}.get(
        level, logging.INFO
    )
    if sys.stderr.isatty():
        structlog.configure(
            processors=for_terminal(),
            wrapper_class=structlog.make_filtering_bound_logger(number),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
            cache_logger_on_first_use=True,
        )
        return
    structlog.configure(
        processors=[*_shared(), structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=orjson.dumps)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )


def for_terminal() -> list[Processor]:
    """The steps of a plain line. A traceback is Python's own: with the values of its variables it would take seconds to draw, and
    tell the log what no reader of the log may see."""
    return [*_shared(), structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]


def _shared() -> list[Processor]:
    return [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
