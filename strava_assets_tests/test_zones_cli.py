"""The commands ``zones …`` as an owner meets them: what they say, and that nothing becomes public by surprise."""

from __future__ import annotations

import csv
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
import shapely

from strava_assets_tests.conftest import Run
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.recordings import folder_of_rides

HOME = Place(7.6, 47.5)


def file_of(path: Path, *places: tuple[Place, dict[str, Any]], radius: float = 100) -> str:
    features = [
        {
            "type": "Feature",
            "properties": properties,
            "geometry": json.loads(shapely.to_geojson(place.polygon(circle(radius)))),
        }
        for place, properties in places
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path.name


def on_the_map(home: Path) -> int:
    return sum(each["activities"] for each in json.loads((home / "public" / "index.json").read_text())["athletes"])


def ok(said: tuple[int, str]) -> str:
    assert said[0] == 0, said[1]
    return said[1]


def test_the_owner_of_several_places_decides_on_each(strava_assets: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert "You have drawn no zone" in ok(strava_assets("zones", "list"))
    assert "no track outdoors yet" in ok(strava_assets("zones", "suggest"))
    folder_of_rides(tmp_path / "rides", HOME, 4)
    ok(strava_assets("import", "rides", "--visibility", "everyone"))
    ok(strava_assets("materialize"))
    assert "5 places hidden provisionally" in ok(strava_assets("zones", "list"))

    # what is suggested is drawn: home keeps its shape, and nothing else is shown
    said = ok(strava_assets("zones", "suggest", "--save", "places.geojson"))
    assert said.splitlines()[3].split("│")[1:3] == [" 4      ", " 100%  "]
    assert "provisionally: zone" in said
    assert "Saved 5." in said
    assert (tmp_path / "places.geojson").stat().st_mode & 0o077 == 0
    code, said = strava_assets("zones", "suggest", "--save", "home/public/places.geojson")
    assert code != 0
    assert "home/public/places.geojson would be public" in said
    assert not (home / "public" / "places.geojson").exists()
    places = json.loads((tmp_path / "places.geojson").read_text())
    (tmp_path / "home.geojson").write_text(json.dumps({**places, "features": places["features"][:1]}))
    assert "at most 4 in 2 months" in ok(strava_assets("zones", "check", "home.geojson"))
    said = ok(strava_assets("zones", "add", "home.geojson"))
    assert "Zones: 1 added." in said
    assert "1 place that had a shape already" in said
    assert "Nothing that is public showed such a place." in said
    assert "4 more places hidden until you decide on each" in said
    before = {path: path.read_bytes() for path in (home / "public").rglob("*.csv")}
    ok(strava_assets("materialize"))
    assert {path: path.read_bytes() for path in (home / "public").rglob("*.csv")} == before
    assert "yes: zone" in ok(strava_assets("zones", "check", "home.geojson"))

    # drawn otherwise, it keeps its shape; of another place it is not the outline
    number = next(line.split("│")[1] for line in ok(strava_assets("zones", "list")).splitlines() if " drawn " in line)
    smaller = file_of(tmp_path / "smaller.geojson", (HOME, {"name": "Rosenhof"}), radius=60)
    assert f"Zone {number.strip()} redrawn." in ok(strava_assets("zones", "redraw", number.strip(), smaller))
    assert "Rosenhof" in ok(strava_assets("zones", "list"))
    elsewhere = file_of(tmp_path / "elsewhere.geojson", (Place(8.6, 47.5), {}))
    code, said = strava_assets("zones", "redraw", number.strip(), elsewhere)
    assert (code, "another place than zone" in said) == (2, True)
    assert {path: path.read_bytes() for path in (home / "public").rglob("*.csv")} == before

    # one is confirmed, the others are lifted, and stay so
    listed = [line.split("│") for line in ok(strava_assets("zones", "list")).splitlines() if "provisional" in line]
    number = listed[0][1].strip()
    said = ok(strava_assets("zones", "confirm", number))
    assert f"Zone {number} confirmed" in said
    assert "3 more places hidden" in said
    code, said = strava_assets("zones", "remove", "--provisional")
    assert (code, "--show-this-place" in said) == (2, True)
    said = ok(strava_assets("zones", "remove", "--provisional", "--show-this-place"))
    assert "removed; " in said
    ok(strava_assets("materialize"))
    assert {path: path.read_bytes() for path in (home / "public").rglob("*.csv")} != before
    assert on_the_map(home) == 4
    said = ok(strava_assets("zones", "list"))
    assert "provisional" not in said
    assert "3 places that you let be shown" in said
    assert ok(strava_assets("zones", "list", "--all")).count("lifted") == 3
    said = ok(strava_assets("zones", "suggest"))
    assert "no: you removed zone" in said
    assert "yes: zone" in said
    ok(strava_assets("verify"))

    # hidden again, a lifted place is withdrawn at once
    lifted = next(
        line.split("│")[1] for line in ok(strava_assets("zones", "list", "--all")).splitlines() if "lifted" in line
    )
    said = ok(strava_assets("zones", "confirm", lifted.strip()))
    told = re.search(r"(\d) public activit(y|ies) showed such a place: withdrawn\.", said)
    assert told
    assert on_the_map(home) == 4 - int(told[1]) < 4


def test_a_zone_over_what_is_public_withdraws_and_reports_it(strava_assets: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    file_of(tmp_path / "far.geojson", (Place(30.0, 10.0), {"name": "far"}))
    ok(strava_assets("zones", "add", "far.geojson"))
    folder_of_rides(tmp_path / "rides", HOME, 8)
    ok(strava_assets("import", "rides", "--visibility", "everyone"))
    ok(strava_assets("materialize"))
    assert on_the_map(home) == 8
    name = file_of(tmp_path / "home.geojson", (HOME, {"name": "home", "mode": "ends_only"}))
    said = ok(strava_assets("zones", "add", name))
    assert "8 public activities showed such a place: withdrawn." in said
    assert "rides that pass without a stop are shown" in said
    assert said.count("/streams/stream_") == 5  # the newest; all of them are in the report
    assert "beyond reach" in said
    [report] = (home / "reports").iterdir()
    assert f"All of them: {report}" in said
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert stat.S_IMODE(report.parent.stat().st_mode) == 0o700
    rows = list(csv.DictReader(report.open()))
    assert [row["date"] for row in rows] == sorted((row["date"] for row in rows), reverse=True)
    assert rows[0]["name"] == "Ride 7 über Land 🌲"
    assert {row["date"] for row in rows[:5]} <= set(said.split())
    assert len({row["path"] for row in rows}) == 8
    assert not list((home / "public").rglob("*.csv"))
    assert on_the_map(home) == 0
    assert "ends only" in ok(strava_assets("zones", "list"))

    # it can be made larger, and to hide everything; not less
    ok(strava_assets("materialize"))
    assert "Zones: 1 enlarged." in ok(strava_assets("zones", "add", name, "--expansion", "600"))
    said = ok(strava_assets("zones", "add", name, "--expansion", "400"))
    assert "1 were there already" in said
    assert "1 have a larger E than 400 m and keep it" in said
    assert "No month to do again." in said
    file_of(tmp_path / "home.geojson", (HOME, {}))
    assert "1 hide everything now" in ok(strava_assets("zones", "add", name))
    code, said = strava_assets("zones", "add", name, "--ends-only")
    assert code == 2
    assert "--show-this-place" in said
    assert len(said.strip().splitlines()) == 1
    assert "1 hide only ends now" in ok(strava_assets("zones", "add", name, "--ends-only", "--show-this-place"))
    ok(strava_assets("materialize"))
    ok(strava_assets("verify"))
    assert on_the_map(home) == 8

    # called otherwise, its name is told by no ride from then on
    [drawn_map] = (home / "public").glob("*/activities.topojson")
    assert "über Land" in drawn_map.read_text()
    file_of(tmp_path / "home.geojson", (HOME, {"name": "Über Land", "mode": "ends_only"}))
    assert "Zones: 1 renamed." in ok(strava_assets("zones", "add", name))
    assert "über Land" not in drawn_map.read_text()
    ok(strava_assets("verify"))


def test_what_a_new_zone_does_not_do_is_told(strava_assets: Run, tmp_path: Path) -> None:
    file_of(tmp_path / "far.geojson", (Place(30.0, 10.0), {}))
    assert "No month to do again.\n" in ok(strava_assets("zones", "add", "far.geojson")), "nobody knows of any track"
    folder_of_rides(tmp_path / "rides", HOME, 1)
    ok(strava_assets("import", "rides"))
    ok(strava_assets("materialize"))
    swapped = Place(HOME.lat, HOME.lon)
    said = ok(strava_assets("zones", "add", file_of(tmp_path / "swapped.geojson", (swapped, {}))))
    assert "no track that is here comes near" in said
    assert "are latitude and longitude in the right order?" in " ".join(said.split())
    near = file_of(tmp_path / "near.geojson", (swapped, {"mode": "ends_only"}), radius=80)
    said = ok(strava_assets("zones", "add", near))
    assert "everything is hidden, as it overlaps a zone that hides everything" in said
    assert "rides that pass" not in said


def test_a_file_can_be_checked_before_anything_was_done(strava_assets: Run, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.delenv("STRAVA_ASSETS_DATABASE_URL")
    ring = shapely.Polygon(HOME.degrees(circle(900)), [HOME.degrees(circle(100))])
    feature = {"type": "Feature", "properties": {"name": "park"}, "geometry": json.loads(shapely.to_geojson(ring))}
    (tmp_path / "ring.geojson").write_text(json.dumps(feature))
    said = ok(strava_assets("zones", "check", "ring.geojson", "--ends-only"))
    assert "1,8" in said.replace("1,79", "1,8")  # metres across
    assert "ends only" in said
    assert "Zone park: 1 hole filled" in said
    assert "park: wider than a kilometre" in said
    assert not (tmp_path / "home" / "postgres").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["remove"], "which zone?"),
        (["remove", "7"], "--show-this-place"),
        (["remove", "7", "--show-this-place"], "there is no zone 7"),
        (["confirm", "7"], "there is no zone 7"),
        (["check", "missing.geojson"], "there is no such file"),
    ],
)
def test_wrong_use_is_told_in_a_line(strava_assets: Run, arguments: list[str], words: str) -> None:
    code, said = strava_assets("zones", *arguments)
    assert code == 2
    assert words in said
    assert len(said.strip().splitlines()) == 1
