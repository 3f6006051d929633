"""The application's rate limits: two windows, for all calls and for reads.

What belongs here: counting and the headers. What does not: deciding what is a call (``api``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_QUARTER, _DAY = 900, 86_400
#: Per quarter of an hour and per day (UTC), as new applications get them.
OVERALL, READ = (200, 2000), (100, 1000)


class Quota:
    """Counts calls in windows that begin at :00, :15, :30, :45 and at midnight UTC.

    Parameters
    ----------
    overall, read : (int, int)
        Limits a quarter hour and a day.
    """

    def __init__(self, overall: Sequence[int] = OVERALL, read: Sequence[int] = READ):
        self.limits: dict[str, tuple[int, int]] = {}
        self.change({"overall": overall, "read": read})
        self._used: dict[tuple[str, int], int] = {}
        self._windows = (0, 0)

    def change(self, limits: Mapping[str, Sequence[int]]) -> None:
        """Set limits of ``overall`` or ``read``; what was used stays used."""
        for name, (quarter, day) in limits.items():
            if name not in ("overall", "read"):
                raise ValueError(f"limits are overall and read, not {name}")
            self.limits[name] = (int(quarter), int(day))

    def take(self, now: float, read: bool) -> str | None:
        """Count a call; None if there was room, else which limit refuses it. A refused call counts too."""
        self._turn(now)
        kinds = ("overall", "read") if read else ("overall",)
        refused = [
            kind for kind in kinds if any(self._used.get((kind, at), 0) >= self.limits[kind][at] for at in (0, 1))
        ]
        for kind in kinds:
            for at in (0, 1):
                self._used[kind, at] = self._used.get((kind, at), 0) + 1
        return refused[0] if refused else None

    def spend(self, now: float) -> None:
        """Let the quarter hour's reads be used up."""
        self._turn(now)
        self._used["read", 0] = max(self._used.get(("read", 0), 0), self.limits["read"][0])

    def headers(self, now: float) -> dict[str, str]:
        """What every answer of the API says of the limits."""
        self._turn(now)
        found = {}
        for kind, name in (("overall", "X-RateLimit"), ("read", "X-ReadRateLimit")):
            found[f"{name}-Limit"] = ",".join(map(str, self.limits[kind]))
            found[f"{name}-Usage"] = ",".join(str(self._used.get((kind, at), 0)) for at in (0, 1))
        return found

    def _turn(self, now: float) -> None:
        windows = (int(now // _QUARTER), int(now // _DAY))
        for at in (0, 1):
            if windows[at] != self._windows[at]:
                for kind in ("overall", "read"):
                    self._used.pop((kind, at), None)
        self._windows = windows
