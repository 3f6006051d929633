"""The map that people look at: TypeScript sources, and the built files as the publisher needs them.

What belongs here: the page's sources, building it, handing out what was built. What does not: writing to
the public root (``publish.gate``), making the files that the page reads (``publish``).

It is built twice: as everybody sees it, which is published; and with what only its owner needs, which never is.
"""

from __future__ import annotations

from pathlib import Path

from strava_assets.errors import StravaAssetsError

#: Where the build puts both pages; never committed, part of a built wheel.
DIST = Path(__file__).parent / "dist"


def site_files() -> dict[str, bytes]:
    """The files of the page that is published.

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
    return _built("public")


def owner_files() -> dict[str, bytes]:
    """The files of the owner's page, by their paths below its address; raises as `site_files` does."""
    return _built("mine")


def _built(page: str) -> dict[str, bytes]:
    folder = DIST / page
    if not (folder / "index.html").is_file():
        raise StravaAssetsError(
            "the map page is not built; run `make setup` (or `python -m strava_assets.dashboard.build`)"
        )
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
