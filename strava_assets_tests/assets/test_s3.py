"""A bucket is as good as a folder: the same code, the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from strava_assets.installation import Installation
from strava_assets.publish.verify import verify
from strava_assets.stores import Store, open_private
from strava_assets_tests.assets.conftest import public_files, run


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server with two buckets."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    import boto3

    client = boto3.client("s3")
    for name in ("private-rides", "public-rides"):
        client.create_bucket(Bucket=name)
    yield f"http://{host}:{port}"
    server.stop()


def test_buckets_hold_what_folders_do(history: Installation, s3: str) -> None:
    run(history)
    in_folders = public_files(history)
    settings = history.settings.model_copy(
        update={"private_url": "s3://private-rides/a", "public_url": "s3://public-rides/b"}
    )
    in_bucket = Installation(settings, history.database, open_private(settings))
    for key in history.store.keys("landing"):
        in_bucket.store.write(key, history.store.read(key))
    run(in_bucket)
    assert public_files(in_bucket) == in_folders
    assert verify(in_bucket.gate()).findings == []
    import boto3

    told = boto3.client("s3").head_object(
        Bucket="public-rides", Key=f"b/{next(p for p in in_folders if p.endswith('.csv'))}"
    )
    assert told["ContentType"] == "text/csv"
    assert told["Metadata"] == {}
    before = {
        entry["Key"]: entry["LastModified"]
        for entry in boto3.client("s3").list_objects_v2(Bucket="public-rides")["Contents"]
    }
    run(in_bucket)
    after = {
        entry["Key"]: entry["LastModified"]
        for entry in boto3.client("s3").list_objects_v2(Bucket="public-rides")["Contents"]
    }
    assert after == before, "a second run uploads nothing"


def test_keys_are_the_same_in_a_bucket_and_a_folder(s3: str, tmp_path: Path) -> None:
    for store in (Store(str(tmp_path / "f")), Store("s3://private-rides/x")):
        assert store.keys() == []
        store.write("a/b.txt", b"1")
        store.write("c.txt", b"22")
        assert store.sizes() == {"a/b.txt": 1, "c.txt": 2}
        assert store.keys("a") == ["a/b.txt"]
        store.delete("a/b.txt")
        store.delete("a/b.txt")
        with pytest.raises(FileNotFoundError):
            store.read("a/b.txt")
