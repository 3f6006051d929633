"""Settings, from the environment and ``.env``: names, defaults, checks.

What belongs here: reading and validating what CONTRACT calls settings, and the paths derived from
them. What does not: opening anything (databases, stores, servers).
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
from datetime import date
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import AliasChoices, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from strava_assets.dashboard.choices import Choices, tiles_origin
from strava_assets.errors import SettingsError
from strava_assets.mail import mail_server
from strava_assets.owner_password import is_hash
from strava_assets.secret_values import MountedSecrets, looked_up, secret_names

#: Set by our own commands for their children, or read by the tests.
_OTHERS = {"STRAVA_ASSETS_DAGSTER_URL", "STRAVA_ASSETS_TEST_CHROMIUM"}
#: What a wrong value is not shown of.
_SECRET = ("SECRET", "_HASH", "_TOKEN", "_KEY", "DATABASE_URL", "POSTGIS_URL", "SMTP_URL", "ALERT_EMAIL")
#: One address, with nothing around it.
_ADDRESS = re.compile(r"[^\s@<>,;:\"()]+@[^\s@<>,;:\"()]+")
#: A project, and a dataset in it.
_DATASET = re.compile(r"([a-z0-9.-]+(:[a-z0-9.-]+)?\.)?[A-Za-z0-9_]+")
#: What we keep in the home that is nobody else's business.
_PRIVATE_FOLDERS = ("private", "postgres", "dagster", "inbox", "reports", "logs")
#: The name of Dagster's code location: sensors keep their cursors by it, so it is the same everywhere.
LOCATION = "strava_assets"
MONTH = re.compile(r"^\d{4}-(0[1-9]|1[0-2])$")


class Settings(BaseSettings):
    """What the owner may set; every field has a default, so an empty environment is valid."""

    # not populate_by_name: it would take HOME, HOST and PORT of the environment for settings
    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    client_id: str | None = Field(None, alias="STRAVA_CLIENT_ID")
    client_secret: SecretStr | None = Field(None, alias="STRAVA_CLIENT_SECRET")
    api_url: str = Field("https://www.strava.com/api/v3", alias="STRAVA_API_URL")
    oauth_url: str = Field("https://www.strava.com/oauth", alias="STRAVA_OAUTH_URL")

    home: Path = Field(Path("var"), alias="STRAVA_ASSETS_HOME")
    database_url: SecretStr | None = Field(None, alias="STRAVA_ASSETS_DATABASE_URL")
    private_url: str = Field("", alias="STRAVA_ASSETS_PRIVATE_URL")
    public_url: str = Field("", alias="STRAVA_ASSETS_PUBLIC_URL", validate_default=True)
    secret_key: SecretStr | None = Field(None, alias="STRAVA_ASSETS_SECRET_KEY")

    webhook_signing_key: SecretStr | None = Field(None, alias="STRAVA_ASSETS_WEBHOOK_SIGNING_KEY")

    host: str = Field("127.0.0.1", alias="STRAVA_ASSETS_HOST")
    owner_password_hash: SecretStr | None = Field(None, alias="STRAVA_ASSETS_OWNER_PASSWORD_HASH")
    metrics_token: SecretStr | None = Field(None, alias="STRAVA_ASSETS_METRICS_TOKEN", min_length=16)
    port: int = Field(8000, alias="STRAVA_ASSETS_PORT", ge=1, le=65535)
    base_url: str = Field("", alias="STRAVA_ASSETS_BASE_URL", validate_default=True)
    dagster_port: int = Field(3000, alias="STRAVA_ASSETS_DAGSTER_PORT", ge=1, le=65535)

    first_month: str = Field("2005-01", alias="STRAVA_ASSETS_FIRST_MONTH")
    import_visibility: Literal["everyone", "hidden"] = Field("hidden", alias="STRAVA_ASSETS_IMPORT_VISIBILITY")
    publish_sources: str = Field("archive,api", alias="STRAVA_ASSETS_PUBLISH_SOURCES")
    publish_without_zones: bool = Field(False, alias="STRAVA_ASSETS_PUBLISH_WITHOUT_ZONES")
    public_lake: bool = Field(False, alias="STRAVA_ASSETS_PUBLIC_LAKE")
    public_columns: str = Field("", alias="STRAVA_ASSETS_PUBLIC_COLUMNS")
    link_to_strava: bool = Field(False, alias="STRAVA_ASSETS_LINK_TO_STRAVA")
    api_retention_days: int | None = Field(None, alias="STRAVA_ASSETS_API_RETENTION_DAYS", ge=1)
    resting_heartrate: float = Field(60.0, alias="STRAVA_ASSETS_RESTING_HEARTRATE", ge=30, le=100)
    map_title: str = Field("Where we have been", alias="STRAVA_ASSETS_MAP_TITLE", max_length=120)
    map_tiles_url: str = Field("", alias="STRAVA_ASSETS_MAP_TILES_URL")
    map_attribution: str = Field("© OpenStreetMap contributors", alias="STRAVA_ASSETS_MAP_ATTRIBUTION")
    map_units: Literal["", "metric", "imperial"] = Field("", alias="STRAVA_ASSETS_MAP_UNITS")
    map_theme: Literal["", "light", "dark"] = Field("", alias="STRAVA_ASSETS_MAP_THEME")

    postgis_url: SecretStr | None = Field(None, alias="STRAVA_ASSETS_POSTGIS_URL")
    bigquery_dataset: str = Field("", alias="STRAVA_ASSETS_BIGQUERY_DATASET")

    alert_email: SecretStr | None = Field(None, alias="STRAVA_ASSETS_ALERT_EMAIL")
    smtp_url: SecretStr | None = Field(
        None, alias="SMTP_URL", validation_alias=AliasChoices("SMTP_URL", "STRAVA_ASSETS_SMTP_URL")
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The program's own values, the environment, ``.env``; then the files that ``…_FILE`` there names."""
        told = [each for each in (env_settings, dotenv_settings) if isinstance(each, EnvSettingsSource)]
        return init_settings, env_settings, dotenv_settings, MountedSecrets(settings_cls, told)

    @field_validator("*", mode="before")
    @classmethod
    def _elsewhere(cls, value: Any, field: ValidationInfo) -> Any:
        secret = isinstance(value, str) and str(field.field_name) in secret_names(cls)
        return looked_up(value) if secret else value

    @field_validator("first_month")
    @classmethod
    def _month(cls, value: str) -> str:
        if not MONTH.match(value) or value > date.today().strftime("%Y-%m"):
            raise ValueError(f"{value!r} is not a past month like 2005-01")
        return value

    @field_validator("public_url")
    @classmethod
    def _apart(cls, value: str, others: ValidationInfo) -> str:
        """Whatever lies under the public root is public: nothing of ours may, but through the gate."""
        if "home" not in others.data or "private_url" not in others.data:
            return value  # wrong themselves, and said so
        home = others.data["home"].expanduser().resolve()
        public = _place(_store_url(value, home / "public"))
        private = _place(_store_url(others.data["private_url"], home / "private"))
        if _lies_in(private, public) or _lies_in(public, private):
            raise ValueError("public files and STRAVA_ASSETS_PRIVATE_URL lie in one another; name a place for each")
        own = [_place(str(home / name)) for name in _PRIVATE_FOLDERS]
        if _lies_in(_place(str(home)), public) or any(_lies_in(public, folder) for folder in own):
            raise ValueError(
                "what STRAVA_ASSETS_HOME keeps to itself would be public; name a folder that holds nothing else"
            )
        return value

    @field_validator("publish_sources")
    @classmethod
    def _sources(cls, value: str) -> str:
        wrong = {part.strip() for part in value.split(",")} - {"archive", "api", ""}
        if wrong:
            raise ValueError(f"{', '.join(sorted(wrong))}: only archive and api exist")
        return value

    @field_validator("dagster_port")
    @classmethod
    def _own_port(cls, value: int, others: ValidationInfo) -> int:
        if value == others.data.get("port"):
            raise ValueError("STRAVA_ASSETS_PORT is the same; each needs its own")
        return value

    @field_validator("base_url", mode="before")
    @classmethod
    def _here(cls, value: Any, others: ValidationInfo) -> Any:
        """If nobody said otherwise, browsers reach the gateway where it listens."""
        return value or f"http://127.0.0.1:{others.data.get('port', 8000)}"

    @field_validator("api_url", "oauth_url", "base_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} does not start with http:// or https://")
        return value.rstrip("/")

    @field_validator("map_tiles_url")
    @classmethod
    def _tiles(cls, value: str) -> str:
        tiles_origin(value)
        return value

    @field_validator("bigquery_dataset")
    @classmethod
    def _dataset(cls, value: str) -> str:
        if value and not _DATASET.fullmatch(value):
            raise ValueError(f"{value!r} is no dataset like my-project.strava")
        return value

    @field_validator("owner_password_hash")
    @classmethod
    def _password_hash(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_hash(value.get_secret_value()):
            raise ValueError("is none that `strava-assets view --password` printed")
        return value

    @field_validator("alert_email")
    @classmethod
    def _address(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _ADDRESS.fullmatch(value.get_secret_value()):
            raise ValueError("is no e-mail address like you@example.org")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            mail_server(value.get_secret_value())
        return value

    @property
    def home_path(self) -> Path:
        """Absolute path of ``STRAVA_ASSETS_HOME``."""
        return self.home.expanduser().resolve()

    @property
    def private_root(self) -> str:
        """fsspec URL of the private store, without a trailing slash."""
        return _store_url(self.private_url, self.home_path / "private")

    @property
    def public_root(self) -> str:
        """fsspec URL of the public root. Only ``publish.gate`` writes there."""
        return _store_url(self.public_url, self.home_path / "public")

    def is_public(self, path: Path) -> bool:
        """Whether a file would lie under the public root."""
        return _lies_in(_place(str(path)), _place(self.public_root))

    @property
    def sources(self) -> frozenset[str]:
        """Provenances that may be published."""
        return frozenset(part.strip() for part in self.publish_sources.split(",") if part.strip())

    @property
    def map_choices(self) -> Choices:
        """What the owner chose for everybody who looks at the map."""
        return Choices(self.map_title, self.map_tiles_url, self.map_attribution, self.map_units, self.map_theme)

    @property
    def inbox(self) -> Path:
        """The folder where dropped files are imported."""
        return self.home_path / "inbox"

    def key(self) -> bytes:
        """The installation's secret: from the setting, else made once in ``secret.key`` (mode 600).

        Returns
        -------
        bytes
            At least 32 characters, UTF-8 encoded. Encrypts tokens and keys the public ids.
        """
        if self.secret_key is not None:
            value = self.secret_key.get_secret_value()
            if len(value) < 32:
                raise SettingsError(
                    "STRAVA_ASSETS_SECRET_KEY is shorter than 32 characters; make one with: openssl rand -hex 32"
                )
            return value.encode()
        path = self.home_path / "secret.key"
        try:
            if not path.exists():
                self.home_path.mkdir(parents=True, exist_ok=True)
                _write_once(path, secrets.token_hex(32))
            value = path.read_text().strip()
        except OSError as error:
            raise SettingsError(f"cannot read or make {path}: {error.strerror}") from error
        except UnicodeDecodeError:
            value = ""
        if len(value) < 32:
            raise SettingsError(
                f"{path} is damaged; restore it from a backup. Without it, tokens and public ids are lost"
            )
        return value.encode()


def load() -> Settings:
    """The settings in force; a wrong one is refused in one line that names it.

    Raises
    ------
    SettingsError
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        said = first["loc"][0] if first["loc"] else "settings"
        field = Settings.model_fields.get(str(said))  # one that is wrong as it is when nobody set it
        name = field.alias if field else said
        shown = "" if any(word in str(name) for word in _SECRET) else f" (got {first['input']!r})"
        raise SettingsError(f"{name}: {first['msg'].removeprefix('Value error, ')}{shown}") from None


def unknown_names() -> dict[str, str]:
    """Names in the environment and ``.env`` that look like settings and are none, each with the nearest that is."""
    known = {str(field.alias) for field in Settings.model_fields.values()} | {"STRAVA_ASSETS_SMTP_URL"}
    known |= {f"{name}_FILE" for name in secret_names(Settings).values()}
    given = {*os.environ, *dotenv_values(".env")}
    odd = sorted(name for name in given - known - _OTHERS if name.startswith("STRAVA_"))
    return {name: (difflib.get_close_matches(name, known, 1) or [""])[0] for name in odd}


def _store_url(url: str, default: Path) -> str:
    """An fsspec URL without a trailing slash; a plain path becomes absolute."""
    if not url:
        return str(default)
    if "://" in url:
        return url.rstrip("/")
    return str(Path(url).expanduser().resolve())


def _place(url: str) -> tuple[str, ...]:
    """A URL as the kind of its store, and the way down to it."""
    kind, mark, rest = url.rpartition("://")
    if not mark or kind in ("file", "local"):
        return ("file", *Path(rest).resolve().parts)
    return (kind, *(part for part in rest.split("/") if part))


def _lies_in(inner: tuple[str, ...], outer: tuple[str, ...]) -> bool:
    """Whether one place is the other, or below it."""
    return inner[: len(outer)] == outer


def _write_once(path: Path, text: str) -> None:
    """Write a mode-600 file if no other process has: whoever links first wins."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    finally:
        temporary.unlink()
