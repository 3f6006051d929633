"""A month is passed over only if nothing has changed since the maps that are public were made from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest

from strava_assets.publish.judging.rules import Rules
from strava_assets.publish.map_inputs import Inputs, rules_of, unchanged
from strava_assets.publish.paths import INDEX, map_path
from strava_assets.publish.public_root import Known
from strava_assets.publish.topojson_file import Feature, encode
from strava_assets_tests.privacy.test_masked import around
from strava_assets_tests.publish.test_judging import ADA, EVE, FEATURES, HOME, RULES

MAY, JUNE, JULY = "2024-05-01", "2024-06-01", "2024-07-01"
VERSIONS = {MAY: "v1", JUNE: "v2", JULY: "v3"}
#: Of June nobody knows the box, and in July nobody was outdoors.
MONTHS: dict[str, dict[str, list[Feature]]] = {
    MAY: {ADA: FEATURES[:1], EVE: FEATURES[:1]},
    JUNE: {ADA: [replace(FEATURES[1], box=None)]},
    JULY: {ADA: []},
}


@dataclass
class Root:
    """A gate's memory, and what lies there."""

    files: dict[str, bytes]
    fingerprint: str | None
    rules: Rules = RULES
    forgotten: set[str] = field(default_factory=set)

    def known(self) -> dict[str, Known]:
        told = {INDEX: self.fingerprint} | dict.fromkeys(self.files)
        return {path: Known("", 0, print_, None, None) for path, print_ in told.items() if path not in self.forgotten}

    def read_if_any(self, path: str) -> bytes | None:
        return self.files.get(path)


def root() -> Any:
    files = {map_path(ADA): encode(FEATURES[:2]), map_path(EVE): encode(FEATURES[:1])}
    inputs = Inputs(rules_of(Root({}, None), False))
    for month, features in MONTHS.items():
        inputs.add(month, VERSIONS[month], features)
    return Root(files, inputs.told(files | {INDEX: b"{}"}))


def months(gate: Any, versions: dict[str, str] = VERSIONS, **given: Any) -> set[str]:
    return set(unchanged(gate, rules_of(gate, given.pop("with_strava_id", False), **given), versions))


def test_what_did_not_change_comes_from_the_maps_as_it_was() -> None:
    assert unchanged(root(), rules_of(root(), False), VERSIONS) == MONTHS


def test_a_month_is_read_again_whose_table_is_another() -> None:
    assert months(root(), VERSIONS | {JUNE: "v4"}) == {MAY, JULY}
    assert months(root(), {MAY: "v1"}) == {MAY}


def test_a_month_is_read_again_of_which_something_waited_for_its_csv() -> None:
    """It was counted, and is on no map yet."""
    files = {map_path(ADA): encode(FEATURES[1:2]), map_path(EVE): encode(FEATURES[:1])}
    inputs = Inputs(rules_of(root(), False))
    for month, features in MONTHS.items():
        inputs.add(month, VERSIONS[month], features)
    assert months(Root(files, inputs.told(files))) == {JUNE, JULY}
    del files[map_path(EVE)]
    files[map_path(ADA)] = encode(FEATURES[:2])
    assert months(Root(files, inputs.told(files))) == {JUNE, JULY}
    nobody = replace(RULES, athletes={EVE: "Eve", "c" * 16: "Cyd", ADA: "Ada"})  # of whom one has no map
    assert months(Root(files, inputs.told(files), nobody)) == {JUNE, JULY}


@pytest.mark.parametrize(
    "change",
    [
        lambda root: root.files.update({map_path(EVE): encode(FEATURES[:2])}),
        lambda root: root.files.pop(map_path(ADA)),
        lambda root: root.forgotten.add(map_path(ADA)),
        lambda root: root.forgotten.add(INDEX),
        lambda root: setattr(root, "fingerprint", None),
        lambda root: setattr(root, "rules", replace(RULES, zones=[around(HOME, number=2)])),
    ],
)
def test_everything_is_read_again_where_a_map_or_a_rule_is_another(change: Any) -> None:
    gate = root()
    assert months(gate) == set(MONTHS)
    change(gate)
    assert months(gate) == set()


def test_everything_is_read_again_where_other_columns_or_links_are_wanted() -> None:
    assert months(root(), with_strava_id=True) == months(root(), dropped={"watts"}) == set()
    told = {rules_of(root(), False, columns) for columns in ((), ("watts",), ("cadence",), ("watts", "cadence"))}
    assert len(told) == 4
    assert rules_of(root(), False, ("cadence", "watts")) == rules_of(root(), False, ("watts", "cadence"))


def test_what_is_remembered_names_all_that_is_asked_for() -> None:
    told = orjson.loads(root().fingerprint)
    assert told.keys() == {"rules", "months", "maps"}
    assert told["maps"].keys() == {map_path(ADA), map_path(EVE)}
    assert {month: version for month, (version, _) in told["months"].items()} == VERSIONS
