"""``python -m conformance URL [--json] [--junit FILE] [--key KEY]``: judge an endpoint.

Exit code 0 when nothing failed and something passed, 1 when a test failed, 2 for wrong use, 4 when nothing answers.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from conformance import junit
from conformance.runner import run
from conformance.verdict import Outcome, Run, Status, Unreachable


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit code."""
    options = _parser().parse_args(arguments)
    headers = {"Authorization": f"Bearer {options.key}"} if options.key else {}
    try:
        result = run(options.url, headers, _show if not options.json else lambda outcome: None)
    except Unreachable as silence:
        print(f"conformance: nothing answers: {silence}", file=sys.stderr)
        return 4
    if options.junit:
        junit.write(result, options.junit)
    if options.json:
        print(json.dumps(result.as_json(), indent=2))
    else:
        _close(result)
    return result.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance", description="Judge an OGC API endpoint by what it declares.")
    parser.add_argument("url", help="the landing page")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write a JUnit report")
    parser.add_argument("--key", help="API key, sent as a bearer token")
    return parser


def _show(outcome: Outcome) -> None:
    reason = f"  {outcome.reason}" if outcome.reason else ""
    print(f"{outcome.status.value:8}{outcome.id}{reason}")


def _close(result: Run) -> None:
    counts = ", ".join(f"{result.count(status)} {status.value}" for status in Status)
    print(f"{result.url}: {counts}")


if __name__ == "__main__":
    sys.exit(main())
