"""I4 over the whole pipeline: two lives that differ only inside the cut, brought in as an export and through the API,
give the same public files: names, bytes, sizes, permissions and times.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from strava_assets.archive.importer import import_path
from strava_assets.installation import Installation, open_installation
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish.verify import verify
from strava_assets.sandbox.account import Account, Activity
from strava_assets.sandbox.server import serve
from strava_assets.tables import months_of
from strava_assets_tests.archive import writers
from strava_assets_tests.assets.conftest import HOME, run
from strava_assets_tests.end_to_end.faults import _connect_by_hand, _copy_zones
from strava_assets_tests.privacy.cases import as_ride
from strava_assets_tests.privacy.public_bytes import publish
from strava_assets_tests.privacy.worlds import circle
from strava_assets_tests.recordings import track


@dataclass(frozen=True)
class Ride:
    """What is visible of it happened at a moment; what is not differs from life to life.

    Attributes
    ----------
    leaves : datetime
        When it crosses the zone's border on the way out.
    before, after : tuple of (seconds, samples), one a life
        How long it lasted at home, and how often that was recorded.
    """

    number: int
    kind: str
    leaves: datetime
    before: tuple[tuple[int, int], tuple[int, int]]
    after: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))
    kilometres: float = 5.0


RIDES = [
    # a detour with another heart, in each format
    Ride(101, "gpx", datetime(2024, 3, 9, 8, tzinfo=UTC), ((60, 60), (60, 60))),
    Ride(102, "tcx", datetime(2024, 3, 10, 8, tzinfo=UTC), ((60, 60), (60, 60))),
    Ride(103, "fit", datetime(2024, 3, 11, 8, tzinfo=UTC), ((60, 60), (60, 60))),
    # begun hours earlier, or a moment before; recorded often, or once
    Ride(104, "gpx", datetime(2024, 3, 12, 8, tzinfo=UTC), ((4 * 3600, 40), (30, 1))),
    # begun on the day before: there it is another week, another month, and another year
    Ride(105, "tcx", datetime(2024, 3, 18, 0, 20, tzinfo=UTC), ((7200, 300), (60, 20))),
    Ride(106, "fit", datetime(2024, 2, 1, 0, 20, tzinfo=UTC), ((7200, 300), (60, 20))),
    Ride(107, "gpx", datetime(2024, 1, 1, 0, 20, tzinfo=UTC), ((20_000, 300), (60, 20))),
    # two on one day; which was begun first is not told
    Ride(108, "gpx", datetime(2024, 3, 20, 10, tzinfo=UTC), ((9000, 100), (60, 20)), kilometres=4.0),
    Ride(109, "fit", datetime(2024, 3, 20, 10, 40, tzinfo=UTC), ((60, 20), (9000, 100)), kilometres=6.0),
    # home again: the recorder goes on in the garden, or stops at once
    Ride(110, "fit", datetime(2024, 3, 22, 10, tzinfo=UTC), ((60, 20), (60, 20)), ((5, 2), (9000, 900))),
    # never left; longer, and in another month
    Ride(111, "gpx", datetime(2024, 3, 25, 10, tzinfo=UTC), ((600, 90), (90_000 * 9, 900)), kilometres=0.0),
]  # fmt: skip
LIVES = (0, 1)


def samples_of(ride: Ride, life: int) -> tuple[datetime, dict[str, np.ndarray]]:
    """When it began, and its channels by Strava's names."""
    chance = np.random.default_rng([ride.number, life])
    out = track(HOME, ride.kilometres, seed=ride.number) if ride.kilometres else np.empty((0, 2))
    if len(out) and ride.after[life][1]:
        out = np.concatenate([out, out[::-1]])
    # what lies in the zone itself lies strictly inside whatever is cut for it
    inside = np.hypot(*HOME.metres(out).T) < 110 if len(out) else np.empty(0, bool)
    (wait, count), (stay, more) = ride.before[life], ride.after[life]
    nearby = HOME.degrees(chance.normal(size=(count + more, 2)).clip(-1.9, 1.9) * 40).round(6)
    again = out.copy()
    again[inside] = HOME.degrees(chance.normal(size=(int(inside.sum()), 2)).clip(-1.9, 1.9) * 40).round(6)
    places = np.concatenate([nearby[:count], again, nearby[count:]])
    own = np.concatenate([np.ones(count, bool), inside, np.ones(more, bool)])
    time = np.concatenate(
        [
            np.sort(chance.integers(0, wait - 1, count)) if count else [],
            wait + np.arange(len(out)),
            wait + len(out) + np.sort(chance.integers(0, max(stay, 1), more)) if more else [],
        ]
    ).astype(float)
    begun = time[0]
    ticks = np.arange(len(places)) - count  # the same for what is visible in both lives
    visible = {
        "altitude": 300 + (ticks % 90) * 0.4,
        "velocity_smooth": 6.0 + ticks % 3,
        "heartrate": 130.0 + ticks % 20,
        "cadence": 80.0 + ticks % 5,
        "watts": 180.0 + ticks % 40,
        "temp": 15.0 + ticks // 500,
        "grade_smooth": (ticks % 9) * 0.5,
        "moving": (ticks % 50 > 1).astype(float),
    }
    for name, values in visible.items():
        wild = chance.integers(0, 2, len(places)) if name == "moving" else chance.integers(1, 60, len(places))
        visible[name] = np.where(own, wild, values)
    step = np.where(own, chance.integers(0, 300, len(places)) / 10, 7.0)
    channels = {"time": time - begun, "distance": np.cumsum(step).round(1), "lng": places[:, 0], "lat": places[:, 1]}
    return ride.leaves - timedelta(seconds=float(wait - begun)), {**channels, **visible}


