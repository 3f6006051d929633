"""Every promise on thousands of worlds and on real recordings: how many there were, and how many were not kept.

The suite runs a share of the same (``privacy/test_properties``, ``privacy/test_real_tracks``).
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from strava_assets_tests.privacy import properties, real_tracks
from strava_assets_tests.privacy.cases import World, worlds

out = Console()
#: Of so many worlds one is also lived otherwise inside the cut, and one with each ride alone.
_OTHERWISE, _ALONE = 3, 10
#: So many violations are shown; all are counted.
_SHOWN = 20


def options(parser: argparse.ArgumentParser) -> None:
    """What the command line may say."""
    parser.add_argument("--cases", type=int, default=10_000, help="worlds of tracks and zones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="a folder of recordings")
    parser.add_argument("--zones", type=int, default=120, help="zones laid over the recordings")


def main(cases: int = 300, seed: int = 1, data: Path | None = None, zones: int = 120) -> bool:
    """Run and print; whether every promise was kept."""
    began = time.perf_counter()
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    wrong: list[str] = []

    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @seeded(seed)
    @given(worlds(), st.integers(0, 2**32 - 1))
    def run(world: World, otherwise: int) -> None:
        counts["worlds"] += 1
        kinds.update({*world.kinds, f"place: {world.where}"})
        verdict = properties.shown_and_judged(world)
        counts.update(rides=len(world.rides), shown=verdict.rides, rows=verdict.rows, vertices=verdict.vertices)
        found = verdict.wrong
        if counts["worlds"] % _OTHERWISE == 0:
            counts["lived otherwise inside the cut"] += 1
            found = found + properties.same_whatever_is_hidden(world, otherwise)
        if counts["worlds"] % _ALONE == 0:
            counts["each ride alone"] += 1
            found = found + properties.same_in_any_company(world)
        wrong.extend(f"{what} ({', '.join(world.kinds)}, {world.where})" for what in found)
        if counts["worlds"] % 1_000 == 0:
            out.print(f"{counts['worlds']:,} worlds, {len(wrong)} violations, {time.perf_counter() - began:,.0f} s")

    run()
    if data is not None:
        found_there = real_tracks.judge_recordings(data, zones, seed)
        wrong += found_there.wrong
        counts.update(found_there.counts)
    _print(counts, kinds, wrong, time.perf_counter() - began)
    return not wrong


def _print(counts: Counter[str], kinds: Counter[str], wrong: list[str], seconds: float) -> None:
    table = Table("worlds of a kind", "count", title="Promises on decoded public bytes")
    for kind, count in sorted(kinds.items()):
        table.add_row(kind, f"{count:,}")
    table.add_section()
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    table.add_section()
    table.add_row("violations", f"{len(wrong):,}")
    table.add_row("seconds", f"{seconds:,.0f}")
    out.print(table)
    for line in wrong[:_SHOWN]:
        out.print(f"[red]{line}[/red]")
