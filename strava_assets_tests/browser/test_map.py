"""What the map page promises, seen with a real Chromium on a desktop and on a phone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strava_assets_tests.browser import public_root
from strava_assets_tests.browser.conftest import DESKTOP, PHONE, Visit
from strava_assets_tests.browser.public_root import ATHLETE, HOSTILE, Activity

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def total(activities: list[Activity], name: str) -> float:
    return sum(activity.properties[name] or 0 for activity in activities)


def figures(activities: list[Activity]) -> dict[str, str]:
    """The totals as the page words them for en-GB, from the properties alone."""
    minutes = round(total(activities, "moving_time") / 60)
    hours = f"{minutes // 60} h {minutes % 60:02d}" if minutes < 6000 else f"{round(minutes / 60):,} h"
    kilometres = total(activities, "distance") / 1000
    return {
        "activities": f"{len(activities):,}",
        "climb": f"{total(activities, 'total_elevation_gain'):,.0f} m",
        "distance": f"{kilometres:.1f} km" if kilometres < 99.95 else f"{kilometres:,.0f} km",
        "time": hours,
    }


def quiet(seen: dict[str, Any]) -> bool:
    """No error on the console, no policy broken, nothing asked of anybody else."""
    assert seen["console"] == []
    assert seen["foreign"] == []
    return True


@SIZES
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_ride_is_drawn_and_counted(
    visit: Visit, published: list[Activity], size: tuple[int, int], dark: bool
) -> None:
    seen = visit("look", size, dark=dark)
    assert quiet(seen)
    assert seen["title"] == "Where we have been"
    assert seen["totals"] == figures(published)
    assert seen["inked"] > 20_000
    assert not seen["messageShown"]
    assert seen["wide"] <= 0, "something is wider than the screen"
    assert seen["unnamed"] == 0, "a button or a link has no name"
    assert seen["small"] == [], "a button is too small for a finger"


@SIZES
def test_the_latest_ride_comes_first(visit: Visit, published: list[Activity], size: tuple[int, int]) -> None:
    seen = visit("look", size)
    assert seen["first"] == published[0].properties["name"]
    assert seen["names"] == [activity.properties["name"] for activity in published[: len(seen["names"])]]


@SIZES
def test_a_chip_shows_only_its_sport(visit: Visit, published: list[Activity], size: tuple[int, int]) -> None:
    seen = visit("filter", size, sports=["run", "hike"])
    wanted = [activity for activity in published if activity.properties["type"] in ("Run", "Hike")]
    assert quiet(seen)
    assert seen["before"]["totals"] == figures(published)
    assert seen["after"]["totals"] == figures(wanted)
    assert 0 < seen["after"]["inked"] < seen["before"]["inked"] / 2
    assert seen["hash"] == "#sport=hike,run"
    assert all(about.startswith(("Run", "Hike")) for about in seen["about"])


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
    assert seen["hash"] == f"#ride={alone.id}"


@SIZES
def test_a_hidden_section_is_a_gap_and_says_so(visit: Visit, published: list[Activity], size: tuple[int, int]) -> None:
    seen = visit("open", size, ride=published[0].id)
    assert quiet(seen)
    assert seen["streamsBefore"] == 0, "a profile was fetched before anybody asked"
    assert seen["card"]["gaps"] == 2
    assert seen["card"]["lines"] == 3
    assert seen["card"]["text"].count("hidden section") >= 2
    assert "Parts near private places are left out" in seen["card"]["text"]
    assert " km · " in seen["cursor"]


@SIZES
def test_a_hostile_name_stays_text(visit: Visit, published: list[Activity], size: tuple[int, int]) -> None:
    seen = visit("open", size, ride=published[1].id)
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
    seen = visit("keys")
    assert quiet(seen)
    assert seen["opened"] == published[1].properties["name"]
    assert seen["closed"]
    assert seen["focused"] == "ride", "the focus was lost with the card"


def test_the_sheet_of_a_phone_has_three_stops(visit: Visit, published: list[Activity]) -> None:
    peek, half, full, dragged = visit("sheet", PHONE)["heights"]
    assert peek < half < full
    assert dragged == peek


@SIZES
def test_a_new_ride_appears_by_itself(visit: Visit, root: Path, tmp_path: Path, size: tuple[int, int]) -> None:
    activities = public_root.invent()
    public_root.write(root, activities[1:])
    later = public_root.write(tmp_path / "later", activities)
    names = [f"{ATHLETE}/streams/stream_{activities[0].id}.csv", f"{ATHLETE}/activities.topojson", "index.json"]
    seen = visit(
        "arrive",
        size,
        ride=activities[5].id,
        count=f"{len(activities)}",
        copies={str(root / name): str(later / name) for name in names},
    )
    assert quiet(seen)
    assert seen["after"] == figures(activities)
    assert seen["first"] == activities[0].properties["name"]
    assert activities[0].properties["name"] in seen["notice"]
    assert seen["card"]["name"] == activities[5].properties["name"], "the open ride was lost"


def test_nothing_published_yet_is_said_in_words(visit: Visit, root: Path) -> None:
    public_root.write(root, [])
    seen = visit("message", blank=True)
    assert quiet(seen)
    assert "Nothing is published yet" in seen["message"]


def _half_written(root: Path) -> None:
    whole = (root / ATHLETE / "activities.topojson").read_bytes()
    (root / ATHLETE / "activities.topojson").write_bytes(whole[: len(whole) // 2])


def _no_index(root: Path) -> None:
    (root / "index.json").write_text('{"athletes": 7}')


def _absurd_arcs(root: Path) -> None:
    topology = json.loads((root / ATHLETE / "activities.topojson").read_text())
    (root / ATHLETE / "activities.topojson").write_text(json.dumps({**topology, "arcs": []}))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_half_written, "activities.topojson is damaged or only half there"),
        (_no_index, "index.json is not an index"),
        (_absurd_arcs, "a line that it names is not in it"),
    ],
    ids=["half a map", "a wrong index", "lines missing"],
)
def test_a_damaged_file_is_named_and_the_page_stays(
    visit: Visit, root: Path, published: list[Activity], spoil: Callable[[Path], None], words: str
) -> None:
    spoil(root)
    seen = visit("message", blank=True)
    assert seen["console"] == []
    assert "cannot be shown" in seen["message"]
    assert words in seen["message"]


def test_a_missing_profile_is_said_in_the_card(visit: Visit, root: Path, published: list[Activity]) -> None:
    (root / ATHLETE / "streams" / f"stream_{published[0].id}.csv").unlink()
    seen = visit("open", ride=published[0].id)
    assert "No profile" in seen["card"]["text"]
    assert seen["card"]["name"] == published[0].properties["name"]


def test_the_weeks_on_the_page_are_those_of_weekly_json(visit: Visit, root: Path, published: list[Activity]) -> None:
    best: dict[str, float] = {}
    for row in json.loads((root / ATHLETE / "weekly.json").read_text()):
        best[row["start"]] = best.get(row["start"], 0) + row["distance"]
    recent = sorted(best)[-52:]
    seen = visit("look")
    assert seen["weeks"] == [f"{best[week] / 1000:.1f} km" for week in recent]
