"""Other people's recordings, imported and through a simulated account: the same activities, the same geometry."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from strava_assets.gateway.app import create_app
from strava_assets.installation import Installation, open_installation
from strava_assets.pipeline import materialize
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone, disc
from strava_assets.publish.verify import verify
from strava_assets.sandbox.folder import folder_account
from strava_assets.sandbox.server import serve
from strava_assets.warehouse import duckdb
from strava_assets_tests.assets.conftest import public_files
from strava_assets_tests.warehouse.recomputed import assert_same_figures

#: Somewhere in an ocean: a zone is in force, and no recording comes near.
OCEAN = DrawnZone("", disc(-140.0, -48.0, 150.0))


def geometries(installation: Installation) -> Counter[str]:
    """Every activity's public lines, whatever its id."""
    found: Counter[str] = Counter()
    for path, data in public_files(installation).items():
        if path.endswith(".topojson"):
            document = json.loads(data)
            scale, corner = document["transform"]["scale"], document["transform"]["translate"]
            for feature in document["objects"]["activities"]["geometries"]:
                parts = [feature["arcs"]] if feature["type"] == "LineString" else feature["arcs"]
                lines = []
                for part in parts:
                    x = y = 0
                    line = []
                    for dx, dy in document["arcs"][part[0]]:
                        x, y = x + dx, y + dy
                        line.append((round((x * scale[0] + corner[0]) * 1e5), round((y * scale[1] + corner[1]) * 1e5)))
                    lines.append(line)
                found[json.dumps([feature["properties"]["startDate"], lines])] += 1
    return found


def test_every_readable_outdoor_track_is_published_and_the_account_gives_the_same(
    settings_of: Callable[..., Any], bring_in: Callable[..., Any], real_data: Path, tmp_path: Path
) -> None:
    imported = open_installation(settings_of(STRAVA_ASSETS_HOME=tmp_path / "imported"))
    zone_store.add(imported.database, [OCEAN])
    report = bring_in(imported, real_data, athlete="someone")
    assert report.imported >= 130
    assert all(reason and "\n" not in reason for _, reason in report.rejected)
    assert materialize(imported).failures == []
    assert verify(imported.gate()).findings == []
    with imported.database.transaction() as connection:
        hidden = Counter(
            row["reason"] for row in connection.execute("select coalesce(error, 'none') as reason from strava.activity")
        )
    assert set(hidden) == {"none"}
    with duckdb.reading(imported.store, duckdb.path_of(imported.settings)) as connection:
        assert assert_same_figures(connection, imported.store) >= 50
    published = geometries(imported)
    # what is outdoors, timed and at least 200 m long without a gap is on the map; see the reasons of the rest
    from strava_assets.tables import months_of

    months = months_of(imported.store, "masked_geometries")
    reasons = Counter(str(row["hidden_because"]) for month in months for row in months.frame(month).to_dict("records"))
    assert set(reasons) <= {"None", "nan", "no positions", "no visible run", "virtual: not outdoors"}
    assert published.total() >= 90

    with serve(
        folder_account(real_data), auto_approve=True, read_limit=(20_000, 200_000), overall_limit=(40_000, 400_000)
    ) as sandbox:
        account = open_installation(
            settings_of(
                STRAVA_ASSETS_HOME=tmp_path / "account",
                STRAVA_API_URL=sandbox.api_url,
                STRAVA_OAUTH_URL=sandbox.oauth_url,
                STRAVA_CLIENT_ID=sandbox.client_id,
                STRAVA_CLIENT_SECRET=sandbox.client_secret,
                STRAVA_ASSETS_DATABASE_URL=imported.settings.database_url.get_secret_value().replace("?host", "b?host"),
            )
        )
        zone_store.add(account.database, [OCEAN])
        connect(account)
        assert materialize(account).failures == []
        assert verify(account.gate()).findings == []
        reads, activities = sandbox.reads, report.imported
    assert reads <= 2 * activities + -(-activities // 200) + 1
    through_account = geometries(account)
    dates = {json.loads(key)[0] for key in (published - through_account) + (through_account - published)}
    assert strip(published) == strip(through_account), dates


def strip(found: Counter[str]) -> Counter[str]:
    """Lines alone: an account knows time zones, a file does not, so the day may differ."""
    return Counter({json.dumps(lines): 0 for lines in []}) + Counter(
        json.dumps(json.loads(key)[1]) for key, times in found.items() for _ in range(times)
    )


def connect(installation: Installation) -> None:
    """Through the gateway's own routes and the simulated consent."""
    import asyncio

    async def browse() -> None:
        app = create_app(installation.settings, installation.database)
        async with app.router.lifespan_context(app):
            own = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=installation.settings.base_url)
            async with own, httpx.AsyncClient(trust_env=False) as outside:
                consent = await own.get("/connect")
                granted = await outside.get(consent.headers["location"])
                answer = await own.get(granted.headers["location"])
                assert answer.status_code == 200, answer.text

    asyncio.run(browse())
