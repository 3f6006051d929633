"""I16: where something is wrong, nothing is written to the public root; and I17: hiding is easy, showing is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strava_assets.errors import GateRefused, ProjectionFailed, SettingsError, StravaAssetsError, ZoneFileError
from strava_assets.installation import Installation
from strava_assets.privacy import cut, geodesy, masked, zone_store
from strava_assets.privacy.zone_files import read_zone_file
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import taking_back
from strava_assets.zones_cli import zones_remove
from strava_assets_tests.assets.test_differential import everything
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.worlds import ride

RIDES = [ride(number, seed=number + 70) for number in range(1, 12)]


class BrokenProjection:
    """As PROJ without its database: every answer is infinite."""

    def transform(self, x: Any, y: Any, **_: Any) -> tuple[Any, Any]:
        return np.full(np.shape(x), np.inf), np.full(np.shape(y), np.inf)


def test_without_a_projection_nothing_is_cut_judged_or_written(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, gate = everything(published.root), published.installation.gate()
    objects = {path: gate.read(path) for path in gate.paths()}
    monkeypatch.setattr(geodesy, "local_projection", lambda lon, lat: BrokenProjection())
    for deed in (lambda: published.publish(RIDES), lambda: gate.publish(objects), lambda: gate.judge(objects)):
        with pytest.raises(ProjectionFailed):
            deed()
    assert everything(published.root) == before


def test_a_projection_that_fails_while_a_zone_is_added_leaves_the_zones_as_they_are(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = published.installation.database
    zones = zone_store.in_force(database)
    with monkeypatch.context() as broken:
        broken.setattr(geodesy, "local_projection", lambda lon, lat: BrokenProjection())
        with pytest.raises(ProjectionFailed):
            zone_store.add(database, [DrawnZone("", zones[0].geometry.buffer(0.01))])
    assert zone_store.in_force(database) == zones


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda patch: patch.setattr(cut, "hidden_areas", lambda zones: []), id="nothing is cut"),
        pytest.param(lambda patch: patch.setattr(masked, "_day", _noon), id="a time of day is told"),
        pytest.param(
            lambda patch: patch.setattr(masked.lines, "simplified", _elsewhere), id="lines are drawn elsewhere"
        ),
    ],
)  # fmt: skip
def test_what_breaks_an_invariant_is_not_written(
    published: Published, monkeypatch: pytest.MonkeyPatch, broken: Callable[[pytest.MonkeyPatch], None]
) -> None:
    before = everything(published.root)
    broken(monkeypatch)
    with pytest.raises(GateRefused):
        published.publish(RIDES)
    after = everything(published.root)
    # CSVs go first, and these may be right; of what is wrong nothing is there
    changed = {path for path in after if after.get(path) != before.get(path)}
    assert not [path for path in changed if not path.endswith((".csv", "streams", "/", published.athlete, "."))]
    assert not taking_back.withdraw_exposed(published.installation.gate())


_simplified = masked.lines.simplified


def _elsewhere(*given: Any) -> Any:
    cells, starts = _simplified(*given)
    return cells + [0, 600], starts


def _noon(row: Any, *_: Any) -> Any:
    return row["start_time"]


def test_an_unreadable_zone_file_changes_neither_zones_nor_files(published: Published, tmp_path: Path) -> None:
    before, zones = everything(published.root), zone_store.in_force(published.installation.database)
    for name, data in (
        ("z.geojson", b'{"type": "Feature'),
        ("z.gpkg", b"\0" * 900),
        ("privacy_zones.csv", b"\xff\xfe"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ZoneFileError) as refusal:
            read_zone_file(tmp_path / name)
        assert "\n" not in str(refusal.value)
    assert zone_store.in_force(published.installation.database) == zones
    published.publish()
    assert everything(published.root) == before


@pytest.mark.parametrize("key", ["f" * 64, "short"])
def test_without_the_key_nothing_is_written(published: Published, key: str) -> None:
    before, settings = everything(published.root), published.installation.settings
    other = settings.model_copy(update={"secret_key": type(settings.secret_key)(key)})
    installation = Installation(other, published.installation.database, published.installation.store)
    with pytest.raises(SettingsError):
        installation.gate()
    assert everything(published.root) == before


def test_an_error_says_nothing_of_where_a_zone_is(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    """I14 where it is broken most easily: in the words of a refusal."""
    said = []
    for broken in ("cut", "projection"):
        with monkeypatch.context() as patch:
            if broken == "cut":
                patch.setattr(cut, "hidden_areas", lambda zones: [])
            else:
                patch.setattr(geodesy, "local_projection", lambda lon, lat: BrokenProjection())
            with pytest.raises(StravaAssetsError) as refusal:
                published.publish(RIDES)
            said.append(str(refusal.value))
    text = "\n".join(said)
    [zone] = zone_store.in_force(published.installation.database)
    for coordinate in (*zone.geometry.exterior.coords[0], *zone.shape.center):
        assert f"{coordinate:.3f}" not in text
    assert zone.name not in text
    assert all(len(line) < 600 for line in said)


def test_a_zone_is_removed_only_by_who_says_that_the_place_may_be_shown() -> None:
    with pytest.raises(SettingsError, match="--show-this-place"):
        zones_remove(1, show=False)
