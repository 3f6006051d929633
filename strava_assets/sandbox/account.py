"""An account at the simulated Strava: activities in memory, in the shapes of its API.

What belongs here: detail, summary, streams and gear as JSON values, and what an owner can do to an
activity. What does not: HTTP, permissions (``server``), where samples come from (``athlete``, ``folder``).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from strava_assets.sandbox.figures import figures, stream_values

Samples = dict[str, np.ndarray]

#: Strava's stream types, in its order.
STREAM_TYPES = (
    "time",
    "distance",
    "latlng",
    "altitude",
    "velocity_smooth",
    "heartrate",
    "cadence",
    "watts",
    "temp",
    "moving",
    "grade_smooth",
)
#: Recordings kept for later requests: the list asks for figures, then the activity is read, then its streams.
_KEPT = 256
#: Fields that only a detailed activity has.
_DETAIL_ONLY = ("description", "calories", "perceived_exertion", "private_note", "embed_token")


@dataclass(frozen=True)
class Place:
    """A place that the athlete would not show: degrees, WGS 84."""

    name: str
    lng: float
    lat: float


@dataclass
class Activity:
    """One activity.

    Attributes
    ----------
    id : int
    start : datetime
        Aware UTC.
    fields : dict
        API fields that do not come from samples: name, sport_type, visibility, gear_id, timezone, … They
        win over those that do.
    samples : callable
        Gives arrays by Strava's stream names, with ``lat`` and ``lng`` (degrees, NaN without a position)
        in the place of ``latlng``. Called again whenever needed, so it must always give the same.
        Raises `LookupError` where the recording is no longer there.
    broken : str
        ``"streams"``: Strava answers 500 for its streams, as for a corrupt activity; ``"empty"``: its
        streams are there, without samples; else ``""``.
    streams_from : float
        Strava is not done with its samples until then, seconds since 1970: the activity is there, without streams.
    """

    id: int
    start: datetime
    fields: dict[str, Any]
    samples: Callable[[], Samples] = dict
    broken: str = ""
    streams_from: float = 0.0
    known: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def visibility(self) -> str:
        """everyone, followers_only or only_me."""
        return str(self.fields["visibility"])


class Account:
    """An athlete with activities and gear. Safe to use from several threads.

    Parameters
    ----------
    athlete : dict
        API fields of the athlete.
    activities : iterable of Activity, or a callable giving one
        A callable is called on first use.
    gear : iterable of dict
        Detailed gear.
    places : iterable of Place
        Where the athlete lives and stays, for whoever draws zones.
    new_ride : callable, optional
        Gives the n-th activity that comes later, n from 0; see `add`.
    kept : object, optional
        Lives as long as the account does, as an open zip must.
    """

    def __init__(
        self,
        athlete: dict[str, Any],
        activities: Iterable[Activity] | Callable[[], Iterable[Activity]],
        gear: Iterable[dict[str, Any]] = (),
        places: Iterable[Place] = (),
        new_ride: Callable[[int], Activity] | None = None,
        kept: object = None,
    ):
        self.athlete, self._kept = athlete, kept
        self.gear = {item["id"]: item for item in gear}
        self.places = tuple(places)
        self._source = activities
        self._items: dict[int, Activity] | None = None
        self._new_ride, self._added = new_ride, 0
        self._recent: OrderedDict[int, Samples] = OrderedDict()
        self._lock = threading.RLock()

    @property
    def id(self) -> int:
        """The athlete's."""
        return int(self.athlete["id"])

    @property
    def activities(self) -> dict[int, Activity]:
        """By id."""
        with self._lock:
            if self._items is None:
                found = self._source() if callable(self._source) else self._source
                self._items = {item.id: item for item in found}
            return self._items

    def listed(self, after: float | None = None, before: float | None = None) -> list[Activity]:
        """Newest first; with `after`, oldest first. Bounds are seconds since 1970, exclusive."""
        with self._lock:
            items = [
                item
                for item in self.activities.values()
                if (after is None or _stamp(item) > after) and (before is None or _stamp(item) < before)
            ]
        return sorted(items, key=lambda item: (_stamp(item), item.id), reverse=after is None)

    def samples(self, activity: int) -> Samples:
        """The arrays of an activity.

        Raises
        ------
        KeyError
            There is no such activity, or no longer.
        """
        with self._lock:
            if activity in self._recent:
                self._recent.move_to_end(activity)
                return self._recent[activity]
            found = self.activities[activity].samples()
            self._recent[activity] = found
            while len(self._recent) > _KEPT:
                self._recent.popitem(last=False)
            return found

    def detail(self, activity: int) -> dict[str, Any]:
        """A detailed activity as the API shows it to its owner."""
        item = self.activities[activity]
        if item.known is None:
            empty = item.broken == "empty" or item.fields.get("manual")
            item.known = {} if empty else figures(self.samples(activity))
        hidden = item.fields.get("hide_start", False)
        local = item.start + timedelta(seconds=item.fields.get("utc_offset", 0.0))
        if hidden:  # Strava shows a hidden start time as one second past midnight
            local = local.replace(hour=0, minute=0, second=1, microsecond=0)
        shown = {name: value for name, value in item.fields.items() if name != "hide_start"}
        gear = self.gear.get(item.fields.get("gear_id") or "")
        polylines = {"polyline": "", "summary_polyline": ""} | item.known.get("map", {})
        return {
            "resource_state": 3,
            "athlete": {"id": self.id, "resource_state": 1},
            "id": item.id,
            **_USUAL,
            **{name: value for name, value in item.known.items() if name != "map"},
            **shown,
            "type": _old_type(shown["sport_type"]),
            "private": item.visibility == "only_me",
            "start_date": (local if hidden else item.start).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "start_date_local": local.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "map": {"id": f"a{item.id}", **polylines, "resource_state": 3},
            "gear": None
            if gear is None
            else {name: gear[name] for name in ("id", "primary", "name", "resource_state", "distance")},
        }

    def summary(self, activity: int) -> dict[str, Any]:
        """An activity as the list shows it."""
        detail = self.detail(activity)
        short = {name: value for name, value in detail.items() if name not in (*_DETAIL_ONLY, "gear")}
        short["resource_state"] = 2
        short["map"] = {
            "id": detail["map"]["id"],
            "summary_polyline": detail["map"]["summary_polyline"],
            "resource_state": 2,
        }
        return short

    def streams(self, activity: int, keys: Iterable[str] = STREAM_TYPES) -> dict[str, Any] | None:
        """Streams by type, those that exist of the keys asked for; None for an activity without any.

        Notes
        -----
        All are of one length and index-aligned. A sample without a position has null in ``latlng``
        (Strava itself interpolates, or writes 0,0), one without a value null in any other.
        """
        item = self.activities[activity]
        if item.fields.get("manual"):
            return None
        found = {} if item.broken == "empty" else stream_values(self.samples(activity))
        if item.broken == "empty":
            found = {name: [] for name in ("time", "distance", "latlng")}
        elif not found:
            return None
        return {
            name: {
                "data": found[name],
                "series_type": "distance" if "distance" in found else "time",
                "original_size": len(found[name]),
                "resolution": "high",
            }
            for name in STREAM_TYPES
            if name in found and name in set(keys)
        }

    def add(self, **fields: Any) -> Activity:
        """Put one more activity on the account; the n-th one is always the same.

        Parameters
        ----------
        **fields
            API fields to have instead of the invented ones; ``start`` (aware UTC) moves it.

        Raises
        ------
        LookupError
            This account cannot invent one.
        """
        with self._lock:
            if self._new_ride is None:
                raise LookupError("this account only shows files; put one more into its folder")
            known = self.activities
            item = self._new_ride(self._added)
            self._added += 1
            item.start = fields.pop("start", item.start)
            item.id = int(fields.pop("id", item.id))
            item.fields.update(fields)
            known[item.id] = item
            return item

    def change(self, activity: int, **fields: Any) -> Activity:
        """Give an activity other API fields: ``name``, ``sport_type``, ``visibility``, …"""
        with self._lock:
            item = self.activities[activity]
            item.fields.update(fields)
            return item

    def rename(self, activity: int, name: str) -> Activity:
        """Give an activity another name."""
        return self.change(activity, name=name)

    def hide(self, activity: int, visibility: str = "only_me") -> Activity:
        """Show an activity to fewer."""
        return self.change(activity, visibility=visibility)

    def delete(self, activity: int) -> Activity:
        """Take an activity away for good."""
        with self._lock:
            self._recent.pop(activity, None)
            return self.activities.pop(activity)


