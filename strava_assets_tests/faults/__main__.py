"""``python -m strava_assets_tests.faults [words]``: plant every fault, or those whose names hold the words.

Each has to be caught: exit code 1 if one is not, or if a text to replace is not there any more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from strava_assets_tests.faults.planting import caught, copy_of_the_project, failure, misplaced
from strava_assets_tests.faults.table import FAULTS


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser("strava_assets_tests.faults", description="Every fault has to be caught.")
    parser.add_argument("words", nargs="?", default="", help="only the faults in whose names they stand")
    words = parser.parse_args(arguments).words
    chosen = [fault for fault in FAULTS if words in fault.name]
    if wrong := misplaced(chosen) or ([] if chosen else [f"no fault is named {words!r}"]):
        print("\n".join(wrong), file=sys.stderr)
        return 1
    survived = 0
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        folder = copy_of_the_project(Path(temporary))
        if said := failure(folder, sorted({test for fault in chosen for test in fault.tests})):
            print(f"{said}\nthe tests fail without any fault: mend that first", file=sys.stderr)
            return 1
        for fault in chosen:
            begun = time.perf_counter()
            good = caught(folder, fault)
            survived += not good
            print(
                f"{'caught  ' if good else 'SURVIVED'} {time.perf_counter() - begun:5.1f} s  {fault.name}", flush=True
            )
    print(f"{len(chosen) - survived} of {len(chosen)} caught")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
