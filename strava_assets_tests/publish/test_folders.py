"""What a folder tells beside its files' bytes is found, each under its name; and ours are given their marks again."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from strava_assets.privacy.invariants import Finding
from strava_assets.publish.judging import folders
from strava_assets.publish.judging.folders import MODE, NO_TIME, is_as_written, judge_folder, mend_marks

FILES = ("index.json", "a/weekly.json", "a/streams/one.csv", "a/streams/two.csv")


def timeless(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (NO_TIME, NO_TIME), follow_symlinks=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """As the gate leaves it."""
    root = tmp_path / "public"
    for name in FILES:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(MODE)
    timeless(root, *root.rglob("*"))
    return root


def test_marks_are_those_of_the_year_2000_and_for_everybody_to_read() -> None:
    assert stat.filemode(stat.S_IFREG | MODE) == "-rw-r--r--"
    assert NO_TIME == 946_684_800  # 2000-01-01T00:00:00Z


def test_what_the_gate_left_tells_nothing(root: Path) -> None:
    assert judge_folder(root) == ([], set())
    assert all(is_as_written(root / name) for name in FILES)


def test_each_mark_is_found_under_its_files_name(root: Path) -> None:
    os.utime(root / "a/streams/one.csv")
    (root / "a/streams/two.csv").chmod(0o600)
    os.utime(root / "a/streams")
    os.utime(root)
    findings, unreadable = judge_folder(root)
    when = "the folder's time tells when something came or went"
    assert set(findings) == {
        Finding("I18", "a/streams/one.csv", "its time tells when it was written"),
        Finding("I12", "a/streams/two.csv", "its permissions are 600, not 644 as it was published"),
        Finding("I18", "a/streams", when),
        Finding("I18", ".", when),
    }
    assert len(findings) == 4
    assert unreadable == set()
    assert [name for name in FILES if not is_as_written(root / name)] == ["a/streams/one.csv", "a/streams/two.csv"]


def test_what_is_no_plain_file_is_named_and_not_to_be_read(root: Path) -> None:
    (root / "a/streams/link.csv").symlink_to(root / "a/streams/one.csv")
    (root / "a/folder").symlink_to("/usr")
    os.mkfifo(root / "a/pipe", MODE)
    timeless(root / "a/streams/link.csv", root / "a/folder", root / "a/pipe", root / "a/streams", root / "a", root)
    assert judge_folder(root)[1] == {"a/streams/link.csv", "a/folder", "a/pipe"}
    assert set(judge_folder(root)[0]) == {
        Finding("I7", "a/streams/link.csv", "is a link"),
        Finding("I7", "a/folder", "is a link"),
        Finding("I7", "a/pipe", "is no plain file"),
    }
    assert not any(is_as_written(root / name) for name in ("a/streams/link.csv", "a/folder", "a/pipe", "a", "nothing"))


def test_an_empty_folder_is_found_and_an_empty_root_is_none(root: Path, tmp_path: Path) -> None:
    (root / "b").mkdir()
    (tmp_path / "empty").mkdir()
    timeless(root, root / "b", tmp_path / "empty")
    assert judge_folder(root)[0] == [Finding("I7", "b", "is an empty folder")]
    assert judge_folder(tmp_path / "empty") == ([], set())


def test_what_goes_while_it_is_looked_at_hides_nothing_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FILES:
        os.utime(root / name)
    walk = os.walk

    def withdrawing(top: Path) -> list[tuple[str, list[str], list[str]]]:
        seen = [(folder, there, sorted(files)) for folder, there, files in walk(top)]
        (root / "a/streams/one.csv").unlink()
        (root / "index.json").unlink()
        (root / "a/weekly.json").rename(root / "elsewhere.json")
        timeless(root, root / "a", root / "a/streams")
        return [*seen, (f"{root}/b", [], ["gone.csv"])]

    monkeypatch.setattr(folders.os, "walk", withdrawing)
    assert judge_folder(root)[0] == [Finding("I18", "a/streams/two.csv", "its time tells when it was written")]


def test_what_is_ours_is_given_its_marks_again_and_nothing_else_is_touched(root: Path, tmp_path: Path) -> None:
    os.utime(root / "a/streams/one.csv")
    (root / "a/streams/two.csv").chmod(0o600)
    (root / "theirs.txt").write_text("x")
    (root / "theirs.txt").chmod(0o600)
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("x")
    elsewhere.chmod(0o600)
    (root / "index.json").unlink()
    (root / "index.json").symlink_to(elsewhere)
    before = (elsewhere.stat().st_mtime_ns, elsewhere.stat().st_mode)
    mend_marks(root, {*FILES, "gone.csv"})
    assert {(f.invariant, f.where) for f in judge_folder(root)[0]} == {
        ("I7", "index.json"),
        ("I12", "theirs.txt"),
        ("I18", "theirs.txt"),
    }
    assert (elsewhere.stat().st_mtime_ns, elsewhere.stat().st_mode) == before
