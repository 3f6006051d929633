"""Whose files they are: as somebody says, else as the export does, else the only one there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from strava_assets.errors import ArchiveError
from strava_assets_tests.archive.importing import rows, run
from strava_assets_tests.archive.writers import export_files, export_row, gpx, ride, write_folder, write_zip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A ride that does not say whose it is."""
    return write_folder(tmp_path / "files", {"ride.gpx": gpx(ride())})


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Ada's."""
    return write_zip(tmp_path / "export.zip", export_files([export_row(101), export_row(102)], {}))


def test_nobody_known_means_me(installation, folder):
    assert run(installation, folder).athlete_name == "me"


def test_the_only_one_there_is(installation, folder):
    run(installation, folder, athlete="Ada")
    assert run(installation, folder).athlete_name == "Ada"


def test_a_name_is_matched_without_case_and_a_strava_id_too(installation, folder, export):
    run(installation, export)
    assert run(installation, folder, athlete="ada EXAMPLE").athlete_name == "Ada Example"
    assert run(installation, folder, athlete="4711").athlete_name == "Ada Example"


def test_with_several_it_has_to_be_said(installation, folder):
    run(installation, folder, athlete="Ada")
    run(installation, folder, athlete="Ben")
    with pytest.raises(ArchiveError, match=r"several athletes are known \(Ada, Ben\)"):
        run(installation, folder)


def test_somebody_known_by_name_gets_the_number_of_the_export(installation, folder, export):
    run(installation, folder, athlete="Ada")
    report = run(installation, export, athlete="Ada")
    assert rows(installation, "select name, strava_id, identity from strava.athlete") == [
        {"name": "Ada", "strava_id": 4711, "identity": "name:ada"}
    ]
    assert report.imported == 2


def test_an_export_is_not_given_to_somebody_else(installation, export):
    run(installation, export)
    with pytest.raises(ArchiveError, match=r"this export is Ada Example's \(Strava id 4711\), not Ben's"):
        run(installation, export, athlete="Ben")


def test_two_people_of_one_name_stay_two(installation, tmp_path, export):
    run(installation, export)
    other = write_zip(tmp_path / "other.zip", export_files([export_row(7)], {}, athlete=(4712, "Ada", "Example")))
    assert run(installation, other).athlete_name == "Ada Example (4712)"


def test_an_activity_of_somebody_else_is_refused(installation, tmp_path):
    one = write_zip(tmp_path / "one.zip", export_files([export_row(7)], {}, athlete=None))
    run(installation, one, athlete="Ada")
    with pytest.raises(ArchiveError, match="another athlete's already"):
        run(installation, one, athlete="Ben")