#: What most activities say of matters that do not matter here.
_USUAL: dict[str, Any] = {
    "distance": 0.0,
    "moving_time": 0,
    "elapsed_time": 0,
    "total_elevation_gain": 0.0,
    "workout_type": None,
    "location_city": None,
    "location_state": None,
    "location_country": None,
    "achievement_count": 0,
    "kudos_count": 0,
    "comment_count": 0,
    "athlete_count": 1,
    "photo_count": 0,
    "total_photo_count": 0,
    "trainer": False,
    "commute": False,
    "manual": False,
    "flagged": False,
    "gear_id": None,
    "start_latlng": [],
    "end_latlng": [],
    "average_speed": 0.0,
    "max_speed": 0.0,
    "has_heartrate": False,
    "heartrate_opt_out": False,
    "display_hide_heartrate_option": True,
    "hide_from_home": False,
    "upload_id": None,
    "upload_id_str": None,
    "external_id": None,
    "from_accepted_tag": False,
    "pr_count": 0,
    "has_kudoed": False,
    "device_name": None,
    "description": None,
    "calories": 0.0,
    "private_note": None,
}

#: Strava's former, coarser sport names.
_OLD_TYPES = {"MountainBikeRide": "Ride", "GravelRide": "Ride", "TrailRun": "Run"}


def _old_type(sport_type: str) -> str:
    return _OLD_TYPES.get(sport_type, sport_type)


def _stamp(item: Activity) -> float:
    return item.start.timestamp()
