"""The nouns. One file each; what travels or decides lives elsewhere."""

from responses.models.alert import Channel, Delivery, Transition
from responses.models.api_token import ApiToken
from responses.models.audit import AuditEntry
from responses.models.clockwork import Heartbeat, LastRun
from responses.models.counts import HourlyCount, MinuteCount, OutcomeHour
from responses.models.failed_request import FailedRequest, FailedRequestIssue, SealedRequest
from responses.models.follow_up import FollowUp
from responses.models.gate import Gate
from responses.models.integration import IntakeKey, Integration
from responses.models.issue import Issue, IssueHour
from responses.models.resend import Attempt, Resend
from responses.models.response import CallerId, FailureBody, Item, Response, SuccessBody
from responses.models.user import Membership, Role, User

__all__ = [
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "CallerId",
    "Channel",
    "Delivery",
    "FailedRequest",
    "FailedRequestIssue",
    "FailureBody",
    "FollowUp",
    "Gate",
    "Heartbeat",
    "HourlyCount",
    "IntakeKey",
    "Integration",
    "Issue",
    "IssueHour",
    "Item",
    "LastRun",
    "Membership",
    "MinuteCount",
    "OutcomeHour",
    "Resend",
    "Response",
    "Role",
    "SealedRequest",
    "SuccessBody",
    "Transition",
    "User",
]
