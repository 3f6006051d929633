"""Whatever is dropped into the inbox is imported once it is complete, and put aside; nothing is lost or overwritten."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from strava_assets import inbox, resources, sensors
from strava_assets.archive.importer import ImportReport
from strava_assets.definitions import defs
from strava_assets.errors import ArchiveError, StoreUnavailable
from strava_assets.inbox import take_in
from strava_assets.installation import Installation
from strava_assets.resources import InstallationResource
from strava_assets_tests.archive.importing import rows
from strava_assets_tests.archive.writers import export_files, export_row, gpx, ride, write_folder, write_zip


class Dropping:
    """An inbox, and a Dagster that looks into it."""

    def __init__(self, installation: Installation, instance: dg.DagsterInstance) -> None:
        self.installation, self.instance, self.cursor = installation, instance, None
        self.folder = installation.settings.inbox
        inbox.waiting(self.folder)

    def tick(self) -> Any:
        """What the sensor says: the file that it asks to have imported, or why it asks for none."""
        context = dg.build_sensor_context(
            self.instance, cursor=self.cursor, resources={"installation": InstallationResource()}
        )
        told = sensors.inbox_folder(context)
        assert isinstance(told, dg.SensorResult)
        self.cursor = told.cursor
        if told.run_requests:
            return told.run_requests[0]
        assert told.skip_reason is not None
        return told.skip_reason.skip_message

    def run(self, request: dg.RunRequest) -> dict[str, Any]:
        """Do what the sensor asked for; what the run says of it."""
        done = defs.resolve_job_def("import_inbox").execute_in_process(
            run_config=request.run_config, tags=request.tags, instance=self.instance, raise_on_error=False
        )
        if not done.success:
            return {}
        [output] = [event for event in done.all_node_events if event.is_successful_output]
        said = output.event_specific_data.metadata
        return {name: getattr(told, "records", None) or told.value for name, told in said.items()}

    def there(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def dropping(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dropping]:
    monkeypatch.setattr(resources, "_process", resources._Process())
    resources.use(installation)
    with dg.DagsterInstance.ephemeral() as instance:
        yield Dropping(installation, instance)


def test_an_export_is_imported_when_it_has_stopped_growing_and_a_second_one_overwrites_nothing(
    dropping: Dropping, tmp_path: Path
) -> None:
    assert dropping.tick() == "the inbox is empty"
    whole = write_zip(
        tmp_path / "export.zip", export_files([export_row(101, "a/1.gpx"), export_row(102, "a/2.gpx")],
                                              {"a/1.gpx": gpx(ride()), "a/2.gpx": b"notes"})
    ).read_bytes()  # fmt: skip
    dropped = dropping.folder / "export.zip"
    for part in (1000, 2000):
        dropped.write_bytes(whole[:part])
        assert dropping.tick() == "1 in the inbox, not known to be complete"
    assert dropping.tick() == "1 in the inbox, not known to be complete", "no longer growing, but a zip without its end"
    dropped.write_bytes(whole)
    assert dropping.tick() == "1 in the inbox, not known to be complete"
    request = dropping.tick()
    said = dropping.run(request)
    assert (said["imported"], said["quarantined"], said["months asked for"]) == (2, 1, 1)
    [record] = said["quarantine"]
    assert record.data["what to do"] == "It is no recording; leave it out."
    assert dropping.there() == ["done/export.zip"]
    assert {row["owner_visibility"] for row in rows(dropping.installation)} == {None}, "as the setting says"
    asked = rows(dropping.installation, "select reason from strava.month_request where wanted > done")
    assert [row["reason"] for row in asked] == ["import"]

    dropped.write_bytes(whole)
    dropping.tick()
    again = dropping.tick()
    assert again.run_key != request.run_key
    assert dropping.run(again)["already there"] == 2
    assert dropping.there() == ["done/export (2).zip", "done/export.zip"]


def test_a_folder_waits_until_no_file_of_it_grows(dropping: Dropping) -> None:
    write_folder(dropping.folder / "rides", {"a.gpx": gpx(ride(9))})
    dropping.tick()
    write_folder(dropping.folder / "rides", {"deep/b.gpx": gpx(ride(8))})
    assert "not known to be complete" in dropping.tick()
    assert dropping.run(dropping.tick())["imported"] == 2
    assert dropping.there() == ["done/rides/a.gpx", "done/rides/deep/b.gpx"]


def test_what_cannot_be_imported_is_put_aside_with_the_reason(dropping: Dropping) -> None:
    write_folder(dropping.folder, {"notes.txt": b"hello", "half.fit": b"", "empty/x.txt": b""})
    (dropping.folder / "gone.gpx").symlink_to("nowhere")
    dropping.tick()
    for _ in range(4):
        assert "failed" in dropping.run(dropping.tick())["moved to"]
        dropping.tick()
    assert dropping.tick() == "the inbox is empty"
    failed = dropping.folder / "failed"
    assert "neither an export" in (failed / "notes.txt.txt").read_text()
    assert "half.fit: an empty file (0 bytes)" in (failed / "half.fit.txt").read_text()
    assert "does not exist" in (failed / "gone.gpx.txt").read_text()
    assert "holds neither an activities.csv" in (failed / "empty.txt").read_text()
    assert (failed / "notes.txt").read_bytes() == b"hello"


def test_a_zip_that_never_gets_its_end_is_given_up(dropping: Dropping) -> None:
    dropped = dropping.folder / "export.zip"
    dropped.write_bytes(b"PK\x03\x04 and no more")
    old = time.time() - inbox._GIVEN_UP - 1
    os.utime(dropped, (old, old))
    dropping.tick()
    dropping.run(dropping.tick())
    assert "download it again" in (dropping.folder / "failed/export.zip.txt").read_text()


def test_what_is_not_finished_by_its_name_is_let_alone(dropping: Dropping) -> None:
    write_folder(dropping.folder, dict.fromkeys([".hidden.gpx", "ride.gpx.part", "export.zip.crdownload"], gpx(ride())))
    for _ in range(3):
        assert dropping.tick() == "the inbox is empty"


def test_one_import_at_a_time_and_what_failed_lets_the_others_go_first(
    dropping: Dropping, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.gpx", "b.gpx"):
        (dropping.folder / name).write_bytes(gpx(ride(len(name))))
    dropping.tick()
    first = dropping.tick()
    assert first.run_config["ops"]["take_in"]["config"] == {"name": "a.gpx"}
    waiting = dropping.instance.create_run_for_job(
        defs.resolve_job_def("import_inbox"), run_config=first.run_config, status=dg.DagsterRunStatus.STARTED
    )
    assert dropping.tick() == "an import is under way"
    dropping.instance.delete_run(waiting.run_id)

    def unavailable(*_: Any, **__: Any) -> ImportReport:
        raise StoreUnavailable("cannot write: no space left on device")

    with monkeypatch.context() as full:
        full.setattr(inbox, "import_path", unavailable)
        assert dropping.run(first) == {}
    assert dropping.there() == ["a.gpx", "b.gpx"]
    assert dropping.tick().run_config["ops"]["take_in"]["config"] == {"name": "b.gpx"}


def test_killed_between_the_import_and_the_move_it_is_taken_in_again(
    dropping: Dropping, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dropping.folder / "a.gpx").write_bytes(gpx(ride()))
    with monkeypatch.context() as killed:
        killed.setattr(inbox, "_put_aside", interrupted)
        with pytest.raises(KeyboardInterrupt):
            take_in(dropping.installation, "a.gpx")
    outcome = take_in(dropping.installation, "a.gpx")
    assert outcome.report is not None
    assert (outcome.report.imported, outcome.report.already_there) == (0, 1)
    assert dropping.there() == ["done/a.gpx"]


def test_what_grows_while_it_is_imported_stays_and_is_taken_in_again(
    dropping: Dropping, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(dropping.folder / "rides", {"a.gpx": gpx(ride(9))})
    with monkeypatch.context() as growing:
        growing.setattr(inbox, "import_path", after(inbox.import_path, lambda: (folder / "b.gpx").write_bytes(b"x")))
        assert take_in(dropping.installation, "rides").moved_to is None
    assert dropping.there() == ["rides/a.gpx", "rides/b.gpx"]


def test_only_what_is_in_the_inbox_is_taken(dropping: Dropping) -> None:
    for name in ("../secret.key", "done", "nothing.zip", ".hidden"):
        with pytest.raises(ArchiveError, match="is not in"):
            take_in(dropping.installation, name)


def test_an_inbox_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match="cannot look into"):
        inbox.waiting(tmp_path / "file" / "inbox")


def interrupted(*_: Any) -> None:
    raise KeyboardInterrupt


def after(deed: Callable[..., Any], then: Callable[[], Any]) -> Callable[..., Any]:
    """The same deed, and something that happens just after it."""

    def both(*given: Any, **named: Any) -> Any:
        done = deed(*given, **named)
        then()
        return done

    return both
