"""What may not be shown now goes at once: found by its state, in the right order, whatever breaks off."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strava_assets.database.connection import queries
from strava_assets.errors import StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.privacy.visibility import Release, reason_hidden
from strava_assets.publish import gate as gate_module
from strava_assets.publish.map_inputs import behind
from strava_assets.publish.verify import verify
from strava_assets.stores import Store
from strava_assets.strava.tombstones import forget_if_gone
from strava_assets.withdrawal import withdraw_hidden
from strava_assets_tests.publish.conftest import Published


def sql(published: Published, text: str, *values: Any) -> list[dict[str, Any]]:
    with published.installation.database.transaction() as connection:
        cursor = connection.execute(text, values)
        return cursor.fetchall() if cursor.description else []


def on_the_map(published: Published) -> int:
    index = json.loads((published.root / "index.json").read_bytes())
    return sum(athlete["activities"] for athlete in index["athletes"])


def csvs(published: Published) -> int:
    return len(list(published.root.glob("*/streams/*.csv")))


def test_where_nothing_has_to_go_nothing_is_looked_at(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*given: Any, **named: Any) -> Any:
        raise AssertionError("looked at a store")

    for name in ("sizes", "read", "exists", "delete"):
        monkeypatch.setattr(Store, name, never)
    assert str(withdraw_hidden(published.installation)) == ""


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("update strava.activity set visibility = 'only_me' where id in (2, 5)", 6),
        ("update strava.activity set visibility = 'unknown' where id = 2", 7),
        ("update strava.activity set visibility = 'unknown', owner_visibility = 'everyone' where id = 2", 8),
        ("update strava.activity set state = 'listed' where id = 2", 7),
        ("delete from strava.activity where id = 2", 7),
        ("update strava.athlete set state = 'reconnect'", 8),
        ("update strava.athlete set state = 'revoked'", 0),
        ("delete from strava.activity", 0),
    ],
)
def test_whatever_may_not_be_shown_goes_and_the_rest_stays_whole(published: Published, change: str, left: int) -> None:
    sql(published, change)
    said = str(withdraw_hidden(published.installation))
    assert said == ("" if left == 8 else f"{8 - left} activities withdrawn from public")
    assert (csvs(published), on_the_map(published)) == (left, left)
    assert verify(published.installation.gate()).findings == []
    assert str(withdraw_hidden(published.installation)) == ""


def test_a_source_that_is_published_no_more_goes_at_once(published: Published) -> None:
    settings = published.installation.settings.model_copy(update={"publish_sources": "archive"})
    withdraw_hidden(dataclasses.replace(published.installation, settings=settings))
    assert csvs(published) == on_the_map(published) == 0


def test_the_map_goes_before_the_csv(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    write, delete = gate_module.Gate._write, Store.delete
    monkeypatch.setattr(
        gate_module.Gate, "_write", lambda self, path, data: (steps.append(path), write(self, path, data))[1]
    )
    monkeypatch.setattr(Store, "delete", lambda self, key: (steps.append(key), delete(self, key))[1])
    sql(published, "update strava.activity set visibility = 'only_me' where id = 2")
    withdraw_hidden(published.installation)
    athlete, activity = published.ids[2]
    assert steps == [
        f"{athlete}/activities.topojson",
        "index.json",
        f"{athlete}/weekly.json",
        f"{athlete}/quarterly.json",
        f"{athlete}/streams/stream_{activity}.csv",
    ]


@pytest.mark.parametrize("step", range(1, 6))
def test_broken_off_at_any_step_the_next_call_makes_it_whole(
    published: Published, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    sql(published, "update strava.activity set visibility = 'only_me' where id = 2")
    left = [step]

    def breaking(real: Callable[..., Any]) -> Callable[..., Any]:
        def deed(*given: Any) -> Any:
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt("the plug is pulled")
            return real(*given)

        return deed

    with monkeypatch.context() as patched:
        patched.setattr(gate_module.Gate, "_write", breaking(gate_module.Gate._write))
        patched.setattr(Store, "delete", breaking(Store.delete))
        with pytest.raises(KeyboardInterrupt, match="plug"):
            withdraw_hidden(published.installation)
    withdraw_hidden(published.installation)
    assert (csvs(published), on_the_map(published)) == (7, 7)
    public = published.ids[2][1].encode()
    assert [path for path in published.root.rglob("*.*") if path.is_file() and public in path.read_bytes()] == []
    assert verify(published.installation.gate()).findings == []


def test_what_must_go_goes_where_nothing_can_be_written(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: Any) -> Any:
        raise StoreUnavailable("no space left")

    sql(published, "update strava.activity set visibility = 'only_me' where id = 2")
    with monkeypatch.context() as patched:
        patched.setattr(gate_module.Gate, "_write", full)
        withdraw_hidden(published.installation)
    assert csvs(published) == 7
    assert not list(published.root.glob("*/activities.topojson"))  # rather none than one that shows it
    assert behind(published.installation.database, published.installation.settings.public_root)  # so it is made again


def test_what_cannot_be_deleted_does_not_keep_the_others(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    sql(published, "update strava.activity set visibility = 'only_me' where id in (2, 5, 7)")
    real, stubborn = Store.delete, published.ids[5][1]

    def delete(store: Store, key: str) -> None:
        if stubborn in key:
            raise StoreUnavailable("not allowed")
        real(store, key)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "delete", delete)
        with pytest.raises(StoreUnavailable, match="not allowed"):
            withdraw_hidden(published.installation)
    assert csvs(published) == 6
    withdraw_hidden(published.installation)
    assert csvs(published) == 5
    assert verify(published.installation.gate()).findings == []


def test_a_damaged_map_is_no_hindrance(published: Published) -> None:
    (published.root / published.athlete / "activities.topojson").write_bytes(b"{")
    sql(published, "update strava.activity set visibility = 'only_me' where id = 2")
    withdraw_hidden(published.installation)
    assert csvs(published) == 7
    assert on_the_map(published) == 0  # until the next run
    published.publish()
    assert on_the_map(published) == 7


def test_the_database_s_rule_is_the_same_as_the_one_with_words(published: Published) -> None:
    """Every visibility, word of the owner, provenance and setting there can be."""
    words = ("everyone", "followers_only", "only_me", "unknown")
    sources = (("archive", "api"), ("archive",), ("api",), ())
    counted = 0
    for visibility, owner, has_api, has_archive in itertools.product(
        words, (None, "everyone", "hidden"), (True, False), (True, False)
    ):
        sql(
            published,
            "update strava.activity set visibility = %s, owner_visibility = %s, api = %s, archive = %s where id = 2",
            *(visibility, owner, '{"a": 1}' if has_api else None, '{"a": 1}' if has_archive else None),
        )
        provenance = "+".join(name for name, has in (("archive", has_archive), ("api", has_api)) if has) or "archive"
        for imports, published_sources in itertools.product(("everyone", "hidden"), sources):
            known = visibility
            if visibility == "unknown":
                known = "everyone" if (owner or imports) == "everyone" else "hidden"
            with published.installation.database.transaction() as connection:
                rows = list(
                    queries().shown_activities(
                        connection, ids=[2], **Release(imports, frozenset(published_sources)).parameters()
                    )
                )
            reason = reason_hidden(known, provenance, "Ride", 10, published_sources)
            assert bool(rows) == (reason is None), (visibility, owner, provenance, imports, published_sources)
            counted += bool(rows)
    assert counted > 50


@pytest.fixture
def gone(installation: Installation) -> tuple[Installation, str]:
    """A tombstone whose streams are still to be deleted."""
    key = "landing/api/1/77.streams.json.gz"
    installation.store.write(key, b"x")
    with installation.database.transaction() as connection:
        connection.execute("insert into strava.athlete (name) values ('Ada')")
        connection.execute(
            "insert into strava.activity (athlete_id, identity, strava_id, start_time, month, state, api_streams) "
            "select id, 'strava:77', 77, '2024-05-01', '2024-05-01', 'gone', %s from strava.athlete",
            (key,),
        )
    return installation, key


def test_streams_of_what_is_gone_are_deleted_however_often_that_breaks_off(
    gone: tuple[Installation, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    installation, key = gone
    delete = Store.delete

    def deleted_and_killed(self: Store, key: str) -> None:
        delete(self, key)
        raise StoreUnavailable("killed")

    def killed(self: Store, key: str) -> None:
        raise StoreUnavailable("killed")

    for failing in (killed, deleted_and_killed):
        with monkeypatch.context() as patched:
            patched.setattr(Store, "delete", failing)
            with pytest.raises(StoreUnavailable):
                withdraw_hidden(installation)
    assert str(withdraw_hidden(installation)) == "1 originals deleted"
    assert str(withdraw_hidden(installation)) == ""
    assert not installation.store.exists(key)


@pytest.mark.parametrize(("state", "stays"), [("gone", False), ("listed", True), (None, False)])
def test_streams_written_while_their_activity_went_are_deleted_too(
    gone: tuple[Installation, str], state: str | None, stays: bool
) -> None:
    installation, key = gone
    with installation.database.transaction() as connection:
        row = connection.execute("select id from strava.activity").fetchone()
        if state is None:
            connection.execute("delete from strava.activity")
        else:
            connection.execute("update strava.activity set state = %s", (state,))
    assert row is not None
    forget_if_gone(installation.database, installation.store, row["id"], key)
    assert Path(installation.store.path(key)).exists() == stays
