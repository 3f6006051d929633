"""What the map page promises, seen with a real Chromium on a desktop and on a phone."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import shapely

from strava_assets_tests.browser import public_root, words
from strava_assets_tests.browser.conftest import DESKTOP, PHONE, Visit
from strava_assets_tests.browser.public_root import ATHLETE, HOSTILE, Activity

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
SEARCH = "SATTEL uber"


def rows_of(root: Path, athlete: str = ATHLETE) -> list[dict[str, Any]]:
    """The properties in an athlete's public map, as they stand in the file."""
    topology = json.loads((root / athlete / "activities.topojson").read_text())
    return [geometry["properties"] for geometry in topology["objects"]["activities"]["geometries"]]


def quiet(seen: dict[str, Any]) -> bool:
    """No error on the console, no policy broken, nothing asked of anybody else."""
    assert seen["console"] == []
    assert seen["foreign"] == []
    return True


@pytest.mark.parametrize(
    ("size", "dark"),
    [(DESKTOP, False), (DESKTOP, True), ((1024, 768), False), (PHONE, False), (PHONE, True)],
    ids=["desktop", "dark", "laptop", "phone", "dark phone"],
)
def test_every_ride_is_drawn_and_counted(
    visit: Visit, root: Path, published: list[Activity], size: tuple[int, int], dark: bool
) -> None:
    seen = visit("look", size, dark=dark)
    rows = rows_of(root)
    assert quiet(seen)
    assert seen["title"] == "Where we have been"
    assert seen["totals"] == words.tiles(rows)
    assert seen["inked"] > 20_000
    assert not seen["messageShown"]
    assert seen["latest"] == rows[0]["name"]
    names = [row["name"] for row in rows]
    assert seen["names"] == names[: len(seen["names"])]
    assert 5 < len(seen["names"]) < 60, "rows that nobody sees are made"
    assert seen["wide"] <= 0, "something is wider than the screen"
    assert seen["unnamed"] == 0, "a button, a link or an input has no name"
    assert seen["small"] == [], "a button is too small for a finger"
    counts = [
        f"{name} {sum(words.SPORTS[row['type_extended']] == name for row in rows)}" for name in words.sports_of(rows)
    ]
    assert [" ".join(chip.split()) for chip in seen["chips"]] == [f"All {len(rows)}", *counts]


@SIZES
def test_every_filter_shows_the_same_set_in_tiles_chips_and_map(
    visit: Visit, root: Path, published: list[Activity], size: tuple[int, int]
) -> None:
    days = ("2025-06-01", "2026-02-28")
    seen = visit("filters", size, search=SEARCH, days=days)
    assert quiet(seen)
    assert "stuck" not in seen
    lines = {
        activity.id: shapely.MultiLineString([[p[:2] for p in run] for run in activity.runs]) for activity in published
    }
    today = datetime.now(UTC).date()

    def expected(hash_: str) -> list[dict[str, Any]]:
        asked = {name: values[0] for name, values in parse_qs(hash_.removeprefix("#")).items()}
        return [row for row in rows_of(root) if _passes(row, lines[row["actID"]], asked, today, size)]

    for name in (
        "sports",
        "range",
        "search",
        "days",
        "distance",
        "climb",
        "view",
        "rectangle",
        "lasso",
        "spot",
    ):
        rows = expected(seen[name]["hash"])
        assert seen[name]["totals"] == words.tiles(rows), f"{name}: {seen[name]['hash']}"
        assert len(rows) < len(published), f"{name} does not filter: {seen[name]['hash']}"
        assert seen[name]["inked"] < seen["before"]["inked"] or name == "view"
        assert seen[name]["reset"] == "Reset 1 filter"
    together = expected(seen["together"]["hash"])
    assert 0 < len(together) < 40
    assert seen["together"]["totals"] == words.tiles(together)
    assert seen["together"]["reset"] == "Reset 3 filters"
    assert seen["shared"]["totals"] == seen["together"]["totals"], "a shared address shows something else"
    assert seen["reset"]["totals"] == seen["before"]["totals"]
    assert seen["reset"]["reset"] is None


