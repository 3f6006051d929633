"""Whatever a zip or a folder holds: a clear line for what is refused, all else read, and memory stays bounded."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import socket
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strava_assets.archive import files as files_module
from strava_assets.archive import fit, flat_xml, unpack
from strava_assets.archive.entries import find_entries
from strava_assets.archive.files import open_files, recordings
from strava_assets.archive.importer import import_path
from strava_assets.archive.recordings import read_recording
from strava_assets.errors import ArchiveError, UnreadableRecording
from strava_assets_tests.archive import hostile, writers
from strava_assets_tests.archive.writers import ride

RIDE = writers.gpx(ride(5))


def outcome(path: Path) -> dict[str, str]:
    """What becomes of each file that is found: how many samples it gives, or why none."""
    found = {}
    with open_files(path) as files:
        for name in recordings(files):
            try:
                found[name] = f"{read_recording(files.read(name), name).table.num_rows} samples"
            except UnreadableRecording as refused:
                found[name] = str(refused)
    return found


def refusal(path: Path) -> str:
    with pytest.raises(ArchiveError) as refused:
        outcome(path)
    assert "\n" not in str(refused.value)
    return str(refused.value).replace(f"{path} ", "")


def test_names_that_lead_out_of_a_zip_are_refused_and_the_others_read(tmp_path: Path) -> None:
    names = ["../../evil.gpx", "/etc/evil.gpx", "C:\\evil.gpx", "..\\evil.gpx", "a/../../evil.gpx"]
    path = hostile.zip_of(tmp_path / "e.zip", [(name, RIDE) for name in [*names, "good.gpx"]])
    found = outcome(path)
    assert found.pop("good.gpx") == "5 samples"
    assert set(found.values()) == {"its name leads out of the zip"}
    assert len(found) == len(names)
    assert os.listdir(tmp_path) == ["e.zip"]


def test_names_of_devices_and_odd_letters_are_only_names(tmp_path: Path) -> None:
    names = ["CON.gpx", "aux", "nul.gpx", "a\nb.gpx", "ride.gpx", "RIDE.GPX", "Ride.gpx", "ü.gpx", "\x1b[2J.gpx"]
    path = hostile.zip_of(tmp_path / "e.zip", [(name, RIDE) for name in names])
    assert outcome(path) == dict.fromkeys(names, "5 samples")


def test_a_name_with_a_nul_in_it_ends_there(tmp_path: Path) -> None:
    path = hostile.zip_of(tmp_path / "e.zip", [("ride.gpxX.exe", RIDE)])
    path.write_bytes(path.read_bytes().replace(b"ride.gpxX.exe", b"ride.gpx\0.exe"))
    assert outcome(path) == {"ride.gpx": "5 samples"}


@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_names_are_read_in_utf_8_whether_the_zip_says_so_or_not(tmp_path: Path, encoding: str) -> None:
    path = hostile.raw_zip(tmp_path / "e.zip", [("Übung.gpx".encode(encoding), RIDE, 0, len(RIDE), 0)])
    with open_files(path) as files:
        assert files.names == ("Übung.gpx",)


def test_links_and_devices_in_a_zip_are_named_not_followed(tmp_path: Path) -> None:
    path = hostile.zip_of(
        tmp_path / "e.zip",
        [
            (hostile.entry("link.gpx", stat.S_IFLNK), b"/etc/passwd"),
            (hostile.entry("latest", stat.S_IFLNK), b".."),
            (hostile.entry("pipe.gpx", stat.S_IFIFO), b""),
            (hostile.entry("ride.gpx", stat.S_IFREG), RIDE),
        ],
    )
    assert outcome(path) == {
        "latest": "a link, not a file",
        "link.gpx": "a link, not a file",
        "pipe.gpx": "a device or a pipe, not a file",
        "ride.gpx": "5 samples",
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_not_guessed_between(tmp_path: Path) -> None:
    other = writers.gpx(ride(9))
    path = hostile.zip_of(tmp_path / "e.zip", [("a.gpx", RIDE), ("a.gpx", other), ("b.gpx", RIDE), ("b.gpx", RIDE)])
    assert outcome(path) == {"a.gpx": "the zip holds two files of this name", "b.gpx": "5 samples"}


def test_a_zip_whose_files_share_bytes_is_refused_whole(tmp_path: Path) -> None:
    packed = hostile.zeros(100)
    path = hostile.raw_zip(tmp_path / "e.zip", [(b"a.gpx", packed, 8, 100 * 2**20, 0)], twice=True)
    assert refusal(path) == "is a trap: files in it share their bytes, as in no zip that a program packs"


def test_a_directory_of_endless_files_is_not_read(tmp_path: Path) -> None:
    path = hostile.huge_directory(tmp_path / "e.zip", 4_000_000_000)
    assert refusal(path) == "holds more files than any export does; unpack it and import the folder"


def test_a_locked_zip_says_what_to_do(tmp_path: Path) -> None:
    path = hostile.raw_zip(
        tmp_path / "e.zip", [(b"activities.csv", b"x" * 20, 0, 8, 1), (b"a.gpx", b"x" * 20, 0, 8, 1)]
    )
    assert refusal(path) == "is protected by a password: unpack it and import the folder"


def test_packings_that_cannot_be_read_are_named_and_the_others_read(tmp_path: Path) -> None:
    members = [
        (b"a.gpx", b"x" * 9, 9, 999, 0),
        (b"b.gpx", b"x" * 9, 93, 999, 0),
        (b"c.gpx", b"x" * 9, 42, 999, 0),
    ]
    advice = "which cannot be read; unpack the zip and import the folder"
    assert outcome(hostile.raw_zip(tmp_path / "e.zip", members)) == {
        "a.gpx": f"packed with Deflate64, {advice}",
        "b.gpx": f"packed with Zstandard, {advice}",
        "c.gpx": f"packed with method 42, {advice}",
    }
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        assert outcome(hostile.zip_of(tmp_path / "g.zip", [("a.gpx", RIDE)], method)) == {"a.gpx": "5 samples"}
    assert outcome(hostile.zip64(tmp_path / "l.zip", "a.gpx", RIDE)) == {"a.gpx": "5 samples"}


def test_every_prefix_of_a_zip_is_cut_short(tmp_path: Path) -> None:
    whole = hostile.zip_of(tmp_path / "e.zip", [("a.gpx", RIDE), ("b.gpx", RIDE)]).read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "half.zip").write_bytes(whole[:length])
        assert refusal(tmp_path / "half.zip") == "is not a zip, or was cut short; download it again"


def test_a_zip_in_a_zip_says_what_to_do_unless_it_holds_one_recording(tmp_path: Path) -> None:
    inner = hostile.zip_of(tmp_path / "inner.zip", writers.export_files([], {"activities/1.gpx": RIDE}).items())
    outer = hostile.zip_of(tmp_path / "outer.zip", [("export_1.zip", inner.read_bytes()), ("readme.txt", b"")])
    with pytest.raises(ArchiveError, match=r"holds another zip, export_1\.zip: unpack the outer one and import"):
        outcome(outer)
    single = hostile.zip_of(tmp_path / "s.zip", [("77_ACTIVITY.fit", writers.fit(ride(5)))]).read_bytes()
    assert outcome(writers.write_folder(tmp_path / "watch", {"77.zip": single})) == {"77.zip": "5 samples"}


def test_no_name_reaches_a_terminal_with_its_control_characters(installation, tmp_path: Path) -> None:
    name = "\x1b]0;evil\x07\n"
    assert refusal(hostile.zip_of(tmp_path / "a.zip", [(f"{name}.zip", b"x")])).startswith(
        "a.zip holds another zip, ]0;"
    )
    locked = hostile.zip_of(tmp_path / "b.zip", [(f"{name}/activities.csv", b"x" * 2**25)])
    with open_files(locked) as files, pytest.raises(ArchiveError, match=r"^\]0;evil /activities\.csv: a trap"):
        find_entries(files, locked)
    said: list[str] = []
    import_path(
        hostile.zip_of(tmp_path / "c.zip", [(f"{name}.gpx", RIDE), (f"{name}x.gpx", b"")]),
        database=installation.database,
        store=installation.store,
        settings=installation.settings,
        progress=lambda done, count, label, read: said.append(label),
    )
    assert said == ["]0;evil .gpx", "]0;evil x.gpx", ""]


def test_gzip_in_gzip_is_unpacked_three_times_and_no_more() -> None:
    assert read_recording(hostile.nested_gzip(RIDE, 3), "a").table.num_rows == 5
    with pytest.raises(UnreadableRecording, match="neither FIT, GPX nor TCX"):
        read_recording(hostile.nested_gzip(RIDE, 4), "a")


def test_gzip_files_one_after_the_other_are_one_and_what_follows_is_ignored() -> None:
    packed = gzip.compress(RIDE[:300]) + gzip.compress(RIDE[300:])
    assert read_recording(packed, "a").table.num_rows == 5
    assert read_recording(packed + bytes(512), "a").table.num_rows == 5


@pytest.fixture
def odd_folder(tmp_path: Path) -> Path:
    """Loops, pipes, sockets, links to nowhere and names that are no text, around one ride."""
    root = writers.write_folder(tmp_path / "odd", {"deep/ride.gpx": RIDE, "notes.txt": b"", "deep/er/x": b""})
    (root / "deep" / "loop").symlink_to(root)
    (root / "self.gpx").symlink_to(root / "self.gpx")
    (root / "gone.gpx").symlink_to(root / "nowhere")
    os.mkfifo(root / "pipe.gpx")
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(root)  # a socket's path is short
        listening.bind("socket.fit")
    Path(os.fsdecode(os.fsencode(root) + b"/\xff.gpx")).write_bytes(RIDE)
    with open(root / "large.tcx", "wb") as file:
        file.truncate(3 * 2**30)
    return root


@pytest.fixture(autouse=True)
def same_folder() -> object:
    before = os.getcwd()
    yield
    os.chdir(before)


def test_a_folder_of_odd_things_is_read_around_them(odd_folder: Path) -> None:
    nothing = "not a regular file, or a link to nothing"
    assert outcome(odd_folder) == {
        "deep/loop": "a link to a folder, which is not followed",
        "deep/ride.gpx": "5 samples",
        "gone.gpx": nothing,
        "large.tcx": "larger than 128 MiB",
        "pipe.gpx": nothing,
        "self.gpx": nothing,
        "socket.fit": nothing,
        "\ufffd.gpx": "5 samples",
    }


def test_folders_and_files_that_may_not_be_read_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = writers.write_folder(tmp_path / "f", {"a.gpx": RIDE, "mine/b.gpx": RIDE, "locked.gpx": RIDE})

    def forbidden(real: Callable[..., object], *names: str) -> Callable[..., object]:
        def call(path: str, *rest: object) -> object:
            if os.path.basename(path) in names:
                raise PermissionError(13, "Permission denied", path)
            return real(path, *rest)

        return call

    monkeypatch.setattr(files_module.os, "scandir", forbidden(os.scandir, "mine"))
    monkeypatch.setattr(files_module, "open", forbidden(open, "locked.gpx"), raising=False)
    assert outcome(root) == {
        "a.gpx": "5 samples",
        "locked.gpx": "cannot be read: Permission denied",
        "mine": "a folder that cannot be read: Permission denied",
    }
    monkeypatch.setattr(files_module.os, "scandir", forbidden(os.scandir, "f"))
    assert refusal(root) == "cannot be read: Permission denied"


@pytest.fixture
def very_deep(tmp_path: Path) -> Iterator[Path]:
    """A file in more folders than Python calls functions."""
    root = tmp_path / "deep"
    root.mkdir()
    here = os.open(root, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=here)
        deeper = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = deeper
    os.close(os.open("ride.gpx", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)
    yield root
    subprocess.run(["rm", "-rf", str(root)], check=True)  # pytest's own way out would call as many functions


def test_a_very_deep_folder_is_walked_to_its_end(very_deep: Path) -> None:
    assert list(outcome(very_deep).values()) == ["an empty file (0 bytes)"]


def test_hostile_things_are_imported_around_and_leave_nothing_half_written(installation, odd_folder, tmp_path) -> None:
    zipped = hostile.zip_of(
        tmp_path / "e.zip",
        [
            ("good.gpx", writers.gpx(ride(7))),
            ("../evil.gpx", RIDE),
            ("bomb.gpx.gz", hostile.gzip_bomb(200)),
            (hostile.entry("link.gpx", stat.S_IFLNK), b"/etc/passwd"),
        ],
    )
    reports = [
        import_path(
            path,
            athlete="Ada",
            database=installation.database,
            store=installation.store,
            settings=installation.settings,
        )
        for path in (odd_folder, zipped)
    ]
    assert [(report.imported, report.already_there, len(report.rejected)) for report in reports] == [
        (1, 1, 6),
        (1, 0, 3),
    ]
    with installation.database.transaction() as connection:
        kept = {row["archive_file"] for row in connection.execute("select archive_file from strava.activity")}
    assert set(installation.store.sizes("landing")) == kept
    assert {path.name for path in tmp_path.iterdir()} == {"odd", "e.zip", "home"}


def test_what_unpacks_to_much_of_nothing_is_a_trap_and_much_of_something_is_not(tmp_path: Path) -> None:
    points = b"".join(b'<trkpt lat="35.%05d" lon="-40.%05d"/>\n' % (i, i * 7 % 99991) for i in range(99_999))
    much = (b"<gpx>" + points) * (unpack.MUCH // len(points) + 1)
    nothing = bytes(len(much))
    assert unpack.gunzip(gzip.compress(much, 1)) == much
    path = hostile.zip_of(tmp_path / "e.zip", [("much.gpx", much), ("nothing.gpx", nothing)])
    with open_files(path) as files:
        assert files.read("much.gpx") == much
        with pytest.raises(UnreadableRecording, match="a trap: it unpacks to more than 200 times its size"):
            files.read("nothing.gpx")
    with pytest.raises(UnreadableRecording, match="a trap"):
        unpack.gunzip(gzip.compress(nothing))
    packed = gzip.compress(much)
    for damaged in (packed[:-9], packed[:-8] + bytes(8)):
        with pytest.raises(UnreadableRecording, match=r"damaged gzip|cut short"):
            unpack.gunzip(damaged)
    twice = gzip.compress(much[:999]) + gzip.compress(much)
    assert unpack.gunzip(twice) == much[:999] + much


def bombs(folder: Path) -> dict[str, str]:
    """Files that would fill the memory, and what is said of them."""
    much = 64 * 2**20
    folder.mkdir()
    large, trap = "larger than 128 MiB when unpacked", "a trap: it unpacks to more than 200 times its size"
    (folder / "a.gpx.gz").write_bytes(hostile.gzip_bomb(3 * 1024))
    (folder / "b.fit").write_bytes(hostile.nested_gzip(hostile.gzip_bomb(1024), 2))
    (folder / "c.gpx").write_bytes(b"<gpx>" + b"<a/>" * (flat_xml.TAGS + 1))
    entities = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(12))
    laughs = f'<!DOCTYPE gpx [<!ENTITY e0 "ha">{entities}]><gpx creator="&e12;"><trk><name>&e12;</name></trk></gpx>'
    (folder / "d.gpx").write_text(laughs)
    (folder / "e.gpx").write_bytes(b"<gpx>" + b"<a>" * 2_000_000)
    start = bytearray(writers.fit([{"heartrate": 99}])[:-2])
    start[4:8], start[12:14] = bytes(4), bytes(2)  # a size of zero: up to the end
    (folder / "f.fit").write_bytes(start + b"\x01\x63" * fit.MESSAGES)
    hostile.raw_zip(folder / "i.zip", [(b"i.gpx", hostile.zeros(3 * 1024), 8, 3 * 2**30, 0)])
    hostile.raw_zip(folder / "j.zip", [(b"j.gpx", hostile.zeros(3 * 1024), 8, 100, 0)])
    hostile.raw_zip(folder / "k.zip", [(b"k.gpx", bz2.compress(bytes(much)), 12, 100, 0)])
    properties = b"\x09\x04\x05\0\x5d" + (2**32 - 1).to_bytes(4, "little")  # says that it needs 4 GiB
    packed = lzma.compress(bytes(much), lzma.FORMAT_RAW, filters=[{"id": lzma.FILTER_LZMA1}])
    hostile.raw_zip(folder / "l.zip", [(b"l.gpx", properties + packed, 14, 100, 0)])
    return {
        "a.gpx.gz": trap,
        "b.fit": trap,
        "d.gpx": "not XML that can be read",
        "e.gpx": "it holds no samples",
        "c.gpx": f"an XML file of more than {flat_xml.TAGS:,} tags",
        "f.fit": f"a FIT file of more than {fit.MESSAGES:,} messages",
        "i.zip": large,
        "j.zip": "a damaged zip",
        "k.zip": "a damaged zip",
        "l.zip": "a damaged zip",
    }


def test_bombs_of_every_kind_are_refused_in_bounded_memory(tmp_path: Path) -> None:
    expected = bombs(tmp_path / "bombs")
    program = (
        "import json, sys; from pathlib import Path;"
        "from strava_assets_tests.archive.test_hostile_files import outcome;"
        "found = outcome(Path(sys.argv[1]));"
        # not what rusage tells: that counts what its parent had, too
        "[peak] = [line for line in open('/proc/self/status') if line.startswith('VmHWM')];"
        "print(json.dumps([found, int(peak.split()[1])]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "bombs")],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    found, kibibytes = json.loads(done.stdout)
    assert found == expected
    assert kibibytes < 1_200_000
