"""The embedded store's file: a valid GeoPackage, private, versioned; and the snapshots that people open."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import apsw
import orjson
import pytest
import shapely
from store_samples import create, dataset, open_again, publish, row

from gateway.errors import Conflict, IntegrityError, NotFound
from gateway.model.access import EVERYTHING, Access
from gateway.model.crs import Crs
from gateway.model.query import Query
from gateway.store import container, schema
from gateway.store.connection import connect, fold_wal, transaction


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "twin"


def read_with_gdal(path, only=""):
    """Layers, fields, counts, systems, first geometry: read by GDAL in a process of its own, never beside apsw."""
    program = """
import json, sys, pyogrio, warnings
out = {}
for name, kind in pyogrio.list_layers(sys.argv[1]):
    if sys.argv[3] not in ("", name):
        continue
    told = pyogrio.read_info(sys.argv[1], layer=name)
    meta, _, geometry, values = pyogrio.raw.read(sys.argv[1], layer=name, force_2d=False)
    near = pyogrio.raw.read(sys.argv[1], layer=name, bbox=tuple(json.loads(sys.argv[2])))
    out[name] = {"kind": kind, "fields": [str(one) for one in told["fields"]], "types": [str(one) for one in told["dtypes"]],
        "features": told["features"], "crs": told["crs"], "near": len(near[2]), "first": geometry[0].hex(),
        "bounds": list(told["total_bounds"]), "index": bool(told["capabilities"]["fast_spatial_filter"])}
