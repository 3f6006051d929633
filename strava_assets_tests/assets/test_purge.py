"""Somebody is removed completely; the others stay as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from strava_assets import resources, sensors, uncut
from strava_assets.definitions import defs
from strava_assets.errors import SettingsError
from strava_assets.installation import Installation
from strava_assets.publish.verify import verify
from strava_assets.purge import find_athlete, purge_athlete
from strava_assets.resources import InstallationResource
from strava_assets.stores import Store
from strava_assets.tables import UNCUT, months_of
from strava_assets.training.keeping import EFFORTS, LOAD
from strava_assets.training.schema import WHOLE
from strava_assets_tests.assets.conftest import public_files, run
from strava_assets_tests.privacy.worlds import Place
from strava_assets_tests.recordings import folder_of_rides


@pytest.fixture
def both(
    history: Installation, bring_in: Callable[..., Any], tmp_path: Path
) -> tuple[Installation, dict[str, bytes], int]:
    """Ada's history, what was public of it, and Ben who came later."""
    run(history)
    before = public_files(history)
    bring_in(history, folder_of_rides(tmp_path / "ben", Place(8.9, 46.2), 4), athlete="Ben")
    run(history)
    assert sum(path.endswith(".csv") for path in public_files(history)) == 16
    return history, before, find_athlete(history, "ben")


def nothing_is_left(installation: Installation, athlete: int, public: str) -> None:
    assert [key for key in installation.store.keys("landing") if f"/{athlete}/" in key] == []
    for table in ("activities", "masked_geometries", UNCUT, EFFORTS, LOAD, *WHOLE):
        months = months_of(installation.store, table)
        assert all(athlete not in months[month].column("athlete_id").to_pylist() for month in months)
    months = months_of(installation.store, "activity_streams")
    assert sum(len(set(months[month].column("activity_id").to_pylist())) for month in months) == 12
    with installation.database.transaction() as connection:
        for table, column in (("athlete", "id"), ("activity", "athlete_id"), ("import", "athlete_id")):
            counted = connection.execute(
                f"select count(*) as n from strava.{table} where {column} = %s",
                (athlete,),
            ).fetchone()
            assert counted is not None
            assert counted["n"] == 0
        kept = connection.execute("select path from strava.public_object").fetchall()
    assert not any(public in row["path"] for row in kept)
    root = Path(installation.settings.public_root)
    assert not (root / public).exists()


def test_nothing_of_them_is_left_and_the_others_stay_as_they_were(
    both: tuple[Installation, dict[str, bytes], int],
) -> None:
    history, before, ben = both
    public = history.athletes()[ben][0]
    assert len(uncut.view(history).where) == 16
    report = purge_athlete(history, ben)
    assert str(report).startswith("Ben is removed: 4 activities, 7 public files, 4 originals")
    nothing_is_left(history, ben, public)
    assert public_files(history) == before
    assert verify(history.gate()).findings == []
    run(history)
    assert public_files(history) == before
    nothing_is_left(history, ben, public)


@pytest.mark.parametrize("step", [1, 9])
def test_what_was_broken_off_goes_on(
    both: tuple[Installation, dict[str, bytes], int], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    history, before, ben = both
    public = history.athletes()[ben][0]
    left = [step]
    delete: Callable[[Store, str], None] = Store.delete

    def failing(self: Store, key: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        delete(self, key)

    with monkeypatch.context() as patched:
        patched.setattr(Store, "delete", failing)
        with pytest.raises(KeyboardInterrupt):
            purge_athlete(history, ben)
    # whoever was to go is never left on the map
    assert b"Ben" not in public_files(history).get("index.json", b"")
    purge_athlete(history, ben)
    nothing_is_left(history, ben, public)
    run(history)
    assert public_files(history) == before


def test_the_last_one_leaves_an_empty_root(history: Installation) -> None:
    run(history)
    ada = find_athlete(history, "1")
    purge_athlete(history, ada)
    files = public_files(history)
    assert b'"athletes":[]' in files["index.json"]
    assert not any(path.endswith((".csv", ".topojson")) for path in files)
    run(history)
    assert b'"athletes":[]' in public_files(history)["index.json"]


@pytest.mark.parametrize("given", ["Eve", "", "7", "None"])
def test_somebody_who_is_not_here(history: Any, given: str) -> None:
    with pytest.raises(SettingsError, match=r"no athlete here; there are: 1 \(Ada\)"):
        find_athlete(history, given)


def test_who_takes_access_back_is_removed_by_a_run(both: tuple[Installation, dict[str, bytes], int]) -> None:
    history, before, ben = both
    public = history.athletes()[ben][0]
    with history.database.transaction() as connection:
        connection.execute("update strava.athlete set state = 'revoked' where id = %s", (ben,))
    resources.use(history)
    tick = sensors.webhook_events(installation=InstallationResource())
    assert isinstance(tick, dg.SensorResult)
    assert [request.job_name for request in tick.run_requests or []] == ["remove_revoked"]
    with dg.DagsterInstance.ephemeral() as instance:
        done = defs.resolve_job_def("remove_revoked").execute_in_process(instance=instance)
        assert done.output_for_node("remove_who_left") == 1
        nothing_is_left(history, ben, public)
        assert public_files(history) == before
        assert isinstance(sensors.webhook_events(installation=InstallationResource()), dg.SkipReason)
        again = defs.resolve_job_def("remove_revoked").execute_in_process(instance=instance)
        assert again.output_for_node("remove_who_left") == 0


def test_who_connects_again_in_time_stays(both: tuple[Installation, dict[str, bytes], int]) -> None:
    history, _, ben = both
    there = public_files(history)
    resources.use(history)
    with dg.DagsterInstance.ephemeral() as instance:
        done = defs.resolve_job_def("remove_revoked").execute_in_process(instance=instance)
    assert done.output_for_node("remove_who_left") == 0
    assert public_files(history) == there
    assert ben in history.athletes()
