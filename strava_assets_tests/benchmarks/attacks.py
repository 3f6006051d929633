"""How near every attack comes, on files that leak as others' do and on ours: more people than the tests can wait for.

What belongs here: the tables. What does not: the attacks, and the lines that must hold (``attacks``).
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from strava_assets.database import embedded
from strava_assets.settings import Settings
from strava_assets_tests.attacks import builds, publishers
from strava_assets_tests.attacks.everything import ATTACKS, CIRCLE, DISTANCE, HEART, THERMOMETER, WITHOUT_MAP
from strava_assets_tests.attacks.people import Person, simulate
from strava_assets_tests.attacks.public_files import Floats, View
from strava_assets_tests.attacks.publishers import Leaks, drawn, edge, leaky, stacked, views
from strava_assets_tests.attacks.statistics import FOUND, by_chance, errors

out = Console()


def options(parser: argparse.ArgumentParser) -> None:
    """What may be chosen."""
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--expansion", type=float, default=300.0)


def main(people: int = 40, seed: int = 1, expansion: float = 300.0) -> None:
    """Publish, attack, and show."""
    everybody = simulate(people, seed)
    leaking(everybody)
    with tempfile.TemporaryDirectory(prefix="strava-assets-attacks-") as folder:
        server = embedded.start(Path(folder) / "postgres")
        ours(everybody, Path(folder), server, expansion, "who like some streets more than others")
        strict = simulate(people, seed, habits=0.0)
        ours(strict, Path(folder), server, expansion, "who never take a longer way than the shortest")
        many_builds(people, Path(folder), server)


def leaking(people: list[Person]) -> None:
    """What attacks reach where files leak."""
    table = started(f"publishers that leak, {len(people)} people")
    at_the_edge, whole = leaky(people, edge), lambda metres: metres
    seen = views(people, at_the_edge.public(Leaks(csvs=False)))
    middles = errors([ATTACKS[CIRCLE](*both) for both in zip(seen, people, strict=True)], [p.middle for p in people])
    row(table, "cut at the zone's edge", "A circle; to the zone's middle", middles)
    for name, leaks in {
        "whole totals": Leaks(totals=whole),
        "whole totals, no CSV": Leaks(totals=whole, csvs=False),
        "totals rounded to 1 km": Leaks(totals=lambda metres: round(metres, -3)),
        "average_speed × moving_time": Leaks(speed=True),
        "rows' distance not re-based": Leaks(rows=frozenset({"distance"})),
        "rows' time not re-based": Leaks(rows=frozenset({"time"})),
        "weekly sums": Leaks(summaries=True),
    }.items():
        seen = views(people, at_the_edge.public(leaks))
        tell(table, name, DISTANCE, people, seen)
        tell(table, "", WITHOUT_MAP, people, seen)
    seen = views(people, leaky(people, drawn).public(Leaks()))
    tell(table, "displaced shape, all channels", HEART, people, seen)
    tell(table, "", THERMOMETER, people, seen)
    out.print(table)


def ours(people: list[Person], folder: Path, server: str, expansion: float, kind: str) -> None:
    """What they reach on our files."""
    table = started(
        f"our files, E = {expansion:.0f} m, {len(people)} people {kind}; "
        f"chance finds {by_chance(expansion):.1%} within {FOUND:.0f} m"
    )
    with publishers.ours(people, settings(folder, server)) as world:
        publishers.draw_zones(world, expansion)
        world.publish()
        seen, centers = views(people, world.public()), world.centers()
    row(table, "", "the yardstick: the cut's middle", errors(centers, [person.home for person in people]))
    for name in ATTACKS:
        tell(table, "", name, people, seen)
    out.print(table)


def many_builds(count: int, folder: Path, server: str) -> None:
    """What many versions tell together."""
    people = simulate(count, 3, rides=(14, 16))
    table = started(f"many builds, {count} people, 15 rides each; to the zone's middle")
    places = [person.middle for person in people]
    redrawn = stacked([views(people, leaky(people, drawn).public(Leaks(csvs=False))) for _ in range(20)])
    row(table, "a shape for every build, 20 builds", "C mean", errors([builds.by_mean(own) for own in redrawn], places))
    row(table, "", "C intersection", errors([builds.by_intersection(own) for own in redrawn], places))
    histories: dict[str, Callable[[publishers.Ours], list[publishers.Snapshot]]] = {
        "ours: rides arrive, renamed, drawn again": rearranged,
        "ours: enlarged three times": enlarged,
        "ours: provisional, then drawn": provisional_first,
    }
    for name, live in histories.items():
        with publishers.ours(people, settings(folder, server)) as world:
            versions = stacked([views(people, snapshot) for snapshot in live(world)])
        shapes = np.mean([len(builds.circles_seen(own)) for own in versions])
        row(
            table, name, f"C mean; {shapes:.1f} circles each", errors([builds.by_mean(own) for own in versions], places)
        )
    out.print(table)


def rearranged(world: publishers.Ours) -> list[publishers.Snapshot]:
    """One place, many builds."""
    publishers.draw_zones(world)
    snapshots = []
    for rides in (5, 10, 16):
        world.publish(lambda number, rides=rides: number < rides)
        snapshots.append(world.public())
    for change in (publishers.rename_zones, publishers.draw_zones_again):
        change(world)
        world.publish()
        snapshots.append(world.public())
    return snapshots


def enlarged(world: publishers.Ours) -> list[publishers.Snapshot]:
    """A place that is drawn larger and larger."""
    publishers.draw_zones(world)
    snapshots = []
    for _ in range(4):
        world.publish()
        snapshots.append(world.public())
        publishers.enlarge_zones(world, 80.0)
    return snapshots


def provisional_first(world: publishers.Ours) -> list[publishers.Snapshot]:
    """Before and after the owner draws."""
    snapshots = []
    for deed in (world.cover_ends, lambda: publishers.draw_zones(world)):
        deed()
        world.publish()
        snapshots.append(world.public())
    return snapshots


def settings(folder: Path, server: str) -> Settings:
    """Of an installation of its own."""
    home = Path(tempfile.mkdtemp(dir=folder))
    return Settings(
        _env_file=None,
        STRAVA_ASSETS_HOME=home,
        STRAVA_ASSETS_DATABASE_URL=server.replace("/postgres?", f"/{home.name}?"),
        STRAVA_ASSETS_SECRET_KEY="0123456789abcdef" * 4,
    )


def started(title: str) -> Table:
    """An empty table."""
    return Table("publisher", "attack", "median error", f"within {FOUND:.0f} m", title=title)


def tell(table: Table, publisher: str, name: str, people: list[Person], seen: Sequence[View]) -> None:
    """One attack on everybody."""
    guesses = [ATTACKS[name](view, person) for view, person in zip(seen, people, strict=True)]
    row(table, publisher, name, errors(guesses, [person.home for person in people]))


def row(table: Table, publisher: str, name: str, wrong: Floats) -> None:
    """One line."""
    table.add_row(publisher, name, f"{np.median(wrong):.0f} m", f"{(wrong < FOUND).mean():.0%}")
