"""The quick way through a plain document finds what libxml2 finds, and is left for any other."""

from __future__ import annotations

import random

import numpy as np
import pytest

from strava_assets.archive import flat_xml, tracks
from strava_assets.archive.samples import Channels
from strava_assets.errors import UnreadableRecording
from strava_assets_tests.archive import writers
from strava_assets_tests.archive.writers import ride
from strava_assets_tests.fuzz.readers import damaged

GPX, TCX = writers.gpx(ride(8), segments=2), writers.tcx([ride(4), ride(4, time=range(4, 8))]).lstrip()
POINTS = ("trkpt", "Trackpoint")


def plainly(data: bytes) -> bool:
    return flat_xml._plain(data, POINTS) is not None


def channels(data: bytes) -> Channels | str:
    try:
        return tracks.read_track(data)
    except UnreadableRecording as refused:
        return str(refused)


def by_libxml2(data: bytes, monkeypatch: pytest.MonkeyPatch) -> Channels | str:
    with monkeypatch.context() as patched:
        patched.setattr(flat_xml, "_plain", lambda data, names: None)
        return channels(data)


def same(one: Channels | str, other: Channels | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    return (
        np.array_equal(one.times, other.times, equal_nan=True)
        and one.values.keys() == other.values.keys()
        and all(np.array_equal(one.values[name], other.values[name], equal_nan=True) for name in one.values)
        and (one.sport, one.name, one.device, one.figures) == (other.sport, other.name, other.device, other.figures)
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data,
        lambda data: data.replace(b"><", b">\n\t <"),
        lambda data: data.replace(b"<name>Ride", b"<name>Ride &amp; run"),
        lambda data: data.replace(b"<name>Ride", b"<name><![CDATA[Ride <3]]>").replace(b"<3", b"3"),
        lambda data: data.replace(b"<trk>", b"<!-- a comment --><trk>"),
        lambda data: data.replace(b'<gpx version="1.1"', b'<gpx\n\tversion="1.1"\n'),
        lambda data: data.replace(b"<time>", b"<cmt/><time>"),
        lambda data: data.replace(b'"UTF-8"', b"'us-ascii'"),
    ],
)
def test_what_files_really_look_like_is_read_quickly_and_as_libxml2_would(change, monkeypatch):
    for data in (change(GPX), change(TCX)):
        assert plainly(data)
        assert same(channels(data), by_libxml2(data, monkeypatch))
        assert not isinstance(channels(data), str)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"<ele>10", b"<ele>1&#48;"),
        lambda data: data.replace(b"<ele>10", b"<ele>1<!-- -->0"),
        lambda data: data.replace(b"<ele>10", b"<ele><![CDATA[10]]>"),
        lambda data: data.replace(b'lat="35.0" lon="-40.0"', b"lat='35' lon='-40.0'"),
        lambda data: data.replace(b"<ele>10</ele>", b"<ele >10</ele >"),
        lambda data: data.replace(b"</ele>", b"</time>", 1),
        lambda data: data.replace(b"</trkpt>", b"", 1),
        lambda data: data[:-300],
        lambda data: data.replace(b"<trk>", b"<!-- <trkpt> --><trk>"),
        lambda data: data.replace(b"Invented", b"a>b"),
        lambda data: data.replace(b"UTF-8", b"ISO-8859-1").replace(b"Ride", b"T\xfcr"),
        lambda data: data.replace(b"Ride", b"T\xfcr"),
        lambda data: data.replace(b"<trk>", b"<?php x?><trk>"),
        lambda data: data.replace(b"\n<gpx", b"\n<!DOCTYPE gpx><gpx"),
        lambda data: data.replace(b"<ele>10", b"<ele>\x0110"),
    ],
)
def test_anything_odd_is_left_to_libxml2(change):
    assert not plainly(change(GPX))


def test_damage_never_makes_the_quick_way_find_something_else(monkeypatch):
    rng = random.Random(3)
    quick = 0
    for _ in range(1500):
        data = damaged(rng, rng.choice((GPX, TCX)), TCX).removeprefix(b"\xef\xbb\xbf").lstrip()
        if plainly(data):
            quick += 1
            assert same(channels(data), by_libxml2(data, monkeypatch)), data
    assert quick > 30
