"""The owner's page in a real Chromium, before a real gateway: who gets in, what is seen and drawn, what never leaks."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import shapely
from typer.testing import CliRunner

from strava_assets.dashboard import owner_files, site_files
from strava_assets.dashboard.choices import chosen
from strava_assets.gateway.owner_access import Tries, link
from strava_assets.privacy import zone_store
from strava_assets.privacy.geodesy import across
from strava_assets.stack import settings_environment
from strava_assets.zones_cli import app as zones_app
from strava_assets_tests.browser.conftest import DESKTOP, PHONE, Visit, visits
from strava_assets_tests.gateway.mine import HASH, PASSWORD, RIDES, Mine, opened_for_long, served

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


@dataclass
class Page:
    """The page, its gateway, and a browser that comes by the owner's link."""

    mine: Mine
    visit: Visit

    @property
    def zones(self) -> dict[str, Any]:
        """What is kept, by name."""
        return {zone.name: zone for zone in zone_store.stored(self.mine.installation.database)}


@pytest.fixture(scope="module")
def page(
    postgres: str, tmp_path_factory: pytest.TempPathFactory, site: dict[str, bytes], driver: subprocess.Popen[str]
) -> Iterator[Page]:
    """With a password, and the public page published beside it."""
    opened = opened_for_long(
        postgres, tmp_path_factory.mktemp("mine"), STRAVA_ASSETS_PORT=1, STRAVA_ASSETS_OWNER_PASSWORD_HASH=HASH
    )
    for mine in served(opened):
        opened.gate().publish(chosen(site_files(), opened.settings.map_choices))
        key = link(opened.settings).partition("?")[2]
        yield Page(mine, visits(driver, f"{mine.gateway.url}/mine/?{key}"))
    opened.database.close()


def quiet(seen: dict[str, Any]) -> bool:
    """No error on the console, nothing asked of anybody else, and nothing for axe to say."""
    assert seen["console"] == []
    assert seen["foreign"] == []
    assert seen.get("axe", []) == []
    return True


@SIZES
def test_the_owner_sees_everything_what_others_see_and_the_difference(page: Page, size: tuple[int, int]) -> None:
    before = page.mine.public_state()
    seen = page.visit("ownerLook", size, published="5", dark=size == PHONE)
    assert quiet(seen)
    assert seen["address"] == f"{page.mine.gateway.url}/mine/", "the link's key stays in the address"
    assert (seen["mark"], seen["title"]) == ("Only you see this", "Where we have been – only you")
    assert seen["totals"]["activities"] == "6"
    assert seen["others"]["totals"]["activities"] == "5"
    assert seen["others"]["mark"], "the mark went away"
    assert seen["others"]["inked"] < seen["everything"] == seen["again"]
    assert (seen["others"]["zones"], seen["zones"] > 0) == (0, True)
    # one ride is private, and all begin at a home that is cut out
    assert "in 6 of 6 rides hidden from others" in seen["difference"]["words"]
    assert "1 not shown at all" in seen["difference"]["words"]
    assert 100 < seen["difference"]["hidden"] < seen["everything"] * 3
    assert seen["difference"]["totals"] == seen["totals"]
    assert seen["wide"] <= 0, "something is wider than the screen"
    assert "your whole history, with nothing cut out" in seen["about"]
    assert "are cut out before" not in seen["about"], "it says of itself what is true of the public page"
    assert page.mine.public_state() == before, "looking changed what is public"


def on_the_way(mine: Mine, ride: int) -> str:
    """The map's place where a ride ends, far from home."""
    _, samples = RIDES[ride - 1]
    lat, lon = (samples.column(name)[-60].as_py() for name in ("lat", "lng"))
    return f"15/{lat}/{lon}"


@pytest.mark.parametrize(("size", "ride"), [(DESKTOP, 1), (PHONE, 2)], ids=["desktop", "phone"])
def test_a_place_is_drawn_with_what_would_disappear_told_before(page: Page, size: tuple[int, int], ride: int) -> None:
    name = f"Anna {size[0]}"
    athlete, activity = page.mine.ids[ride]
    csv = f"{athlete}/streams/stream_{activity}.csv"
    assert csv in page.mine.public_state()
    seen = page.visit("ownerCircle", size, name=name, at=on_the_way(page.mine, ride), dark=size == PHONE)
    assert quiet(seen)
    assert name not in seen["before"]
    assert "Enter" in seen["hint"]
    rides = int(re.search(r"Would disappear: at most [\d.]+ k?m of (\d+) rides?\.", seen["foretold"])[1])
    assert rides >= 1
    assert "withdrawn when you save" in seen["foretold"]
    assert seen["lines"] > 0, "what would disappear is not drawn"
    first, larger = (int(radius) for radius in seen["radius"])
    assert first == 120 < larger < 400
    zone = page.zones[name]
    assert across([zone.geometry]) == pytest.approx(2 * larger, rel=0.02)
    assert "1 added" in seen["said"]
    assert "withdrawn at once" in seen["said"]
    assert name in seen["after"]
    assert csv not in page.mine.public_state(), "the ride that showed the place is public still"
    listed = CliRunner().invoke(zones_app, ["list"], env=environment(page.mine)).output
    assert name in listed


