"""What a stranger, or bad luck, could try on the gate; each was a hole once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from strava_assets.errors import GateRefused
from strava_assets.privacy import cut, figures, masked, zone_store
from strava_assets.privacy.cut import Samples
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import map_files, taking_back
from strava_assets.publish.judging.zone_names import ZoneNames
from strava_assets.publish.paths import csv_path
from strava_assets.publish.verify import verify
from strava_assets_tests.privacy.test_cut import zone
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.worlds import HOME, ride, tables


def on_a_track(published: Published, row: int = 700) -> tuple[Place, Any]:
    """A place on a public track, and its CSV."""
    path = sorted((published.root / published.athlete / "streams").glob("stream_*.csv"))[0]
    header, *rows = path.read_text().splitlines()
    cells = dict(zip(header.split(","), rows[row].split(","), strict=True))
    return Place(float(cells["lng"]), float(cells["lat"])), path


def found(published: Published) -> set[str]:
    return {finding.invariant for finding in verify(published.installation.gate()).findings}


def test_a_zone_named_like_a_ride_withdraws_all_the_same(published: Published) -> None:
    place, path = on_a_track(published)
    zone_store.add(published.installation.database, [DrawnZone("Ride 7", place.polygon(circle(100)))])
    taking_back.withdraw_exposed(published.installation.gate())
    assert not path.exists()
    assert found(published) == set()


def test_a_new_zones_name_is_taken_out_of_public_names_at_once(published: Published) -> None:
    far = Place(30.0, 10.0)
    zone_store.add(published.installation.database, [DrawnZone("Ride 7", far.polygon(circle(100)))])
    assert "I14" in found(published)
    taking_back.withdraw_exposed(published.installation.gate())
    assert found(published) == set()


def test_a_new_zones_name_that_is_an_athletes_is_taken_out_of_the_index_at_once(published: Published) -> None:
    [(_, name)] = published.installation.athletes().values()
    far = Place(30.0, 10.0)
    zone_store.add(published.installation.database, [DrawnZone(name, far.polygon(circle(100)))])
    assert "I14" in found(published) or "I13" in found(published)
    taking_back.withdraw_exposed(published.installation.gate())
    assert name not in (published.root / "index.json").read_text()
    assert found(published) == set()


def test_what_was_made_with_older_zones_passes_no_gate(published: Published) -> None:
    old_gate = published.installation.gate()
    place, path = on_a_track(published)
    data = path.read_bytes()
    zone_store.add(published.installation.database, [DrawnZone("", place.polygon(circle(100)))])
    taking_back.withdraw_exposed(published.installation.gate())
    with pytest.raises(GateRefused, match="zones changed"):
        old_gate.publish({str(path.relative_to(published.root)): data})
    assert not path.exists()


def test_a_withdrawal_sees_what_lies_there_not_what_is_remembered(published: Published) -> None:
    place, path = on_a_track(published)
    with published.installation.database.transaction() as connection:
        connection.execute("delete from strava.public_object")
    zone_store.add(published.installation.database, [DrawnZone("", place.polygon(circle(100)))])
    assert path.stem.removeprefix("stream_") in taking_back.withdraw_exposed(published.installation.gate())
    assert not path.exists()


def test_a_killed_writers_leftover_is_found_and_swept(published: Published) -> None:
    _, path = on_a_track(published)
    leftover = path.with_name(".tmp-0123")
    leftover.write_bytes(path.read_bytes())
    assert "I7" in found(published)
    gate = published.installation.gate()
    map_files.sweep(gate, [p for p in gate.known() if p.endswith(".csv")])
    assert not leftover.exists()
    leftover.write_bytes(path.read_bytes())
    taking_back.withdraw_activities(
        published.installation.gate(), [csv_path(*published.ids[3])]
    )  # it may be that very one
    assert not leftover.exists()
    assert found(published) == set()


def test_a_digit_changed_by_hand_is_mended_by_force(published: Published) -> None:
    _, path = on_a_track(published)
    good = path.read_bytes()
    path.write_bytes(good.replace(b",140,", b",141,", 1))
    published.publish(force=True)
    assert path.read_bytes() == good


@pytest.mark.parametrize(("written", "told"), [
    ("Café Hof", "Round Cafe\u0301 hof"), ("Straße", "STRASSE"), ("Oma Haus", "Oma  Haus, wet"),
    ("Lindenhof", "lindenhof_run"),
    ("Lindenhof", "Lindenhofs Runde"), ("Villa-Rosa", "to villa rosa")])  # fmt: skip
def test_a_zones_name_is_known_however_it_is_written(written: str, told: str) -> None:
    names = ZoneNames([zone_named(written)])
    assert names.told_by(told)
    assert not names.told_by("Morning Ride")


def zone_named(name: str) -> Any:
    private = zone(HOME, circle(100))
    return type(private)(private.id, name, private.geometry, private.shape_id, private.shape)


def test_a_zone_named_like_a_sport_does_not_stop_everything(published: Published) -> None:
    far = Place(30.0, 10.0)
    zone_store.add(
        published.installation.database,
        [DrawnZone("Road Cycling", far.polygon(circle(100))), DrawnZone("Ada", far.polygon(circle(90)))],
    )
    published.publish()
    assert found(published) == set()
    assert b'"name":"Athlete"' in (published.root / "index.json").read_bytes()


def test_a_place_drawn_again_is_cut_as_before(published: Published) -> None:
    database = published.installation.database
    [before] = zone_store.in_force(database)
    zone_store.remove(database, before.id)
    zone_store.add(database, [DrawnZone("again", before.geometry)])
    [after] = zone_store.in_force(database)
    assert after.shape == before.shape


def _set(name: str, value: Any) -> Callable[[dict], None]:
    return lambda document: document["objects"]["activities"]["geometries"][0]["properties"].__setitem__(name, value)


@pytest.mark.parametrize("change", [
    _set("elapsed_time", "99999"), _set("max_speed", [7.6, 47.5]), _set("average_cadence", {"home": [1]}),
    _set("type", "7.6 47.5"), _set("type_extended", "at 12 Any Street"), _set("partly_hidden", None),
    _set("total_elevation_gain", 5000), _set("max_heartrate", 210), _set("average_watts", 900),
    _set("average_cadence", 80), _set("moving_time", -1), _set("startDate", "2024-02-31"),
    lambda d: d["objects"]["activities"].__setitem__("home", [7.6, 47.5]),
    lambda d: d["transform"].__setitem__("home", [7.6]),
    lambda d: d["objects"]["activities"]["geometries"][0]["properties"].pop("partly_hidden"),
    lambda d: d["objects"]["activities"]["geometries"][0].update(
        arcs=d["objects"]["activities"]["geometries"][1]["arcs"]),
])  # fmt: skip
def test_an_altered_map_is_found(published: Published, change: Callable[[dict], None]) -> None:
    path = published.root / published.athlete / "activities.topojson"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_bytes(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())
    assert found(published) - {"I13"}


def test_bytes_that_say_more_than_they_mean_are_found(published: Published) -> None:
    path = published.root / published.athlete / "activities.topojson"
    data = path.read_bytes()
    for odd in (
        data.replace(b'"arcs":', b'"arcs":[[[7,6]]],"arcs":', 1),
        data + b" ",
        data.replace(b'"calories":', b'"calories": ', 1),
    ):
        path.write_bytes(odd)
        assert "I7" in found(published)


def test_a_csv_whose_segments_are_absurd_is_a_finding_not_a_crash(published: Published) -> None:
    _, path = on_a_track(published)
    rows = path.read_text().splitlines()
    for segment in ("100000000000000", "7", "-1", "0.5"):
        path.write_text("\n".join([*rows[:-1], ",".join([segment, *rows[-1].split(",")[1:]]), ""]))
        assert "I7" in found(published)


@pytest.mark.parametrize("hidden_metres", [0.04, 123.46, 777.77, 20000.03])
def test_rounding_tells_nothing_of_the_hidden_odometer(hidden_metres: float) -> None:
    """I4: the total before the cut's end shifts every later value, and must change none of them."""
    track = HOME.degrees(np.column_stack([np.arange(0, 6000, 5.0), np.zeros(1200)])).round(6)
    odometer = np.round(np.arange(1200) * 4.97, 2)
    later = np.round(odometer + np.where(np.arange(1200) > 20, hidden_metres, 0), 2)
    home = zone(HOME, circle(150))
    results = []
    for wheel, delay in ((odometer, 0.0), (later, 33.37)):
        time = np.round(np.arange(1200) * 1.01 + np.where(np.arange(1200) > 20, delay, 0), 2)
        samples = Samples(track[:, 0], track[:, 1], time, np.array([0, 1200]))
        runs = cut.visible_runs(samples, cut.hidden_areas([home]))
        visible = figures.rebased(samples, runs, wheel)
        results.append((visible.distance.tobytes(), visible.time.tobytes()))
    assert results[0] == results[1]


