"""Keeping events: those that arrive while a commit is under way share the next one.

What belongs here: the one connection that events are written on, who waits for it, and what happens when
PostgreSQL does not answer. What does not: what an event is (``strava.webhooks``), answers (``webhook``).

A commit waits for the disk, and the disk takes no longer for a hundred events than for one. So nothing is timed
and nothing is held back: one batch is on its way, the next one gathers behind it, and each request is answered
once its own batch is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from strava_assets.database.connection import queries
from strava_assets.errors import DatabaseUnavailable

#: Events that may wait at a time; more are refused at once, so that a hanging database costs no memory.
MOST_WAITING = 2000
#: How long an event waits, seconds. Strava hangs up after two.
PATIENCE = 1.5
_BATCH = 200
_CONNECTING = 2  # seconds; libpq takes no less

log = logging.getLogger(__name__)

Parameters = dict[str, Any]


@dataclass(frozen=True, eq=False)
class _Ticket:
    """One who waits: with an event, or only to hear that the database answers."""

    event: Parameters | None
    answer: asyncio.Future[bool]


class GroupCommit:
    """Writes events in batches on a connection of its own, which is made again whenever it is lost.

    Parameters
    ----------
    url : str
        libpq URL of the database ``strava``.
    most : int
        Events that may wait at a time.
    patience : float
        Seconds that one may wait.
    """

    def __init__(self, url: str, most: int = MOST_WAITING, patience: float = PATIENCE):
        self._url, self._most, self._patience = url, most, patience
        self._connection: psycopg.AsyncConnection[Any] | None = None
        self._queue: dict[_Ticket, None] = {}  # in the order in which they came
        self._waiting = 0
        self._came = asyncio.Event()
        self._down = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[GroupCommit]:
        """Write until the end of the block."""
        writer = asyncio.create_task(self._write_on(), name="group commit")
        try:
            yield self
        finally:
            writer.cancel()
            await asyncio.wait({writer})
            self._hang_up()

    async def keep(self, event: Parameters | None) -> bool:
        """Wait until an event is committed.

        Parameters
        ----------
        event : dict or None
            ``Event.parameters()``; None only asks whether events could be kept now.

        Returns
        -------
        bool
            Whether it was refused: its subscription or its owner is unknown.

        Raises
        ------
        DatabaseUnavailable
            It was not kept, or nobody knows; sending it again does no harm.
        """
        if self._waiting >= self._most:
            raise DatabaseUnavailable(f"{self._waiting} events wait for PostgreSQL already")
        ticket = _Ticket(event, asyncio.get_running_loop().create_future())
        self._queue[ticket] = None
        self._came.set()
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                return await ticket.answer
        except TimeoutError:
            raise DatabaseUnavailable(f"PostgreSQL does not answer within {self._patience:g} s") from None
        finally:
            self._waiting -= 1
            self._queue.pop(ticket, None)

    async def _write_on(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            while batch := list(itertools.islice(self._queue, _BATCH)):
                for ticket in batch:
                    del self._queue[ticket]
                await self._write(batch)

    async def _write(self, batch: Sequence[_Ticket]) -> None:
        """Answer every ticket of a batch, whatever happens."""
        try:
            refused = await self._in_time(self._put([ticket.event for ticket in batch if ticket.event is not None]))
        except Exception as error:
            unheard = self._connection is None or self._connection.closed
            if len(batch) == 1 or unheard or isinstance(error, psycopg.errors.QueryCanceled):
                self._refuse(batch, error)
                return
            for ticket in batch:  # one of them cannot be kept, or met another's lock: its neighbours can be
                if not ticket.answer.done():
                    await self._write([ticket])
        else:
            if self._down:
                log.info("PostgreSQL answers again: events are kept")
                self._down = False
            answers = iter(refused)
            for ticket in batch:
                answer = next(answers) if ticket.event is not None else False
                if not ticket.answer.done():
                    ticket.answer.set_result(answer)

    def _refuse(self, batch: Sequence[_Ticket], error: Exception) -> None:
        if not self._down:  # one line, not one for each event
            log.error("events cannot be kept (%s): answered 503, so that they are sent again", type(error).__name__)
            self._down = True
        for ticket in batch:
            if not ticket.answer.done():
                ticket.answer.set_exception(DatabaseUnavailable(f"not kept: {type(error).__name__}"))

    async def _put(self, events: list[Parameters]) -> list[bool]:
        """Commit all or none; for each, whether it was refused."""
        if self._connection is None or self._connection.closed:
            return await self._execute(await self._connect(), events)
        try:
            return await self._execute(self._connection, events)
        except psycopg.OperationalError:
            if not self._connection.closed:
                raise
            # the server went away while nobody asked: a new connection will do, and a second time does no harm
            return await self._execute(await self._connect(), events)

    async def _execute(self, connection: psycopg.AsyncConnection[Any], events: list[Parameters]) -> list[bool]:
        if not events:
            await connection.execute("select 1")
            return []
        # one transaction and so one wait for the disk; a pipeline, and so few ways there and back
        async with connection.pipeline(), connection.transaction(), connection.cursor() as cursor:
            # a statement that waits for a lock ends when those who wait for it have gone. Only here: behind a pooler
            # the next transaction on this connection may be somebody else's
            await connection.execute(f"set local statement_timeout = {int(1000 * self._patience)}")
            await cursor.executemany(queries().put_webhook_event.sql, events, returning=True)
            return [row[0] async for result in cursor.results() for row in await result.fetchall()]

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        self._hang_up()
        self._connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=_CONNECTING, application_name="strava_assets gateway"
        )
        return self._connection

    def _hang_up(self) -> None:
        """Drop the connection without a word to a server that may not listen."""
        if self._connection is not None:
            if not self._connection.closed:  # psycopg may be waiting for it
                loop, number = asyncio.get_running_loop(), self._connection.fileno()
                # the number may be another thread's file a moment later, and uvloop aborts if it still looks at it
                loop.remove_reader(number)
                loop.remove_writer(number)
            self._connection.pgconn.finish()
            self._connection = None

    async def _in_time(self, deed: Any) -> Any:
        """The result of a deed, which a server that hangs cannot hold up."""
        task = asyncio.ensure_future(deed)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._patience + 0.5)
            if done:
                return task.result()
            raise DatabaseUnavailable("PostgreSQL hangs")
        finally:
            if not task.done():
                self._hang_up()  # first, or psycopg would ask the server to cancel, and wait for that
                task.cancel()
                await asyncio.wait({task}, timeout=1)
