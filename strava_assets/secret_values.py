"""Secrets that settings only point to: in a file, or with a cloud's secret manager.

What belongs here: how they point, and asking for what is meant. What does not: which settings there are (``settings``).

``STRAVA_CLIENT_SECRET_FILE=/run/secrets/strava``, and so on for every secret, or as the value itself:

- ``file:/run/secrets/strava``: the file's text, less white space around it, as Docker and Kubernetes mount one;
- ``aws-secret:NAME`` or an ARN, ``#MEMBER`` behind it if the secret is a JSON object: AWS Secrets Manager, with the
  account, region and endpoint that ``AWS_*`` and instance roles give, as for ``s3://``;
- ``gcp-secret:projects/PROJECT/secrets/NAME``, ``/versions/VERSION`` behind it if not the latest; or only ``NAME``, in
  the account's own project: Google Secret Manager, with Application Default Credentials.

A process asks once for each.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from strava_assets.errors import SettingsError

FILE, AWS, GOOGLE = "file", "aws-secret", "gcp-secret"
_REFERENCE = re.compile(rf"({FILE}|{AWS}|{GOOGLE}):(.+)", re.DOTALL)
#: Seconds to connect to a secret manager, and for its answer.
_PATIENCE = (5.0, 10.0)
#: More than any secret has, bytes: what is larger is another file.
_LARGEST = 65536
#: As Google's own command line has it.
_GOOGLE_ENDPOINT = "CLOUDSDK_API_ENDPOINT_OVERRIDES_SECRETMANAGER"


class SecretElsewhere(SecretStr):
    """A secret that was looked up.

    Parameters
    ----------
    reference : str
        Where it is.
    value : str
        What was there.
    """

    def __init__(self, reference: str, value: str):
        super().__init__(value)
        self.reference = reference


def secret_names(settings: type[BaseSettings]) -> dict[str, str]:
    """The fields that hold a secret, each with the name of its setting."""
    fields = settings.model_fields.items()
    return {name: str(field.alias) for name, field in fields if SecretStr in get_args(field.annotation)}


class MountedSecrets(PydanticBaseSettingsSource):
    """``STRAVA_CLIENT_SECRET_FILE=/run/secrets/strava``, and so on for every secret.

    Parameters
    ----------
    settings : type
    told : sequence of EnvSettingsSource
        Where such names may stand.
    """

    def __init__(self, settings: type[BaseSettings], told: Sequence[EnvSettingsSource]):
        super().__init__(settings)
        self._given = {name.upper(): value for source in reversed(told) for name, value in source.env_vars.items()}

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """A reference to the file, under the setting's name."""
        name = str(field.alias)
        path = self._given.get(f"{name}_FILE")
        reference = f"{FILE}:{os.path.abspath(path)}" if path else None
        if reference and self._given.get(name) not in (None, reference):
            raise SettingsError(f"{name} and {name}_FILE are both set; leave one of them out")
        return reference, name, False

    def __call__(self) -> dict[str, Any]:
        """All there are."""
        found = [
            self.get_field_value(self.settings_cls.model_fields[field], field)
            for field in secret_names(self.settings_cls)
        ]
        return {name: reference for reference, name, _ in found if reference}


def reference_of(secret: SecretStr) -> str | None:
    """Where a secret was looked up; None if it was given as it is."""
    return secret.reference if isinstance(secret, SecretElsewhere) else None


def looked_up(given: str) -> SecretStr:
    """A setting's value, or what it points to.

    Raises
    ------
    ValueError
        It points to what is not there, or cannot be had; nothing of a secret is in the sentence.
    """
    match = _REFERENCE.fullmatch(given)
    if match is None:
        return SecretStr(given)
    value = _ask(*match.groups())
    if not value:
        raise ValueError(f"{given} is empty")
    return SecretElsewhere(given, value)


@functools.cache
def _ask(kind: str, name: str) -> str:
    return {FILE: _of_file, AWS: _of_amazon, GOOGLE: _of_google}[kind](name)


def _of_file(name: str) -> str:
    try:
        with Path(name).open("rb") as file:
            held = file.read(_LARGEST + 1)
        if len(held) > _LARGEST:
            raise ValueError(f"the file {name} is too large for a secret")
        return held.decode().strip()
    except OSError as error:
        raise ValueError(f"the file {name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the file {name} is no text") from None


def _of_amazon(name: str) -> str:
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    secret, _, member = name.partition("#")
    try:
        client = botocore.session.get_session().create_client(
            "secretsmanager",
            config=Config(connect_timeout=_PATIENCE[0], read_timeout=_PATIENCE[1], retries={"total_max_attempts": 3}),
        )
        text = client.get_secret_value(SecretId=secret).get("SecretString")
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "an error")
        raise ValueError(f"AWS Secrets Manager answers {code} for {secret}") from None
    except (BotoCoreError, ValueError) as error:
        raise ValueError(f"AWS Secrets Manager cannot be asked for {secret}: {_line(error)}") from None
    if text is None:
        raise ValueError(f"{secret} in AWS Secrets Manager is binary; a text is expected")
    return _member(text, member, secret) if member else str(text)


def _member(text: str, member: str, secret: str) -> str:
    try:
        members = json.loads(text)
    except ValueError:
        members = None
    found = members.get(member) if isinstance(members, dict) else None
    if not isinstance(found, str):
        raise ValueError(f"{secret} in AWS Secrets Manager is no JSON object with a text {member!r}")
    return found


def _of_google(name: str) -> str:
    try:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import AuthorizedSession
        from requests import RequestException
    except ImportError:
        raise ValueError(f"{GOOGLE}: needs one more package: pip install 'strava-assets[google]'") from None
    try:
        credentials, project = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        path = name if name.startswith("projects/") else f"projects/{project}/secrets/{name}"
        path = path if "/versions/" in path else f"{path}/versions/latest"
        host = os.environ.get(_GOOGLE_ENDPOINT, "https://secretmanager.googleapis.com").rstrip("/")
        answer = AuthorizedSession(credentials).get(f"{host}/v1/{path}:access", timeout=_PATIENCE)
    except (GoogleAuthError, RequestException, OSError) as error:
        raise ValueError(f"Google Secret Manager cannot be asked for {name}: {_line(error)}") from None
    if answer.status_code != 200:
        raise ValueError(f"Google Secret Manager answers {answer.status_code} for {path}")
    try:
        return base64.b64decode(answer.json()["payload"]["data"], validate=True).decode()
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise ValueError(f"Google Secret Manager answers with no secret for {path}") from None


def _line(error: Exception) -> str:
    """The first line of what a library says, at most so long."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
