"""A bucket is as good as a folder: the same code, the same bytes."""

from __future__ import annotations

from strava_assets.installation import Installation
from strava_assets.publish.verify import verify
from strava_assets.stores import open_private
from strava_assets_tests.assets.conftest import public_files, run


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
    there = public_files(in_bucket)
    # the page may read streams from the bucket itself
    there["index.html"] = there["index.html"].replace(f" {s3}".encode(), b"")
    assert there == in_folders
    assert verify(in_bucket.gate()).findings == []
    import boto3

    client, kinds = boto3.client("s3"), set()
    for path in in_folders:  # I18: the store keeps the time of writing (docs/privacy.md says so); it is told no more
        told = client.head_object(Bucket="public-rides", Key=f"b/{path}")
        assert told["Metadata"] == {}, path
        assert not {"CacheControl", "Expires", "ContentDisposition", "WebsiteRedirectLocation"} & told.keys(), path
        kinds.add(told["ContentType"])
    assert kinds >= {"text/csv", "application/json"}
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
