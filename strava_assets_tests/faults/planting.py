"""Planting one fault at a time in a copy of the project, and asking the tests that it names.

What belongs here: the copy, the planting, and the verdict. What does not: which faults there are (`table`).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from strava_assets_tests.faults.fault import Fault

ROOT = Path(__file__).parents[2]
_COPIED = ("strava_assets", "strava_assets_tests", "sql", "pyproject.toml")


def misplaced(faults: Sequence[Fault], root: Path = ROOT) -> list[str]:
    """What is wrong with the table: texts that do not stand exactly once, tests that there are not."""
    wrong = []
    for fault in faults:
        count = (root / "strava_assets" / fault.file).read_text().count(fault.before)
        if count != 1:
            wrong.append(f"{fault.name}: its text stands {count} times in {fault.file}, not once")
        if fault.before == fault.after:
            wrong.append(f"{fault.name}: nothing is changed")
        wrong += [f"{fault.name}: there is no test {test}" for test in fault.tests if not _exists(test, root)]
    return wrong


def _exists(test: str, root: Path) -> bool:
    file, *names = test.split("::")
    path = root / "strava_assets_tests" / file
    return path.is_file() and all(re.search(rf"\b(def|class) {name}\b", path.read_text()) for name in names)


def copy_of_the_project(folder: Path, root: Path = ROOT) -> Path:
    """Copy what tests need; the compiled code, too: it saves seconds for each fault."""
    unwanted = shutil.ignore_patterns("node_modules", "dist", ".hypothesis")
    for name in _COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, folder / name, ignore=unwanted)
        else:
            shutil.copy2(root / name, folder / name)
    return folder


def failure(folder: Path, tests: Collection[str]) -> str:
    """What pytest says of the first test that fails in a copy; empty if all pass.

    Raises
    ------
    RuntimeError
        They could not be run at all, which says nothing of any fault.
    """
    named = [f"strava_assets_tests/{test}" for test in tests]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *named]
    # a planted file is compiled in memory: what is compiled on disk is always that of the file as it was
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout[-2000:] if done.returncode else ""


def caught(folder: Path, fault: Fault) -> bool:
    """Plant a fault in a copy, ask its tests, and mend it again: whether one of them failed."""
    path = folder / "strava_assets" / fault.file
    good = path.read_text()
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()
    path.write_text(good.replace(fault.before, fault.after))
    try:
        return bool(failure(folder, fault.tests))
    finally:
        path.write_text(good)
