"""What is hidden, deleted or purged while files are made does not come out with them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strava_assets.errors import GateOvertaken
from strava_assets.privacy import zone_store
from strava_assets.privacy.zones import DrawnZone
from strava_assets.publish import gate as gate_module
from strava_assets.publish import map_files, month_files, taking_back, topojson_file
from strava_assets.publish.paths import csv_path, map_path
from strava_assets.publish.verify import verify
from strava_assets.withdrawal import withdraw_hidden
from strava_assets_tests.privacy.worlds import Place, circle
from strava_assets_tests.publish.conftest import Published
from strava_assets_tests.publish.worlds import ride

#: What becomes of some rides, by another connection than the gate's.
DEEDS = {
    3: "update strava.activity set visibility = 'only_me' where id = 3",
    4: "update strava.activity set visibility = 'followers_only' where id = 4",
    5: "update strava.activity set visibility = 'unknown' where id = 5",
    6: "update strava.activity set state = 'gone', api = null where id = 6",
    7: "delete from strava.activity where id = 7",
}
ALL = "; ".join(DEEDS.values())


def do(published: Published, sql: str, withdraw: bool = True) -> None:
    """Do it as another process would, and withdraw what has to go; or be killed before that."""
    with published.installation.database.transaction() as connection:
        connection.execute(sql)
    if withdraw:
        withdraw_hidden(published.installation)


def before(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, nth: int, act: Callable[[], None]) -> None:
    """Act just before the nth call of a function."""
    real, calls = getattr(module, name), [0]

    def watched(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == nth:
            act()
        return real(*given, **named)

    monkeypatch.setattr(module, name, watched)


def after_judging(monkeypatch: pytest.MonkeyPatch, nth: int, act: Callable[[], None]) -> None:
    """Act between the nth judgement and the gate's lock."""
    real, calls = gate_module.judge, [0]

    def watched(*given: Any) -> Any:
        judgement = real(*given)
        calls[0] += 1
        if calls[0] == nth:
            act()
        return judgement

    monkeypatch.setattr(gate_module, "judge", watched)


def nothing_of_them(published: Published) -> None:
    for number in DEEDS:
        public = published.ids[number][1]
        for path in sorted(published.root.rglob("*")):
            assert public not in path.name
            assert path.is_dir() or public.encode() not in path.read_bytes(), (number, path)


def figures(published: Published) -> int:
    """Activities that the weekly figures hold."""
    return sum(
        week["activities"] for week in json.loads((published.root / published.athlete / "weekly.json").read_bytes())
    )


def others_are_whole(published: Published, count: int = 3) -> None:
    assert verify(published.installation.gate()).findings == []
    index = json.loads((published.root / "index.json").read_bytes())
    assert [athlete["activities"] for athlete in index["athletes"]] == [count]
    assert figures(published) == count


CHANGED = [ride(number, seed=90 + number) for number in range(1, 9)]