def _passes(row: dict[str, Any], line: Any, asked: dict[str, str], today: Any, size: tuple[int, int]) -> bool:
    """Whether a ride passes what an address says; only what the scenario uses."""
    keys = {"Run": "run", "Hike": "hike", "Mountain bike": "mtb"}
    if "sport" in asked and keys.get(words.SPORTS[row["type_extended"]]) not in asked["sport"].split(","):
        return False
    if asked.get("range") == "12m":
        start = today.replace(year=today.year - 1) + timedelta(days=1)
        if row["startDate"] < start.isoformat():
            return False
    elif ".." in asked.get("range", ""):
        first, last = asked["range"].split("..")
        if not first <= row["startDate"] <= last:
            return False
    for name, value in (("distance", row["distance"]), ("climb", row["total_elevation_gain"])):
        if name in asked:
            low, high = asked[name].split("-")
            if not float(low or 0) <= value <= float(high or math.inf):
                return False
    plain = f"{row['name']} {row['gear_name'] or ''}".lower().replace("ü", "u")
    if not all(word in plain for word in asked.get("q", "").lower().split()):
        return False
    if "area" in asked:
        corners = [tuple(map(float, corner.split(","))) for corner in asked["area"].split("~")]
        if not shapely.Polygon(corners).intersects(line):
            return False
    if "spot" in asked:
        lon, lat = map(float, asked["spot"].split(","))
        squeeze = math.cos(math.radians(lat))
        near = shapely.transform(line, lambda points: (points - [lon, lat]) * [111_195 * squeeze, 111_195])
        if shapely.distance(near, shapely.Point(0, 0)) > 100:
            return False
    return not (asked.get("view") == "1" and not shapely.box(*_view(asked["at"], size)).intersects(line))


