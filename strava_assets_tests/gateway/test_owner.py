"""The owner's view: who gets in and who does not, what is there, and that nothing of it is anywhere else."""

from __future__ import annotations

import io
import logging
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import numpy as np
import pytest
import shapely

from strava_assets.gateway.owner_access import COOKIE, LINK_LASTS, SESSION_LASTS, OwnerAccess, Tries, link
from strava_assets.publish import csv_files
from strava_assets.publish.topojson_decoder import decode
from strava_assets_tests.gateway.mine import HASH, PASSWORD, RIDES, Mine, opened_for_long, served
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.publish.worlds import HOME

NOT_THERE = 404


@pytest.fixture(scope="module")
def mine(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mine]:
    """Without a password."""
    opened = opened_for_long(postgres, tmp_path_factory.mktemp("mine"))
    yield from served(opened)
    opened.database.close()


@pytest.fixture(scope="module")
def guarded(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mine]:
    """With a password, and an https address of its own."""
    opened = opened_for_long(
        postgres,
        tmp_path_factory.mktemp("guarded"),
        STRAVA_ASSETS_OWNER_PASSWORD_HASH=HASH,
        STRAVA_ASSETS_BASE_URL="https://rides.example.org",
    )
    yield from served(opened)
    opened.database.close()


@pytest.fixture(autouse=True)
def nothing_tried(request: pytest.FixtureRequest) -> None:
    """Each test begins with no wrong password."""
    if "guarded" in request.fixturenames:
        access(request.getfixturevalue("guarded")).tries = Tries()


def access(mine: Mine) -> OwnerAccess:
    found: OwnerAccess = mine.gateway.server.config.app.state.owner.access
    return found


def key_of_link(mine: Mine, now: float | None = None) -> str:
    return "/mine/?" + link(mine.installation.settings, now).partition("?")[2]


def looks(answer: httpx.Response) -> tuple[Any, ...]:
    """All that a stranger sees of an answer."""
    return answer.status_code, answer.text, sorted(answer.headers.keys() - {"date"})


# who gets in


def test_to_a_stranger_there_is_nothing(mine: Mine) -> None:
    for path in ("/mine", "/mine/", "/mine/index.json", "/mine/zones.json", "/mine/login", "/mine/x/y"):
        assert looks(mine.get(path)) == looks(mine.get("/nothing"))
    for path in ("/mine/zones", "/mine/logout", "/mine/login"):
        assert looks(mine.gateway.http.post(mine.gateway.url + path)) == looks(
            mine.gateway.http.post(mine.gateway.url + "/nothing")
        )


def test_the_link_opens_the_page_and_leaves_the_address_bar(mine: Mine) -> None:
    browser = httpx.Client(trust_env=False, base_url=mine.gateway.url)
    answer = browser.get(key_of_link(mine))
    assert answer.status_code == 200
    assert 'url=/mine/"' in answer.text
    assert "key" not in answer.text
    assert answer.headers["referrer-policy"] == "no-referrer"
    cookie = answer.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "SameSite=strict", "Path=/mine", f"Max-Age={SESSION_LASTS}"))
    assert "Secure" not in cookie  # http on this machine
    assert browser.get("/mine/").text == "<!doctype html>map"
    assert browser.get("/mine", follow_redirects=True).text == "<!doctype html>map"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "1.2.3.4"},
        {"Forwarded": "for=1.2.3.4"},
        {"Via": "1.1 proxy"},
        {"X-Real-IP": "1.2.3.4"},
        {"X-Forwarded-Host": "rides.example.org"},
        {"CF-Connecting-IP": "1.2.3.4"},
        {"Tailscale-User-Login": "eve"},
        {"Host": "evil.example.org"},
        {"Host": "127.0.0.1.evil.example.org"},
        {"Host": "192.168.1.5:8000"},
    ],
)
def test_a_link_and_its_session_are_worth_nothing_from_elsewhere(mine: Mine, headers: dict[str, str]) -> None:
    assert mine.get(key_of_link(mine), **headers).status_code == NOT_THERE
    assert mine.owner().get("/mine/index.json", headers=headers).status_code == NOT_THERE


