"""Events are committed in groups: none is answered before its commit, none suffers for another."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import psycopg
import pytest
import uvloop

from strava_assets.database import embedded
from strava_assets.errors import DatabaseUnavailable
from strava_assets.gateway.group_commit import GroupCommit
from strava_assets.gateway.server import listen
from strava_assets.installation import Installation, open_installation
from strava_assets.settings import Settings
from strava_assets.strava.webhooks import Event, path_token
from strava_assets_tests.gateway.conftest import know
from strava_assets_tests.gateway.running import Gateway


def event(number: int, **changes: Any) -> Event:
    """The numbered event of a known owner."""
    told = {
        "subscription_id": 1,
        "owner_id": 3,
        "object_type": "activity",
        "object_id": 7,
        "aspect_type": "update",
        "event_time": 1_700_000_000 + number,
    }
    return Event(**{**told, **changes})


def kept(installation: Installation) -> dict[int, int]:
    """Number of each event kept, and how often it came."""
    with installation.database.transaction() as connection:
        return {
            int(row["event_time"].timestamp()) - 1_700_000_000: row["deliveries"]
            for row in connection.execute("select event_time, deliveries from strava.webhook_event")
        }


@pytest.fixture
def known(installation: Installation) -> Installation:
    know(installation)
    return installation


def keeping(
    installation: Installation,
    deed: Callable[[GroupCommit], Awaitable[Any]],
    on: Callable[[Any], Any] = uvloop.run,  # as in the gateway's process
    **options: Any,
) -> Any:
    """Run a deed with a group commit."""

    async def run() -> Any:
        async with GroupCommit(installation.database.url, **options).running() as commit:
            return await deed(commit)

    return on(run())


def outcomes(commit: GroupCommit, events: list[Event]) -> Awaitable[list[Any]]:
    """What came of each, all at once."""
    return asyncio.gather(*(commit.keep(one.parameters()) for one in events), return_exceptions=True)


def test_events_that_come_together_are_all_kept_each_with_its_own_answer(known: Installation) -> None:
    together = [event(number, owner_id=3 if number % 3 else 4) for number in range(500)]
    answers = keeping(known, lambda commit: outcomes(commit, together))
    assert answers == [number % 3 == 0 for number in range(500)]
    assert kept(known) == dict.fromkeys(range(500), 1)


def test_one_event_sent_many_times_at_once_is_one_row(known: Installation) -> None:
    assert keeping(known, lambda commit: outcomes(commit, [event(1)] * 20)) == [False] * 20
    assert kept(known) == {1: 20}


def test_an_event_that_cannot_be_kept_does_not_take_its_neighbours_with_it(known: Installation) -> None:
    with known.database.transaction() as connection:
        connection.execute("alter table strava.webhook_event add check (object_id <> 13)")
    together = [event(number, object_id=13 if number == 4 else 7) for number in range(10)]
    answers = keeping(known, lambda commit: outcomes(commit, together))
    assert isinstance(answers[4], DatabaseUnavailable)
    assert [answer for answer in answers if answer is False] == [False] * 9
    assert sorted(kept(known)) == [0, 1, 2, 3, 5, 6, 7, 8, 9]


def test_an_event_whose_commit_fails_is_not_answered_as_kept(known: Installation) -> None:
    with known.database.transaction() as connection:
        connection.execute("""
            create function strava.refuse() returns trigger language plpgsql as $$ begin raise 'at the end'; end $$;
            create constraint trigger refuse after insert on strava.webhook_event
            deferrable initially deferred for each row when (new.object_id = 13) execute function strava.refuse()
        """)
    together = [event(1), event(2, object_id=13), event(3)]
    answers = keeping(known, lambda commit: outcomes(commit, together))
    assert [type(answer) for answer in answers] == [bool, DatabaseUnavailable, bool]
    assert kept(known) == {1: 1, 3: 1}


def test_a_connection_that_was_lost_meanwhile_costs_no_event(known: Installation) -> None:
    async def deed(commit: GroupCommit) -> None:
        assert await commit.keep(event(1).parameters()) is False
        os.kill(writer(known), signal.SIGTERM)  # as pg_terminate_backend does
        while writer(known):
            await asyncio.sleep(0.01)
        assert await commit.keep(event(2).parameters()) is False

    keeping(known, deed)
    assert kept(known) == {1: 1, 2: 1}


def test_the_connection_is_left_as_it_was_for_whoever_a_pooler_gives_it_to(known: Installation) -> None:
    async def deed(commit: GroupCommit) -> list[str]:
        async def limit() -> str:
            assert commit._connection is not None
            cursor = await commit._connection.execute("show statement_timeout")
            (found,) = await cursor.fetchone() or ("",)
            return str(found)

        await commit.keep(None)
        before = await limit()
        await commit.keep(event(1).parameters())
        with psycopg.connect(known.database.url) as other:
            other.execute("lock table strava.webhook_event")
            await outcomes(commit, [event(2)])
        assert await commit.keep(event(3).parameters()) is False
        return [before, await limit()]

    assert keeping(known, deed, patience=0.3) == ["0", "0"]


def test_while_the_database_hangs_some_wait_and_the_rest_are_refused_at_once(known: Installation) -> None:
    async def deed(commit: GroupCommit) -> None:
        with psycopg.connect(known.database.url) as other:
            other.execute("lock table strava.webhook_event")
            answers = await outcomes(commit, [event(number) for number in range(8)])
            assert [str(answer) for answer in answers[5:]] == ["5 events wait for PostgreSQL already"] * 3
            assert {type(answer) for answer in answers} == {DatabaseUnavailable}
        assert await commit.keep(event(9).parameters()) is False

    keeping(known, deed, most=5, patience=0.3)
    assert kept(known)[9] == 1


def test_those_who_gave_up_waiting_are_forgotten_however_long_it_hangs(known: Installation) -> None:
    async def deed(commit: GroupCommit) -> None:
        await commit.keep(None)
        backend = psutil.Process(writer(known))
        hanging = [backend, backend.parents()[0]]  # neither this connection nor a new one gets an answer
        for process in hanging:
            process.suspend()
        try:
            for _ in range(10):
                await outcomes(commit, [event(number) for number in range(300)])
                assert len(commit._queue) == 0
        finally:
            for process in hanging:
                process.resume()
        async with asyncio.timeout(20):
            while (await outcomes(commit, [event(301)])) != [False]:
                pass

    keeping(known, deed, most=300, patience=0.1)


def test_a_server_that_says_nothing_is_left_for_a_new_connection(known: Installation) -> None:
    async def deed(commit: GroupCommit) -> None:
        await commit.keep(None)
        stopped = writer(known)
        os.kill(stopped, signal.SIGSTOP)
        try:
            with pytest.raises(DatabaseUnavailable, match="does not answer within"):
                await commit.keep(event(1).parameters())
            async with asyncio.timeout(20):
                while (await outcomes(commit, [event(2)])) != [False]:
                    pass
        finally:
            os.kill(stopped, signal.SIGCONT)

    keeping(known, deed, patience=0.3)
    assert kept(known)[2] >= 1


def test_a_connection_that_is_dropped_is_not_looked_at_any_more(known: Installation) -> None:
    """Its number may be another thread's file a moment later, and then uvloop aborts the whole process."""

    async def deed(commit: GroupCommit) -> None:
        await commit.keep(None)
        assert commit._connection is not None
        loop, number = asyncio.get_running_loop(), commit._connection.fileno()
        loop.add_reader(number, lambda: None)  # as psycopg does while it waits for an answer
        loop.add_writer(number, lambda: None)
        commit._hang_up()
        assert not loop.remove_reader(number)
        assert not loop.remove_writer(number)

    keeping(known, deed, on=asyncio.run)  # uvloop does not say whether there was one


