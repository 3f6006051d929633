"""The flow from landed files to the public root, as Dagster runs it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import orjson
import pytest

from strava_assets.assets import public
from strava_assets.database.connection import queries
from strava_assets.errors import StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.pipeline import materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import map_inputs
from strava_assets.publish.verify import verify
from strava_assets.requests import months_in_reach, request_if_made_otherwise, request_months
from strava_assets.tables import months_of
from strava_assets.withdrawal import withdraw_hidden
from strava_assets_tests.assets.conftest import HOME, public_files, run
from strava_assets_tests.end_to_end.outsider import Outsider
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.recordings import folder_of_rides, gpx, track


def test_imported_rides_are_published_and_a_stranger_finds_nothing(history: Installation) -> None:
    run(history)
    stranger = Outsider(Path(history.settings.public_root), [((HOME.lon, HOME.lat), 120.0)])
    assert stranger.wrong == []
    assert stranger.activities == 12
    assert verify(history.gate()).findings == []


def test_the_same_again_changes_no_byte(history: Installation) -> None:
    run(history)
    before = public_files(history)
    run(history)
    assert public_files(history) == before
    run(history, force=True)
    assert public_files(history) == before


def test_unchanged_activities_are_not_done_again(history: Installation) -> None:
    run(history)
    run(history, months=["2023-11"])
    with dg.DagsterInstance.get() as instance:
        for name, key in (
            ("activities", "read"),
            ("masked_geometries", "masked now"),
            ("trimmed_csvs", "files written"),
        ):
            record = instance.fetch_materializations(
                dg.AssetRecordsFilter(asset_key=dg.AssetKey(name), asset_partitions=["2023-11"]), limit=1
            ).records[0]
            materialization = record.asset_materialization
            assert materialization is not None
            assert materialization.metadata[key].value == 0, name


def test_a_map_made_from_what_changed_is_the_map_made_from_everything(
    history: Installation, bring_in: Callable[..., Any], tmp_path: Path
) -> None:
    run(history)
    away = Place(7.75, 47.62)  # widens the map's box, and sorts between the others
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "new.gpx").write_bytes(
        gpx(track(away, 7, seed=99), datetime(2023, 12, 24, 9, tzinfo=UTC), "New")
    )
    bring_in(history, tmp_path / "more")
    run(history, months=["2023-12"])
    assert months_read() == 1
    quick = public_files(history)
    assert b'"activities":13' in quick["index.json"]
    with history.database.transaction() as connection:  # as if nobody remembered what it was made from
        connection.execute("update strava.public_object set fingerprint = null where path = 'index.json'")
    run(history, months=["2023-12"])
    assert months_read() == 4
    assert public_files(history) == quick
    with history.database.transaction() as connection:  # and when one leaves, the box shrinks again
        connection.execute(
            "update strava.activity set owner_visibility = 'hidden', revision = revision + 1 "
            "where archive ->> 'name' = 'New'"
        )
    run(history, months=["2023-12"])
    left = public_files(history)
    assert b'"activities":12' in left["index.json"]
    with history.database.transaction() as connection:
        connection.execute("update strava.public_object set fingerprint = null where path = 'index.json'")
    run(history, months=["2023-12"])
    assert public_files(history) == left
    assert verify(history.gate()).findings == []


def test_what_a_map_was_made_from_is_believed_only_as_long_as_all_of_it_holds(history: Installation) -> None:
    run(history)
    gate, versions = history.gate(), months_of(history.store, "masked_geometries").versions()
    assert map_inputs.unchanged(gate, map_inputs.rules_of(gate, False), versions).keys() == versions.keys()
    assert map_inputs.unchanged(gate, map_inputs.rules_of(gate, True), versions) == {}
    assert map_inputs.unchanged(gate, map_inputs.rules_of(gate, False, {"watts"}), versions) == {}
    was = public_files(history)
    [path] = (key for key in was if key.endswith("activities.topojson"))
    altered = re.sub(rb'"name":".', b'"name":"?', was[path], count=1)  # as long as before, and as we write
    assert altered != was[path]
    (Path(history.settings.public_root) / path).write_bytes(altered)
    assert map_inputs.unchanged(history.gate(), map_inputs.rules_of(gate, False), versions) == {}
    run(history, months=["2023-12"])
    assert public_files(history) == was


def months_read() -> Any:
    with dg.DagsterInstance.get() as instance:
        record = instance.fetch_materializations(dg.AssetKey("activities_topojson"), limit=1).records[0]
    assert record.asset_materialization is not None
    return record.asset_materialization.metadata["months read"].value


def test_a_broken_file_is_quarantined_and_its_month_goes_on(history: Installation) -> None:
    with history.database.transaction() as connection:
        row = connection.execute("select id, archive_file from strava.activity order by id limit 1").fetchone()
    history.store.write(row["archive_file"], b"not a recording any more")
    run(history)
    index = public_files(history)["index.json"]
    assert b'"activities":11' in index
    with history.database.transaction() as connection:
        error = connection.execute(
            "select error, error_stage from strava.activity where id = %s", (row["id"],)
        ).fetchone()
    assert error["error_stage"] == "silver"
    assert error["error"]


def test_what_is_hidden_inside_the_cut_changes_no_public_byte(
    settings_of: Callable[..., Any], tmp_path: Path, bring_in: Callable[..., Any], history: Installation
) -> None:
    """I4 over the whole pipeline: a detour, another heart rate and a later start inside H."""
    positions = track(HOME, 9, seed=77)
    near = np.hypot(*HOME.metres(positions).T) < 140
    assert near[0]
    detour = positions.copy()
    detour[near] = HOME.degrees(np.random.default_rng(5).normal(size=(int(near.sum()), 2)) * 45).round(6)
    seconds = np.arange(len(positions))
    last = int(np.flatnonzero(near)[-1])
    # the first start is before midnight by the sun's time there, the second after it; what is visible is the same
    later = np.where(near, last / 2 + seconds / 2 + 0.5, seconds).round()
    start = datetime(2024, 3, 9, 22, 59, 55, tzinfo=UTC)
    variants = [
        gpx(positions, start, "Evening", seconds=seconds),
        gpx(detour, start, "Evening", seconds=later, heartrate=np.where(near, 190, 130)),
    ]
    results = []
    for number, data in enumerate(variants):
        folder = tmp_path / f"variant{number}"
        folder.mkdir()
        (folder / "evening.gpx").write_bytes(data)
        bring_in(history, folder)
        run(history)
        files = public_files(history)
        results.append(files)
        with (
            history.database.transaction() as connection
        ):  # the next variant is the same activity, recorded differently
            connection.execute("delete from strava.activity where archive->>'name' = 'Evening'")
    streams = [{data for path, data in files.items() if path.endswith(".csv")} for files in results]
    assert len(streams[0]) == 13
    assert streams[0] == streams[1]
    # only the public id, which is the file's, tells the variants apart
    maps = []
    for files in results:
        [path] = [path for path in files if path.endswith("topojson")]
        csv = next(
            p
            for p in files
            if p.endswith(".csv")
            and files[p]
            == next(iter(streams[0] - {d for q, d in results[0].items() if q in results[1] and q.endswith(".csv")}))
        )
        maps.append(files[path].replace(csv.split("stream_")[1][:16].encode(), b"x" * 16))
    assert maps[0] == maps[1]


def test_a_new_zone_is_cut_out_of_old_months_and_only_those_in_reach(history: Installation) -> None:
    run(history)
    far = Place(9.0, 47.5)
    zone_store.add(history.database, [DrawnZone("", far.polygon(circle(100)))])
    assert months_in_reach(history.store, zone_store.in_force(history.database)[-1:]) == []
    before = public_files(history)
    run(history)
    assert public_files(history) == before
    near = Place(*HOME.degrees(np.array([(1200.0, 900.0)]))[0])
    zone_store.add(history.database, [DrawnZone("", near.polygon(circle(150)))])
    run(history)
    stranger = Outsider(
        Path(history.settings.public_root), [((HOME.lon, HOME.lat), 120.0), ((near.lon, near.lat), 150.0)]
    )
    assert stranger.wrong == []
    assert public_files(history) != before


def test_without_zones_the_ends_of_tracks_are_hidden(
    installation: Installation, bring_in: Callable[..., Any], tmp_path: Path
) -> None:
    bring_in(installation, folder_of_rides(tmp_path / "r", HOME, 5))
    run(installation)
    zones = zone_store.in_force(installation.database)
    assert {zone.origin for zone in zones} == {"provisional"}
    stranger = Outsider(Path(installation.settings.public_root), [((HOME.lon, HOME.lat), 90.0)])
    assert stranger.wrong == []
    assert 0 < stranger.activities <= 5


def test_a_place_found_late_is_hidden_in_earlier_months_by_the_same_command(
    installation: Installation, bring_in: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    early = track(HOME, 12, seed=3)
    (folder / "early.gpx").write_bytes(gpx(early, datetime(2021, 5, 1, 6, tzinfo=UTC)))
    # two years later a ride starts where the first one only passed
    late = Place(*early[len(early) // 2])
    (folder / "late.gpx").write_bytes(gpx(track(late, 8, seed=5), datetime(2023, 6, 1, 6, tzinfo=UTC)))
    bring_in(installation, folder)
    run(installation)
    first = public_files(installation)
    assert sum(path.endswith(".csv") for path in first) == 2
    stranger = Outsider(Path(installation.settings.public_root), [((late.lon, late.lat), 90.0)])
    assert stranger.wrong == []
    run(installation)
    assert public_files(installation) == first


def test_hidden_imports_are_not_published_until_the_owner_says_so(
    installation: Installation, bring_in: Callable[..., Any]
) -> None:
    bring_in(installation, visibility="hidden")
    run(installation)
    assert b'"athletes":[]' in public_files(installation)["index.json"]
    bring_in(installation, visibility="everyone")
    run(installation)
    assert b'"activities":' in public_files(installation)["index.json"]


def test_a_removed_activity_leaves_no_trace(history: Installation) -> None:
    run(history)
    with history.database.transaction() as connection:
        connection.execute(
            "update strava.activity set state = 'gone', revision = revision + 1 where id = "
            "(select min(id) from strava.activity)"
        )
    run(history)
    files = public_files(history)
    assert sum(path.endswith(".csv") for path in files) == 11
    assert b'"activities":11' in files["index.json"]
    assert verify(history.gate()).findings == []


def test_a_month_is_asked_for_until_what_was_hidden_meanwhile_is_withdrawn(
    history: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    month, withdrawals = "2023-11", iter(range(1, 100))

    def fails_at_the_end(opened: Installation) -> Any:
        if next(withdrawals) == 2:  # the first is before anything else
            raise StoreUnavailable("cannot delete")
        return withdraw_hidden(opened)

    request_months(history.database, [month], "test")
    with monkeypatch.context() as patched:
        patched.setattr(public, "withdraw_hidden", fails_at_the_end)
        assert materialize(history, [month]).failures == ["trimmed_csvs: cannot delete"]
    assert month in asked_for(history)
    run(history, months=[month])
    assert month not in asked_for(history)


def asked_for(installation: Installation) -> list[str]:
    with installation.database.transaction() as connection:
        return [row["month"] for row in queries().requested_months(connection, fresh_events=True)]


def with_settings(installation: Installation, **settings: Any) -> Installation:
    return dataclasses.replace(installation, settings=installation.settings.model_copy(update=settings))


def test_a_column_that_is_not_to_be_published_any_more_goes_by_itself(history: Installation) -> None:
    assert request_if_made_otherwise(history.database, history.settings) == 0
    run(history)
    assert asked_for(history) == []
    before = public_files(history)
    slim = with_settings(history, public_columns="altitude, lat")
    assert request_if_made_otherwise(slim.database, slim.settings) == 4
    assert request_if_made_otherwise(slim.database, slim.settings) == 0
    run(slim, months=asked_for(slim))
    after = public_files(slim)
    assert before.keys() == after.keys()
    assert all(b"heartrate" in data.splitlines()[0] for path, data in before.items() if path.endswith(".csv"))
    assert {data.splitlines()[0] for path, data in after.items() if path.endswith(".csv")} == {
        b"segment,time,lat,lng,altitude"
    }
    [shown] = [orjson.loads(data) for path, data in after.items() if path.endswith(".topojson")]
    assert {each["properties"]["average_heartrate"] for each in shown["objects"]["activities"]["geometries"]} == {None}


@pytest.mark.parametrize("setting", [
    {"publish_sources": "api"}, {"import_visibility": "everyone"}, {"link_to_strava": True},
    {"publish_without_zones": True}, {"public_columns": "lat"}])  # fmt: skip
def test_every_setting_that_changes_what_is_public_asks_for_all_months(
    history: Installation, setting: dict[str, Any]
) -> None:
    request_if_made_otherwise(history.database, history.settings)
    other = history.settings.model_copy(update=setting)
    assert request_if_made_otherwise(history.database, other) == 4
    assert request_if_made_otherwise(history.database, other.model_copy(update={"port": 8011})) == 0


@pytest.mark.parametrize("months", [["2023-11"], ["2023-11", "2023-12", "2024-01"]])
def test_a_range_of_months_is_one_run(history: Installation, months: list[str]) -> None:
    report = run(history, months=months)
    assert report.runs == 2
    with dg.DagsterInstance.get() as instance:
        made = instance.get_materialized_partitions(dg.AssetKey("trimmed_csvs"))
    assert made == set(months)
