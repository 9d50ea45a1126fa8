"""A program the tests start, and kill: publishes or reads a twin, telling each acknowledged step on stdout.

worker.py publish DIR NAME COUNT   publish COUNT versions of dataset NAME: each feature of both collections carries the turn
worker.py read DIR                 read until killed, telling versions; dies of an assertion when one is not whole
"""

from __future__ import annotations

import sys
from pathlib import Path

import store_samples

from gateway.model.access import EVERYTHING
from gateway.model.query import Query

FEATURES = 40


def publish(folder: Path, name: str, count: int) -> None:
    store = store_samples.open_again(folder, wait=60)
    with store.reading() as reader:
        found = reader.dataset(name, EVERYTHING)
    start = 1 if found is None else found.version + 1
    for turn in range(start, start + count):
        rows = [store_samples.row(n, turn=turn) for n in range(FEATURES)]
        sent = store_samples.submission(name, name, id=f"{name}-{turn}", effect=f"{name}-{turn}")
        content = {f"{name}-a": rows, f"{name}-b": rows[: FEATURES // 2]}
        store_samples.publish(store, content, of=store_samples.dataset(name), submission=sent)
        print(turn, flush=True)


def read(folder: Path) -> None:
    store = store_samples.open_again(folder)
    while True:
        with store.reading() as reader:
            for found in reader.datasets(EVERYTHING):
                turns = {
                    (one.id, row.properties["turn"])
                    for one in found.collections
                    for row in reader.rows(Query(one.id, EVERYTHING, limit=-1))
                }
                assert {turn for _, turn in turns} == {found.version}, turns
                assert [one.features for one in found.collections] == [FEATURES, FEATURES // 2]
                print(found.id, found.version, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "publish":
        publish(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
    else:
        read(Path(sys.argv[2]))
