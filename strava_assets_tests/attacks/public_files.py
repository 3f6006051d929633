"""Public files as a stranger reads them: TopoJSON by plain arithmetic, CSVs by pandas.

What belongs here: from bytes to arrays. What does not: guesses (the attacks), anything of ours.
"""

from __future__ import annotations

import functools
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass
class Ride:
    """One public ride.

    Attributes
    ----------
    properties : dict
        As on the map.
    lines : list of ndarray, shape (k, 2)
        As on the map, metres.
    rows : DataFrame or None
        Of its CSV, with the columns ``x`` and ``y`` in metres.
    parts : list of ndarray, shape (k, 2)
        Its visible parts as finely as they are public: from the CSV, else the map's lines.
    spans : list of (int, int)
        Of each part, its rows, the end excluded; none without a CSV.
    """

    properties: dict[str, Any]
    lines: list[Floats]
    rows: pd.DataFrame | None = None
    parts: list[Floats] = field(default_factory=list)
    spans: list[tuple[int, int]] = field(default_factory=list)

    @functools.cached_property
    def visible(self) -> float:
        """Length of what can be seen, metres."""
        if self.rows is not None and "distance" in self.rows:
            # the rows' own odometer is better than adding up noise
            distance = self.rows["distance"].to_numpy()
            return float(sum(distance[b - 1] - distance[a] for a, b in self.spans))
        return float(sum(np.hypot(*np.diff(part, axis=0).T).sum() for part in self.parts))


@dataclass
class View:
    """Everything public of one athlete."""

    rides: list[Ride]
    others: dict[str, Any]

    @functools.cached_property
    def ends(self) -> Floats:
        """First and last points of all visible parts, shape (2k, 2)."""
        return np.array([end for ride in self.rides for part in ride.parts for end in (part[0], part[-1])])


def read(files: Mapping[str, bytes], metres: Callable[[Floats], Floats]) -> View:
    """Read one athlete's files.

    Parameters
    ----------
    files : mapping of str to bytes
        By path below the athlete's folder.
    metres : callable
        From lon, lat to metres on the street map.
    """
    rides = {ride.properties["actID"]: ride for ride in _map(files.get("activities.topojson"), metres)}
    tables = {
        path.split("stream_")[1].removesuffix(".csv"): data for path, data in files.items() if path.endswith(".csv")
    }
    for name, rows in _tables(tables).items():
        ride = rides.setdefault(name, Ride({"actID": name}, []))
        rows[["x", "y"]] = metres(rows[["lng", "lat"]].to_numpy())
        ride.rows = rows
        breaks = np.flatnonzero(np.diff(rows["segment"].to_numpy())) + 1
        ride.spans = list(zip([0, *breaks.tolist()], [*breaks.tolist(), len(rows)], strict=True))
        where = rows[["x", "y"]].to_numpy()
        ride.parts = [where[a:b][np.isfinite(where[a:b, 0])] for a, b in ride.spans]
    for ride in rides.values():
        ride.parts = ride.parts or ride.lines
    others = {path: json.loads(data) for path, data in files.items() if path.endswith(".json")}
    return View(list(rides.values()), others)


def _map(data: bytes | None, metres: Callable[[Floats], Floats]) -> list[Ride]:
    if data is None:
        return []
    document = json.loads(data)
    scale, corner = document["transform"]["scale"], document["transform"]["translate"]
    sizes = [len(arc) for arc in document["arcs"]]
    if not sizes:
        return []
    steps = np.array([step for arc in document["arcs"] for step in arc], float)
    starts = np.cumsum([0, *sizes[:-1]])
    total = np.cumsum(steps, axis=0)
    cells = total - np.repeat(total[starts] - steps[starts], sizes, axis=0)
    arcs = np.split(metres(cells * scale + corner), starts[1:])
    rides = []
    for feature in document["objects"]["activities"]["geometries"]:
        parts = [feature["arcs"]] if feature["type"] == "LineString" else feature["arcs"]
        rides.append(Ride(feature["properties"], [np.vstack([arcs[arc] for arc in part]) for part in parts]))
    return rides


def _tables(files: Mapping[str, bytes]) -> dict[str, pd.DataFrame]:
    """CSVs with the same columns are read in one go."""
    same: dict[bytes, list[str]] = {}
    for name, data in files.items():
        same.setdefault(data[: data.index(b"\n")], []).append(name)
    found = {}
    for header, names in same.items():
        bodies = [files[name][len(header) + 1 :] for name in names]
        rows = pd.read_csv(io.BytesIO(header + b"\n" + b"".join(bodies)), dtype=float)
        at = 0
        for name, body in zip(names, bodies, strict=True):
            count = body.count(b"\n")
            found[name] = rows.iloc[at : at + count].reset_index(drop=True)
            at += count
    return found
