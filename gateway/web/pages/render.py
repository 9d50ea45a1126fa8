"""Turns a template and its facts into a response; everything is escaped, and a missing word or fact is an error."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from fastapi import Response

from gateway import __version__
from gateway.errors import UsageError
from gateway.model.dataset import Collection, Dataset
from gateway.model.text import Text, pick
from gateway.web import describe, licences
from gateway.web.asked import Asked
from gateway.web.messages import text
from gateway.web.negotiation import LANGUAGES

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent.parent / "templates"


@cache
def environment() -> Environment:
    """The template engine, loaded and made when the first page is asked for: a server need not wait for it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def page(asked: Asked, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **facts: Any) -> Response:
    """A page in the caller's language."""
    words = _Words(asked)
    shared = {
        "t": words.text,
        "pick": words.pick,
        "title": words.title,
        "day": words.day,
        "count": words.count,
        "size": words.size,
        "go": words.go,
        "json": _json,
        "is_address": licences.is_address,
        "lang": words.language,
        "others": [(tag, _again(asked, tag)) for tag in LANGUAGES if tag != words.language],
        "twin": asked.gateway.queries.title,
        "base": asked.base,
        "root": asked.root,
        "version": __version__,
        "who": asked.reader.name,
    }
    body = environment().get_template(template).render(shared | facts)
    known = {"Content-Language": words.language, **(headers or {})}
    return Response(body, status, known, media_type="text/html; charset=utf-8")


class _Words:
    """Words, numbers, dates and links in one language; links keep a language that was chosen by hand."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.language = asked.language_or_default()
        self._chosen = {"lang": self.language} if b"lang=" in asked.scope["query_string"] else {}

    def text(self, key: str, **values: object) -> str:
        return text(key, self.language, **values)

    def pick(self, words: Text | None) -> str:
        return pick(words, (self.language, *LANGUAGES))

    def title(self, found: Collection, dataset: Dataset) -> str:
        return self.pick(describe.title(found, dataset))

    def count(self, number: int) -> str:
        return f"{number:,}".replace(",", "\u202f" if self.language == "fr" else ",")

    def size(self, number: int) -> str:
        """Bytes as people say them, with two or three figures."""
        names = ("octets", "ko", "Mo", "Go", "To") if self.language == "fr" else ("bytes", "kB", "MB", "GB", "TB")
        value, step = float(number), 0
        while value >= 999.5 and step < len(names) - 1:
            value, step = value / 1000, step + 1
        figures = f"{value:.1f}" if step and value < 9.95 else f"{value:.0f}"
        return f"{figures.replace('.', ',') if self.language == 'fr' else figures}\u00a0{names[step]}"

    def day(self, moment: str | None) -> str:
        """An RFC 3339 time as a date people read; what is none stays as it is."""
        try:
            found = datetime.fromisoformat(moment or "")
        except ValueError:
            return moment or ""
        month = text(f"month-{found.month}", self.language)
        return f"{found.day} {month} {found.year}"

    def go(self, *segments: str, **parameters: str) -> str:
        return self._asked.page(*segments, **(self._chosen | parameters))


def _again(asked: Asked, language: str) -> str:
    """This page in another language; the landing page's address where this one's query cannot be read."""
    try:
        return asked.here(lang=language)
    except UsageError:
        return asked.page(lang=language)


def _json(value: Any) -> str:
    """JSON for a data attribute; the template engine escapes it."""
    return orjson.dumps(value).decode()
