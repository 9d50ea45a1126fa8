"""The journal shows every tampering: entries, heads and the file of heads hold one another."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from store_samples import create, open_again, publish, row

from gateway.model.access import EVERYTHING
from gateway.store import journal
from gateway.store.audit import verify
from gateway.store.merkle import EMPTY, Tree, leaf, node, root_of
from gateway.store.signing import JournalKey

ENTRIES = 12


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A twin with `ENTRIES` entries: folder and public key."""
    folder = tmp_path_factory.mktemp("journal") / "twin"
    store, key = create(folder)
    for turn in range(1, ENTRIES):
        publish(store, {"building": [row(n, turn=turn) for n in range(3)]})
    store.close()
    return folder, key.public


@pytest.fixture
def copy(original, tmp_path):
    return Path(shutil.copytree(original[0], tmp_path / "copy"))


def opened(folder: Path) -> apsw.Connection:
    """What someone with the file and no scruples has: no triggers, no locks."""
    connection = apsw.Connection(str(folder / "twin.gpkg"))
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB 'journal_*'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    return connection


def test_an_untouched_twin_is_sound_also_as_a_copy_elsewhere(original, copy):
    for folder in (original[0], copy):
        found = verify(folder, original[1])
        assert (found.sound, found.entries, found.heads, found.notes) == (True, ENTRIES, ENTRIES, ())
        assert verify(folder).sound


def test_verifying_writes_nothing(copy, original):
    (copy / "checkpoints.jsonl").write_bytes(b"".join((copy / "checkpoints.jsonl").read_bytes().splitlines(True)[:-2]))
    before = {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}
    found = verify(copy, original[1])
    assert found.sound
    assert "lacks the last 2" in found.notes[0]
    assert {name: (copy / name).read_bytes() for name in before} == before


def test_a_file_that_stayed_behind_is_brought_up_to_date_at_opening(copy, original):
    path = copy / "checkpoints.jsonl"
    whole = path.read_bytes()
    for kept in (whole[:-40], b"".join(whole.splitlines(True)[:3]), b""):
        path.write_bytes(kept)
        assert verify(copy, original[1]).sound
        open_again(copy).close()
        assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "statement", ["UPDATE journal SET kind = 'x'", "DELETE FROM journal", "INSERT OR REPLACE INTO journal SELECT * FROM journal"]
)
def test_the_table_refuses_to_be_changed(copy, statement):
    connection = apsw.Connection(str(copy / "twin.gpkg"))
    for text in (statement, statement.replace("journal", "journal_checkpoint").replace("kind", "time")):
        with pytest.raises(apsw.ConstraintError, match="append-only"):
            connection.execute(text)
    connection.close()


def test_every_member_is_covered(original, tmp_path):
    for number, (column, value) in enumerate(
        [
            ("time", "'2026-01-01T00:00:00.000Z'"),
            ("kind", "'other'"),
            ("body", "replace(body, 'city', 'town')"),
            ("body", "body || ' '"),
            ("body", "CAST(body AS BLOB)"),
            ("salt", "zeroblob(16)"),
            ("body_hash", "zeroblob(32)"),
            ("previous", "zeroblob(32)"),
            ("hash", "zeroblob(32)"),
            ("kind", "CAST(kind AS BLOB)"),
        ]
    ):
        folder = Path(shutil.copytree(original[0], tmp_path / str(number)))
        connection = opened(folder)
        connection.execute(f"UPDATE journal SET {column} = {value} WHERE sequence = 5")
        connection.close()
        found = verify(folder, original[1])
        assert (found.sound, found.bad_entry) == (False, 5), (column, value, found)


def test_a_cut_tail_is_found(copy, original):
    connection = opened(copy)
    for table, column in (("journal", "sequence"), ("journal_checkpoint", "size")):
        connection.execute(f"DELETE FROM {table} WHERE {column} > 9")
    peaks = Tree()
    for entry in journal.entries(connection, 0, 100):
        peaks.add(journal.envelope(entry.sequence, entry.time, entry.kind, entry.body_hash))
    connection.execute("UPDATE journal_peaks SET size = 9, peaks = ?", (peaks.pack(),))
    connection.close()
    found = verify(copy, original[1])
    assert (found.sound, found.bad_entry) == (False, 10)
    assert "cut" in found.reason


def test_a_journal_chained_anew_with_another_key_is_found(copy, original, tmp_path):
    other = JournalKey.create(tmp_path)
    connection = opened(copy)
    entries = journal.entries(connection, 0, 100)
    connection.execute("DELETE FROM journal; DELETE FROM journal_checkpoint; UPDATE journal_peaks SET size = 0, peaks = x''")
    for entry in entries:
        journal.append(connection, entry.kind, {**entry.body, "forged": True}, other.sign)
    connection.close()
    assert verify(copy, original[1]).bad_entry == 1
    assert not verify(copy).sound
    connection = opened(copy)
    connection.execute("UPDATE setting SET value = ? WHERE name = 'public_key'", (other.public.hex(),))
    connection.close()
    found = verify(copy)
    assert not found.sound
    assert "checkpoints.jsonl" in found.reason


def test_heads_of_other_entries_signed_with_the_right_key_are_found(copy, original):
    key = JournalKey.load(original[0])
    connection = opened(copy)
    entries = journal.entries(connection, 0, 100)
    connection.execute("DELETE FROM journal; DELETE FROM journal_checkpoint; UPDATE journal_peaks SET size = 0, peaks = x''")
    for entry in entries:
        journal.append(connection, entry.kind, {**entry.body, "forged": True}, key.sign)
    connection.close()
    found = verify(copy, original[1])
    assert not found.sound
    assert "line 1" in found.reason


