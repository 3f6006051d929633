"""What Strava tells by itself: events, judged and kept.

What belongs here: the shape of an event, the secrets of the callback's address. What does not: the web service
(``gateway``), what becomes of events (``draining``), the subscription (``subscriptions``). An event is only a
hint to look again: whatever it says, the API is asked.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from strava_assets.settings import Settings
from strava_assets.strava.keys import derive
from strava_assets.strava.originals import clean_text, storable

_Number = Annotated[int, Field(gt=0, lt=2**63, strict=True)]
_LONGEST = 200  # characters kept of what changed


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

    def parameters(self) -> dict[str, Any]:
        """For the query ``put_webhook_event``."""
        updates = {
            _short(name): _short(value if isinstance(value, str) else json.dumps(value))
            for name, value in self.updates.items()
        }
        told = [
            self.subscription_id,
            self.owner_id,
            self.object_type,
            self.object_id,
            self.aspect_type,
            self.event_time,
            updates,
        ]
        return {
            "subscription_id": self.subscription_id,
            "owner_id": self.owner_id,
            "object_type": self.object_type,
            "object_id": self.object_id,
            "aspect_type": self.aspect_type,
            "event_time": datetime.fromtimestamp(self.event_time, UTC),
            "updates": storable(updates),
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

    Raises
    ------
    ValueError
        Not JSON, or not an event. The message is for the log, and quotes nothing.
    """
    try:
        return Event.model_validate(json.loads(body))
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"][:1]) or "body"
        raise ValueError(f"not an event: {wrong[:40]}") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON") from None


def _short(text: str) -> str:
    return clean_text(text)[:_LONGEST]
