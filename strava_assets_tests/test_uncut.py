"""The whole history for its owner: every sample is in it, by the code that publishes; nothing public changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pytest
import shapely

from strava_assets import uncut
from strava_assets.installation import Installation
from strava_assets.io_managers import ParquetByMonth
from strava_assets.privacy import masked, zone_store
from strava_assets.publish import csv_files, month_files
from strava_assets.publish.topojson_decoder import decode
from strava_assets.requests import reach_of
from strava_assets.resources import InstallationResource
from strava_assets.tables import UNCUT, encode, key_of
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.conftest import Published, published
from strava_assets_tests.publish.worlds import HOME, ride, tables

__all__ = ["published"]

MONTH = "2024-05"
#: As `published` has them, but one that nobody else may see, and one that names its hour.
RIDES = [
    *(ride(number) for number in range(1, 7)),
    ride(7, visibility="only_me"),
    ride(8, name="From Rosenhof at 2024-05-01 06:30"),
]


def typed(installation: Installation, rides: list[Any], month: str = MONTH) -> None:
    """Typed tables of a month."""
    activities, streams = tables(rides)
    installation.store.write(key_of("activities", month), encode(activities))
    installation.store.write(key_of("activity_streams", month), encode(streams))


@pytest.fixture
def history(published: Published) -> Published:
    typed(published.installation, RIDES)
    return published


def test_every_sample_is_there_also_in_a_zone_and_of_what_is_private(history: Published) -> None:
    seen = uncut.view(history.installation)
    for number, (_, samples) in enumerate(RIDES, start=1):
        data = uncut.stream(history.installation, seen, *history.ids[number])
        assert data is not None
        told = csv_files.decode(data).columns
        for name in ("time", "lat", "lng", "heartrate", "altitude"):
            np.testing.assert_allclose(told[name], samples.column(name).to_numpy(), atol=0.051)
    assert uncut.stream(history.installation, seen, history.athlete, "0" * 16) is None


def test_the_map_shows_what_the_public_one_leaves_out(history: Published) -> None:
    seen = uncut.view(history.installation)
    features = {f.properties["actID"]: f for f in decode(seen.files[f"{history.athlete}/activities.topojson"]).features}
    assert len(features) == len(RIDES)
    home = HOME.polygon(circle(20))
    assert all(shapely.intersects(shapely.linestrings(f.lines[0]), home) for f in features.values())
    assert {number: features[history.ids[number][1]].properties["private"] for number in (1, 7)} == {1: False, 7: True}
    named = features[history.ids[8][1]].properties
    assert named["name"] == "From Rosenhof at 2024-05-01 06:30"
    assert (named["calories"], named["partly_hidden"]) == (500, False)
    public = decode((history.root / history.athlete / "activities.topojson").read_bytes())
    assert not any(shapely.intersects(shapely.linestrings(line), home) for f in public.features for line in f.lines)
    index = json.loads(seen.files["index.json"])
    assert index["athletes"][0] | {"bbox": None} == {
        "id": history.athlete,
        "name": "Ada",
        "activities": 8,
        "bbox": None,
        "updated": "2024-05-09",
    }
    weeks = json.loads(seen.files[f"{history.athlete}/weekly.json"])
    assert sum(week["activities"] for week in weeks) == 8


def test_with_no_zone_and_nothing_private_it_is_the_published_bytes(history: Published) -> None:
    """One code makes both: outside of every cut a ride's public file is the owner's."""
    far = ride(1)
    before = (history.root / f"{history.ids[1][0]}/streams/stream_{history.ids[1][1]}.csv").read_bytes()
    installation = history.installation
    zones = zone_store.in_force(installation.database)
    zone_store.remove(installation.database, *(zone.id for zone in zones))
    activities, streams = tables([far])
    frame = masked.mask(activities, streams, [], {"api"}, {1: ""})
    (plain,) = month_files.encode(frame, streams, [1], frozenset())
    assert plain == uncut.stream(installation, uncut.view(installation), *history.ids[1])
    assert len(plain) > len(before)


def test_only_what_changed_is_gone_through_again(history: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[list[int]] = []
    mask = masked.uncut

    def counting(activities: Any, *rest: Any) -> Any:
        made.append(activities.column("activity_id").to_pylist())
        return mask(activities, *rest)

    monkeypatch.setattr(masked, "uncut", counting)
    first = uncut.view(history.installation)
    assert uncut.view(history.installation, first) is first
    assert uncut.view(history.installation).files == first.files
    typed(history.installation, [*RIDES[:3], ride(4, seed=77), *RIDES[4:]])
    changed = uncut.view(history.installation, first)
    assert changed.files != first.files
    typed(history.installation, RIDES[:2])
    assert len(uncut.view(history.installation, changed).where) == 2
    assert made == [[1, 2, 3, 4, 5, 6, 7, 8], [4]]


def test_who_is_removed_while_it_is_made_is_not_kept(history: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    mask = masked.uncut

    def removing(*told: Any) -> Any:
        made = mask(*told)
        typed(history.installation, RIDES[:3])
        return made

    monkeypatch.setattr(masked, "uncut", removing)
    uncut.view(history.installation)
    assert history.installation.store.keys(f"tables/{UNCUT}") == []
    monkeypatch.setattr(masked, "uncut", mask)
    assert len(uncut.view(history.installation).where) == 3


def test_lines_in_reach_of_a_zone_are_given_out_step_by_step(history: Published) -> None:
    (zone,) = zone_store.in_force(history.installation.database)
    area = reach_of(zone)
    inside = uncut.lines_in(history.installation, {MONTH: 8}, area)
    assert len(inside) == len(RIDES)
    ends = shapely.get_coordinates(list(inside.values()))
    assert np.hypot(*((ends - HOME.degrees(np.zeros((1, 2)))[0]) * [75_000, 111_000]).T).max() < area.reach + 800


def test_nothing_public_is_touched_and_what_is_kept_is_private(history: Published) -> None:
    def everything() -> dict[Path, tuple[bytes, int]]:
        return {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in history.root.rglob("*") if p.is_file()}

    before = everything()
    seen = uncut.view(history.installation)
    uncut.stream(history.installation, seen, *history.ids[7])
    assert everything() == before
    assert history.installation.store.keys(f"tables/{UNCUT}") == [key_of(UNCUT, MONTH)]


def test_when_a_month_is_typed_anew_nothing_older_is_kept(history: Published) -> None:
    uncut.view(history.installation)
    resource = InstallationResource()
    resource._opened = history.installation
    activities, _ = tables(RIDES[:2])
    keeping = ParquetByMonth.model_construct(installation=resource)
    keeping.handle_output(dg.build_output_context(asset_key=dg.AssetKey("activities")), {MONTH: activities})
    assert history.installation.store.keys(f"tables/{UNCUT}") == []
    assert len(uncut.view(history.installation).where) == 2
