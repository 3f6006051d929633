"""I14 over the whole pipeline: neither zones, shapes, names nor the key are told anywhere."""

from __future__ import annotations

import base64
import json
import logging
import unicodedata
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import shapely
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation

from strava_assets import checks
from strava_assets.assets import masked
from strava_assets.database.connection import locate
from strava_assets.installation import Installation
from strava_assets.pipeline import materialize
from strava_assets.privacy import cut, zone_store
from strava_assets.privacy.zones import DrawnZone, Zone
from strava_assets.publish import taking_back
from strava_assets.publish.verify import verify
from strava_assets.resources import InstallationResource
from strava_assets_tests.assets.conftest import HOME, public_files, run
from strava_assets_tests.end_to_end.test_secrets import dump
from strava_assets_tests.privacy import oracle
from strava_assets_tests.privacy.worlds import circle

NAME = "Wächterhäusl 7½"


def ways_to_tell(zone: Zone, key: bytes) -> Iterator[tuple[str, bytes]]:
    """What would give something away, as bytes: each is rare enough not to stand there by chance."""
    for name, geometry in (("Z", zone.geometry), ("H", zone.shape.geometry)):
        wkb = shapely.to_wkb(geometry)
        # not its head, which all polygons share; a corner is enough
        yield f"{name} as WKB", wkb[16:48]
        yield f"{name} as hex", wkb[16:48].hex().encode()
        yield f"{name} as HEX", wkb[16:48].hex().upper().encode()
        for shift in range(3):
            yield f"{name} as base64", base64.b64encode(wkb[16 + shift : 46 + shift])[4:36]
        for decimals in range(4, 9):
            for x, y in shapely.get_coordinates(geometry)[:8]:
                one, other = f"{x:.{decimals}f}", f"{y:.{decimals}f}"
                for between in (" ", ",", ", ", ";", "],[", "/"):
                    yield f"a corner of {name}", f"{one}{between}{other}".encode()
                    yield f"a corner of {name}", f"{other}{between}{one}".encode()
    lon, lat = zone.shape.center
    for decimals in range(6, 15):
        yield "H's middle", f"{lat:.{decimals}f}".encode()
        yield "H's middle", f"{lon:.{decimals}f}".encode()
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, zone.name)
        for word in (text, text.casefold(), text.upper(), text.split()[0]):
            yield "the name", word.encode()
            yield "the name", json.dumps(word)[1:-1].encode()
            yield "the name", urllib.parse.quote(word).encode()
    yield from ways_to_tell_a_key(key)


def ways_to_tell_a_key(key: bytes) -> Iterator[tuple[str, bytes]]:
    """The key itself, what it is hex of, and either in other letters."""
    for raw in (key, bytes.fromhex(key.decode())):
        for data in (raw, raw.hex().encode(), raw.hex().upper().encode(), base64.b64encode(raw)[:40]):
            yield "the key", data
        yield "the key", base64.urlsafe_b64encode(raw)[:40]


def told(heard: dict[str, bytes], zone: Zone, key: bytes) -> list[str]:
    return [
        f"{where} tells {what}" for what, sign in ways_to_tell(zone, key) for where in heard if sign in heard[where]
    ]


def hear(installation: Installation, caplog: pytest.LogCaptureFixture, said: str) -> dict[str, bytes]:
    """Everything that a stranger, an operator, or a reader of logs and of Dagster's pages can see."""
    heard = {f"public {path}": data for path, data in public_files(installation).items()}
    heard["the names of public files"] = "\n".join(heard).encode()
    heard |= {f"Dagster's {table}": rows.encode() for table, rows in dump(locate(installation.settings).dagster)}
    for path in Path(installation.settings.home_path).rglob("*"):
        private = installation.settings.home_path / "private"
        if path.is_file() and not path.is_relative_to(private) and path.name != "warehouse.duckdb":
            heard.setdefault(f"file {path.name}", path.read_bytes())
    heard["what was printed"] = said.encode()
    heard["logs"] = "\n".join(logging.Formatter().format(record) for record in caplog.records).encode()
    return heard


def checks_tell_how_near_it_came(history: Installation) -> None:
    """The two blocking checks, held against geodesics to what is public."""
    [zone] = zone_store.in_force(history.database)
    secret = oracle.Secret(zone.geometry, zone.shape.center, zone.shape.geometry)
    files = public_files(history)
    lines = [
        line
        for path, data in files.items()
        if path.endswith("topojson")
        for _, lines in oracle.read_map(json.loads(data))
        for line in lines
    ]
    with dg.DagsterInstance.get() as instance:
        records = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey("masked_geometries"), masked.CLEAR), limit=100
        )
    said = [record.event.dagster_event.event_specific_data for record in records if record.event]
    clear = [one for one in said if isinstance(one, AssetCheckEvaluation)]
    assert all(evaluation.passed and evaluation.blocking for evaluation in clear)
    told = [{name: value.value for name, value in evaluation.metadata.items()} for evaluation in clear]
    assert sum(entry["vertices tested"] for entry in told) == sum(map(len, lines))
    assert sum(entry["segments tested"] for entry in told) == sum(len(line) - 1 for line in lines)
    nearest = min(float(entry["nearest to a zone"].removesuffix(" m")) for entry in told)
    assert nearest == pytest.approx(oracle.distances(lines, secret)[0], abs=0.7)
    seen = checks.public_root_keeps_the_invariants(installation=InstallationResource())
    assert seen.passed
    verdict = oracle.judge(files, [secret])
    assert seen.metadata["rows tested"].value == verdict.rows
    assert seen.metadata["vertices tested"].value == verdict.rows + verdict.vertices
    assert seen.metadata["nearest to a zone"].value == f"{verdict.nearest:.0f} m"


def test_nobody_is_told_of_zones_or_the_key(
    history: Installation,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    for zone in zone_store.stored(history.database):
        zone_store.remove(history.database, zone.id)
    # an odd shape with a long name: whatever of it stands somewhere is not there by chance
    zone_store.add(history.database, [DrawnZone(NAME, HOME.polygon(circle(117, 9, (13.0, -7.0))))])
    with history.database.transaction() as connection:
        connection.execute(
            "update strava.activity set archive = archive || jsonb_build_object('name', %s::text), "
            "revision = revision + 1 where id in (select id from strava.activity order by id limit 3)",
            (f"From {NAME.upper()} and back",),
        )
    run(history)
    assert verify(history.gate()).findings == []
    checks_tell_how_near_it_came(history)
    # and in trouble: the gate refuses a month, a map is withdrawn
    with monkeypatch.context() as broken:
        broken.setattr(cut, "hidden_areas", lambda zones: [])
        assert materialize(history, ["2023-11"], force=True).failures
    taking_back.withdraw_exposed(history.gate())
    zone, key = zone_store.in_force(history.database)[0], history.settings.key()
    out, err = capfd.readouterr()
    heard = hear(history, caplog, out + err)
    assert told(heard, zone, key) == []
    # the ear is good
    tables = [where for where, data in heard.items() if b"ASSET_MATERIALIZATION" in data]
    assert "Dagster's public.event_logs" in tables
    assert sum(where.startswith("public ") for where in heard) > 15
    for what, sign in ways_to_tell(zone, key):
        assert told({"somewhere": b"x" + sign + b"y"}, zone, key), what
