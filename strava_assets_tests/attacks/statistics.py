"""How much chance allows: bounds for shares and medians, by plain sums.

What belongs here: the arithmetic of "not more often than". What does not: attacks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from strava_assets_tests.attacks.public_files import Floats

#: A correct program fails a test less often than this.
RISK = 1e-6
#: Found is who is found within this, metres.
FOUND = 50.0


def most(count: int, chance: float, risk: float = RISK) -> int:
    """So many successes of ``count`` are not exceeded, but with probability ``risk``."""
    total = 0.0
    for successes in range(count + 1):
        total += math.comb(count, successes) * chance**successes * (1 - chance) ** (count - successes)
        if 1 - total < risk:
            return successes
    return count


def least(count: int, chance: float, risk: float = RISK) -> int:
    """So many successes are reached, but with probability ``risk``."""
    return count - most(count, 1 - chance, risk)


def errors(guesses: Iterable[Floats], truths: Iterable[Floats]) -> Floats:
    """How far each guess is from its truth, metres."""
    return np.array([np.hypot(*(guess - truth)) for guess, truth in zip(guesses, truths, strict=True)])


def share_found(wrong: Floats) -> float:
    """Share of people found within `FOUND`."""
    return float((wrong < FOUND).mean())


def by_chance(radius: float) -> float:
    """Share that a guess finds of what is uniform in a disc."""
    return min(1.0, (FOUND / radius) ** 2)


def found_no_more_often_than_by_chance(wrong: Floats, expansion: float) -> bool:
    """Whether the cut held: what is uniform in a disc of radius E is not found more often."""
    return bool((wrong < FOUND).sum() <= most(len(wrong), by_chance(expansion)))


def no_nearer_than(wrong: Floats, yardstick: Floats) -> bool:
    """Whether an attack beats another guess at the same people no more than sampling error allows.

    The sign test: if it is no better, it is the nearer one for half of them. And its median must not be one that the
    yardstick's own would only have by chance.
    """
    nearer = int((wrong < yardstick - 1.0).sum())
    median = float(np.median(wrong))
    as_near = float((yardstick < median).mean())
    return nearer <= most(len(wrong), 0.5) and as_near >= least(len(wrong), 0.5) / len(wrong)