def test_a_proxy_that_speaks_old_http_is_no_browser_here(mine: Mine) -> None:
    target = key_of_link(mine)
    assert b" 404 " in mine.gateway.say(f"GET {target} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n".encode())[:20]
    assert (
        b" 200 "
        in mine.gateway.say(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())[:20]
    )


def test_a_wrong_or_old_link_opens_nothing(mine: Mine) -> None:
    good = key_of_link(mine)
    until, _, mark = good.partition("key=")[2].partition(".")
    assert mine.get(good).status_code == 200
    for key in ("", ".", "x", f"{until}.", f"{int(until) + 1}.{mark}", f"{until}.{'0' * 64}", f"nan.{mark}", "é.é"):
        assert mine.get(f"/mine/?key={quote(key)}").status_code == NOT_THERE
    assert mine.get(key_of_link(mine, time.time() - LINK_LASTS - 1)).status_code == NOT_THERE
    assert mine.get(good.replace("/mine/", "/mine/index.json")).status_code in (401, NOT_THERE)


def test_a_forged_or_old_session_opens_nothing(mine: Mine, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = mine.owner()
    cookie = browser.cookies[COOKIE]
    kind, until, number, mark = cookie.split(".")
    assert browser.get("/mine/index.json").status_code == 200
    for wrong in (
        "",
        "...",
        "a.b.c.d.e",
        f"password.{until}.{number}.{mark}",
        f"{kind}.{int(until) + 1}.{number}.{mark}",
        f"{kind}.{until}.other.{mark}",
        cookie[:-1],
    ):
        assert mine.get("/mine/index.json", Cookie=f"{COOKIE}={wrong}").status_code == NOT_THERE
    # another process, with the same secret, did not give it
    other = OwnerAccess(mine.installation.settings).begin("key")
    assert mine.get("/mine/index.json", Cookie=f"{COOKIE}={other}").status_code == NOT_THERE
    monkeypatch.setattr(access(mine), "_now", lambda: time.time() + SESSION_LASTS + 1)
    assert browser.get("/mine/index.json").status_code == NOT_THERE


def test_logging_out_ends_the_session_for_every_copy_of_it(mine: Mine) -> None:
    browser = mine.owner()
    cookie = browser.cookies[COOKIE]
    assert browser.post("/mine/logout").status_code == 403  # no page of ours sent it
    answer = browser.post("/mine/logout", headers={"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert mine.get("/mine/index.json", Cookie=f"{COOKIE}={cookie}").status_code == NOT_THERE


def test_the_password_opens_it_without_a_script(guarded: Mine) -> None:
    answer = guarded.get("/mine/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/mine/login")
    login = guarded.get("/mine/login")
    assert '<form method="post">' in login.text
    assert "script" not in login.text
    assert "form-action 'self'" in login.headers["content-security-policy"]
    assert login.headers["referrer-policy"] == "same-origin"  # else browsers send no origin that could be told
    assert guarded.get("/mine/index.json").status_code == 401
    assert guarded.owner("password").get("/mine/index.json").status_code == 200


def test_the_password_is_asked_for_under_the_https_address_and_the_cookie_is_secure(guarded: Mine) -> None:
    browser = httpx.Client(trust_env=False, base_url=guarded.gateway.url)
    elsewhere = {"Host": "rides.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4"}
    answer = guarded.login(browser, PASSWORD, Origin="https://rides.example.org", **elsewhere)
    assert answer.status_code == 303
    cookie = answer.headers["set-cookie"]
    assert "Secure" in cookie
    session = {"Cookie": cookie.partition(";")[0]}
    assert guarded.get("/mine/index.json", **elsewhere, **session).status_code == 200
    # plain http, and any other name
    assert guarded.get("/mine/login", **(elsewhere | {"X-Forwarded-Proto": "http"})).status_code == NOT_THERE
    assert guarded.get("/mine/login", **(elsewhere | {"Host": "evil.example.org"})).status_code == NOT_THERE
    # what a link opened on this machine is good there only
    (key,) = (cookie.value for cookie in guarded.owner("key").cookies.jar)
    assert guarded.get("/mine/index.json", **elsewhere, Cookie=f"{COOKIE}={key}").status_code == 401


def test_a_form_from_another_page_is_not_looked_at(guarded: Mine) -> None:
    browser = httpx.Client(trust_env=False, base_url=guarded.gateway.url)
    for headers in (
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Origin": guarded.gateway.url.replace("http", "https")},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        assert guarded.login(browser, PASSWORD, **headers).status_code == 403
    assert browser.post("/mine/login", data={"password": PASSWORD}).status_code == 403
    wrong_kind = {"Origin": guarded.gateway.url, "Content-Type": "text/plain"}
    assert browser.post("/mine/login", content=f"password={PASSWORD}", headers=wrong_kind).status_code == 415
    assert access(guarded).tries.wrong == 0


def test_wrong_passwords_wait_longer_each_time_also_for_the_right_one(guarded: Mine) -> None:
    moment = [1000.0]
    access(guarded).tries = Tries(lambda: moment[0])
    browser = httpx.Client(trust_env=False, base_url=guarded.gateway.url)
    waits = []
    for _ in range(6):
        assert guarded.login(browser, "wrong horse battery").status_code == 403
        waits.append(access(guarded).tries.wait)
        if waits[-1]:
            refused = guarded.login(browser, PASSWORD)
            assert (refused.status_code, refused.headers["retry-after"]) == (429, f"{waits[-1]:.0f}")
        moment[0] += waits[-1]
    assert waits == [0, 0, 0, 2, 4, 8]
    assert guarded.owner("key").get("/mine/index.json").status_code == 200  # nobody locks the owner out at home
    assert guarded.login(browser, PASSWORD).status_code == 303
    assert access(guarded).tries.wrong == 0


def test_no_wait_is_longer_than_a_quarter_of_an_hour() -> None:
    tries = Tries(lambda: 0.0)
    for _ in range(10_000):
        tries.begin()
    assert tries.wait == 900


# what is there


def test_everything_is_there_under_the_public_names(mine: Mine) -> None:
    browser = mine.owner()
    index = browser.get("/mine/index.json").json()
    assert [(each["id"], each["activities"]) for each in index["athletes"]] == [(mine.athlete, 6)]
    assert mine.get("/index.json").json()["athletes"][0]["activities"] == 5
    assert browser.get("/mine/config.json").json() | {"owner": True, "title": "Rides"} == {
        "schema": 1,
        "title": "Rides",
        "tiles": None,
        "owner": True,
        "public": "../",
        "zones": "zones.json",
        "logout": "logout",
    }
    features = decode(browser.get(f"/mine/{mine.athlete}/activities.topojson").content).features
    assert sum(feature.properties["private"] for feature in features) == 1
    for name in ("weekly", "quarterly"):
        assert sum(each["activities"] for each in browser.get(f"/mine/{mine.athlete}/{name}.json").json()) == 6
    for number, (_, samples) in enumerate(RIDES, start=1):
        athlete, activity = mine.ids[number]
        told = csv_files.decode(browser.get(f"/mine/{athlete}/streams/stream_{activity}.csv").content).columns
        np.testing.assert_allclose(told["lat"], samples.column("lat").to_numpy(), atol=1e-6)
        np.testing.assert_allclose(told["lng"], samples.column("lng").to_numpy(), atol=1e-6)
    for path in (f"/mine/{'0' * 16}/activities.topojson", f"/mine/{mine.athlete}/streams/stream_{'0' * 16}.csv"):
        assert browser.get(path).status_code == 404


def test_the_page_is_the_public_one_or_what_was_built(mine: Mine) -> None:
    browser = mine.owner()
    assert browser.get("/mine/index.html").text == mine.get("/").text
    for path in ("%2e%2e/%2e%2e/secret.key", "assets/%2e%2e/%2e%2e/secret.key", ".env", "private/x", "assets/x.js"):
        assert browser.get(f"/mine/{path}").status_code == 404


def test_nobody_may_keep_frame_or_read_an_answer(mine: Mine) -> None:
    browser = mine.owner()
    for method, path in (
        *(("GET", path) for path in ("/mine/", "/mine/index.json", "/mine/nothing", "/mine/config.json")),
        ("DELETE", "/mine/index.json"),
        ("POST", "/mine/logout"),
        ("GET", f"/mine/{mine.athlete}/activities.topojson"),
        ("GET", key_of_link(mine)),
    ):
        answer = browser.request(method, path)
        headers = answer.headers
        assert headers["cache-control"] == "no-store, private", path
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert not {"etag", "last-modified", "access-control-allow-origin"} & headers.keys()


# and that it is nowhere else


def everywhere(mine: Mine) -> list[str]:
    ids = [f"/mine/{athlete}/streams/stream_{activity}.csv" for athlete, activity in mine.ids.values()]
    athlete = f"/mine/{mine.athlete}"
    return [
        *("/mine", "/mine/", "/mine/login", "/mine/index.json", "/mine/config.json", "/mine/zones.json", *ids),
        *(f"{athlete}/activities.topojson", f"{athlete}/weekly.json", f"{athlete}/quarterly.json"),
    ]


def test_nothing_of_it_touches_the_public_root(mine: Mine) -> None:
    before = mine.public_state()
    with mine.installation.database.transaction() as connection:
        written = connection.execute("select path, sha256 from strava.public_object order by path").fetchall()
    browser = mine.owner()
    for path in everywhere(mine):
        browser.get(path)
    assert mine.public_state() == before
    with mine.installation.database.transaction() as connection:
        assert connection.execute("select path, sha256 from strava.public_object order by path").fetchall() == written


def test_what_lies_in_a_zone_is_in_the_owner_s_files_and_in_no_public_one(mine: Mine) -> None:
    browser = mine.owner()
    home = HOME.polygon(circle(100))

    def at_home(get: Callable[[str], httpx.Response], base: str) -> tuple[int, int]:
        features = decode(get(f"{base}{mine.athlete}/activities.topojson").content).features
        lines = sum(any(shapely.intersects(shapely.linestrings(line), home) for line in f.lines) for f in features)
        rows = 0
        for athlete, activity in mine.ids.values():
            answer = get(f"{base}{athlete}/streams/stream_{activity}.csv")
            if answer.status_code == 200:
                told = csv_files.decode(answer.content).columns
                rows += int(shapely.contains_xy(home, told["lng"], told["lat"]).sum())
        return lines, rows

    lines, rows = at_home(browser.get, "/mine/")
    assert lines == len(RIDES)
    assert rows > 10 * len(RIDES)
    assert at_home(mine.get, "/") == (0, 0)


def test_no_log_line_holds_a_key_a_password_or_a_place(guarded: Mine) -> None:
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    handler.addFilter(lambda record: not record.name.startswith("http"))  # the browser's own
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    table = "tables/activities/2024-05.parquet"
    kept = guarded.installation.store.read(table)
    try:
        browser = guarded.owner("key")
        guarded.login(browser, "wrong horse battery")
        guarded.get(key_of_link(guarded) + "x")
        for path in everywhere(guarded):
            browser.get(path)
        streams = guarded.installation.store.read(table.replace("activities", "activity_streams"))
        guarded.installation.store.write(table.replace("activities", "activity_streams"), b"damaged")
        guarded.installation.store.delete("tables/uncut/2024-05.parquet")
        assert browser.get("/mine/index.json").status_code == 503
        guarded.installation.store.write(table.replace("activities", "activity_streams"), streams)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        guarded.installation.store.write(table, kept)
    said = heard.getvalue()
    assert "a wrong password for the owner's view" in said
    assert "the owner's view: DamagedTable" in said
    mark = browser.cookies[COOKIE].rpartition(".")[2]
    key = key_of_link(guarded).rpartition(".")[2]
    for secret in ("horse", "key=", key, mark, "Rosenhof", "7.60", "47.50", guarded.ids[6][1], "parquet"):
        assert secret not in said
