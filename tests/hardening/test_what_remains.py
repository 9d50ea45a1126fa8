"""After all the others (files run in order of name): the journal verifies, nothing is left over, memory is bounded."""

from __future__ import annotations

import json
from pathlib import Path

from tests.hardening.server import Served, run


def test_the_journal_still_verifies_and_memory_is_bounded_at_the_end(twin: tuple[Path, str], server: Served) -> None:
    folder, _ = twin
    done = run("audit", "verify", folder, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)
    assert server.memory() < 700_000_000
    assert list((folder / "incoming").glob("*")) == []
