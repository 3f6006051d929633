"""Zones drawn in the owner's view: the same words and deeds as on the command line, and only from our own page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import shapely

from strava_assets.database.connection import queries
from strava_assets.errors import StoreUnavailable
from strava_assets.installation import Installation
from strava_assets.privacy import zone_store
from strava_assets.publish import csv_files
from strava_assets.publish.gate import Gate
from strava_assets_tests.gateway.mine import MONTH, RIDES, Mine, opened_for_long, served
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.worlds import HOME

FAR = (30.0, 10.0)


@pytest.fixture
def mine(installation: Installation) -> Iterator[Mine]:
    yield from served(installation)


def drawing(lon: float, lat: float, radius: float = 100, **properties: Any) -> dict[str, Any]:
    """A point with a radius."""
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "geometry": geometry, "properties": {"radius": radius, **properties}}


def on_the_way(mine: Mine) -> tuple[float, float]:
    """Where a public ride passes, far from home."""
    athlete, activity = mine.ids[1]
    told = csv_files.decode(mine.get(f"/{athlete}/streams/stream_{activity}.csv").content).columns
    middle = len(told["lng"]) * 3 // 4
    return float(told["lng"][middle]), float(told["lat"][middle])


def post(browser: httpx.Client, path: str, told: Any) -> httpx.Response:
    """As our page does."""
    return browser.post(
        path, json=told, headers={"Sec-Fetch-Site": "same-origin", "Origin": str(browser.base_url).rstrip("/")}
    )


def kept(mine: Mine) -> list[tuple[int, str, str]]:
    return [(zone.id, zone.origin, zone.mode) for zone in zone_store.stored(mine.installation.database)]


def test_zones_are_shown_with_what_is_cut_for_them(mine: Mine) -> None:
    (feature,) = mine.owner().get("/mine/zones.json").json()["features"]
    told = feature["properties"]
    assert {name: told[name] for name in ("name", "mode", "origin", "expansion")} == {
        "name": "Rosenhof",
        "mode": "everywhere",
        "origin": "drawn",
        "expansion": 300,
    }
    drawn, cut = (shapely.from_geojson(json.dumps(part)) for part in (feature["geometry"], told["cut"]))
    assert drawn.equals_exact(HOME.polygon(circle(120)), 1e-9)
    assert shapely.contains(cut, drawn)


def test_a_drawing_is_tried_before_it_is_drawn(mine: Mine) -> None:
    browser, zones, before = mine.owner(), kept(mine), mine.public_state()
    lon, lat = on_the_way(mine)
    (found,) = post(browser, "/mine/zones/check", drawing(lon, lat)).json()["zones"]
    assert 1 <= found["activities"] <= len(RIDES)
    assert (found["months"], found["zone"], found["at_most"]) == (1, None, True)
    reach, lines = (shapely.from_geojson(json.dumps(found[name])) for name in ("reach", "lines"))
    assert shapely.contains_xy(reach, lon, lat)
    assert not lines.is_empty
    assert shapely.covers(shapely.buffer(reach, 1e-6), lines)
    (nothing,) = post(browser, "/mine/zones/check", drawing(*FAR)).json()["zones"]
    assert (nothing["activities"], nothing["lines"]["coordinates"]) == (0, [])
    assert (kept(mine), mine.public_state()) == (zones, before)


def test_what_is_drawn_withdraws_at_once(mine: Mine) -> None:
    browser = mine.owner()
    athlete, activity = mine.ids[1]
    lon, lat = on_the_way(mine)
    answer = post(browser, "/mine/zones", drawing(lon, lat, name="Anna")).json()
    assert f"{athlete}/streams/stream_{activity}.csv" in [each["path"] for each in answer["withdrawn"]]
    assert "Zones: 1 added." in answer["said"]
    assert any("showed such a place: withdrawn" in line for line in answer["said"])
    assert answer["months"] == 1
    with mine.installation.database.transaction() as connection:
        assert [row["month"] for row in queries().requested_months(connection, fresh_events=True)] == [MONTH]
    assert mine.get(f"/{athlete}/streams/stream_{activity}.csv").status_code == 404
    assert mine.get("/index.json").json()["athletes"][0]["activities"] < 5
    assert browser.get(f"/mine/{athlete}/streams/stream_{activity}.csv").status_code == 200
    assert len(kept(mine)) == 2
    again = post(browser, "/mine/zones", drawing(lon, lat, name="Anna")).json()
    assert again["said"][0] == "Zones: 1 were there already."


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ([], "no GeoJSON feature"),
        ({}, "no GeoJSON feature"),
        ({"geometry": {"type": "Polygon", "coordinates": "x"}, "properties": None}, "no GeoJSON feature"),
        ({"geometry": {"type": "LineString", "coordinates": [[1, 1], [2, 2]]}}, "is a LineString"),
        (
            {
                "geometry": {
                    "type": "Polygon",
                    "coordinates": [[[0, 0], [0.001, 0.001], [0.001, 0], [0, 0.001], [0, 0]]],
                }
            },
            "not a valid polygon",
        ),
        ({"geometry": {"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}}, "km wide"),
        (drawing(7.6, 47.5, radius=0), "a point needs a radius"),
        (drawing(200.0, 47.5), "outside the world"),
        (drawing(7.6, 47.5, mode="sometimes"), "its mode is 'sometimes'"),
        (drawing(7.6, 47.5, expansion=5), "between 100 and 5000"),
        (drawing(7.6, 47.5, expansion="wide"), "between 100 and 5000"),
    ],
)
def test_a_wrong_drawing_is_refused_in_a_sentence(refusing: Mine, told: Any, sentence: str) -> None:
    browser, zones, before = refusing.owner(), kept(refusing), refusing.public_state()
    for path in ("/mine/zones", "/mine/zones/check"):
        answer = post(browser, path, told)
        assert answer.status_code == 400
        assert sentence in answer.json()["error"]
        assert "\n" not in answer.json()["error"]
    assert (kept(refusing), refusing.public_state()) == (zones, before)


@pytest.fixture(scope="module")
def refusing(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mine]:
    """One that is left as it is."""
    opened = opened_for_long(postgres, tmp_path_factory.mktemp("mine"))
    yield from served(opened)
    opened.database.close()


def test_only_our_own_page_changes_anything(refusing: Mine) -> None:
    browser, zones = refusing.owner(), kept(refusing)
    told, number = drawing(*FAR), zones[0][0]
    of_it = [f"/mine/zones/{number}/{deed}" for deed in ("check", "redraw", "confirm", "remove")]
    for path in ("/mine/zones", "/mine/zones/check", *of_it):
        for headers in (
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:3000"},
            {"Origin": "https://evil.example.org"},
        ):
            assert browser.post(path, json=told, headers=headers).status_code == 403
        ours = {"Sec-Fetch-Site": "same-origin"}
        form = browser.post(path, content=json.dumps(told), headers={**ours, "Content-Type": "text/plain"})
        assert form.status_code == 415
        wrong = browser.post(path, content=b"{", headers={**ours, "Content-Type": "application/json"})
        assert wrong.status_code == 400
        deep = browser.post(path, content=b"[" * 100_000, headers={**ours, "Content-Type": "application/json"})
        assert deep.status_code == 400
        long = browser.post(path, content=b" " * 600_000, headers={**ours, "Content-Type": "application/json"})
        assert long.status_code == 413
    assert kept(refusing) == zones


def test_hiding_less_takes_the_owner_s_word(mine: Mine) -> None:
    browser = mine.owner()
    ((number, *_),) = kept(mine)
    refused = post(browser, f"/mine/zones/{number}/remove", {})
    assert refused.status_code == 400
    assert "removing a zone publishes what it hid" in refused.json()["error"]
    there = browser.get("/mine/zones.json").json()["features"][0]
    there["properties"] = {"mode": "ends_only"}
    assert "hides everywhere" in post(browser, "/mine/zones", there).json()["error"]
    assert kept(mine) == [(number, "drawn", "everywhere")]
    before = mine.public_state()
    removed = post(browser, f"/mine/zones/{number}/remove", {"show_this_place": True}).json()
    assert removed["said"][0].startswith(f"Zone {number} removed; 1 month to do again")
    assert kept(mine) == [(number, "lifted", "everywhere")]
    assert mine.public_state() == before  # the next run shows it
    confirmed = post(browser, f"/mine/zones/{number}/confirm", {}).json()
    assert confirmed["said"][0] == f"Zone {number} confirmed: cut as before."
    assert kept(mine) == [(number, "drawn", "everywhere")]
    assert post(browser, "/mine/zones/999/confirm", {}).json() == {
        "error": "there is no zone 999; see: strava-assets zones list"
    }


def test_the_owner_is_told_when_something_could_not_be_withdrawn(mine: Mine, monkeypatch: pytest.MonkeyPatch) -> None:
    lon, lat = on_the_way(mine)

    def full(self: Gate, *_: Any, **__: Any) -> None:
        raise StoreUnavailable("cannot write: no space left")

    monkeypatch.setattr(Gate, "withdraw", full)
    monkeypatch.setattr(Gate, "publish", full)
    answer = post(mine.owner(), "/mine/zones", drawing(lon, lat))
    assert answer.status_code == 503
    assert answer.json()["error"] == "cannot write: no space left"
    assert answer.json()["said"][-1] == "The zones are in force, but what is public there could not be withdrawn:"
    assert len(kept(mine)) == 2


def test_a_zone_tells_what_it_hides_before_it_is_removed(mine: Mine) -> None:
    browser, zones, before = mine.owner(), kept(mine), mine.public_state()
    told = post(browser, f"/mine/zones/{zones[0][0]}/check", {}).json()
    assert (told["zone"], told["at_most"], told["rides"], told["public"]) == (zones[0][0], False, len(RIDES), [])
    assert 600 < told["metres"] < 2000 * len(RIDES)
    assert post(browser, "/mine/zones/999/check", {}).json()["error"].startswith("there is no zone 999")
    assert (kept(mine), mine.public_state()) == (zones, before)


def test_a_drawing_tells_which_public_rides_show_the_place(mine: Mine) -> None:
    browser = mine.owner()
    athlete, activity = mine.ids[1]
    (found,) = post(browser, "/mine/zones/check", drawing(*on_the_way(mine))).json()["zones"]
    assert f"{athlete}/streams/stream_{activity}.csv" in [each["path"] for each in found["public"]]
    assert len(found["public"]) <= found["rides"]
    (mine.gateway.public / mine.athlete / "activities.topojson").write_text("half a m")
    (found,) = post(browser, "/mine/zones/check", drawing(*on_the_way(mine))).json()["zones"]
    assert (found["rides"] > 0, found["public"]) == (True, [])


def test_a_zone_is_redrawn_and_what_shows_more_is_withdrawn_at_once(mine: Mine) -> None:
    browser = mine.owner()
    ((number, *_),) = kept(mine)
    lon, lat = HOME.degrees(np.array([(0.0, 0.0)]))[0]
    outlines = [drawing(lon, lat, radius, zone=number) for radius in (115, 1000)]
    tried = [post(browser, "/mine/zones/check", each).json()["zones"][0] for each in outlines]
    assert [(each["zone"], each["at_most"], len(each["public"])) for each in tried] == [
        (number, False, 0),
        (None, True, 5),
    ]
    same = post(browser, f"/mine/zones/{number}/redraw", drawing(lon, lat, 115, name="Rosenhof")).json()
    assert same["said"] == [f"Zone {number} redrawn. What is cut for it holds the new outline, too: it stays the same."]
    assert (same["withdrawn"], same["months"]) == ([], 0)
    larger = post(browser, f"/mine/zones/{number}/redraw", drawing(lon, lat, 1000)).json()
    assert "it was made larger" in larger["said"][0]
    assert len(larger["withdrawn"]) == 5
    assert larger["months"] == 1
    far = post(browser, f"/mine/zones/{number}/redraw", drawing(*FAR))
    assert far.status_code == 400
    assert "another place than zone" in far.json()["error"]
    two = {"type": "MultiPolygon", "coordinates": []}
    for east in (0, 6000):
        two["coordinates"] += [
            json.loads(shapely.to_geojson(HOME.polygon(circle(90, center=(east, 0)))))["coordinates"]
        ]
    apart = post(browser, f"/mine/zones/{number}/redraw", {"type": "Feature", "geometry": two, "properties": {}})
    assert apart.json()["error"] == "a zone is redrawn as one place; there are 2"


def test_a_zone_that_is_called_otherwise_by_redrawing_takes_its_name_out_of_public_texts_at_once(mine: Mine) -> None:
    browser = mine.owner()
    ((number, *_),) = kept(mine)
    lon, lat = HOME.degrees(np.array([(0.0, 0.0)]))[0]
    topojson = f"/{mine.athlete}/activities.topojson"
    name = shown(mine, topojson)[0]["properties"]["name"]
    said = post(browser, f"/mine/zones/{number}/redraw", drawing(lon, lat, 115, name=name)).json()["said"]
    assert name not in " ".join(said)
    assert name not in mine.get(topojson).text


def shown(mine: Mine, topojson: str) -> list[dict[str, Any]]:
    geometries: list[dict[str, Any]] = mine.get(topojson).json()["objects"]["activities"]["geometries"]
    return geometries
