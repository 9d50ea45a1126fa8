"""The words of a text as the catalogue's search knows them, the same in every store: without case, accents and punctuation.

SQLite's own tokenizer cuts them, so that a search on PostgreSQL finds what one on the embedded store finds.
"""

from __future__ import annotations

import threading
from typing import Any

import apsw

_TOKENIZER = ("unicode61", ["remove_diacritics", "2"])
_local = threading.local()


def folded(text: str) -> str:
    """The words of a text in order, each behind a blank, and a blank at the end: what `record_search.words` holds."""
    return "".join(f" {word}" for word in cut(text)) + " "


def cut(text: str) -> list[str]:
    """The words of a text in order."""
    tokens = _tokenizer()(text.encode(), apsw.FTS5_TOKENIZE_DOCUMENT, None, include_offsets=False, include_colocated=False)
    return [str(token) for token in tokens]


def _tokenizer() -> Any:
    """The tokenizer of this thread; a connection of SQLite belongs to one thread at a time."""
    found = getattr(_local, "tokenizer", None)
    if found is None:
        _local.connection = apsw.Connection(":memory:")
        name, arguments = _TOKENIZER
        found = _local.tokenizer = _local.connection.fts5_tokenizer(name, arguments)
    return found