print(json.dumps(out))
"""
    box = json.dumps([6.0015, 45.0, 6.0035, 47.0])
    done = subprocess.run([sys.executable, "-c", program, str(path), box, only], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_snapshot_is_a_plain_geopackage_of_what_the_reader_sees(folder, tmp_path):
    store, _ = create(folder)
    publish(store, {"building": [row(n, id_=n, ID="x", fid=3) for n in range(10)], "Building": [row(1)], "journal": [row(1)]})
    publish(store, {"secret": [row(1)]}, of=dataset("hidden", level="C"))
    target = tmp_path / "out.gpkg"
    assert store.snapshot(target, Access(levels=frozenset({"open"}))) == 12
    layers = read_with_gdal(target)
    assert sorted(layers) == ["Building", "building_2", "journal"]
    found = layers["building_2"]
    assert found["fields"] == ["id", "name", "height", "storeys", "listed", "id_", "ID_2", "fid_2"]
    assert found["types"][1:5] == ["object", "float64", "int64", "bool"]
    assert (found["kind"], found["features"], found["near"], found["crs"], found["index"]) == ("Polygon", 10, 3, "EPSG:4326", True)
    connection = apsw.Connection(str(target))
    names = [
        name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'rtree_*'")
    ]
    assert not [name for name in names if not name.startswith(("gpkg_", "sqlite_")) and name not in layers]
    assert not list(connection.execute("SELECT name FROM pragma_table_info('building_2') WHERE name GLOB 'gw_*'"))
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    connection.close()
    store.close()


def test_a_snapshot_keeps_heights_and_the_compound_system(folder, tmp_path):
    store, _ = create(folder)
    point = shapely.Point(2600000.123, 1200000.456, 540.789)
    publish(store, {"mast": [row(1, shape=point)]}, crs=Crs("EPSG:2056", "EPSG:5728"))
    store.snapshot(tmp_path / "out.gpkg", EVERYTHING)
    found = read_with_gdal(tmp_path / "out.gpkg")["mast"]
    assert shapely.from_wkb(bytes.fromhex(found["first"])).coords[0] == point.coords[0]
    assert "LV95" in found["crs"]
    assert "LN02" in found["crs"]
    store.close()


def test_a_snapshot_replaces_a_file_whole_and_never_the_twin(folder, tmp_path):
    store, _ = create(folder)
    publish(store, {"building": [row(1)]})
    target = tmp_path / "out.gpkg"
    target.write_bytes(b"old")
    store.snapshot(target, EVERYTHING)
    assert read_with_gdal(target)["building"]["features"] == 1
    from gateway.errors import UsageError

    with pytest.raises(UsageError):
        store.snapshot(folder / "twin.gpkg", EVERYTHING)
    with pytest.raises(UsageError):
        store.snapshot(tmp_path / "no" / "out.gpkg", EVERYTHING)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.gpkg", "twin"]
    store.close()


def test_the_closed_twin_is_a_geopackage_itself(folder):
    store, _ = create(folder)
    publish(store, {"building": (row(n) for n in range(6000))})
    publish(store, {"building": [row(n, name="changed", shape=shapely.Point(6.002, 46)) for n in range(100, 200)]}, mode="delta")
    store.close()
    connection = connect(str(folder / "twin.gpkg"), write=True)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
    table = connection.execute("SELECT table_name FROM gpkg_contents WHERE identifier = 'building'").fetchone()[0]
    index = f"rtree_{table}_geom"
    assert connection.execute(f"SELECT rtreecheck('main', '{index}')").fetchone() == ("ok",)
    assert connection.execute(f"SELECT count(*) FROM {index}").fetchone() == (6000,)
    wrong = f"SELECT count(*) FROM {table} f JOIN {index} r ON r.id = f.fid WHERE r.minx > ST_MinX(geom) OR r.maxx < ST_MaxX(geom)"
    assert connection.execute(wrong).fetchone() == (0,)
    extension = connection.execute("SELECT extension_name, scope FROM gpkg_extensions WHERE table_name = ?", (table,)).fetchone()
    assert extension == ("gpkg_rtree_index", "write-only")
    triggers = connection.execute("SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ?", (table,)).fetchone()
    assert triggers == (7,)
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    found = read_with_gdal(folder / "twin.gpkg", table)[table]
    assert (found["features"], found["near"]) == (6000, 103)


def test_its_files_are_its_owners_alone(folder):
    store, _ = create(folder)
    publish(store, {"building": [row(1)]})
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    store.close()


def test_a_second_twin_is_not_made_over_the_first(folder):
    store, key = create(folder)
    with pytest.raises(Conflict):
        create(folder)
    store.close()
    assert sorted(path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm"))) == [
        *[*("checkpoints.jsonl", "journal.key", "staging", "twin.gpkg")][0:2],
        "twin.gpkg",
    ]
    assert key.public


def test_no_twin_and_no_database_are_told_apart(folder, tmp_path):
    with pytest.raises(NotFound):
        store = open_again_without_key(folder)
    folder.mkdir()
    (folder / "twin.gpkg").write_bytes(b"not a database at all, and long enough to be one" * 200)
    with pytest.raises(IntegrityError):
        open_again_without_key(folder)
    (folder / "twin.gpkg").unlink()
    apsw.Connection(str(folder / "twin.gpkg")).execute("CREATE TABLE x (y)")
    with pytest.raises(IntegrityError, match="not a twin"):
        store = open_again_without_key(folder)
        store.close()


def open_again_without_key(folder):
    from gateway.store.geopackage import GeoPackageStore

    return GeoPackageStore.open(str(folder), lambda message: b"")


def test_a_newer_twin_is_refused_and_an_older_one_migrated_after_a_backup(folder):
    store, _ = create(folder)
    publish(store, {"building": [row(1)]})
    connection = connect(store.path, write=True)

    def step(connection):
        connection.execute("CREATE TABLE brought_by_migration (x)")

    def broken(connection):
        step(connection)
        raise RuntimeError("out of luck")

    now = schema.VERSION
    with pytest.raises(RuntimeError):
        schema.upgrade(connection, {now: broken}, now + 1)
    assert schema.version_of(connection) == now
    backup = schema.upgrade(connection, {now: step}, now + 1)
    assert schema.version_of(connection) == now + 1
    assert connection.execute("SELECT count(*) FROM brought_by_migration").fetchone() == (0,)
    connection.close()
    old = connect(str(backup))
    assert schema.version_of(old) == now
    assert old.execute("SELECT count(*) FROM journal").fetchone() == (2,)
    old.close()
    assert backup.stat().st_mode & 0o077 == 0
    store.close()
    with pytest.raises(IntegrityError, match="newer"):
        open_again(folder)


def test_a_twin_of_schema_1_takes_signing_keys_and_attestations_after_it_was_opened(folder):
    store, _ = create(folder)
    publish(store, {"building": [row(1)]})
    store.close()
    connection = connect(store.path, write=True)
    connection.execute("DROP TABLE signing_key; DROP INDEX submission_attestation; ALTER TABLE submission DROP COLUMN attestation")
    connection.execute("UPDATE gateway_schema SET version = 1")
    connection.close()
    older = open_again(folder)
    with older.reading() as reader:
        assert reader.signing_keys() == []
        assert reader.attested("0" * 64) == set()
        assert [submission.attestation for submission in reader.submissions()] == [None]
    older.close()
    assert len(list(folder.glob("*.v1.*.gpkg"))) == 1
    fresh = connect(store.path)
    columns = {name for (name,) in fresh.execute("SELECT name FROM pragma_table_info('signing_key')")}
    assert columns == {"kid", "party", "public", "created", "since", "until", "revoked"}
    fresh.close()


def test_the_schema_parses_in_sqlite_3_40():
    """No table says STRICT or anything younger; what SQLite 3.40 lacks is listed in https://sqlite.org/changes.html."""
    text = (schema.TABLES + container.TABLES).upper()
    assert not [word for word in ("STRICT", "->>", "JSONB", "UNISTR", "IIF(") if word in text]


