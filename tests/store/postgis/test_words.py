"""The catalogue's words on PostgreSQL are those of SQLite's full text search, and a search finds the same."""

from __future__ import annotations

import random
from dataclasses import replace

import apsw
import pytest
from store_samples import dataset, publish

from gateway.model.access import EVERYTHING
from gateway.model.query import RecordQuery, Text
from gateway.model.record import Record
from gateway.store.postgis.words import cut, folded

PIECES = ("Été", "straße", "foo_bar", "a", "Ångström", "日本", "l'eau", "x-y", "12.5", "ΣΑΣ", "\n", "100%", "\\", "_", "ﬁn", "İ")


def test_words_are_cut_as_they_are_by_sqlite():
    draw = random.Random(3)
    base = apsw.Connection(":memory:")
    base.execute("CREATE VIRTUAL TABLE t USING fts5 (words, tokenize = 'unicode61 remove_diacritics 2')")
    base.execute("CREATE VIRTUAL TABLE v USING fts5vocab (t, instance)")
    for _ in range(200):
        text = " ".join(draw.choices(PIECES, k=draw.randrange(12)))
        base.execute("DELETE FROM t")
        base.execute("INSERT INTO t VALUES (?)", (text,))
        assert cut(text) == [term for (term,) in base.execute("SELECT term FROM v ORDER BY offset")]
    assert folded("Été, l'eau!") == " ete l eau "
    assert folded("") == " "


@pytest.mark.service
def test_a_search_finds_what_it_finds_in_sqlite(twin):
    draw = random.Random(4)
    base = apsw.Connection(":memory:")
    base.execute("CREATE VIRTUAL TABLE t USING fts5 (words, tokenize = 'unicode61 remove_diacritics 2')")
    for number in range(12):
        text = " ".join(draw.choices(PIECES, k=8)).replace("\n", " ")
        of = replace(dataset(f"d{number:02}"), record=Record(f"r{number:02}", {"en": text}))
        publish(twin.store, {}, of=of)
        base.execute("INSERT INTO t (rowid, words) VALUES (?, ?)", (number, f"r{number:02}\n{text}"))
    with twin.store.reading() as reader:
        for asked in (
            "ete",
            "STRASSE",
            "straße",
            "foo bar",
            "foo_bar",
            "bar_foo",
            "eau l",
            "12",
            "5 12",
            "日本",
            "angstrom x",
            "r03",
        ):
            words = " ".join(f'"{word}"' for word in asked.split())
            wanted = [f"r{number:02}" for (number,) in base.execute("SELECT rowid FROM t WHERE t MATCH ? ORDER BY rowid", (words,))]
            _, found = reader.records(RecordQuery(EVERYTHING, Text(asked), limit=100))
            assert [one.id for one in found] == wanted, asked
