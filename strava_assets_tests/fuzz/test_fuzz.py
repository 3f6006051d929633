"""Random requests: no answer is a fault, and memory does not grow. And the fuzzer would notice."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from strava_assets.gateway import webhook
from strava_assets.strava.webhooks import parse_event, path_token, verify_token
from strava_assets_tests.fuzz.__main__ import a_gateway
from strava_assets_tests.fuzz.fuzzing import SLACK, Report, fuzz
from strava_assets_tests.fuzz.openapi import document
from strava_assets_tests.gateway.conftest import shared
from strava_assets_tests.gateway.running import Gateway

__all__ = ["shared"]


def test_no_request_is_a_fault_and_none_leaves_anything_behind() -> None:
    past_the_doors = {200, 302, 400, 403, 404, 405}
    seen: set[tuple[str, int]] = set()
    with a_gateway() as (settings, process, routes):
        for seed in range(1, 9):  # on a busy machine few requests are answered in a round
            report = fuzz(settings.base_url, routes, process.pid, seconds=4, seed=seed)
            assert process.poll() is None
            assert report.examples == []
            assert report.faults == 0
            assert not report.grew
            seen |= {told for told, count in report.statuses.items() if count}
            if {status for _, status in seen} >= past_the_doors and ("POST /webhook/{token}", 200) in seen:
                break
    assert {status for _, status in seen} >= past_the_doors
    assert ("POST /webhook/{token}", 200) in seen


@pytest.fixture
def hoarder(shared: Gateway, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """A gateway that forgets nothing, and falls over events with something in ``updates``."""
    kept: list[bytes] = []

    def keep(body: bytes) -> Any:
        if len(kept) < 500:
            kept.append(b"x" * 1_000_000)
        event = parse_event(body)
        if event.updates:
            raise KeyError("planted")
        return event

    monkeypatch.setattr(webhook, "parse_event", keep)
    yield kept
    kept.clear()


def test_planted_faults_are_found(shared: Gateway, hoarder: list[bytes]) -> None:
    routes = document(
        path_token(shared.settings),
        verify_token(shared.settings),
        "1.2",
        "x",
        {"subscription_id": 1, "owner_id": 3},
        ["index.html"],
    )
    report = fuzz(shared.url, routes, os.getpid(), seconds=3, seed=1)
    assert report.faults > 0
    assert any("POST /webhook" in example for example in report.examples)
    assert report.grew


def test_a_little_memory_more_is_the_allocator_s() -> None:
    assert not Report(warm=100, after=100 + SLACK).grew
    assert Report(warm=100, after=101 + SLACK).grew