def test_a_rides_figures_do_not_hang_on_its_neighbours() -> None:
    first, second = ride(1, place=Place(8.0, 47.0)), ride(2, place=Place(9.0, 47.0))
    alone, together = tables([first]), tables([first, second])
    rows = []
    for activities, streams in (alone, together):
        columns = {name: streams[name] for name in streams.column_names}
        for name in ("distance", "moving"):
            columns[name] = pa.nulls(streams.num_rows, streams.schema.field(name).type)
        bare = pa.table(columns, schema=streams.schema)
        prints = masked.fingerprints(activities, [], {"api"})
        rows.append(
            masked.mask(activities, bare, [], {"api"}, prints).iloc[0].drop("geometry").to_json(default_handler=str)
        )
    assert rows[0] == rows[1]


def test_a_position_gone_astray_does_not_hide_a_zone_from_its_ride() -> None:
    activities, _ = tables([ride(1, west=-179.9)])
    before = masked.fingerprints(activities, [], {"api"})
    near = zone(Place(*HOME.degrees(np.array([(800.0, 0.0)]))[0]), circle(100))
    assert masked.fingerprints(activities, [near], {"api"}) != before


@pytest.mark.parametrize("lost", [1, 30])
def test_samples_before_the_first_position_are_hidden_and_so_are_the_calories(lost: int) -> None:
    """I5: what the device counted before it knew where it was is not what is visible."""
    typed, samples = ride(1, place=Place(8.0, 47.0))
    unknown = np.arange(samples.num_rows) < lost
    for name in ("lat", "lng"):
        values = pa.array(samples.column(name).to_numpy(), mask=unknown)
        samples = samples.set_column(samples.column_names.index(name), name, values)
    activities, streams = tables([(typed | {"positions": samples.num_rows - lost}, samples)])
    row = masked.mask(activities, streams, [], {"api"}, masked.fingerprints(activities, [], {"api"})).iloc[0]
    assert row["first"] == [lost]
    assert row["partly_hidden"]
    assert np.isnan(row["calories"])


@pytest.mark.parametrize("gap", [0, 1, 5])
def test_an_odometer_that_falls_across_a_gap_is_not_believed(gap: int) -> None:
    count, fall = 800, 400
    track = HOME.degrees(np.column_stack([np.arange(count) * 5.0, np.zeros(count)])).round(6)
    # reset in the middle; nothing is known of either position or odometer around it
    odometer = np.where(np.arange(count) < fall, np.arange(count) * 4.9, (np.arange(count) - fall) * 4.9)
    unknown = np.arange(fall, fall + gap)
    odometer[unknown] = np.nan
    track[unknown] = np.nan
    samples = Samples(track[:, 0], track[:, 1], np.arange(float(count)), np.array([0, count]))
    runs = cut.visible_runs(samples, cut.hidden_areas([]))
    visible = figures.rebased(samples, runs, odometer)
    ends = []
    for run in range(len(runs.first)):
        distance = visible.distance[visible.run == run]
        known = distance[np.isfinite(distance)]
        assert (np.diff(known) >= 0).all()
        ends.append(known[-1])
    assert sum(ends) > 3_900  # the track's own length