def test_a_damaged_page_is_told_and_not_served(folder):
    store, _ = create(folder)
    publish(store, {"building": (row(n) for n in range(2000))})
    store.close()
    path = folder / "twin.gpkg"
    content = bytearray(path.read_bytes())
    for page in range(20, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(IntegrityError):
        damaged = open_again(folder)
        with damaged.reading() as reader:
            for _ in reader.rows(Query("building", EVERYTHING, limit=-1)):
                pass


def test_a_compound_system_has_a_number_of_its_own(folder):
    store, _ = create(folder)
    connection = connect(store.path, write=True)
    with transaction(connection, store.path):
        numbers = [
            container.srs_of(connection, crs)
            for crs in (
                Crs("EPSG:2056"),
                Crs("EPSG:2056", "EPSG:5728"),
                Crs("EPSG:25832", "EPSG:7837"),
                Crs("OGC:CRS84"),
                Crs("ESRI:102100"),
                Crs("", local="site"),
            )
        ]
        again = container.srs_of(connection, Crs("EPSG:2056", "EPSG:5728"))
    assert numbers == [2056, 300001, 300002, 4326, 102100, -1]
    assert again == 300001
    rows = dict(connection.execute("SELECT srs_id, definition FROM gpkg_spatial_ref_sys WHERE srs_id > 0"))
    assert set(rows) == {4326, 2056, 300001, 300002, 102100}
    assert all(text.split("[")[0] in ("GEOGCS", "PROJCS", "COMPD_CS") for text in rows.values())
    connection.close()
    store.close()


@pytest.mark.parametrize("few", [1, 20_000])
def test_an_earlier_version_is_searched_by_place_along_its_own_index(few, folder, monkeypatch):
    monkeypatch.setattr("gateway.store.past._FEW", few)
    store, _ = create(folder)
    rows = [row(n) for n in range(60)]
    publish(store, {"building": rows})
    publish(store, {"building": [row(n, name="moved", shape=shapely.Point(0, 0)) for n in range(30)] + rows[30:]})
    box = (6.0202, 45.9, 6.0351, 46.1)
    with store.reading() as reader:
        page = reader.page(Query("building", EVERYTHING, version=1, boxes=(box, (6.0501, 45.9, 6.0502, 46.1)), limit=100))
        assert [one["id"] for one in orjson.loads(b"[" + page.body + b"]")] == [f"f{n}" for n in (*range(20, 36), 50)]
        assert reader.count(Query("building", EVERYTHING, version=1, boxes=((-1, -1, 1, 1),))) == 0
        assert reader.count(Query("building", EVERYTHING, boxes=((-1, -1, 1, 1),))) == 30
    store.close()


def test_a_twin_of_schema_2_has_its_past_indexed_when_it_is_opened(folder):
    store, _ = create(folder)
    publish(store, {"building": [row(n) for n in range(9)]})
    publish(store, {"building": [row(n, name="new") for n in range(9)]})
    store.close()
    connection = connect(store.path, write=True)
    connection.execute("DROP TABLE history_1_box; UPDATE gateway_schema SET version = 2")
    connection.close()
    store = open_again(folder)
    with store.reading() as reader:
        assert reader.count(Query("building", EVERYTHING, version=1, boxes=((6.0, 45.9, 6.0031, 46.1),))) == 4
    store.close()


def test_a_change_of_attributes_alone_leaves_the_spatial_index_as_it_was(folder):
    store, _ = create(folder)
    publish(store, {"trees": [row(number) for number in range(50)]})
    nodes = "SELECT nodeno, data FROM rtree_current_1_geom_node ORDER BY nodeno"
    connection = connect(str(folder / "twin.gpkg"))
    before = connection.execute(nodes).fetchall()
    publish(store, {"trees": [row(3, height=99.0, name="changed")]}, mode="delta")
    assert connection.execute(nodes).fetchall() == before
    publish(store, {"trees": [row(3, shape=shapely.box(7, 47, 7.1, 47.1)), row(4, shape="none")]}, mode="delta")
    moved = "SELECT minx > 6.9, maxy > 47 FROM rtree_current_1_geom WHERE id = ?"
    assert [connection.execute(moved, (key,)).fetchall() for key in (4, 5, 6)] == [[(1, 1)], [], [(0, 0)]]
    with store.reading() as reader:
        changed = reader.item("trees", "f3", EVERYTHING)
        assert changed is not None and changed.properties["height"] == 4.5 and changed.box == (7, 47, 7.1, 47.1)
        then = reader.item("trees", "f3", EVERYTHING, version=2)
        assert then is not None and then.properties["height"] == 99.0 and then.properties["name"] == "changed"
    connection.close()
    store.close()


def test_a_long_log_is_folded_as_soon_as_no_reader_needs_the_past(tmp_path):
    path = str(tmp_path / "log.db")
    writer = connect(path, write=True, create=True)
    writer.execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0; CREATE TABLE big (content BLOB)").fetchall()
    reader = connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM big").fetchall()
    writer.execute("INSERT INTO big VALUES (zeroblob(4000000))")
    fold_wal(writer)
    pages, done = writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    assert done < pages
    leaving = threading.Timer(0.1, lambda: reader.execute("COMMIT"))
    leaving.start()
    fold_wal(writer, 30.0)
    leaving.join()
    pages, done = writer.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
    assert done == pages
    reader.close()
    writer.close()