def _view(at: str, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """West, south, east, north of the map's part of a screen."""
    zoom, lat, lon = map(float, at.split("/"))
    # the map's part of the screen, by style.css: 62 of 100 of the width; below a bar of two rows
    width, height = (size[0] * 0.62, size[1] - 108) if size == DESKTOP else (size[0], size[1] - 98)
    world = 256 * 2**zoom
    middle = math.asinh(math.tan(math.radians(lat)))
    span = height / world * math.pi
    north, south = (math.degrees(math.atan(math.sinh(middle + side * span))) for side in (1, -1))
    return lon - width / world * 180, south, lon + width / world * 180, north


@SIZES
def test_every_figure_of_the_charts_can_be_recomputed(
    visit: Visit, root: Path, published: list[Activity], size: tuple[int, int]
) -> None:
    seen = visit("charts", size)
    rows = rows_of(root)
    assert quiet(seen)
    assert seen["pictures"] == 2
    assert seen["ink"] > 2000, "the chart is empty"
    sports = words.sports_of(rows)
    for period in ("year", "quarter", "week"):
        by: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            by.setdefault(words.start_of(row["startDate"], period), []).append(row)
        periods = words.starts(min(by), max(by), period)[::-1]
        for measure in ("distance", "count", "climb", "time", "watts"):
            head, *body = seen[f"{period} {measure}"]
            assert head[2:] == ["All", *sports]
            wanted = []
            for start in periods:
                members = by.get(start, [])
                theirs = [[row for row in members if words.SPORTS[row["type_extended"]] == sport] for sport in sports]
                cells = [words.measure(some, measure) if some else words.NOTHING for some in theirs]
                wanted.append([start, words.title(start, period), words.measure(members, measure), *cells])
            assert body == wanted, f"{measure} by {period}"
        if period == "week":
            wanted = [
                [start, words.title(start, period), words.whole(words.watts(by.get(start, [])), "W")]
                for start in periods
            ]
            assert seen["watts"][1:] == wanted
        if period == "quarter":
            wanted = [
                [
                    start,
                    words.title(start, period),
                    *(
                        words.measure(by.get(start, []), name)
                        for name in ("count", "distance", "climb", "time", "watts")
                    ),
                ]
                for start in periods
            ]
            assert seen["quarters"][1:] == wanted
    month = [row for row in rows if row["startDate"].startswith(rows[0]["startDate"][:7])]
    assert seen["month"] == "November 2026"
    assert seen["days"] == len(month)
    assert seen["sums"].startswith(f"{len(month)} activities · {words.kilometres(words.total(month, 'distance'))} · ")


def test_the_weeks_of_the_chart_are_those_of_weekly_json(visit: Visit, root: Path, published: list[Activity]) -> None:
    best: dict[str, float] = {}
    for row in json.loads((root / ATHLETE / "weekly.json").read_text()):
        best[row["start"]] = best.get(row["start"], 0) + row["distance"]
    seen = visit("charts")
    shown = {start: cell for start, _, cell, *_ in seen["week distance"][1:] if cell != words.NOTHING}
    assert shown == {start: words.kilometres(distance) for start, distance in best.items()}


def test_the_table_can_be_sorted(visit: Visit, root: Path, published: list[Activity]) -> None:
    seen = visit("sort")
    rows = rows_of(root)
    assert quiet(seen)
    by_name = sorted(rows, key=lambda row: row["name"].lower())
    by_distance = sorted(rows, key=lambda row: -row["distance"])
    assert seen["name"] == [row["actID"] for row in by_name[:8]]
    assert seen["distance"] == [row["actID"] for row in by_distance[:8]]
    assert seen["made"] < len(rows) / 2


@SIZES
def test_a_tap_on_a_line_opens_its_ride(visit: Visit, published: list[Activity], size: tuple[int, int]) -> None:
    # the holiday's line lies alone: whatever opens is the line that was tapped
    alone = published[-3]
    seen = visit("tap", size, ride=alone.id)
    assert quiet(seen)
    assert seen["closed"]
    assert seen["card"]["name"] == "Tenerife, once"
    assert f"{alone.properties['distance'] / 1000:.1f} km" in seen["card"]["text"]
    assert seen["faded"] == 1, "the others did not fade"
    assert re.search(f"ride={alone.id}", seen["hash"])
    if size == DESKTOP:  # on a phone the card is in the table's place
        assert seen["selected"] == [alone.id], "the table does not show which one is open"


@SIZES
def test_a_profile_and_the_map_show_the_same_place(
    visit: Visit, published: list[Activity], size: tuple[int, int]
) -> None:
    seen = visit("open", size, ride=published[0].id)
    assert quiet(seen)
    assert seen["streamsBefore"] == 0, "a profile was fetched before anybody asked"
    assert (seen["card"]["gaps"], seen["card"]["labels"], seen["card"]["lines"]) == (2, 2, 3)
    assert "Parts near private places are left out" in seen["card"]["text"]
    assert seen["card"]["switches"] == ["Elevation", "Heart rate", "Speed", "Power", "Cadence", "Grade", "Temperature"]
    assert re.search(r"km · .* m · .* bpm · .* km/h · .* W · .* rpm · .* % · .* °C", seen["cursor"])
    assert seen["markerBefore"] == 0
    assert seen["marker"] > 20, "no marker on the map"
    if size == DESKTOP:
        assert seen["fromMap"]["line"] == "visible"
        assert " km · " in seen["fromMap"]["cursor"]
    assert "0" not in seen["zoomed"], "dragging, or two fingers, did not zoom"
    assert "0" in seen["whole"]
    assert any(" h " in tick or " min" in tick for tick in seen["overTime"])
    assert seen["drawn"] == 3 * 6 + 3, "a series is missing"
    assert " km, " in seen["byKey"] or "min, " in seen["byKey"]
    assert seen["splits"] == math.ceil(published[0].properties["distance"] / 1000)


def test_a_hostile_name_stays_text(visit: Visit, published: list[Activity]) -> None:
    seen = visit("open", ride=published[1].id)
    assert quiet(seen)
    assert seen["card"]["name"] == HOSTILE
    assert seen["card"]["images"] == 0
    assert seen["titles"] == "Where we have been"


@SIZES
def test_the_map_begins_at_home_and_can_show_all(
    visit: Visit, published: list[Activity], size: tuple[int, int]
) -> None:
    seen = visit("frames", size)
    assert quiet(seen)
    assert (seen["button"], seen["back"]) == ("Show all", "Home area")
    assert seen["home"] == seen["again"] != seen["whole"]
    assert int(seen["whole"].removesuffix(" km")) >= 50 > int(seen["home"].removesuffix(" km"))


def test_an_address_with_a_ride_opens_it(visit: Visit, published: list[Activity]) -> None:
    seen = visit("open", hash=f"#ride={published[-3].id}")
    assert quiet(seen)
    assert seen["card"]["name"] == "Tenerife, once"


def test_everything_can_be_done_by_keyboard(visit: Visit, published: list[Activity]) -> None:
    seen = visit("keys", search=SEARCH)
    found = [row for row in published if row.properties["name"] == "Über den Sattel"]
    assert quiet(seen)
    assert seen["search"] == "search"
    assert (seen["found"], seen["cleared"]) == (str(len(found)), str(len(published)))
    assert seen["row"] == "ride"
    assert seen["opened"] == published[1].properties["name"]
    assert seen["next"] == published[2].properties["name"], "arrows do not go on through the list"
    assert seen["last"] == published[-1].properties["name"]
    assert seen["closed"]
    assert (seen["area"], seen["reset"]) == (True, False)
    assert seen["tab"]


@SIZES
def test_axe_finds_nothing(visit: Visit, published: list[Activity], size: tuple[int, int]) -> None:
    seen = visit("axe", size, ride=published[0].id, dark=size == PHONE)
    assert seen["found"] == []


def test_colours_units_and_heat_are_switched_and_kept(visit: Visit, root: Path, published: list[Activity]) -> None:
    seen = visit("switches")
    rows = rows_of(root)
    assert quiet(seen)
    assert seen["light"] != seen["dark"]
    miles = f"{words.total(rows, 'distance') / 1609.344:,.0f} mi"
    assert seen["miles"]["distance"] == seen["kept"]["miles"]["distance"] == miles
    assert seen["kept"]["dark"] == "dark"
    assert "heat=1" in seen["heat"]["hash"]
    assert seen["heat"]["key"]
    assert seen["heat"]["inked"] > 20_000
    assert "Private places" in seen["about"]
    assert seen["aboutClosed"]


def test_another_address_in_the_same_page_is_followed(visit: Visit, root: Path, published: list[Activity]) -> None:
    seen = visit("address", hash="#athlete=nobody", next="sport=run&at=5/47/11")
    assert quiet(seen)
    assert seen["before"]["totals"] == words.tiles(rows_of(root)), "an athlete who is not there hides everybody"
    assert seen["before"]["hash"] == ""
    assert seen["after"]["totals"] == words.tiles([row for row in rows_of(root) if row["type"] == "Run"])


def test_street_tiles_bring_their_attribution(visit: Visit, root: Path, published: list[Activity]) -> None:
    tiles = {"url": "./favicon.svg?{z}-{x}-{y}", "attribution": "© OpenStreetMap contributors"}
    (root / "config.json").write_text(json.dumps({"schema": 1, "title": None, "tiles": tiles}))
    seen = visit("tiles")
    assert quiet(seen)
    assert seen["attribution"] == "© OpenStreetMap contributors"
    assert seen["link"] == "https://www.openstreetmap.org/copyright"
    assert seen["graticule"] == 0


def test_several_athletes_are_shown_apart_and_together(visit: Visit, root: Path, published: list[Activity]) -> None:
    other = "b1b2c3d4e5f60718"
    public_root.write(root, public_root.invent(30, seed=11, first_id=1000), athlete="Bo Example", public_id=other)
    seen = visit("athletes")
    mine, theirs = rows_of(root), rows_of(root, other)
    assert quiet(seen)
    assert seen["names"] == ["Everybody together", "Ada Example", "Bo Example"]
    assert seen[ATHLETE] == words.tiles(mine)
    assert seen[other] == words.tiles(theirs)
    assert seen["all"] == seen["again"] == words.tiles(mine + theirs)


def test_the_sheet_of_a_phone_has_three_stops(visit: Visit, published: list[Activity]) -> None:
    peek, half, full, dragged = visit("sheet", PHONE)["heights"]
    assert peek < half < full
    assert dragged == peek


def test_a_new_ride_appears_by_itself(visit: Visit, root: Path, tmp_path: Path) -> None:
    activities = public_root.invent()
    public_root.write(root, activities[1:])
    later = public_root.write(tmp_path / "later", activities)
    names = [f"{ATHLETE}/streams/stream_{activities[0].id}.csv", f"{ATHLETE}/activities.topojson", "index.json"]
    seen = visit(
        "arrive",
        ride=activities[5].id,
        count=f"{len(activities)}",
        copies={str(root / name): str(later / name) for name in names},
    )
    assert quiet(seen)
    assert seen["after"] == words.tiles(rows_of(root))
    assert seen["latest"] == activities[0].properties["name"]
    assert activities[0].properties["name"] in seen["notice"]
    assert seen["card"]["name"] == activities[5].properties["name"], "the open ride was lost"


def test_nothing_published_yet_is_said_in_words(visit: Visit, root: Path) -> None:
    public_root.write(root, [])
    seen = visit("message", blank=True)
    assert quiet(seen)
    assert "Nothing is published yet" in seen["message"]


def test_a_filter_that_nothing_passes_says_so(visit: Visit, published: list[Activity]) -> None:
    seen = visit("message", hash="#q=nowhere")
    assert quiet(seen)
    assert "Nothing matches" in seen["message"]
    assert "Reset" in seen["message"]


def _half_written(root: Path) -> None:
    whole = (root / ATHLETE / "activities.topojson").read_bytes()
    (root / ATHLETE / "activities.topojson").write_bytes(whole[: len(whole) // 2])


def _no_index(root: Path) -> None:
    (root / "index.json").write_text('{"athletes": 7}')


def _absurd_arcs(root: Path) -> None:
    topology = json.loads((root / ATHLETE / "activities.topojson").read_text())
    (root / ATHLETE / "activities.topojson").write_text(json.dumps({**topology, "arcs": []}))


def _no_map(root: Path) -> None:
    (root / ATHLETE / "activities.topojson").unlink()


@pytest.mark.parametrize(
    ("spoil", "words_"),
    [
        (_half_written, "activities.topojson is damaged or only half there"),
        (_no_index, "index.json is not an index"),
        (_absurd_arcs, "a line that it names is not in it"),
        (_no_map, "activities.topojson is not there (404)"),
    ],
    ids=["half a map", "a wrong index", "lines missing", "no map"],
)
def test_a_damaged_file_is_named_and_the_page_stays(
    visit: Visit, root: Path, published: list[Activity], spoil: Callable[[Path], None], words_: str
) -> None:
    spoil(root)
    seen = visit("message", blank=True)
    assert [line for line in seen["console"] if "404" not in line] == []
    assert "cannot be shown" in seen["message"]
    assert words_ in seen["message"]


def test_absurd_properties_and_config_are_passed_over(visit: Visit, root: Path, published: list[Activity]) -> None:
    path = root / ATHLETE / "activities.topojson"
    topology = json.loads(path.read_text())
    geometries = topology["objects"]["activities"]["geometries"]
    geometries[0]["properties"] = {"actID": "0", "distance": "far", "startDate": "0001-01-01", "moving_time": -7}
    geometries[1]["properties"] = None
    geometries[2] = {"type": None}
    path.write_text(json.dumps(topology))
    (root / "config.json").write_text('{"title": 7, "tiles": {"url": "javascript:alert(1)"}, "theme": "pink"}')
    seen = visit("look")
    assert quiet(seen)
    assert seen["totals"]["activities"] == str(len(published) - 2)
    assert seen["title"] == "Map of rides"


def test_a_missing_profile_is_said_in_the_card(visit: Visit, root: Path, published: list[Activity]) -> None:
    (root / ATHLETE / "streams" / f"stream_{published[0].id}.csv").unlink()
    seen = visit("open", ride=published[0].id)
    assert "No profile" in seen["card"]["text"]
    assert seen["card"]["name"] == published[0].properties["name"]
