"""One store's words for a folder, a bucket and whatever else fsspec knows."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from strava_assets.stores import Store


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """An empty one."""
    if request.param == "folder":
        return Store(str(tmp_path / "store"))
    request.getfixturevalue("s3")
    return Store("s3://private-rides/x")


def test_what_is_written_is_listed_until_it_is_deleted(store: Store) -> None:
    assert store.keys() == []
    store.write("a/b.txt", b"1")
    store.write("c.txt", b"22")
    assert store.sizes() == {"a/b.txt": 1, "c.txt": 2}
    assert store.keys("a") == ["a/b.txt"]
    store.delete("a/b.txt")
    store.delete("a/b.txt")
    with pytest.raises(FileNotFoundError):
        store.read("a/b.txt")


def test_an_object_that_is_written_over_has_another_version(store: Store) -> None:
    store.write("a/b.txt", b"1")
    store.write("a/c.txt", b"1")
    before = store.versions("a")
    assert before.keys() == {"a/b.txt", "a/c.txt"}
    assert store.versions("a") == before
    store.write("a/b.txt", b"2")  # as long as it was
    after = store.versions("a")
    assert after["a/b.txt"] != before["a/b.txt"]
    assert after["a/c.txt"] == before["a/c.txt"]
    store.delete("a/b.txt")
    assert store.versions("a") == {"a/c.txt": before["a/c.txt"]}
    assert store.versions("elsewhere") == {}


def test_what_goes_while_it_is_listed_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(str(tmp_path))
    store.write("a/kept", b"1")
    store.write("a/going", b"1")
    scandir = os.scandir

    @contextmanager
    def and_then_it_goes(folder: str) -> Iterator[Any]:
        with scandir(folder) as entries:
            found = list(entries)
        (tmp_path / "a" / "going").unlink(missing_ok=True)
        yield found

    monkeypatch.setattr(os, "scandir", and_then_it_goes)
    assert store.sizes() == {"a/kept": 1}


def test_a_store_that_keeps_no_versions_names_none() -> None:
    store = Store(f"memory://{uuid.uuid4().hex}")
    store.write("a.txt", b"1")
    assert store.sizes() == {"a.txt": 1}
    assert store.versions("") == {}


def test_only_a_bucket_has_an_origin_that_addresses_lead_to(tmp_path: Path, s3: str) -> None:
    assert Store(str(tmp_path)).signed_origin() == ""
    assert Store("memory://map").signed_origin() == ""
    assert Store("s3://public-rides/map").signed_origin() == s3