def test_strangers_events_do_not_fill_the_disk(known: Installation) -> None:
    strangers = [event(number, owner_id=99) for number in range(3)]
    assert keeping(known, lambda commit: outcomes(commit, strangers[:2])) == [True, True]
    with known.database.transaction() as connection:
        connection.execute("update strava.webhook_refusal set events = 1000")
    # from now on new ones are only counted; known ones, and ours, go on as before
    more = [strangers[2], strangers[0], event(50)]
    assert keeping(known, lambda commit: outcomes(commit, more)) == [True, True, False]
    assert kept(known) == {0: 2, 1: 1, 50: 1}
    with known.database.transaction() as connection:
        (row,) = connection.execute("select events from strava.webhook_refusal").fetchall()
    assert row["events"] == 1002


@pytest.fixture
def own_server() -> Iterator[Installation]:
    """An installation on a PostgreSQL server that may be killed."""
    folder = Path(tempfile.mkdtemp(prefix="strava-assets-"))
    folder.chmod(0o755)  # a root's server runs as somebody else
    opened = open_installation(Settings(_env_file=None, STRAVA_ASSETS_HOME=folder / "home"))
    know(opened)
    yield opened
    opened.database.close()
    shutil.rmtree(folder, ignore_errors=True)


def test_postgresql_dies_under_load_and_no_event_that_was_answered_200_is_lost(own_server: Installation) -> None:
    gateway = Gateway(own_server, listen("127.0.0.1", 0))
    answers: dict[int, int] = {}
    ending = threading.Event()

    def send(lane: int) -> None:
        with httpx.Client(trust_env=False, timeout=20) as http:
            number = lane
            while not ending.is_set():
                body = event(number).model_dump_json()
                answers[number] = http.post(
                    f"{gateway.url}/webhook/{path_token(gateway.settings)}", content=body
                ).status_code
                number += 4

    lanes = [threading.Thread(target=send, args=(lane,)) for lane in range(4)]
    try:
        for lane in lanes:
            lane.start()
        await_(lambda: Counter(answers.values())[200] > 100)
        folder = own_server.settings.home_path / "postgres"
        postmaster = psutil.Process(int((folder / "postmaster.pid").read_text().split("\n", 1)[0]))
        for process in [postmaster, *postmaster.children()]:
            process.kill()
        await_(lambda: Counter(answers.values())[503] > 20)
        assert gateway.get("/readyz").status_code == 503
        assert gateway.get("/healthz").status_code == 200
        embedded.start(folder)  # as the stack does that looks after it
        before = Counter(answers.values())[200]
        await_(lambda: Counter(answers.values())[200] > before + 100)
        assert gateway.get("/readyz").status_code == 200
    finally:
        ending.set()
        for lane in lanes:
            lane.join()
        gateway.stop()
    assert set(answers.values()) == {200, 503}
    assert {number for number, status in answers.items() if status == 200} <= set(kept(own_server))


def writer(installation: Installation) -> int:
    """Process of the server that serves the gateway's connection; 0 if there is none."""
    with installation.database.transaction() as connection:
        row = connection.execute(
            "select pid from pg_stat_activity where application_name = 'strava_assets gateway' "
            "and datname = current_database()"
        ).fetchone()
    return row["pid"] if row else 0


def await_(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something is so."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never was"
        time.sleep(0.02)
