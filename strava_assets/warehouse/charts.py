"""Small charts of weeks and quarters, for people who look at metadata.

What belongs here: their bars and their SVG. What does not: figures to ask for (``sql/warehouse``), the map's charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

#: Periods that are shown, the newest.
WEEKS, QUARTERS = 104, 40
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 720, 220, 44, 24, 22
_BAR, _LINE, _INK = "#377eb8", "#e41a1c", "#475569"


@dataclass(frozen=True)
class Period:
    """One bar: hours in motion, and average watts over all that have them."""

    start: date
    hours: float
    watts: float | None


def periods(connection: duckdb.DuckDBPyConnection, start: str, newest: int) -> list[Period]:
    """The newest periods of everybody and of all sports together, the oldest first.

    Parameters
    ----------
    connection : DuckDBPyConnection
    start : {'iso_week_start', 'quarter_start'}
        The column that tells periods apart.
    newest : int
        How many.
    """
    rows = connection.execute(
        f"""
        select {start}, sum(moving_time) / 3600, sum(average_watts * moving_time)
            / nullif(sum(case when average_watts is not null then moving_time end), 0)
        from strava_activities group by {start} order by {start} desc limit {newest}
        """
    ).fetchall()
    return [Period(first, hours or 0.0, watts) for first, hours, watts in reversed(rows)]


def bars_svg(shown: Sequence[Period], title: str) -> str:
    """Hours as bars and watts as a line, each on a scale from 0.

    Returns
    -------
    str
        An SVG document.
    """
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}">'
    )
    parts = [f'{head}<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#f8fafc"/>']
    parts.append(f'<g font-family="sans-serif" font-size="11" fill="{_INK}"><text x="{_LEFT}" y="14">{title}</text>')
    if shown:
        most = max(max(period.hours for period in shown), 1e-9)
        strongest = max((period.watts or 0.0 for period in shown), default=0.0)
        step = (_WIDTH - 2 * _LEFT) / len(shown)
        tall = _HEIGHT - _BOTTOM - _TOP
        base = _HEIGHT - _BOTTOM
        bars = "".join(
            f"M{_LEFT + step * at:.1f} {base}v-{tall * period.hours / most:.1f}h{step * 0.8:.1f}V{base}z"
            for at, period in enumerate(shown)
            if period.hours
        )
        parts.append(f'<path d="{bars}" fill="{_BAR}" fill-opacity=".75"/>')
        parts.append(f'<text x="4" y="{_TOP + 8}">{most:.0f} h</text><text x="4" y="{base}">0</text>')
        if strongest:
            line = " ".join(
                f"{_LEFT + step * (at + 0.4):.1f},{base - tall * period.watts / strongest:.1f}"
                for at, period in enumerate(shown)
                if period.watts is not None
            )
            parts.append(f'<polyline points="{line}" fill="none" stroke="{_LINE}" stroke-width="1.5"/>')
            parts.append(f'<text x="{_WIDTH - _LEFT + 4}" y="{_TOP + 8}" fill="{_LINE}">{strongest:.0f} W</text>')
        for at in sorted({0, len(shown) // 2, len(shown) - 1}):
            anchor = "start" if at == 0 else "end" if at == len(shown) - 1 else "middle"
            x = _LEFT + step * (at + (0.8 if anchor == "end" else 0))
            parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="{anchor}">{shown[at].start}</text>')
    return "".join(parts) + "</g></svg>"
