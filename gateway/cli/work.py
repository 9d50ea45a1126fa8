"""``gateway work``: run the jobs of a twin; `serve` starts it by itself."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from gateway import wiring_jobs
from gateway.cli.console import guarded
from gateway.settings import load
from gateway.store import choice
from gateway.web import log

app = typer.Typer(add_completion=False)


@app.command()
@guarded
def work(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The twin's folder.")],
    parent: Annotated[int, typer.Option(hidden=True, help="End when this process ends.")] = 0,
) -> None:
    """Run the jobs of a twin until interrupted; of several workers one works and the others stand by."""
    choice.check(folder)
    settings = load()
    log.configure(settings.log_level)
    stop = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda _sign, _frame: stop.set())
    if parent:
        threading.Thread(target=_watch, args=(parent, stop), daemon=True).start()
    wiring_jobs.worker(folder, settings).run(stop)
    # Whatever the queue's threads still hold is made to survive a sudden death; waiting for them would only be slower.
    os._exit(0)


def _watch(parent: int, stop: threading.Event) -> None:
    while os.getppid() == parent and not stop.wait(0.5):
        pass
    stop.set()
