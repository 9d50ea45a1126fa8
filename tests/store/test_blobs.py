"""Blobs: named by what they hold, kept once, there when `put` has returned."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gateway.errors import Busy, NotFound, UsageError
from gateway.settings import Settings
from gateway.store.blobs import FolderBlobs
from gateway.store.objects import ObjectBlobs, bucket


@pytest.fixture(params=["folder", pytest.param("bucket", marks=pytest.mark.service)])
def blobs(tmp_path, request):
    if request.param == "folder":
        return FolderBlobs(tmp_path / "blobs")
    storage = request.getfixturevalue("object_storage")
    return ObjectBlobs(bucket(storage.address, storage.settings, f"blobs-{tmp_path.name}"))


def test_a_blob_comes_back_under_the_digest_of_its_bytes(blobs, tmp_path):
    for content in (b"", b"x", bytes(range(256)) * 20_000):
        (tmp_path / "file").write_bytes(content)
        digest = blobs.put(tmp_path / "file")
        assert digest == sha256(content).hexdigest()
        assert b"".join(blobs.read(digest)) == content
        assert blobs.put(tmp_path / "file") == digest


def test_a_blob_that_is_not_there_is_not_found(blobs):
    digest = sha256(b"nothing").hexdigest()
    assert not blobs.has(digest)
    blobs.remove(digest)
    with pytest.raises(NotFound):
        list(blobs.read(digest))


def test_a_removed_blob_is_gone(blobs, tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    digest = blobs.put(tmp_path / "file")
    blobs.remove(digest)
    assert not blobs.has(digest)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "/x"])
def test_a_name_that_is_no_digest_is_refused(blobs, name):
    for question in (blobs.has, blobs.remove, lambda digest: list(blobs.read(digest))):
        with pytest.raises(UsageError):
            question(name)


def test_an_address_that_is_no_bucket_is_refused():
    for address in ("file:///tmp/x", "s3://", "http://x/y", "s3://key:secret@bucket/x"):
        with pytest.raises(UsageError):
            bucket(address, Settings(), "blobs")


@pytest.mark.service
def test_a_storage_that_is_away_is_busy_and_nothing_is_lost(tmp_path, monkeypatch):
    from gateway.store import objects

    monkeypatch.setattr(objects, "_RETRIES", {"max_retries": 0, "retry_timeout": objects.timedelta(seconds=1)})
    away = Settings(s3_endpoint="http://127.0.0.1:9", s3_key="x", s3_secret="y")
    (tmp_path / "file").write_bytes(b"content")
    with pytest.raises(Busy):
        ObjectBlobs(bucket("s3://x/y", away, "blobs")).put(tmp_path / "file")