def file_of(ride: Ride, life: int) -> tuple[str, bytes, datetime, dict[str, np.ndarray]]:
    start, channels = samples_of(ride, life)
    names = {"velocity_smooth": "speed"}
    samples = [
        {names.get(name, name): float(values[k]) for name, values in channels.items() if name != "moving"}
        for k in range(len(channels["time"]))
    ]
    for sample in samples:
        for name in ("heartrate", "cadence", "watts", "temp", "time"):
            sample[name] = int(sample[name])
    write = {
        "gpx": lambda: writers.gpx(samples, start),
        "tcx": lambda: writers.tcx([samples[:30], samples[30:]], start, "Biking"),
        "fit": lambda: writers.fit(samples, start, calories=300 + life),
    }[ride.kind]
    return f"activities/{ride.number}.{ride.kind}", write(), start, channels


def export_of(folder: Path, life: int) -> Path:
    """A bulk export of one of the lives; its table tells of other wholes, too."""
    rows, recordings = [], {}
    for ride in RIDES:
        name, data, start, channels = file_of(ride, life)
        recordings[name] = data
        seconds = float(channels["time"][-1])
        row = writers.export_row(
            ride.number,
            name,
            date=f"{start:%b} {start.day}, {start:%Y}, {start:%I:%M:%S %p}",
            name=f"Tour {ride.number}",
            seconds=seconds + 61,
            metres=float(channels["distance"][-1]) + 10 * life,
        )
        rows.append(
            [*row[:-8], *(str(float(value) + 7 * life) for value in row[-8:])]
        )  # speeds, climb, heart, calories
    return writers.write_zip(folder / f"export{life}.zip", writers.export_files(rows, recordings))


def account_of(life: int) -> Account:
    """An account at the simulated Strava of one of the lives."""
    activities = []
    for ride in RIDES:
        start, channels = samples_of(ride, life)
        fields = {
            "name": f"Tour {ride.number}", "sport_type": "Ride", "visibility": "everyone", "gear_id": None,
            "timezone": "(GMT+01:00) Europe/Zurich", "utc_offset": 3600.0, "device_name": f"Device {life}",
            "calories": 500.0 + life, "average_heartrate": 120.0 + life, "description": f"life {life}",
            "external_id": f"{start:%H%M%S}.fit", "kudos_count": life, "max_watts": 800 + life,
        }  # fmt: skip
        activities.append(Activity(ride.number, start, fields, functools.partial(dict, channels)))
    return Account({"id": 31_400_159, "firstname": "Ada", "lastname": "Example", "username": "ada"}, activities)


