"""``python -m strava_assets_tests.benchmarks [PART] [options]``: figures and ratios; ``--help`` names the parts.

All of them if none is named. What belongs here: which parts there are, and their options. What does not: measuring.
"""

from __future__ import annotations

import argparse
import sys

from strava_assets_tests.benchmarks import (
    accuracy,
    attacks,
    cutting,
    gateway,
    history,
    kills,
    latency,
    map,
    new_zone,
    properties,
    stages,
    training,
    warehouse,
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("strava_assets_tests.benchmarks", description="Figures and ratios, as tables.")
    parts = parser.add_subparsers(dest="part", help="all of them if none is named")
    one = parts.add_parser("stages", help="the stages on generated rides")
    one.add_argument("--rides", type=int, default=400)
    one.add_argument("--kilometres", type=float, default=24.0)
    cutting.options(parts.add_parser("cut", help="the cut and what everybody would write, on the same tracks"))
    properties.options(parts.add_parser("properties", help="every promise on worlds of every kind"))
    attacks.options(
        parts.add_parser("attacks", help="how near strangers come to a home, on files that leak and on ours")
    )
    accuracy.options(parts.add_parser("accuracy", help="how much of what is not private the cut costs"))
    one = parts.add_parser("gateway", help="events at a constant rate while they are drained")
    one.add_argument("--seconds", type=int, default=60)
    one.add_argument("--rate", type=int, default=500, help="events a second")
    latency.options(parts.add_parser("latency", help="from an event to the map, the whole stack"))
    new_zone.options(parts.add_parser("zone", help="a new zone over a long history: withdrawn, and published again"))
    history.options(parts.add_parser("history", help="ten years from the export's zip to the map, by stage"))
    warehouse.options(parts.add_parser("warehouse", help="lake and DuckDB: refreshed, after one ride, and asked"))
    map.options(parts.add_parser("map", help="the map page in a browser: interactive, filter, pan, bytes"))
    kills.options(parts.add_parser("kills", help="an import killed at random moments, against one undisturbed"))
    training.options(
        parts.add_parser("training", help="best efforts and loads of a long history, and of one more ride")
    )
    given = parser.parse_args(arguments)
    options = {name: value for name, value in vars(given).items() if name != "part"}
    good = True
    if given.part in (None, "stages"):
        stages.main(**options)
    if given.part in (None, "cut"):
        cutting.main(**options)
    if given.part in (None, "properties"):
        good = properties.main(**options) and good
    if given.part in (None, "attacks"):
        attacks.main(**options)
    if given.part in (None, "accuracy"):
        accuracy.main(**options)
    if given.part in (None, "gateway"):
        good = gateway.main(**options) and good
    if given.part in (None, "latency"):
        latency.main(**options)
    if given.part in (None, "zone"):
        new_zone.main(**options)
    if given.part in (None, "history"):
        history.main(**options)
    if given.part in (None, "warehouse"):
        warehouse.main(**options)
    if given.part in (None, "map"):
        good = map.main(**options) and good
    if given.part in (None, "training"):
        training.main(**options)
    if given.part == "kills":  # not a figure: either it ends the same, or it does not
        good = kills.main(**options)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
