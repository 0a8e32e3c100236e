"""What a channel says when it has not accepted a message."""

from __future__ import annotations


class ChannelError(Exception):
    """A message was not accepted. The words are for people: no secret of the target stands in them.

    ``permanent``: trying again cannot help. ``retry_after``: how many seconds the channel asks to wait.
    """

    def __init__(self, message: str, *, permanent: bool, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


class TargetError(ValueError):
    """A target that must not be used, and why, in a sentence for the person who typed it."""