def everything(root: Path) -> dict[str, tuple[Any, ...]]:
    """All that anybody can see of a folder: paths, bytes, sizes, permissions, times."""
    seen: dict[str, tuple[Any, ...]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        told: tuple[Any, ...] = (status.st_mode, status.st_mtime_ns)
        seen[str(path.relative_to(root))] = told + ((status.st_size, path.read_bytes()) if path.is_file() else ())
    return seen


@pytest.fixture
def lives(settings_of: Callable[..., Any], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Installations that share a key, a zone, and the shape that was drawn for it."""
    opened: list[Installation] = []

    def live(life: int, **overrides: str) -> Installation:
        url = settings_of().database_url.get_secret_value().replace("?host", f"_{life}?host")
        settings = settings_of(STRAVA_ASSETS_HOME=tmp_path / f"life{life}", STRAVA_ASSETS_DATABASE_URL=url, **overrides)
        opened.append(installation := open_installation(settings))
        if life == 0:
            zone_store.add(installation.database, [DrawnZone("Rosenhof", HOME.polygon(circle(120)))])
        else:
            _copy_zones(opened[0], installation)
        return installation

    yield live
    for installation in opened:
        installation.database.close()


def published(installation: Installation) -> dict[str, tuple[Any, ...]]:
    assert verify(installation.gate()).findings == []
    return everything(Path(installation.settings.public_root))


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    return sorted(path for path in one.keys() | other.keys() if one.get(path) != other.get(path))


def test_the_lives_are_not_the_same() -> None:
    """Else there would be nothing to tell."""
    for ride in RIDES:
        (one, first), (other, second) = (samples_of(ride, life) for life in LIVES)
        assert first["heartrate"].tolist() != second["heartrate"].tolist()
        assert (one != other) or ride.before[0] == ride.before[1]
    months = [{f"{samples_of(ride, life)[0]:%Y-%m}" for ride in RIDES} for life in LIVES]
    assert months[0] != months[1]


def test_an_export_tells_nothing_of_what_happened_inside_the_cut(lives: Callable[..., Any], tmp_path: Path) -> None:
    seen, partitions = [], []
    for life in LIVES:
        installation = lives(life)
        report = import_path(
            export_of(tmp_path, life),
            visibility="everyone",
            database=installation.database,
            store=installation.store,
            settings=installation.settings,
        )
        assert (report.imported, report.rejected) == (len(RIDES), [])
        run(installation)
        seen.append(published(installation))
        partitions.append(list(months_of(installation.store, "masked_geometries")))
    assert differences(*seen) == []
    assert sum(path.endswith(".csv") for path in seen[0]) == len(RIDES) - 1
    assert partitions[0] != partitions[1], "the same rides are kept with other months, and nobody sees it"


def test_nor_does_an_account(lives: Callable[..., Any]) -> None:
    seen = []
    for life in LIVES:
        with sandboxed(life) as sandbox:
            installation = lives(
                life,
                STRAVA_API_URL=sandbox.api_url,
                STRAVA_OAUTH_URL=sandbox.oauth_url,
                STRAVA_CLIENT_ID=sandbox.client_id,
                STRAVA_CLIENT_SECRET=sandbox.client_secret,
            )
            _connect_by_hand(installation, sandbox)
            run(installation)
            seen.append(published(installation))
    assert differences(*seen) == []
    assert sum(path.endswith(".csv") for path in seen[0]) == len(RIDES) - 1


@contextmanager
def sandboxed(life: int) -> Iterator[Any]:
    with serve(account_of(life), auto_approve=True, read_limit=(5_000, 50_000)) as sandbox:
        yield sandbox


def test_without_a_cut_the_lives_are_told_apart() -> None:
    """The comparison can fail: every ride that is shown differs."""
    shown = []
    for life in LIVES:
        rides = [
            as_ride(
                ride.number,
                pa.table({k: pa.array(v > 0 if k == "moving" else v) for k, v in samples_of(ride, life)[1].items()}),
            )
            for ride in RIDES
        ]
        shown.append(publish(rides, []).files)
    assert len(differences(*shown)) == len(shown[0].keys() | shown[1].keys())
