"""What an owner does with zones: try, add, redraw, confirm, remove; each with its consequences, and what is said.

What belongs here: the steps and the sentences that the command line and the owner's view share. What does not: zones
themselves (``privacy.zone_store``), what follows from a change (``zone_changes``), arguments and tables
(``zones_cli``), addresses (``gateway.owner_zones``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from strava_assets.errors import SettingsError, StravaAssetsError, ZoneFileError
from strava_assets.installation import Installation
from strava_assets.privacy import zone_store
from strava_assets.privacy.cut_shapes import EXPANSION, holds
from strava_assets.privacy.tracks import Area
from strava_assets.privacy.zone_store import Changes
from strava_assets.privacy.zones import DrawnZone, Zone, ends_only_shapes
from strava_assets.requests import in_reach, months_in_reach, reach_of, reach_of_any, request_months
from strava_assets.tables import months_of
from strava_assets.zone_changes import Consequences, follow_up

#: Is given one sentence after the other, as things happen.
Say = Callable[[str], None]

#: What a mode hides, in words.
HIDES = {"everywhere": "everything", "ends_only": "ends only"}
AGAIN = "strava-assets materialize"
#: Activities that are named; the rest are in the report.
_NAMED = 5
_ORDER = ("drawn", "provisional", "lifted")


@dataclass(frozen=True)
class Tried:
    """What a zone would hide.

    Attributes
    ----------
    known : Zone or None
        It is in force already, to the vertex.
    area : Area
        What may be cut: around the shape in force, else around whatever shape may be drawn.
    near : dict of str to int
        How many activities come near, by month; at most, where it is not known.
    """

    known: Zone | None
    area: Area
    near: dict[str, int]


def tried(installation: Installation | None, drawn: Sequence[DrawnZone], expansion: float = EXPANSION) -> list[Tried]:
    """What each of some zones would hide; changes nothing. Without an installation, nothing is near."""
    kept = zone_store.stored(installation.database) if installation else []
    found = []
    for zone in drawn:
        known = [other for other in kept if other.origin == "drawn" and other.geometry.equals_exact(zone.geometry)]
        area = reach_of(known[0]) if known else reach_of_any(zone.geometry, expansion)
        near = in_reach(installation.store, [area]) if installation else {}
        found.append(Tried(known[0] if known else None, area, near))
    return found


def tried_again(installation: Installation, number: int, drawn: DrawnZone, expansion: float) -> Tried:
    """What a zone that is kept would hide with another outline and E; changes nothing.

    Raises
    ------
    ZoneFileError
        There is none with this number.
    """
    zone = zone_store.named(installation.database, number)
    same = expansion <= zone.expansion and holds(zone.shape, drawn.geometry)
    area = reach_of(zone) if same else reach_of_any(drawn.geometry, max(expansion, zone.expansion))
    return Tried(zone if same else None, area, in_reach(installation.store, [area]))


def hidden_by(installation: Installation, number: int) -> Tried:
    """What a zone that is kept hides, and would show again if it was removed.

    Raises
    ------
    ZoneFileError
        There is none with this number.
    """
    zone = zone_store.named(installation.database, number)
    area = reach_of(zone)
    return Tried(zone, area, in_reach(installation.store, [area]))


def add(
    installation: Installation,
    drawn: Sequence[DrawnZone],
    say: Say,
    *,
    source: str,
    expansion: float | None = None,
    show: bool = False,
) -> tuple[Changes, Consequences]:
    """Put zones in force; what is public and lies there is withdrawn before this returns.

    Raises
    ------
    ZoneFileError
        Something would be shown without the owner's word (``show``); nothing is changed.
    StoreUnavailable, GateRefused
        The zones are in force, but not everything could be withdrawn.
    """
    changes = zone_store.put(installation.database, drawn, source=source, expansion=expansion, show=show)
    say_holes(drawn, say)
    counts = {
        "added": changes.added,
        "enlarged": changes.enlarged,
        "hide everything now": changes.tightened,
        "hide only ends now": changes.loosened,
        "renamed": changes.renamed,
    }
    told = [f"{len(zones)} {words}" for words, zones in counts.items() if zones]
    if changes.known:
        told.append(f"{changes.known} were there already")
    say(f"Zones: {', '.join(told)}.")
    if changes.smaller:
        say(
            f"{len(changes.smaller)} have a larger E than {expansion:.0f} m and keep it: nothing comes to "
            "hide less by being added."
        )
    if changes.replaced:
        say(f"{many(changes.replaced, 'place')} that had a shape already: it stays the one that was cut there before.")
    if changes.redrawn:
        say(
            f"{len(changes.redrawn)} lie a little outside what was cut for their place before; it was made larger. Who "
            "kept older files can tell that."
        )
    less = [zone for zone in [*changes.added, *changes.loosened] if zone.mode == "ends_only"]
    passable = ends_only_shapes(zone_store.in_force(installation.database)) if less else set()
    if any(zone.shape_id in passable for zone in less):
        say("Where only ends are hidden, rides that pass without a stop are shown from the next run on.")
    if overlapped := [zone for zone in less if zone.shape_id not in passable]:
        say(f"{ids(overlapped)}: everything is hidden, as it overlaps a zone that hides everything.")
    done = _follow_up(installation, changes.concerned, say)
    _say_undecided(installation, say)
    return changes, done


def redraw(
    installation: Installation,
    number: int,
    drawn: Sequence[DrawnZone],
    say: Say,
    *,
    expansion: float | None = None,
    show: bool = False,
) -> Consequences | None:
    """Give a zone another outline; nothing that it hid is shown by that. Raises as `add` does.

    Returns
    -------
    Consequences or None
        None where everything stays as it was cut and called.
    """
    if len(drawn) != 1:
        raise ZoneFileError(f"a zone is redrawn as one place; there are {len(drawn)}")
    changes = zone_store.redraw(installation.database, number, drawn[0], expansion=expansion, show=show)
    say_holes(drawn, say)
    if changes.reshaped:
        say(
            f"Zone {number} redrawn. What was cut for it did not hold the new outline, or another zone is there: it "
            "was made larger. Who kept older files can tell that."
        )
    else:
        say(f"Zone {number} redrawn. What is cut for it holds the new outline, too: it stays the same.")
    # a name goes out of public texts even where everything stays as it was cut
    return _follow_up(installation, changes.concerned, say) if changes.concerned or changes.renamed else None


def confirm(installation: Installation, zones: Sequence[int], say: Say) -> Consequences | None:
    """Make provisional places the owner's own, or hide again what was lifted; raises as `add` does.

    Returns
    -------
    Consequences or None
        None where everything stays as it was cut.
    """
    confirmed, hidden_again = zone_store.confirm(installation.database, zones)
    say(f"{ids(confirmed)} confirmed: cut as before.")
    done = _follow_up(installation, hidden_again, say) if hidden_again else None
    _say_undecided(installation, say)
    return done


def remove(
    installation: Installation, zones: Sequence[int], say: Say, *, show: bool, provisional: bool = False
) -> list[str]:
    """Take zones out of force: what they hid is published at the next run.

    Parameters
    ----------
    installation : Installation
    zones : sequence of int
    say : callable
    show : bool
        The owner means it.
    provisional : bool
        All provisional places, too.

    Returns
    -------
    list of str
        The months to do again.

    Raises
    ------
    SettingsError
        Without ``show``; nothing is changed.
    ZoneFileError
        There is no such zone in force.
    """
    if not show:
        raise SettingsError("removing a zone publishes what it hid; say --show-this-place if that is meant")
    kept = zone_store.stored(installation.database)
    numbers = [*zones, *(zone.id for zone in kept if provisional and zone.origin == "provisional")]
    removed = zone_store.remove(installation.database, *numbers) if numbers else []
    months = months_in_reach(installation.store, removed)
    request_months(installation.database, months, "zone removed")
    say(f"{ids(removed)} removed; {many(len(months), 'month')} to do again: {AGAIN}")
    left = {zone.shape_id: zone for zone in zone_store.in_force(installation.database)}
    for zone in removed:
        if zone.shape_id in left:  # removed alone
            say(f"Zone {left[zone.shape_id].id} overlaps zone {zone.id}: their cut stays in force as it is.")
    if removed and not any(zone.origin == "drawn" for zone in left.values()):
        say(
            "You have no zone of your own now: other places where tracks start or end are hidden provisionally from "
            "the next run on. What you removed stays shown."
        )
    return months


def say_holes(drawn: Sequence[DrawnZone], say: Say) -> None:
    """Which zones had holes."""
    for number, zone in enumerate(drawn, start=1):
        if zone.holes:
            say(f"Zone {zone.name or number}: {many(zone.holes, 'hole')} filled: it would be hidden anyway.")


def places(zones: Sequence[Zone]) -> list[list[Zone]]:
    """Zones for the list: what is provisional or lifted and shares a shape is one place."""
    found: dict[tuple[str, int], list[Zone]] = {}
    for zone in zones:
        found.setdefault(("", zone.id) if zone.origin == "drawn" else (zone.origin, zone.shape_id), []).append(zone)
    return sorted(found.values(), key=lambda place: (_ORDER.index(place[0].origin), place[0].id))


def ids(zones: Sequence[Zone]) -> str:
    """``Zone 1``, ``Zones 1, 2 and 12 more``."""
    each = places(zones)
    shown = ", ".join(str(place[0].id) for place in each[:12])
    more = len(each) - 12
    return f"Zone{'s' if len(each) != 1 else ''} {shown or 'none'}" + (f" and {more} more" if more > 0 else "")


def many(count: int, thing: str) -> str:
    """``1 month``, ``2 months``, ``3 activities``."""
    several = thing.removesuffix("y") + "ies" if thing.endswith("y") else thing + "s"
    return f"{count:,} {thing if count == 1 else several}"


def _follow_up(installation: Installation, changed: Sequence[Zone], say: Say) -> Consequences:
    """Withdraw, report, ask for months; and say all of it."""
    try:
        done = follow_up(installation, changed)
    except StravaAssetsError:
        say("The zones are in force, but what is public there could not be withdrawn:")
        raise
    if done.exposed:
        say(f"{many(len(done.exposed), 'public activity')} showed such a place: withdrawn. The newest:")
        for each in done.exposed[:_NAMED]:
            say(f"  {each.date or 'on no map'}  {each.name}  {each.path}")
        say(f"All of them: {done.report}\nCopies that others made of these files are beyond reach.")
    elif changed:
        say("Nothing that is public showed such a place.")
    if done.months:
        say(f"{many(done.months, 'month')} to do again: {AGAIN}")
    elif changed and len(months_of(installation.store, "activities")):
        say(
            "No month to do again: no track that is here comes near. If one should, are latitude and longitude in the "
            "right order?"
        )
    else:
        say("No month to do again.")
    return done


def _say_undecided(installation: Installation, say: Say) -> None:
    zones = zone_store.in_force(installation.database)
    if left := len({zone.shape_id for zone in zones if zone.origin == "provisional"}):
        say(
            f"{many(left, 'more place')} hidden until you decide on each: strava-assets zones list\nTo have them all "
            "shown: strava-assets zones remove --provisional --show-this-place"
        )
    if zones and len(installation.athletes()) > 1:
        say(
            "Of athletes none of whose tracks begins or ends in a zone that was drawn, new places are looked for and "
            "hidden all the same."
        )
    elif left:
        say("New ones are not looked for any more.")