def forge(folder: Path, chance: random.Random) -> str:
    """Do one random thing to the journal, its heads or the file of heads; say which. Every one of them must be noticed."""
    connection = opened(folder)
    try:
        one, other = chance.sample(range(1, ENTRIES + 1), 2)
        what = chance.choice(("edit", "swap", "remove", "insert", "head", "unhead", "line", "lines", "extra"))
        if what == "edit":
            column = chance.choice(("time", "kind", "body", "salt", "body_hash", "previous", "hash"))
            (value,) = connection.execute(f"SELECT {column} FROM journal WHERE sequence = ?", (one,)).fetchone()
            connection.execute(f"UPDATE journal SET {column} = ? WHERE sequence = ?", (flipped(value, chance), one))
        elif what == "swap":
            connection.execute(f"UPDATE journal SET sequence = -1 WHERE sequence = {one}")
            connection.execute(f"UPDATE journal SET sequence = {one} WHERE sequence = {other}")
            connection.execute(f"UPDATE journal SET sequence = {other} WHERE sequence = -1")
        elif what == "remove":
            connection.execute("DELETE FROM journal WHERE sequence = ?", (one,))
        elif what == "insert":
            place = chance.choice((0, ENTRIES + 1))
            connection.execute(
                f"INSERT INTO journal SELECT {place}, time, kind, body, salt, body_hash, previous, hash FROM journal "
                f"WHERE sequence = {one}"
            )
        elif what == "head":
            column = chance.choice(("root", "time", "signature"))
            (value,) = connection.execute(f"SELECT {column} FROM journal_checkpoint WHERE size = ?", (one,)).fetchone()
            connection.execute(f"UPDATE journal_checkpoint SET {column} = ? WHERE size = ?", (flipped(value, chance), one))
        elif what == "unhead":
            connection.execute("DELETE FROM journal_checkpoint WHERE size = ?", (one,))
        else:
            forge_file(folder / "checkpoints.jsonl", what, (one - 1, other - 1), chance)
    finally:
        connection.close()
    return what


def forge_file(path: Path, what: str, places: tuple[int, int], chance: random.Random) -> None:
    lines = path.read_bytes().splitlines(True)
    one, other = places
    if what == "line":
        place = chance.randrange(len(lines[one]) - 1)
        lines[one] = lines[one][:place] + bytes([lines[one][place] ^ 1]) + lines[one][place + 1 :]
    elif what == "lines":
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines.append(lines[one])
    path.write_bytes(b"".join(lines))


def flipped(value, chance: random.Random):
    content = bytearray(value.encode() if isinstance(value, str) else value)
    place = chance.randrange(len(content))
    content[place] ^= 1
    return content.decode() if isinstance(value, str) else bytes(content)


def tamper(original, tmp_path: Path, times: int, seed: int) -> None:
    chance = random.Random(seed)
    seen = set()
    for number in range(times):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in ("twin.gpkg", "checkpoints.jsonl"):
            shutil.copy(original[0] / name, folder / name)
        what = forge(folder, chance)
        found = verify(folder, original[1])
        assert not found.sound, (number, what)
        assert 1 <= found.bad_entry <= ENTRIES + 1
        seen.add(what)
        shutil.rmtree(folder)
    assert len(seen) == 9 or times < 50


def test_tamperings_in_a_sample_are_found(original, tmp_path):
    tamper(original, tmp_path, 60, 1)


@pytest.mark.proof
@pytest.mark.timeout(600)
def test_1000_tamperings_are_found(original, tmp_path):
    tamper(original, tmp_path, 1000, 2)


def test_the_tree_is_that_of_rfc_6962():
    def by_the_book(leaves):
        if not leaves:
            return EMPTY
        if len(leaves) == 1:
            return leaf(leaves[0])
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return node(by_the_book(leaves[:split]), by_the_book(leaves[split:]))

    for size in range(70):
        leaves = [bytes([number]) for number in range(size)]
        assert root_of(leaves) == by_the_book(leaves)
    # The known root of the reference implementation's eight test leaves.
    known = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    assert root_of(map(bytes.fromhex, known)).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_a_hidden_body_cannot_be_guessed_from_its_hash(original):
    store = open_again(original[0])
    with store.reading() as reader:
        salts = [entry.salt for entry in reader.entries()]
        assert reader.dataset("city", EVERYTHING) is not None
    store.close()
    assert len(set(salts)) == len(salts)
    assert all(len(salt) == 16 for salt in salts)


def test_the_command_says_yes_or_no(copy):
    def run(*arguments):
        done = subprocess.run(
            [sys.executable, "-c", "from gateway.cli.app import main; main()", "audit", "verify", str(copy), *arguments],
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout

    code, text = run("--json")
    assert (code, json.loads(text)["sound"], json.loads(text)["entries"]) == (0, True, ENTRIES)
    connection = opened(copy)
    connection.execute("UPDATE journal SET kind = 'x' WHERE sequence = 4")
    connection.close()
    code, text = run("--json")
    assert (code, json.loads(text)["badEntry"]) == (1, 4)
    code, text = run()
    assert code == 1
    assert "entry 4" in text
    assert run("--public-key", "zz")[0] == 2
