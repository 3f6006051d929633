"""The map that people look at: TypeScript sources, and the built files as the publisher needs them.

What belongs here: the page's sources, building it, handing out what was built. What does not: writing to
the public root (``publish.gate``), making the files that the page reads (``publish``).
"""

from __future__ import annotations

from pathlib import Path

from strava_assets.errors import StravaAssetsError

#: Where the build puts the page; never committed, part of a built wheel.
DIST = Path(__file__).parent / "dist"


def site_files() -> dict[str, bytes]:
    """The built page's files.

    Returns
    -------
    dict of str to bytes
        By public path, in order: ``index.html``, ``assets/index-<hash>.js``, … Everything but
        ``index.html`` and the icon has its content's hash in its name.

    Raises
    ------
    StravaAssetsError
        The page was not built.
    """
    if not (DIST / "index.html").is_file():
        raise StravaAssetsError(
            "the map page is not built; run `make setup` (or `python -m strava_assets.dashboard.build`)"
        )
    return {path.relative_to(DIST).as_posix(): path.read_bytes() for path in sorted(DIST.rglob("*")) if path.is_file()}
