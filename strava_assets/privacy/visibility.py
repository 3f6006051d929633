"""Which activities may be published at all, before anything is cut (I15).

What belongs here: the judgement on one activity, and the settings that it depends on. What does not: which of
its samples are visible. The database knows the part of the rule that needs no track (``strava.may_be_shown``), for
the gate's last look.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

#: Sports that happen on a screen: their positions are invented, or somebody else's road.
NOT_OUTDOORS = ("Virtual",)


@dataclass(frozen=True)
class Release:
    """The owner's general word on what may be shown.

    Attributes
    ----------
    imports : {'everyone', 'hidden'}
        For activities whose visibility nobody knows.
    sources : collection of str
        Provenances that are published.
    """

    imports: str
    sources: Collection[str]

    def parameters(self) -> dict[str, Any]:
        """For queries that call ``strava.may_be_shown``."""
        return {"import_visibility": self.imports, "sources": sorted(self.sources)}


def reason_hidden(
    visibility: str, provenance: str, sport_type: str, positions: int, sources: Collection[str]
) -> str | None:
    """Why an activity is absent from everything public, or None if it may be shown.

    Parameters
    ----------
    visibility : str
        ``everyone``, ``followers_only``, ``only_me``, ``hidden`` or ``unknown``; only the first is shown.
    provenance : str
        ``api``, ``archive`` or ``archive+api``.
    sport_type : str
        Strava's.
    positions : int
        Samples with a position.
    sources : collection of str
        Provenances that the owner publishes.
    """
    if visibility != "everyone":
        return {"followers_only": "visible to followers only", "only_me": "visible to its owner only"}.get(
            visibility, "not released by its owner"
        )
    if not set(provenance.split("+")) <= set(sources):
        return "its source is not published"
    if sport_type.startswith(NOT_OUTDOORS):
        return "virtual: not outdoors"
    if positions == 0:
        return "no positions"
    return None
