"""What must be so of every world: said once, for the suite's share and for the long run.

What belongs here: one function a promise, from a world to what is wrong. What does not: how many worlds
(``test_properties``, ``benchmarks/properties``).
"""

from __future__ import annotations

import json
from typing import Any

from strava_assets_tests.privacy import oracle
from strava_assets_tests.privacy.cases import World, lived_otherwise
from strava_assets_tests.privacy.oracle import Verdict
from strava_assets_tests.privacy.public_bytes import Published, judged, publish


def shown_and_judged(world: World) -> Verdict:
    """I1, I2, I3, I5, I9, I10, I11: what is public, judged by a stranger who knows the zones; and by the gate."""
    public = publish(world.rides, world.zones)
    verdict = oracle.judge(public.files, world.secrets)
    # the gate must not refuse what is right, or a whole month would not be published
    gate = judged(public.files, world.zones)
    verdict.wrong += [f"the gate: {f.invariant} {f.where}: {f.what}" for f in gate.findings]
    nearest = min(verdict.nearest, 2_000.0)
    if abs(min(gate.tested.nearest, 2_000.0) - nearest) > 0.3 + 0.002 * nearest:
        verdict.wrong.append(f"the gate says {gate.tested.nearest:.2f} m to the next zone, it is {verdict.nearest:.2f}")
    return verdict


def same_whatever_is_hidden(world: World, seed: int) -> list[str]:
    """I4: what happened strictly inside the cut changes no byte."""
    one, other = publish(world.rides, world.zones), publish(lived_otherwise(world, seed).rides, world.zones)
    return [
        f"I4 {path} depends on what is hidden"
        for path in sorted(one.files.keys() | other.files.keys())
        if one.files.get(path) != other.files.get(path)
    ]


def same_in_any_company(world: World) -> list[str]:
    """I12: one ride's rows, lines and figures do not depend on the others."""
    together = publish(world.rides, world.zones)
    wrong = []
    for row, samples in world.rides:
        alone = publish([(row, samples)], world.zones)
        number = row["activity_id"]
        if alone.csv(number) != together.csv(number):
            wrong.append(f"I12 the rows of ride {number} depend on the others")
        if _feature(alone, number) != _feature(together, number):
            wrong.append(f"I12 ride {number} on the map depends on the others")
    return wrong


def _feature(public: Published, number: int) -> Any:
    for path, data in public.files.items():
        if path.endswith(".topojson"):
            for properties, lines in oracle.read_map(json.loads(data)):
                if properties["actID"] == f"{number:016x}":
                    return properties, [(line * 1e5).round().astype(int).tolist() for line in lines]
    return None
