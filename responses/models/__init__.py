"""The nouns. One file each; what travels or decides lives elsewhere."""

from responses.models.alert import Alert, AlertRule, AlertThread
from responses.models.api_token import ApiToken
from responses.models.audit import AuditEntry
from responses.models.bulk_run import BulkRow, BulkRun
from responses.models.channel import Channel
from responses.models.clockwork import Heartbeat, LastRun
from responses.models.counts import HourlyCount, MinuteCount, OutcomeHour
from responses.models.delivery import Delivery
from responses.models.failed_request import FailedRequest, FailedRequestIssue, SealedRequest
from responses.models.follow_up import FollowUp
from responses.models.gate import Gate
from responses.models.integration import IntakeKey, Integration
from responses.models.issue import Issue, IssueHour
from responses.models.resend import Attempt, Resend
from responses.models.response import CallerId, FailureBody, Item, Response, SuccessBody
from responses.models.resubmission import Draft, Resubmission, Trial
from responses.models.transition import Transition
from responses.models.user import Membership, Role, User

__all__ = [
    "Alert",
    "AlertRule",
    "AlertThread",
    "ApiToken",
    "Attempt",
    "AuditEntry",
    "BulkRow",
    "BulkRun",
    "CallerId",
    "Channel",
    "Delivery",
    "Draft",
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
    "Resubmission",
    "Role",
    "SealedRequest",
    "SuccessBody",
    "Transition",
    "Trial",
    "User",
]
