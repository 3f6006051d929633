"""Where only ends are hidden: what is public passes, what comes to be forbidden goes at once, and is told of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from strava_assets.errors import GateRefused, StoreUnavailable
from strava_assets.privacy import cut_shapes, zone_store
from strava_assets.privacy.zones import ENDS_ONLY, DrawnZone
from strava_assets.publish import csv_files, taking_back
from strava_assets.publish.taking_back import Exposed
from strava_assets.publish.verify import verify
from strava_assets.stores import Store
from strava_assets.zone_changes import follow_up
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.publish.conftest import Published

RIDE = 4


def csv_of(published: Published, ride: int) -> Path:
    athlete, activity = published.ids[ride]
    return published.root / athlete / "streams" / f"stream_{activity}.csv"


def refused_once(published: Published, zone: DrawnZone) -> tuple[str, bytes]:
    """A gate opened before a zone is drawn refuses a ride's CSV afterwards; that CSV."""
    gate = published.installation.gate()
    path = csv_of(published, RIDE).relative_to(published.root).as_posix()
    data = csv_of(published, RIDE).read_bytes()
    zone_store.put(published.installation.database, [zone])
    with pytest.raises(GateRefused, match="zones changed"):
        gate.publish({path: data}, activities={path: RIDE})
    return path, data


def place_on(published: Published, ride: int, share: float) -> Place:
    """Somewhere along a ride, as its public file tells."""
    decoded = csv_files.decode(csv_of(published, ride).read_bytes())
    row = int(decoded.rows * share)
    return Place(float(decoded.columns["lng"][row]), float(decoded.columns["lat"][row]))


@pytest.fixture
def passed(published: Published, monkeypatch: pytest.MonkeyPatch) -> tuple[Published, DrawnZone]:
    """A place that a ride passes half-way, where only ends are hidden."""
    monkeypatch.setattr(cut_shapes, "_uniform_in_disc", lambda most: (0.0, 0.0))
    zone = DrawnZone("", place_on(published, RIDE, 0.4).polygon(circle(60)), ENDS_ONLY)
    zone_store.put(published.installation.database, [zone], expansion=100)
    return published, zone


def test_a_ride_that_passes_stays_public_and_is_made_no_other(passed: tuple[Published, DrawnZone]) -> None:
    published, _ = passed
    before = csv_of(published, RIDE).read_bytes()
    assert taking_back.withdraw_exposed(published.installation.gate()) == []
    published.publish()
    assert csv_of(published, RIDE).read_bytes() == before
    assert verify(published.installation.gate()).findings == []


def test_when_everything_is_to_be_hidden_it_goes_at_once_and_comes_back_cut(
    passed: tuple[Published, DrawnZone],
) -> None:
    published, zone = passed
    public = published.ids[RIDE][1].encode()
    rows = csv_files.decode(csv_of(published, RIDE).read_bytes()).rows
    zone_store.put(published.installation.database, [DrawnZone("", zone.geometry)])
    told: set[Exposed] = set()
    withdrawn = taking_back.withdraw_exposed(published.installation.gate(), told.update)
    assert public.decode() in withdrawn
    assert not [path for path in published.root.rglob("*.*") if path.is_file() and public in path.read_bytes()]
    [ours] = [each for each in told if published.ids[RIDE][1] in each.path]
    assert ours.name == f"Ride {RIDE}"
    assert ours.date == f"2024-05-{1 + RIDE:02d}"
    assert ours.path == f"{published.ids[RIDE][0]}/streams/stream_{published.ids[RIDE][1]}.csv"
    published.publish()
    assert csv_files.decode(csv_of(published, RIDE).read_bytes()).rows < rows
    assert verify(published.installation.gate()).findings == []


def test_who_ends_there_is_withdrawn_and_hidden(published: Published) -> None:
    zone = DrawnZone("", place_on(published, RIDE, 0.9999).polygon(circle(60)), ENDS_ONLY)
    zone_store.put(published.installation.database, [zone])
    assert published.ids[RIDE][1] in taking_back.withdraw_exposed(published.installation.gate())
    published.publish()
    assert verify(published.installation.gate()).findings == []
    assert csv_of(published, RIDE).exists()


def test_a_stop_there_is_found_by_verify_and_withdrawn(passed: tuple[Published, DrawnZone]) -> None:
    published, _ = passed
    path = csv_of(published, RIDE)
    lines = path.read_text().splitlines()
    header, rows = lines[0].split(","), [line.split(",") for line in lines[1:]]
    half, column = int(len(rows) * 0.4), header.index("time")
    for row in rows[half:]:
        row[column] = f"{float(row[column]) + 100:g}"
    path.write_text("\n".join([lines[0], *(",".join(row) for row in rows)]) + "\n")
    findings = verify(published.installation.gate()).findings
    assert any(finding.invariant == "I2" and "stops inside" in finding.what for finding in findings)
    assert taking_back.withdraw_exposed(published.installation.gate()) == [published.ids[RIDE][1]]


def test_what_was_made_while_only_ends_were_hidden_passes_no_gate_afterwards(
    passed: tuple[Published, DrawnZone],
) -> None:
    published, zone = passed
    path, data = refused_once(published, DrawnZone("", zone.geometry))
    with pytest.raises(GateRefused, match=r"I2 .* lies inside a private zone's cut"):
        published.installation.gate().publish({path: data}, activities={path: RIDE})
    assert not np.isnan(csv_files.decode(data).columns["time"]).any()


def test_what_was_made_before_a_zone_had_its_name_passes_no_gate_afterwards(
    passed: tuple[Published, DrawnZone],
) -> None:
    published, zone = passed
    refused_once(published, DrawnZone("Rosenhof", zone.geometry, ENDS_ONLY))


def test_where_something_cannot_be_withdrawn_it_is_in_the_report_nevertheless(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = published.installation
    zone = DrawnZone("", place_on(published, RIDE, 0.5).polygon(circle(60)))
    added = zone_store.put(installation.database, [zone]).added

    def stubborn(store: Store, key: str) -> None:
        raise StoreUnavailable("not allowed")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "delete", stubborn)
        with pytest.raises(StoreUnavailable, match="not allowed"):
            follow_up(installation, added)
    [report] = (installation.settings.home_path / "reports").iterdir()
    assert published.ids[RIDE][1] in report.read_text()
    assert published.ids[RIDE][1] in follow_up(installation, added).exposed[0].path
    assert verify(installation.gate()).findings == []
    assert follow_up(installation, added).report is None  # nothing is left to tell of
