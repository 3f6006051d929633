"""The command line ``strava-assets``: what a user types, said back in tables and plain lines.

What belongs here: arguments, progress bars, tables, exit codes. What does not: doing the work.
Exit codes: 0 done, 1 a check or a run failed, 2 wrong use or settings.
"""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from strava_assets import imports_cli, sql_cli, zones_cli
from strava_assets.errors import SettingsError, StravaAssetsError
from strava_assets.settings import load
from strava_assets.terminal import bar, err, opened, out, table

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Your Strava history as data assets, with your private places cut out.",
)
subscription_app = typer.Typer(no_args_is_help=True, help="The webhook subscription at Strava.")
app.add_typer(zones_cli.app, name="zones")
app.add_typer(subscription_app, name="subscription")
app.command("import")(imports_cli.import_)
app.command("show")(imports_cli.show)
app.command("hide")(imports_cli.hide)
app.command("sql")(sql_cli.sql)

_STOPPED = 130


def main() -> None:
    """Run a command; an error that a user can cause is a line, not a traceback."""
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # of a connection that Ctrl-C cut it says so in three lines
    try:
        code = app(standalone_mode=False) or 0
        if code == _STOPPED:  # what typer makes of Ctrl-C
            raise KeyboardInterrupt
        sys.exit(code)
    except StravaAssetsError as error:
        err.print(f"strava-assets: {error}")
        sys.exit(error.exit_code)
    except typer.Exit as done:
        sys.exit(done.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        err.print("stopped; what was done stays")
        sys.exit(_STOPPED)
    except Exception as error:
        if hasattr(error, "format_message"):  # click's: wrong use
            said = error.format_message()
            err.print(said if said.startswith("Usage:") else f"strava-assets: {said}")  # a bare command: its help
            sys.exit(2)
        raise


@app.command()
def demo(
    activities: Annotated[int, typer.Option(min=10, max=20_000, help="Rides of the simulated athlete.")] = 220,
    once: Annotated[bool, typer.Option("--once", help="End when the last ride is on the map.")] = False,
) -> None:
    """Everything at once, on a simulated athlete. Connects, backfills, publishes, and one more ride arrives."""
    from strava_assets.demo import run_demo

    run_demo(load(), activities, once, out)


@app.command()
def up() -> None:
    """Gateway and Dagster on your settings, until Ctrl-C."""
    from strava_assets.demo import run_up

    run_up(load(), out)


@app.command()
def materialize(
    months: Annotated[str | None, typer.Option(help="2024-01, or 2024-01..2024-06; all by default.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Do unchanged activities again.")] = False,
) -> None:
    """Run the pipeline in this process: land, type, mask, publish."""
    from strava_assets.partitions import check_months
    from strava_assets.pipeline import materialize as run

    chosen = check_months(months) if months is not None else None
    installation = opened()
    with bar("materializing") as step:
        report = run(installation, chosen, force=force, progress=step)
    _print_publication(installation)
    for line in dict.fromkeys(report.warnings):
        err.print(f"not everything landed: {line}")
    if report.failures:
        for line, times in Counter(report.failures).items():
            err.print(f"failed{f' {times} times' if times > 1 else ''}: {line}")
        raise typer.Exit(1)


@app.command()
def backup(file: Path) -> None:
    """Put everything that cannot be made again into one file. Keep it as secret as where you live."""
    from strava_assets.backup import back_up

    with bar("backing up") as step:
        report = back_up(opened(), file, step)
    out.print(
        f"{file}: {report.activities:,} activities, {report.objects:,} objects, {report.bytes / 1e6:,.1f} MB, readable "
        "by you only. The secret key and everything that is hidden are in it."
    )


@app.command()
def restore(file: Path) -> None:
    """Put a backup back, where there is nothing yet. The map follows with `materialize`."""
    from strava_assets.restore import restore as put_back

    with bar("restoring") as step:
        report = put_back(load(), file, step)
    out.print(
        f"{report.activities:,} activities and {report.objects:,} objects, as they were at {report.made_at}. What you "
        "have hidden since is not: zones drawn later, imports hidden later, people removed later. See to that first "
        "(strava-assets zones list), then make the map: strava-assets materialize"
    )


@app.command()
def verify() -> None:
    """Read all public files again, and check every invariant. Those that can be seen from outside."""
    from strava_assets.publish.verify import verify as run

    installation = opened()
    with bar("verifying") as step:
        judgement = run(installation.gate(), lambda done, total: step("reading", done, total))
    tested = judgement.tested
    if judgement.findings:
        shown = table("invariant", "where", "what")
        for finding in judgement.findings:
            shown.add_row(finding.invariant, finding.where, finding.what)
        out.print(shown)
    nearest = (
        f"nothing comes nearer to a zone than {tested.nearest:.0f} m"
        if tested.nearest < 1e6
        else "nothing is within 2 km of a zone"
    )
    out.print(
        f"{tested.files:,} files, {tested.vertices:,} vertices, {tested.rows:,} rows read; {nearest}; "
        f"{len(judgement.findings)} findings"
    )
    if judgement.findings:
        raise typer.Exit(1)


@app.command()
def connect() -> None:
    """Print the address where an athlete allows access. Waits until one has."""
    from strava_assets.strava.account import wait_for_athlete

    settings = load()
    if not (settings.client_id and settings.client_secret):
        raise SettingsError(
            "STRAVA_CLIENT_ID and STRAVA_CLIENT_SECRET are not set; they are on https://www.strava.com/settings/api"
        )
    installation = opened(settings)
    out.print(f"Open {settings.base_url}/connect in a browser (the gateway must be running: strava-assets up).")
    out.print(f"{wait_for_athlete(installation.database)} is connected.")


@app.command()
def view(
    password: Annotated[bool, typer.Option("--password", help="Choose a password, to look from elsewhere.")] = False,
) -> None:
    """Print a link to your own view, hidden places too. It is good for half a day, on this machine only."""
    from strava_assets.gateway.owner_access import PATH, link
    from strava_assets.owner_password import LONGEST, SHORTEST, hashed

    settings = load()
    if not password:
        out.print(link(settings))
        err.print("Only you: whoever has this link, on this machine, sees where you live. The gateway must be running.")
        return
    given = typer.prompt(f"Password ({SHORTEST} to {LONGEST} characters)", hide_input=True, confirmation_prompt=True)
    out.print(f"STRAVA_ASSETS_OWNER_PASSWORD_HASH={hashed(given)}")
    err.print(
        f"Put this line into .env and start the gateway again. It is asked for at {settings.base_url}{PATH}/"
        + ("" if settings.base_url.startswith("https://") else "; elsewhere only where STRAVA_ASSETS_BASE_URL is https")
    )


@app.command()
def sync(
    since: Annotated[str | None, typer.Option(help="YYYY-MM-DD; from the first month by default.")] = None,
) -> None:
    """Queue what is missing, changed or gone. Lists the account, and says what that costs."""
    from strava_assets.pipeline import sync as run

    for line in run(opened(), since):
        out.print(line)


@app.command()
def purge(
    athlete: Annotated[str, typer.Option(help="Number, Strava's number, public id or name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a person completely. Public files, originals, tables, tokens, and it cannot be taken back."""
    from strava_assets.purge import find_athlete, purge_athlete

    installation = opened()
    found = find_athlete(installation, athlete)
    name = installation.athletes()[found][1]
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Remove {name} and everything of theirs? It cannot be taken back.", abort=True)
    report = purge_athlete(installation, found)
    out.print(str(report or f"{name} is not here any more"))


@app.command()
def doctor() -> None:
    """Check settings, database, stores, zones and Strava. Each row says what to do."""
    from strava_assets.doctor import examine

    rows = examine(load())
    shown = table("", "what", "found")
    for row in rows:
        shown.add_row(row.verdict, row.what, row.found)
    out.print(shown)
    if any(row.verdict == "fail" for row in rows):
        raise typer.Exit(1)


@app.command()
def database(
    command: Annotated[list[str] | None, typer.Argument(help="Run this with the database up.")] = None,
) -> None:
    """Keep the database up, for your own Dagster commands. Prints what they need, or runs one."""
    import shlex
    import subprocess

    from strava_assets.dagster_home import dagster_environment
    from strava_assets.stack import settings_environment

    installation = opened()
    environment = {**settings_environment(installation.settings), **dagster_environment(installation.settings)}
    if command:
        raise typer.Exit(subprocess.call(command, env={**os.environ, **environment}))
    for name in ("DAGSTER_HOME", "STRAVA_ASSETS_DAGSTER_URL", "STRAVA_ASSETS_HOME"):
        out.print(f"export {name}={shlex.quote(environment[name])}")
    err.print(
        "The database stays up until Ctrl-C. In another terminal, after these exports: dagster dev -w workspace.yaml"
    )
    _wait()


@subscription_app.command("create")
def subscription_create() -> None:
    """Subscribe to this application's events. The gateway must be reachable for Strava."""
    from strava_assets.strava.account import create_subscription

    installation = opened()
    number = create_subscription(installation.settings, installation.database)
    out.print(f"subscription {number} is active")


@subscription_app.command("list")
def subscription_list() -> None:
    """The application's subscription at Strava."""
    from strava_assets.strava.account import list_subscriptions

    shown = table("id", "callback")
    for number, callback in list_subscriptions(load()):
        shown.add_row(str(number), callback)
    out.print(shown)


@subscription_app.command("delete")
def subscription_delete() -> None:
    """End the subscription at Strava."""
    from strava_assets.strava.account import delete_subscriptions

    installation = opened()
    out.print(f"{delete_subscriptions(installation.settings, installation.database)} subscriptions deleted")


@app.command(hidden=True)
def sandbox(arguments: Annotated[list[str] | None, typer.Argument()] = None) -> None:
    """The simulated Strava by itself."""
    import runpy

    sys.argv = ["strava_assets.sandbox", *(arguments or [])]
    runpy.run_module("strava_assets.sandbox", run_name="__main__")


#: Why an activity is not on the map, for a person.
_REASONS = {
    "no visible run": "with no 200 m in one piece outside what is hidden",
    "no positions": "without positions",
    "virtual: not outdoors": "virtual",
    "not released by its owner": "whose visibility nobody knows (strava-assets show --import ID)",
    "visible to followers only": "for followers only",
    "visible to its owner only": "for their owner only",
}


def _print_publication(installation: Any) -> None:
    from strava_assets.tables import months_of

    gate = installation.gate()
    known = gate.known()
    shown = table("published", "files", "bytes")
    for label, ends in (("stream CSVs", ".csv"), ("maps", ".topojson"), ("summaries and index", ".json")):
        entries = [entry for path, entry in known.items() if path.endswith(ends)]
        shown.add_row(label, f"{len(entries):,}", f"{sum(entry.bytes for entry in entries):,}")
    out.print(shown)
    out.print(f"in {installation.settings.public_root}")
    absent: Counter[str] = Counter()
    months = months_of(installation.store, "masked_geometries")
    for month in months:
        absent.update(reason for reason in months.read(month, columns=["hidden_because"])[0].to_pylist() if reason)
    if absent:
        out.print(
            "Not on the map: "
            + "; ".join(f"{count:,} {_REASONS.get(reason, reason)}" for reason, count in absent.most_common()),
        )


def _wait() -> None:
    import signal

    signal.sigwait({signal.SIGINT, signal.SIGTERM})
