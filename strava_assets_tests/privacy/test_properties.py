"""Every promise on decoded public bytes, on worlds of every kind; the long run is ``benchmarks properties``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strava_assets.privacy import cut, lines
from strava_assets_tests.privacy import oracle, properties
from strava_assets_tests.privacy.cases import TRACKS, ZONES, World, worlds
from strava_assets_tests.privacy.public_bytes import publish

few = settings(deadline=None, suppress_health_check=list(HealthCheck))


@settings(few, max_examples=60)
@given(worlds())
def test_no_world_shows_what_is_hidden(world: World) -> None:
    assert properties.shown_and_judged(world).wrong == []


@settings(few, max_examples=40)
@given(worlds(tracks=("leaves", "wanders", "hairpin", "stands", "stays inside")), st.integers(0, 2**32 - 1))
def test_what_happens_inside_the_cut_changes_no_byte(world: World, seed: int) -> None:
    assert properties.same_whatever_is_hidden(world, seed) == []


@settings(few, max_examples=30)
@given(worlds())
def test_a_ride_is_shown_alike_in_any_company(world: World) -> None:
    assert properties.same_in_any_company(world) == []