def test_between_the_masked_table_and_its_csvs(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    before(monkeypatch, month_files, "publish_month", 1, lambda: do(published, ALL))
    published.publish(CHANGED)
    nothing_of_them(published)
    others_are_whole(published)


@pytest.mark.parametrize("withdraw", [True, False])
def test_between_the_judgement_and_the_lock_of_its_csv(
    published: Published, monkeypatch: pytest.MonkeyPatch, withdraw: bool
) -> None:
    were = [csv_of(published, number).read_bytes() for number in DEEDS]
    after_judging(monkeypatch, 1, lambda: do(published, ALL, withdraw))
    published.publish(CHANGED)
    if not withdraw:  # killed: it is as it was until somebody asks
        assert [csv_of(published, number).read_bytes() for number in DEEDS] == were
        withdraw_hidden(published.installation)
    nothing_of_them(published)
    others_are_whole(published)


def test_between_its_csv_and_the_map(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    before(monkeypatch, map_files, "publish_map", 1, lambda: do(published, ALL))
    published.publish(CHANGED)
    nothing_of_them(published)
    others_are_whole(published)


@pytest.mark.parametrize("withdraw", [True, False])
def test_between_the_judgement_and_the_lock_of_the_map(
    published: Published, monkeypatch: pytest.MonkeyPatch, withdraw: bool
) -> None:
    after_judging(monkeypatch, 2, lambda: do(published, ALL, withdraw))
    published.publish(CHANGED)
    drawn = (published.root / published.athlete / "activities.topojson").read_bytes()
    assert [number for number in DEEDS if published.ids[number][1].encode() in drawn] == []
    withdraw_hidden(published.installation)
    nothing_of_them(published)
    others_are_whole(published)


def test_between_the_judgement_and_the_lock_of_the_figures(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures added up from a map with the ride are not written over those without it."""
    after_judging(monkeypatch, 3, lambda: do(published, ALL))
    published.publish(CHANGED)
    nothing_of_them(published)
    others_are_whole(published)


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_whoever_takes_access_back_meanwhile_is_not_published(
    published: Published, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    after_judging(monkeypatch, nth, lambda: do(published, "update strava.athlete set state = 'revoked'"))
    published.publish(CHANGED)
    assert [path.name for path in published.root.iterdir()] == ["index.json"]
    assert json.loads((published.root / "index.json").read_bytes())["athletes"] == []


def test_what_is_shown_again_at_once_stays(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    def hide_and_show() -> None:
        do(published, DEEDS[3])
        do(published, "update strava.activity set visibility = 'everyone' where id = 3")

    after_judging(monkeypatch, 1, hide_and_show)
    published.publish(CHANGED)
    others_are_whole(published, 8)


def test_a_map_that_is_always_overtaken_is_given_up(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    real, rides = gate_module.judge, iter(range(1, 9))

    def hiding_one_more(*given: Any) -> Any:
        judgement = real(*given)
        with published.installation.database.transaction() as connection:
            connection.execute("update strava.activity set visibility = 'only_me' where id = %s", (next(rides),))
        return judgement

    gate = published.installation.gate()
    features = {published.athlete: features_of(published)}
    monkeypatch.setattr(gate_module, "judge", hiding_one_more)
    with pytest.raises(GateOvertaken, match="run it again"):
        map_files.publish_map(gate, features)


def test_a_file_without_an_activity_does_not_pass(published: Published) -> None:
    path = csv_of(published, 3)
    name, data = str(path.relative_to(published.root)), path.read_bytes()
    report = published.installation.gate().publish({name: data}, sceptical=True)
    assert report.barred == [name]


def test_what_another_withdrew_meanwhile_is_not_taken_for_unchanged(published: Published) -> None:
    path = csv_of(published, 3)
    name, data, gate = str(path.relative_to(published.root)), path.read_bytes(), published.installation.gate()
    published.installation.gate().withdraw([name])
    assert not path.exists()
    assert gate.publish({name: data}, activities={name: 3}).written == 1
    assert path.read_bytes() == data


def test_a_map_that_was_withdrawn_whole_meanwhile_is_written_again(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    def withdraw_map() -> None:
        other = published.installation.gate()
        other.withdraw([path for path in other.paths() if map_files.belongs_to_map(path)])

    after_judging(monkeypatch, 1, withdraw_map)
    published.publish(CHANGED)
    others_are_whole(published, 8)


def csv_of(published: Published, number: int) -> Path:
    return published.root / csv_path(*published.ids[number])


def features_of(published: Published) -> list[Any]:
    gate = published.installation.gate()
    return topojson_file.read(gate.read(map_path(published.athlete))).features


def shown(published: Published) -> dict[str, tuple[str, Any]]:
    """Name and lines of each activity on the map, by public id."""
    there = published.installation.gate().map_of(published.athlete)
    assert there is not None
    return {f.properties["actID"]: (f.properties["name"], f.arcs) for f in there.features}


def test_a_withdrawal_does_not_bring_back_what_a_run_replaced_meanwhile(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, between = taking_back.publish_map, dict[str, tuple[str, float]]()

    def late(*given: Any, **named: Any) -> Any:
        if not between:  # the withdrawal has read the map: now a run publishes another ride 4, and ride 9
            published.publish([ride(1), ride(2), ride(4, seed=99), *(ride(number) for number in range(5, 10))])
            between.update(shown(published))
        return real(*given, **named)

    monkeypatch.setattr(taking_back, "publish_map", late)
    do(published, DEEDS[3])
    between.pop(published.ids[3][1], None)
    assert shown(published) == between
    assert published.ids[9][1] in between
    assert verify(published.installation.gate()).findings == []


def test_an_older_view_of_the_map_is_not_published_over_a_newer(published: Published) -> None:
    gate = published.installation.gate()
    gate.known()
    old = {published.athlete: features_of(published)}
    published.publish([*(ride(number) for number in range(1, 4)), ride(4, seed=99), *(ride(n) for n in range(5, 9))])
    newer = shown(published)
    with pytest.raises(GateOvertaken, match="published by another"):
        map_files.publish_map(gate, old)
    assert shown(published) == newer


def test_nor_if_the_newer_one_was_published_after_the_judgement(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = published.installation.gate()
    old = {published.athlete: features_of(published)}
    rides = [ride(number) for number in range(1, 10)]
    after_judging(monkeypatch, 1, lambda: published.publish(rides))
    with pytest.raises(GateOvertaken, match="published by another"):
        map_files.publish_map(gate, old)
    assert len(shown(published)) == 9


def test_nor_if_a_ride_was_withdrawn_besides(published: Published, monkeypatch: pytest.MonkeyPatch) -> None:
    """The withdrawal alone would only mean leaving that ride out."""
    gate = published.installation.gate()
    gate.known()
    old = {published.athlete: features_of(published)}

    def hide_one_and_publish_another() -> None:
        do(published, DEEDS[3])
        published.publish([ride(number) for number in (1, 2, 4, 5, 6, 7, 8, 9)])

    after_judging(monkeypatch, 1, hide_one_and_publish_another)
    with pytest.raises(GateOvertaken, match="published by another"):
        map_files.publish_map(gate, old)
    assert published.ids[9][1] in shown(published)


@pytest.mark.parametrize("kind", ["csv", "topojson"])
def test_what_is_withdrawn_while_a_new_zone_is_held_against_it_is_gone(
    published: Published, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    zone_store.add(published.installation.database, [DrawnZone("", Place(30.0, 10.0).polygon(circle(100)))])
    gate = published.installation.gate()
    with published.installation.database.transaction() as connection:  # so that every CSV is read
        connection.execute("update strava.public_object set facts = facts - 'bbox'")
    real = gate.read

    def late(path: str) -> bytes:
        if path.endswith(kind):
            with contextlib.suppress(FileNotFoundError):
                (published.root / path).unlink()
        return real(path)

    monkeypatch.setattr(gate, "read", late)
    assert taking_back.withdraw_exposed(gate) == []


def test_a_changed_ride_is_on_the_map_again_with_its_new_csv_and_not_before(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its month is masked anew, its CSV is still the old one: two files of one ride must not contradict each other."""
    were, changed = shown(published), published.ids[4][1]
    others = {number: told for number, told in were.items() if number != changed}
    rides = [*(ride(number) for number in range(1, 4)), ride(4, seed=99), *(ride(n) for n in range(5, 9))]
    with monkeypatch.context() as patched:
        patched.setattr(month_files, "publish_month", lambda *given: month_files.MonthReport())
        published.publish(rides)
    assert shown(published) == others
    assert figures(published) == 7
    published.publish(rides)
    now = shown(published)
    assert now.pop(changed) != were[changed]
    assert now == others
    others_are_whole(published, 8)


def test_a_file_that_a_killed_run_wrote_goes_with_its_month(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, path = gate_module.Gate._write, csv_path(*published.ids[3])

    def killed(gate: Any, key: str, data: bytes) -> None:
        real(gate, key, data)
        if key == path:
            raise KeyboardInterrupt

    do(published, DEEDS[3])
    do(published, "update strava.activity set visibility = 'everyone' where id = 3")
    with monkeypatch.context() as patched:
        patched.setattr(gate_module.Gate, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            published.publish()
    assert (published.root / path).exists()
    do(published, DEEDS[3])
    published.publish([ride(number) for number in range(1, 9) if number != 3])
    assert not (published.root / path).exists()
    others_are_whole(published, 7)
