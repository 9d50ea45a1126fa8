"""What every verb shares: one JSON document or plain lines on stdout, progress on stderr, one place for exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from gateway.errors import GatewayError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def emit(document: Any, *, json: bool, text: Callable[[], None]) -> None:
    """Print `document` as JSON, or let `text` print it for a person."""
    if json:
        sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        sys.stdout.flush()
    else:
        text()


def guarded[**P, R](command: Callable[P, R]) -> Callable[P, R]:
    """Turn a GatewayError into one sentence on stderr and its exit code (0 success, 1 no, 2 use, 3 input, 4 remote or busy)."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except GatewayError as error:
            if kwargs.get("json"):
                problem = {"error": error.code, "message": error.message, "place": error.place, "cure": error.cure}
                sys.stdout.buffer.write(orjson.dumps(problem, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
                sys.stdout.flush()
            err.print(f"gateway: {error}", markup=False)
            raise typer.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return run


@contextmanager
def progress(what: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
    """A progress bar on stderr, only on a terminal; yields a function that advances it."""
    if not err.is_terminal:
        yield lambda amount: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda amount: bar.advance(task, amount)
