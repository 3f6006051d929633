"""The command line answers bad input in a line or two, with the right exit code, and loses nothing."""

from __future__ import annotations

import dataclasses
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from rich.console import Console

from strava_assets import doctor, terminal
from strava_assets.owner_password import hashed
from strava_assets.settings import Settings
from strava_assets.stack import settings_environment
from strava_assets_tests.archive.writers import export_files, export_row, ride, tcx, write_folder
from strava_assets_tests.conftest import Run
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.recordings import folder_of_rides, gpx, track

ROOT = Path(__file__).parents[1]
HOME = Place(7.6, 47.5)
HASH = hashed("correct horse battery")


def test_a_zip_that_is_none(strava_assets: Run, tmp_path: Path) -> None:
    (tmp_path / "export.zip").write_bytes(b"PK not really")
    code, said = strava_assets("import", "export.zip")
    assert code == 2
    assert len(said.strip().splitlines()) <= 2
    assert "export.zip" in said


def test_an_export_without_activities(strava_assets: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.writestr("profile.csv", "Athlete ID\n1\n")
    code, said = strava_assets("import", "export.zip")
    assert code == 2
    assert "activities.csv" in said


def test_an_empty_folder_and_a_missing_one(strava_assets: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("empty", "missing"):
        code, said = strava_assets("import", name)
        assert code == 2
        assert name in said
        assert len(said.strip().splitlines()) <= 2


def test_a_self_crossing_zone_is_refused_and_the_zones_in_force_stay(strava_assets: Run, tmp_path: Path) -> None:
    good = {
        "type": "Feature",
        "properties": {"name": "good"},
        "geometry": json.loads(shapely.to_geojson(HOME.polygon(circle(100)))),
    }
    bow = {
        "type": "Feature",
        "properties": {"name": "bow"},
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[7.6, 47.5], [7.61, 47.51], [7.61, 47.5], [7.6, 47.51], [7.6, 47.5]]],
        },
    }
    for name, features in (("good.geojson", [good]), ("bad.geojson", [good, bow])):
        (tmp_path / name).write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert strava_assets("zones", "add", "good.geojson")[0] == 0
    before = strava_assets("zones", "list")[1]
    for command in ("check", "add"):
        code, said = strava_assets("zones", command, "bad.geojson")
        assert code == 2
        assert "row 2 (bow)" in said
    assert strava_assets("zones", "list")[1] == before


