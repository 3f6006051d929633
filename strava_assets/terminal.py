"""What every command says, and how: the two consoles, tables, progress bars.

What belongs here: how things look on a terminal and in a pipe. What does not: what is said (``cli``, ``zones_cli``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from strava_assets.settings import Settings

# a pipe has no width: tables there are as wide as they need to be. Names of files and zones are no markup
out = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 220, markup=False, emoji=False)
err = Console(
    stderr=True,
    highlight=False,
    soft_wrap=True,
    width=None if sys.stderr.isatty() else 220,
    markup=False,
    emoji=False,
)


def table(*columns: str, title: str | None = None) -> Table:
    """A table in which nothing is cut off: what is too long goes on in the next line."""
    made = Table(title=title)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def opened(settings: Settings | None = None) -> Any:
    """The installation in force; what that takes is imported only by commands that ask for it."""
    from strava_assets.installation import open_installation

    return open_installation(settings)


@contextmanager
def bar(title: str) -> Iterator[Callable[..., None]]:
    """A progress bar with time left, to be called with a name, how many are done, how many there are, and a rate."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        task = progress.add_task(title, total=None, rate="")
        yield lambda name, done, total, rate="": progress.update(
            task, description=f"{title} {name[:40]}", completed=done, total=total, rate=rate
        )
