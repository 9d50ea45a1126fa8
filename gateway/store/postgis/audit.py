"""Checks the journal in PostgreSQL against the file of heads in the twin's folder. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

from gateway.errors import GatewayError
from gateway.model.journal import Audit
from gateway.store import heads
from gateway.store.audit import Progress, Unsound, Written, examine
from gateway.store.journal import COLUMNS
from gateway.store.postgis import journal
from gateway.store.postgis.connection import Server, connect
from gateway.store.postgis.schema import Connection

_PORTION = 1000


def verify(folder: Path, server: Server, public_key: bytes | None = None) -> Audit:
    """What there is to say of the journal, under `public_key` (else the one that the twin's settings name)."""
    progress = Progress()
    # The file is read first: a commit between the two readings leaves the table ahead, which is sound.
    lines, rest = heads.read(folder / heads.FILE)
    connection = connect(server)
    try:
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            with connection.cursor("gw_audit") as rows:
                rows.itersize = _PORTION
                rows.execute(f"SELECT {COLUMNS} FROM journal ORDER BY sequence")
                notes = examine(lines, rest, _written(connection, rows), public_key, progress)
    except Unsound as bad:
        return Audit(False, progress.entries, progress.heads, bad.entry, bad.reason)
    except (psycopg.Error, GatewayError) as error:
        return Audit(False, progress.entries, progress.heads, progress.entries + 1, f"the store cannot be read: {error}")
    finally:
        connection.close()
    return Audit(True, progress.entries, progress.heads, None, None, tuple(notes))


def _written(connection: Connection, rows: Iterable[tuple[Any, ...]]) -> Written:
    named = connection.execute("SELECT value FROM setting WHERE name = 'public_key'").fetchone()
    return Written(
        heads=journal.heads(connection, -(2**62)),
        rows=rows,
        sizes=[size for (size,) in connection.execute("SELECT size FROM journal_peaks")],
        key=None if named is None else named[0],
    )
