"""The durable queue under the jobs: DBOS workflows over SQLite, in the one worker that owns them.

Measured on two cores (DBOS 3.4, its own SQLite database): its queues are polled; at 20 ms a poll an idle worker takes 13 % of a
core, at 100 ms a job waits 94 ms for its turn and at most 19 start in a second. So a job is started in the worker at once when
it hears of it (2 ms, 300 in a second) as a durable workflow, and only what a dead worker left behind comes through DBOS's queue.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy
from dbos import DBOS, SetWorkflowID
from sqlalchemy import event

_NAME = "twin-gateway"
_VERSION = "1"
"""Of the workflow below: work of an older version is not taken up by a newer one, so it changes only with its steps."""
_OLDEST = (3, 42)
_RECOVERIES = 10_000


class DurableQueue:
    """Runs ``perform(id)`` at least once for every id that was started, across deaths of this process, then ``conclude(id)``."""

    def __init__(self, folder: Path, perform: Callable[[str], None], conclude: Callable[[str], None]) -> None:
        logging.getLogger("dbos").setLevel(logging.ERROR)
        self._engine = _engine(folder / "queue.db")
        DBOS(
            config={
                "name": _NAME,
                "system_database_engine": self._engine,
                "system_database_url": str(self._engine.url),
                "executor_id": "worker",
                "application_version": _VERSION,
                "log_level": "ERROR",
                "enable_otlp": False,
            }
        )

        @DBOS.step(name="perform")
        def performed(id: str) -> None:
            perform(id)

        @DBOS.step(name="conclude")
        def concluded(id: str) -> None:
            conclude(id)

        @DBOS.workflow(name="job", max_recovery_attempts=_RECOVERIES)
        def workflow(id: str) -> None:
            performed(id)
            concluded(id)

        self._workflow = workflow

    def launch(self) -> None:
        """Begin; what an earlier worker left unfinished is taken up again within about a second."""
        DBOS.launch()

    def start(self, id: str) -> None:
        """Start a job. One that was started before, by whichever worker, is not started twice."""
        with SetWorkflowID(id):
            DBOS.start_workflow(self._workflow, id)

    def is_settled(self, id: str) -> bool | None:
        """Whether nothing more will be done for a job; None for one that was never started."""
        found = DBOS.list_workflows(workflow_ids=[id], load_input=False, load_output=False)
        return found[0].status not in ("PENDING", "ENQUEUED", "DELAYED") if found else None

    def forget(self, ids: list[str]) -> None:
        """Remove what is known of finished jobs."""
        known = [status.workflow_id for status in DBOS.list_workflows(workflow_ids=ids, load_input=False, load_output=False)]
        for id in known:
            DBOS.delete_workflow(id)

    def close(self) -> None:
        """Stop DBOS's threads."""
        DBOS.destroy(destroy_registry=True)
        self._engine.dispose()


def _engine(path: Path) -> sqlalchemy.Engine:
    """An engine over a database that no other library opens; WAL, and each commit on the disk."""
    engine = sqlalchemy.create_engine(f"sqlite:///{path}", module=_library())

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout = 30000", "foreign_keys = ON", "journal_mode = WAL", "synchronous = FULL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


def _library() -> Any:
    """Python's own SQLite where it is new enough for DBOS, else the one that pysqlite3 brings."""
    import importlib

    own = importlib.import_module("sqlite3.dbapi2")
    return own if own.sqlite_version_info >= _OLDEST else importlib.import_module("pysqlite3.dbapi2")
