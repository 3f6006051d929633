"""The command ``strava-assets sql``: one question, or a prompt; it only asks, and is up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from strava_assets.dagster_home import dagster_environment
from strava_assets.definitions import defs
from strava_assets.installation import open_installation
from strava_assets.month_runs import dagster_instance, quietly
from strava_assets_tests.conftest import HOME, Run
from strava_assets_tests.privacy.worlds import Place
from strava_assets_tests.recordings import folder_of_rides


def test_the_warehouse_is_asked_from_the_command_line(strava_assets: Run, tmp_path: Path) -> None:
    folder_of_rides(tmp_path / "rides", HOME, 4)
    assert strava_assets("import", "rides", "--visibility", "everyone")[0] == 0
    code, said = strava_assets("sql", "select 1", "--no-refresh")
    assert code == 1
    assert said.count("\n") == 1
    assert "strava-assets materialize" in said
    assert strava_assets("materialize")[0] == 0
    code, said = strava_assets(
        "sql", "select count(*) as rides, min(start_date) as first from strava_activities", "--csv"
    )
    assert (code, said) == (0, "rides,first\n4,2023-11-03\n")
    code, said = strava_assets("sql", "select sport_type, sum(activities) as n from weekly group by 1", "--json")
    assert (code, json.loads(said)) == (0, [{"sport_type": "Ride", "n": 4}])
    code, said = strava_assets("sql", "from quarterly order by quarter_start")
    assert code == 0
    assert "2023-10-01" in said
    assert said.rstrip().endswith("\n1 row")
    code, said = strava_assets("sql", "from strava_activities", "--no-refresh")
    assert code == 0
    for begins in ("┃ row ", "│ total_elevation_gain ", "│ computed "):  # side by side they do not fit
        assert said.count(begins) == 4, said
    code, said = strava_assets("sql", "from range(1001)", "--no-refresh")
    assert said.rstrip().endswith("1,000 and more rows: all of them with --csv or --json")
    for wrong in ("select nothing from weekly", "drop table strava_activities", "select 1; select 2", ";"):
        code, said = strava_assets("sql", wrong)
        assert code == 2
        assert len(said.strip().splitlines()) <= 2
    assert strava_assets("sql", "select 1", "--csv", "--json")[0] == 2
    # another ride has been typed since: it is asked for, too, unless nobody wants to wait for that
    folder_of_rides(tmp_path / "more", Place(8.9, 46.2), 1)
    assert strava_assets("import", "more", "--visibility", "everyone")[0] == 0
    move_on()
    count = ("select count(*) from strava_samples where activity_id = 5", "--csv")
    assert strava_assets("sql", *count, "--no-refresh") == (0, "count_star()\n0\n")
    code, said = strava_assets("sql", *count)
    assert code == 0
    assert "bringing the warehouse up to date" in said
    assert int(said.splitlines()[1]) > 100


def move_on() -> None:
    """A ride's own run: typed and on the map, without the warehouse."""
    installation = open_installation()
    quietly(installation, dagster_environment(installation.settings))
    with dagster_instance() as instance:
        assert defs.resolve_job_def("follow").execute_in_process(instance=instance, partition_key="2023-11").success
    installation.database.close()


def test_the_prompt_takes_questions_line_by_line(
    strava_assets: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder_of_rides(tmp_path / "rides", HOME, 2)
    assert strava_assets("import", "rides", "--visibility", "everyone")[0] == 0
    assert strava_assets("materialize")[0] == 0
    typed = iter(
        ["", ".help", ".tables", ".tables weekly", ".nonsense", "select count(*) as rides", "  from strava_activities;"]
        + ["selekt 1;", "select 'never", KeyboardInterrupt, "from range(100);", "help", "select 41 + 1 as last;"]
        + ["exit;", "select 'never'"]
    )

    def line(prompt: str = "") -> str:
        given = next(typed, EOFError)
        if isinstance(given, str):
            return given
        raise given

    monkeypatch.setattr("builtins.input", line)
    code, said = strava_assets("sql", "--no-refresh")
    assert code == 0
    for expected in ("Ctrl-D", "strava_samples", "running_totals", "watts_change", ".nonsense is not known", "rides",
                     "syntax error", "40 and more rows", "42"):  # fmt: skip
        assert expected in said, expected
    assert "strava_assets_made_from" not in said
    assert "never" not in said
