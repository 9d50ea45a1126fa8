"""Blobs: named by what they hold, kept once, there when `put` has returned."""

from __future__ import annotations

from hashlib import sha256

import pytest

from gateway.errors import NotFound, UsageError
from gateway.store.blobs import FolderBlobs


@pytest.fixture(params=["folder"])
def blobs(tmp_path):
    return FolderBlobs(tmp_path / "blobs")


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
