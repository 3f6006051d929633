"""What the sensor does, without Dagster: events drained without a pause as long as there are any.

A process of its own; once its stdin ends, it goes on until nothing waits, and prints what it did.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter

from strava_assets.database.connection import queries
from strava_assets.installation import open_installation
from strava_assets.strava.account import drain_events, events_requested


def main() -> None:
    installation = open_installation()
    ending = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ending.set()), daemon=True).start()
    handled: Counter[int] = Counter()
    passes = reads = 0
    while True:
        last = ending.is_set()
        report = drain_events(installation.settings, installation.database)
        events_requested(installation.database, report.handled)
        handled.update(report.handled)
        passes, reads = passes + bool(report.handled), reads + report.reads
        with installation.database.transaction() as connection:
            left = queries().events_waiting(connection)["events"]
        if last and not left:
            break
        if not report.handled:
            time.sleep(0.2)
    twice = sum(times > 1 for times in handled.values())
    print(json.dumps({"handled": len(handled), "twice": twice, "passes": passes, "reads": reads}))


if __name__ == "__main__":
    main()