def environment(mine: Mine) -> dict[str, str]:
    return {**settings_environment(mine.installation.settings), "COLUMNS": "200"}


def test_a_place_is_drawn_without_a_mouse(page: Page) -> None:
    seen = page.visit("ownerKeys", name="By keys", at="16/47.62/7.75")
    assert quiet(seen)
    assert seen["focused"] == "map", "the arrow keys do not move the map"
    assert seen["corners"] == [1, 2, 3, 4, 3, 4]
    assert seen["moved"] == pytest.approx(6, abs=1)
    assert seen["stays"] == "Corner 1 of 4", "a handle loses the keyboard when it is moved"
    assert "nothing. No ride comes near" in seen["foretold"]
    assert "1 added" in seen["said"]
    assert len(page.zones["By keys"].geometry.exterior.coords) == 5
    assert seen["closed"]
    assert seen["focusedAtLast"] == "zones-open"


def test_a_zone_is_shaped_anew_and_only_the_owner_s_word_shows_it_again(page: Page) -> None:
    before = page.zones["Rosenhof"]
    seen = page.visit("ownerDecides", zone=before.id, name="Rosenhof")
    assert [line for line in seen["console"] if "status of 40" not in line] == []
    assert seen["picked"] == "Rosenhof", "the pin on the map leads to another zone"
    assert (seen["handles"], seen["radius"]) == (2, "120"), "the circle is not one any more"
    assert "nothing more. What is cut for zone 1 holds this outline, too" in seen["foretold"]
    assert "Zone 1 redrawn" in seen["redrawn"]
    assert "hides everywhere" in seen["refused"]
    assert re.search(r"Would be shown again: at most [\d.]+ km of 6 rides\.", seen["offered"])
    assert "Zone 1 removed" in seen["removed"]
    assert "Zone 1 confirmed" in seen["again"]
    assert "You are logged out." in seen["loggedOut"]
    after = page.zones["Rosenhof"]
    assert across([after.geometry]) == pytest.approx(230, rel=0.02)
    assert (after.origin, after.mode) == ("drawn", "everywhere")
    assert shapely.covers(after.shape.geometry, before.shape.geometry), "what was hidden is not any more"


def test_the_password_opens_the_page_and_logging_out_closes_it(page: Page) -> None:
    url, access = f"{page.mine.gateway.url}/mine/", page.mine.gateway.server.config.app.state.owner.access
    wrong = page.visit("ownerPassword", url=url, form=True, passwords=["wrong horse battery"] * 5)
    assert wrong["asked"] == "Only for the owner"
    assert all("That was not it." in words for words in wrong["told"][:4])
    assert "The next is looked at in" in wrong["told"][4]
    access.tries = Tries()  # the wait is over
    seen = page.visit("ownerPassword", url=url, form=True, passwords=[PASSWORD], opens=True)
    assert (seen["address"], seen["mark"]) == (url, "Only you see this")
    assert seen["left"] == f"{page.mine.gateway.url}/"
    assert seen["afterwards"] == f"{url}login"


def test_what_is_published_has_nothing_of_the_owner_s_page(page: Page, site: dict[str, bytes]) -> None:
    own = owner_files()
    assert not {path for path in own if path.startswith("assets/")} & site.keys()
    words = [
        b"Only you see this",
        b"As others see it",
        b"zones/check",
        b"zones.json",
        b"logout",
        b"owner-strip",
        b"your whole history, with nothing cut out",
        b"mine/",
    ]
    mine, everybody_s = b"".join(own.values()), b"".join(site.values())
    for word in words[:-1]:
        assert word in mine
    assert [word for word in words if word in everybody_s] == []
    public = Path(page.mine.installation.settings.public_root)
    for path in page.mine.public_state():
        assert not any(word in (public / path).read_bytes() for word in (*words, b"Rosenhof", b"Anna", b"By keys"))
