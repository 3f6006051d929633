"""What Strava tells by itself: events, judged and kept.

What belongs here: the shape of an event, the secrets of the callback's address. What does not: the web service
(``gateway``), what becomes of events (``draining``), the subscription (``subscriptions``). An event is only a
hint to look again: whatever it says, the API is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from strava_assets.settings import Settings
from strava_assets.strava.keys import derive
from strava_assets.strava.originals import clean_text, storable

_Number = Annotated[int, Field(gt=0, lt=2**63, strict=True)]
_LONGEST = 200  # characters kept of what changed
#: How old a signature may be, seconds.
SIGNATURE_LASTS = 5 * 60


class Event(BaseModel):
    """An event as Strava pushes it; fields that we do not know are left out."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    subscription_id: _Number
    owner_id: _Number
    object_type: Literal["activity", "athlete"]
    object_id: _Number
    aspect_type: Literal["create", "update", "delete"]
    event_time: Annotated[int, Field(ge=0, lt=2**33, strict=True)]  # Unix seconds
    updates: dict[str, Any] = Field(default_factory=dict, max_length=50)

    @field_validator("updates")
    @classmethod
    def _as_text(cls, updates: dict[str, Any]) -> dict[str, str]:
        """Strava's values are strings; of anything else its JSON is kept, cut short."""
        return {
            _short(name): _short(value if isinstance(value, str) else json.dumps(value))
            for name, value in updates.items()
        }

    def parameters(self) -> dict[str, Any]:
        """For the query ``put_webhook_event``."""
        told = [
            self.subscription_id,
            self.owner_id,
            self.object_type,
            self.object_id,
            self.aspect_type,
            self.event_time,
            self.updates,
        ]
        return {
            "subscription_id": self.subscription_id,
            "owner_id": self.owner_id,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "aspect_type": self.aspect_type,
            "event_time": datetime.fromtimestamp(self.event_time, UTC),
            "updates": storable(self.updates),
            "digest": hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest(),
        }


def path_token(settings: Settings) -> str:
    """The secret part of the callback's address."""
    return hmac.new(derive(settings, "webhook path"), b"path", hashlib.sha256).hexdigest()[:32]


def verify_token(settings: Settings) -> str:
    """What Strava repeats in its handshake."""
    return hmac.new(derive(settings, "webhook verify"), b"verify", hashlib.sha256).hexdigest()[:32]


def parse_event(body: bytes) -> Event:
    """Read and judge an event.

    Strict JSON: UTF-8, each name once, no NaN; numbers, names and depth within what can be kept.

    Raises
    ------
    ValueError
        Not JSON, or not an event. The message is for the log, and quotes nothing.
    """
    try:
        told = json.loads(body.decode(), object_pairs_hook=_each_once, parse_constant=_refuse)
        return Event.model_validate(told)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"][:1]) or "body"
        raise ValueError(f"not an event: {wrong}") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def signature_holds(header: str, body: bytes, key: str, now: float | None = None) -> bool:
    """Whether a body was signed with ``key`` within the last five minutes.

    Strava's reference documents no signature; its example page shows this one. While a key is changed there may
    be several ``v1``: one that is right will do.
    """
    parts = [part.strip().partition("=")[::2] for part in header.split(",")]
    moments = [value for name, value in parts if name == "t"]
    if len(moments) != 1 or not re.fullmatch("[0-9]{1,12}", moments[0]):
        return False
    right = _signature(moments[0].encode(), body, key).encode()
    # all are compared: how long it takes does not tell which one was right
    good = sum(hmac.compare_digest(value.encode(), right) for name, value in parts if name == "v1")
    return good > 0 and abs((time.time() if now is None else now) - int(moments[0])) <= SIGNATURE_LASTS


def _short(text: str) -> str:
    return clean_text(text)[:_LONGEST]


def _signature(moment: bytes, body: bytes, key: str) -> str:
    return hmac.new(key.encode(), moment + b"." + body, hashlib.sha256).hexdigest()


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)
