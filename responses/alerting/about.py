"""What a message is about, for programs: channels that hand events to other systems read this, people read the words."""

from __future__ import annotations

from datetime import datetime

import msgspec


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The facts behind a message. No personal data: orders and customers are numbers."""

    kind: str
    """The transition's kind, ``issue_opened`` say; of a test ``test``."""
    severity: str = "normal"
    """``info``, ``normal``, ``high`` or ``critical``."""
    alert_id: int | None = None
    issue_id: int | None = None
    integration: str = ""
    """Its slug; empty when it is about the monitor itself."""
    endpoint: str = ""
    status_code: int | None = None
    outcome: str = ""
    """Its word, ``needs_fix`` say."""
    failure: str = ""
    """Why there was no answer, ``timeout`` say."""
    field: str = ""
    failures: int | None = None
    requests: int | None = None
    orders: int | None = None
    deadline_at: datetime | None = None
    """When the oldest open request can no longer be saved."""