@pytest.mark.parametrize(
    "months", ["1999-01", "2024-13", "2024-06..2024-01", "soon", "2024-01..2999-01", "", "2024-01.."]
)
def test_a_month_out_of_range(strava_assets: Run, months: str) -> None:
    code, said = strava_assets("materialize", "--months", months)
    assert code == 2
    assert len(said.strip().splitlines()) <= 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STRAVA_ASSETS_DATABASE_URL", "postgresql://a:secret-word@127.0.0.1:1/x"),
        ("STRAVA_ASSETS_DATABASE_URL", "nonsense"),
        ("STRAVA_ASSETS_DATABASE_URL", "postgresql://a:secret-word%zz@127.0.0.1:1/x"),
        ("STRAVA_ASSETS_DATABASE_URL", "postgresql://a:b@secret-word@127.0.0.1:1/x"),
        ("STRAVA_ASSETS_DATABASE_URL", "postgresql://a:secret-word@[127.0.0.1/x"),
        ("STRAVA_ASSETS_FIRST_MONTH", "2050-01"),
        ("STRAVA_ASSETS_PORT", "eight"),
        ("STRAVA_ASSETS_PORT", "3000"),  # Dagster's
        ("STRAVA_ASSETS_IMPORT_VISIBILITY", "maybe"),
        ("STRAVA_ASSETS_PUBLISH_SOURCES", "api,garmin"),
        ("STRAVA_ASSETS_SECRET_KEY", "short"),
        ("STRAVA_API_URL", "strava.com"),
        ("STRAVA_ASSETS_PRIVATE_URL", "nosuch://x/y"),
    ],
)
def test_a_wrong_setting_is_named_and_a_secret_is_not_shown(
    strava_assets: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    code, said = (
        strava_assets("zones", "list")
        if "SECRET" not in name and "PRIVATE" not in name
        else strava_assets("materialize")
    )
    assert code in (1, 2), said
    assert "secret-word" not in said
    assert said.startswith("strava-assets: ")
    assert len(said.strip().splitlines()) <= 2


def test_a_port_in_use(strava_assets: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("STRAVA_ASSETS_PORT", str(other.getsockname()[1]))
        for command in ("up", "demo"):
            code, said = strava_assets(command)
            assert code == 2
            assert "STRAVA_ASSETS_PORT" in said


def test_an_unwritable_public_root(strava_assets: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder_of_rides(tmp_path / "rides", HOME, 2)
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("STRAVA_ASSETS_PUBLIC_URL", str(tmp_path / "file" / "public"))
    assert strava_assets("import", "rides", "--visibility", "everyone")[0] == 0
    code, said = strava_assets("materialize")
    assert code == 1, said
    assert "cannot" in said


def test_odd_files_are_listed_with_their_reason_and_the_rest_is_imported(strava_assets: Run, tmp_path: Path) -> None:
    folder = folder_of_rides(tmp_path / "rides", HOME, 3)
    start = datetime(2024, 2, 1, 8, tzinfo=UTC)
    good = track(HOME, 4, seed=50)
    (folder / "zero.fit").write_bytes(b"")
    (folder / "half.fit").write_bytes(b"\x0e\x10\x00\x00\xff\xff\x00\x00.FIT\x00\x00" + b"\x00" * 40)
    (folder / "lat95.gpx").write_bytes(gpx(good, start).replace(b'lat="47.5', b'lat="95.5'))
    (folder / "one.gpx").write_bytes(gpx(good[:1], start))
    (folder / "same.gpx").write_bytes(gpx(np.repeat(good[:1], 300, axis=0), start))
    (folder / "back.gpx").write_bytes(gpx(good, start, seconds=np.arange(len(good))[::-1]))
    (folder / "text.gpx").write_bytes(b"these are notes")
    code, said = strava_assets("import", "rides", "--visibility", "everyone")
    assert code == 0
    for name in ("zero.fit", "half.fit", "text.gpx"):
        assert name in said
    code, said = strava_assets("materialize")
    assert code == 0, said
    code, said = strava_assets("verify")
    assert code == 0, said


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["import"],
        ["import", "x", "--visibility", "friends"],
        ["import", "--undo"],
        ["import", "--undo", "the last one"],
        ["show"],
        ["show", "--import", "7"],
        ["hide", "7", "--import", "7"],
        ["zones", "remove", "7"],
        ["materialize", "--months"],
        ["demo", "--activities", "3"],
    ],
)
def test_wrong_use_is_exit_code_2(strava_assets: Run, arguments: list[str]) -> None:
    code, said = strava_assets(*arguments)
    assert code == 2
    assert said.startswith("strava-assets: ")


def test_doctor_shows_every_setting_and_no_secret(strava_assets: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRAVA_CLIENT_SECRET", "very-secret-word")
    code, said = strava_assets("doctor")
    assert code == 0, said
    assert "STRAVA_ASSETS_PUBLIC_URL" in said
    assert "very-secret-word" not in said
    assert "0123456789abcdef" not in said
    assert "none drawn" in said


def test_doctor_tells_of_names_that_are_no_settings(strava_assets: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRAVA_ASSETS_PUBLIC_ULR", "s3://nowhere")
    code, said = strava_assets("doctor")
    assert code == 0, said
    assert "STRAVA_ASSETS_PUBLIC_ULR" in said
    assert "did you mean STRAVA_ASSETS_PUBLIC_URL?" in said


@pytest.mark.parametrize(
    ("settings", "verdict", "sentence"),
    [
        ({}, "ok", "by the link of strava-assets view; no password is set"),
        ({"HOST": "0.0.0.0"}, "warn", "from elsewhere nobody gets in"),
        ({"OWNER_PASSWORD_HASH": HASH}, "ok", "elsewhere only where STRAVA_ASSETS_BASE_URL is https"),
        ({"OWNER_PASSWORD_HASH": HASH, "HOST": "::"}, "warn", "on this machine only"),
        (
            {"OWNER_PASSWORD_HASH": HASH, "HOST": "0.0.0.0", "BASE_URL": "https://rides.example.org"},
            "ok",
            "with the password at https://rides.example.org/mine/",
        ),
    ],
)
def test_doctor_says_who_gets_into_the_owner_s_view(
    installation: Any, settings: dict[str, str], verdict: str, sentence: str
) -> None:
    given = {f"STRAVA_ASSETS_{name}": value for name, value in settings.items()}
    kept = {**settings_environment(installation.settings), **given}
    asked = dataclasses.replace(installation, settings=Settings(_env_file=None, **kept))
    (row,) = doctor._view(asked)
    assert (row.verdict, row.what) == (verdict, "your own view")
    assert sentence in row.found


def test_doctor_tells_of_columns_that_there_are_not(strava_assets: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRAVA_ASSETS_PUBLIC_COLUMNS", "lat,lng,power")
    code, said = strava_assets("doctor")
    assert code == 1
    assert "STRAVA_ASSETS_PUBLIC_COLUMNS names power" in said


def test_help_names_every_command_in_one_whole_sentence_and_the_docs_speak_of_it(strava_assets: Run) -> None:
    docs = "".join(path.read_text() for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")))
    for group in ([], ["zones"], ["subscription"]):
        code, said = strava_assets(*group, "--help")
        assert code == 0
        listed = said.split("Commands:\n")[1].rstrip().splitlines()
        assert not [line for line in listed if line.endswith("...")]
        names = [line.split()[0] for line in listed]
        assert [name for name in names if " ".join([*group, name]) not in docs] == []
        if not group:
            promised = "demo up import connect subscription sync zones materialize verify doctor backup restore purge"
            assert set(promised.split()) | {"show", "hide", "sql", "view", "database"} == set(names)


def test_every_setting_is_explained_in_the_example() -> None:
    example = (ROOT / ".env.example").read_text()
    names = {str(field.alias) for field in Settings.model_fields.values()} - {"STRAVA_API_URL", "STRAVA_OAUTH_URL"}
    assert [name for name in sorted(names) if f"#{name}=" not in example] == []


@pytest.mark.parametrize("arguments", [[], ["zones"], ["subscription"]])
def test_a_bare_command_shows_its_help(strava_assets: Run, arguments: list[str]) -> None:
    code, said = strava_assets(*arguments)
    assert code == 2
    assert said.startswith("Usage: ")


def test_names_are_shown_as_they_are(strava_assets: Run, tmp_path: Path) -> None:
    folder = tmp_path / "rides [" / "red]"
    folder.mkdir(parents=True)
    (folder / "[bold] :bug: \n.gpx").write_text("notes")
    (folder / "ride.gpx").write_bytes(gpx(track(HOME, 4), datetime(2024, 2, 1, 8, tzinfo=UTC)))
    code, said = strava_assets("import", tmp_path / "rides [", "--athlete", "[/green]")
    assert code == 0, said
    assert "[/green]" in said
    assert "red]/[bold] :bug: .gpx" in said
    zone = {
        "type": "Feature",
        "properties": {"name": "[/red] home"},
        "geometry": json.loads(shapely.to_geojson(HOME.polygon(circle(100)))),
    }
    (tmp_path / "zone.geojson").write_text(json.dumps(zone))
    assert strava_assets("zones", "add", "zone.geojson")[0] == 0
    assert "[/red] home" in strava_assets("zones", "list")[1]


def test_progress_shows_names_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "err", Console(file=io.StringIO(), force_terminal=True, width=120))
    with terminal.bar("importing") as step:
        step("[/red].gpx", 1, 2)
    assert "[/red].gpx" in terminal.err.file.getvalue()


def test_an_import_is_listed_shown_hidden_and_taken_back(strava_assets: Run, tmp_path: Path) -> None:
    assert "Nothing was imported." in strava_assets("import", "--list")[1]
    folder_of_rides(tmp_path / "rides", HOME, 3)
    code, said = strava_assets("import", "rides")
    assert code == 0
    assert "strava-assets show --import 1" in said
    assert "strava-assets import --undo 1" in said
    code, said = strava_assets("show", "--import", "1")
    assert (code, "3 activities may be shown now; 0 might before" in said) == (0, True), said
    assert strava_assets("materialize")[0] == 0
    index = tmp_path / "home" / "public" / "index.json"
    assert json.loads(index.read_text())["athletes"][0]["activities"] == 3
    shown = next((tmp_path / "home" / "public").rglob("stream_*.csv")).stem.removeprefix("stream_")
    code, said = strava_assets("hide", shown)
    assert (code, "1 activities are hidden now, 0 were before; 1 public files withdrawn" in said) == (0, True), said
    listed = strava_assets("import", "--list")[1]
    assert all(word in listed for word in ("me", "rides", "done", "3")), listed
    code, said = strava_assets("import", "--undo")
    assert (code, "3 activities removed" in said) == (0, True), said
    assert "2 public files and 3 originals deleted" in said
    assert "taken back" in strava_assets("import", "--list")[1]
    assert strava_assets("import", "--undo", "1")[0] == 2


def test_many_broken_files_are_counted_and_all_of_them_are_in_a_table(strava_assets: Run, tmp_path: Path) -> None:
    folder = folder_of_rides(tmp_path / "rides", HOME, 1)
    for number in range(23):
        (folder / f"broken-{number:02}.fit").write_bytes(b"")
    code, said = strava_assets("import", "rides")
    assert code == 0
    assert "broken-19.fit" in said
    assert "broken-20.fit" not in said
    assert "Get it again from where it came" in said
    path = tmp_path / "home" / "reports" / "import-1-quarantine.csv"
    assert f"and 3 more; all of them: {path}" in said
    assert len(path.read_text().splitlines()) == 24


def test_the_places_hidden_on_strava_are_offered(strava_assets: Run, tmp_path: Path) -> None:
    files = export_files(
        [export_row(1)], {"privacy_zones.csv": b'Address,Radius,Latitude & Longitude\n,200.0,"47.5, 7.6"\n'}
    )
    write_folder(tmp_path / "export", files)
    said = strava_assets("import", "export")[1]
    assert f"strava-assets zones add {tmp_path / 'export'}" in said


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_an_import_that_is_ended_says_so_and_goes_on(strava_assets: Run, tmp_path: Path, how: signal.Signals) -> None:
    folder_of_rides(tmp_path / "rides", HOME, 60)
    process = subprocess.Popen(
        [sys.executable, "-m", "strava_assets", "import", "rides"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not list((tmp_path / "home" / "private").glob("landing/**/*.gpx")):
        time.sleep(0.02)
    process.send_signal(how)
    said, _ = process.communicate(timeout=30)
    assert (process.returncode, said.strip()) == (130, "stopped; what was done stays")
    assert "under way, or stopped" in strava_assets("import", "--list")[1]
    assert strava_assets("import", "rides")[0] == 0
    listed = strava_assets("import", "--list")[1]
    assert "done" in listed
    assert "stopped" not in listed


def test_what_is_odd_about_a_file_is_said(strava_assets: Run, tmp_path: Path) -> None:
    folder = folder_of_rides(tmp_path / "rides", HOME, 1)
    start, good = datetime(2024, 2, 1, 8, tzinfo=UTC), track(HOME, 4, seed=50)
    (folder / "lat95.gpx").write_bytes(gpx(good, start).replace(b'lat="47.5', b'lat="95.5'))
    (folder / "back.gpx").write_bytes(gpx(good, start, seconds=np.arange(len(good))[::-1]))
    for _ in range(2):
        said = strava_assets("import", "rides")[1]
        assert "lat95.gpx" in said
        assert "outside the world" in said
        assert "its clock runs backwards" in said
        assert "ride-00.gpx" not in said


def test_rubbish_in_one_activity_keeps_no_other_from_the_map(strava_assets: Run, tmp_path: Path) -> None:
    folder = folder_of_rides(tmp_path / "rides", HOME, 2, datetime(2024, 2, 1, 8, tzinfo=UTC))
    heart = (folder / "ride-00.gpx").read_bytes()
    (folder / "ride-00.gpx").write_bytes(heart.replace(b"hr>130", b"hr>99999999999999999999", 1))
    high = (folder / "ride-01.gpx").read_bytes()
    (folder / "ride-01.gpx").write_bytes(high.replace(b"<ele>3", b"<ele>3e300", 9))
    (folder / "figures.tcx").write_bytes(tcx([ride(40)]).replace(b"</Lap>", b"<Calories>1e300</Calories></Lap>"))
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "activities.csv").write_text(
        "Activity ID,Activity Date,Activity Name,Activity Type,Filename,Elapsed Time\n"
        '7,"Feb 5, 2024, 3:53:35 PM",Long,Ride,,1e18\n'
    )
    for path in ("rides", "table"):
        assert strava_assets("import", path, "--visibility", "everyone")[0] == 0
    code, said = strava_assets("materialize")
    assert code == 0, said
    assert "Warning" not in said
    index = json.loads((tmp_path / "home" / "public" / "index.json").read_text())
    assert index["athletes"][0]["activities"] == 2


def test_suggested_places_can_be_saved_and_added(strava_assets: Run, tmp_path: Path) -> None:
    folder_of_rides(tmp_path / "rides", HOME, 3)
    assert strava_assets("import", "rides")[0] == 0
    assert strava_assets("materialize")[0] == 0
    code, said = strava_assets("zones", "suggest", "--save", "places.geojson")
    assert code == 0
    assert "47.5" in said
    assert strava_assets("zones", "suggest", "--save", "missing/places.geojson")[0] == 2
    assert strava_assets("zones", "add", "places.geojson")[0] == 0
    assert "Zones of your own hide all of them" in strava_assets("zones", "suggest", "--save", "none.geojson")[1]


def test_a_foreign_file_in_the_public_root_is_named(strava_assets: Run, tmp_path: Path) -> None:
    folder_of_rides(tmp_path / "rides", HOME, 2)
    assert strava_assets("import", "rides", "--visibility", "everyone")[0] == 0
    assert strava_assets("materialize")[0] == 0
    (tmp_path / "home" / "public" / "stray.txt").write_text("mine")
    code, said = strava_assets("materialize")
    assert code == 1
    assert "stray.txt: is no public file's name" in said


def test_a_lost_or_damaged_key_changes_nothing_that_is_public(
    strava_assets: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STRAVA_ASSETS_SECRET_KEY")
    folder_of_rides(tmp_path / "rides", HOME, 2)
    assert strava_assets("import", "rides", "--visibility", "everyone")[0] == 0
    assert strava_assets("materialize")[0] == 0
    key, public = tmp_path / "home" / "secret.key", tmp_path / "home" / "public"
    kept = key.read_bytes()
    before = {path: path.read_bytes() for path in public.rglob("*") if path.is_file()}
    for damage in (b"\xff\xfe" * 40, b"", b"0123456789abcdef" * 4, None):
        if damage is None:
            key.unlink()
        else:
            key.write_bytes(damage)
        for command in ("materialize", "verify"):
            code, said = strava_assets(command)
            assert code == 2, said
            assert "secret.key" in said
            assert len(said.strip().splitlines()) <= 2
        assert {path: path.read_bytes() for path in public.rglob("*") if path.is_file()} == before
    key.write_bytes(kept)
    assert strava_assets("materialize")[0] == 0
    assert strava_assets("verify")[0] == 0
    assert {path: path.read_bytes() for path in public.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("command", [("import", "rides", "--visibility", "everyone"), ("materialize", "--force")])
def test_ctrl_c_stops_at_once_says_so_and_loses_nothing(
    strava_assets: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    folder_of_rides(tmp_path / "rides", HOME, 60)
    if command[0] == "materialize":
        assert strava_assets("import", "rides", "--visibility", "everyone")[0] == 0
    marker = "landing" if command[0] == "import" else "tables"
    # in a session of its own, so that all of its processes are told, as a terminal does
    process = subprocess.Popen(
        [sys.executable, "-m", "strava_assets", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not list((tmp_path / "home" / "private").glob(f"{marker}/**/*")):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert said.strip() == "stopped; what was done stays"
    assert strava_assets("import", "rides", "--visibility", "everyone")[0] == 0
    assert strava_assets("materialize")[0] == 0
    code, said = strava_assets("verify")
    assert code == 0, said
    index = json.loads((tmp_path / "home" / "public" / "index.json").read_text())
    assert index["athletes"][0]["activities"] == 60


def test_a_backup_goes_from_one_machine_to_another_by_two_commands(strava_assets: Run, tmp_path: Path) -> None:
    folder_of_rides(tmp_path / "rides", HOME, rides=1)
    assert strava_assets("import", "rides")[0] == 0
    code, said = strava_assets("backup", "all.tar")
    assert (code, "1 activities" in said, "secret key" in said) == (0, True, True)
    code, said = strava_assets("restore", "all.tar")
    assert (code, "there is an installation already" in said) == (2, True)
    code, said = strava_assets("restore", "none.tar")
    assert (code, said.count("\n")) == (1, 1)
