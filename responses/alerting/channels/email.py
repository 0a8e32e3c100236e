"""Mail: the layout of a message as text and HTML, and its way to the mail server of EMAIL_URL.

Called from a task, never from a request.
"""

from __future__ import annotations

import functools
import smtplib
import ssl
from email.mime.image import MIMEImage
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend
from django.core.validators import validate_email
from django.template.loader import render_to_string

from responses.alerting import wording
from responses.alerting.channels import chart
from responses.alerting.channels.deadline import Deadline
from responses.alerting.channels.errors import ChannelError, TargetError
from responses.alerting.message import Kind, Link, Message, Sent, Stamp, Tone

TOTAL_SECONDS = 30.0
MOST_ADDRESSES = 20

_BANDS = {
    Tone.CRITICAL: "#b3261e",
    Tone.URGENT: "#b3261e",
    Tone.NORMAL: "#9a4f00",
    Tone.INFO: "#1f5fbf",
    Tone.GOOD: "#1b6e3c",
    "staging": "#4b5565",
}
"""The colour of the band on top, white words on it: real orders stand out."""
_SMTP = "django.core.mail.backends.smtp.EmailBackend"


def validate(target: str) -> str:
    """Return the addresses as they are kept, separated by commas; ``TargetError`` says which is wrong."""
    # Also the separators that are no control characters: a mail header must stay one line.
    if not target.isprintable():
        raise TargetError("The addresses must stand on one line, without control characters.")
    addresses = list(dict.fromkeys(part.strip() for part in target.split(",") if part.strip()))
    if not addresses:
        raise TargetError("Give at least one e-mail address.")
    if len(addresses) > MOST_ADDRESSES:
        raise TargetError(f"Give at most {MOST_ADDRESSES} e-mail addresses.")
    for address in addresses:
        try:
            validate_email(address)
        except ValidationError:
            raise TargetError(f"“{wording.clean(address, 80)}” is not an e-mail address.") from None
    return ", ".join(addresses)


def hint(target: str) -> str:
    """What is shown of the addresses: the first two, and how many more."""
    first, *others = addresses(target)
    shown = ", ".join([first, *others[:1]])
    return wording.cut(f"{shown} and {len(others) - 1} more" if len(others) > 1 else shown, 120)


def addresses(target: str) -> list[str]:
    """The single addresses of a target."""
    return [part.strip() for part in target.split(",")]


def send(target: str, message: Message, stamp: Stamp) -> Sent:
    """Hand the message to the mail server. The note is what it said besides accepting; raises ``ChannelError``."""
    try:
        recipients = addresses(validate(target))
    except TargetError as error:
        raise ChannelError(str(error), permanent=True) from None
    mail = compose(message, recipients, stamp)
    with Deadline(TOTAL_SECONDS) as deadline:
        try:
            return Sent(_hand_over(mail, deadline))
        except (smtplib.SMTPException, OSError) as error:
            raise _reason(error, deadline) from None


# --- layout ---------------------------------------------------------------------------------------------------------


def compose(message: Message, recipients: list[str], stamp: Stamp) -> EmailMultiAlternatives:
    """Build the mail. The same delivery has the same Message-ID each time, the same thread the same References."""
    domain = _domain()
    headers = {
        "Message-ID": f"<{stamp.message_id}@{domain}>",
        # Nobody's automatic reply, and no bounce of a mailing list, is wanted.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": f"Ordergroove Monitor <alerts.{domain}>",
        **_thread(stamp, domain),
    }
    mail = _Mail(
        subject=message.subject,
        body=text(message),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=recipients,
        headers=headers,
    )
    picture = f"trend.{stamp.message_id}@{domain}" if message.trend else ""
    mail.attach_alternative(html(message, picture=picture), "text/html")
    if picture:
        mail.attach(_picture(message, picture))
    return mail


class _Mail(EmailMultiAlternatives):
    """What is attached belongs to the text: it is the picture that the HTML shows."""

    mixed_subtype = "related"


def _thread(stamp: Stamp, domain: str) -> dict[str, str]:
    """What keeps a thread together. The root was never sent: whoever missed the first mail has a thread all the same."""
    if not stamp.thread_id:
        return {}
    root = f"<{stamp.thread_id}@{domain}>"
    if stamp.is_first or not stamp.first_message_id:
        return {"References": root, "In-Reply-To": root}
    first = f"<{stamp.first_message_id}@{domain}>"
    return {"References": f"{root} {first}", "In-Reply-To": first}


def _picture(message: Message, name: str) -> MIMEImage:
    colour = chart.ARRIVALS if message.kind is Kind.SILENCE else chart.FAILURES
    image = MIMEImage(chart.png(message.trend, colour=colour), "png")
    image["Content-ID"] = f"<{name}>"
    image["Content-Disposition"] = 'inline; filename="trend.png"'
    return image


def text(message: Message) -> str:
    """The message as plain text."""
    return render_to_string("alerting/message.txt", _context(message)).strip() + "\n"


def html(message: Message, *, picture: str = "") -> str:
    """The message as HTML that needs nothing from elsewhere. ``picture``: the content id of the trend's chart."""
    return render_to_string("alerting/message.html", _context(message) | {"picture": picture})


def _context(message: Message) -> dict[str, Any]:
    left = (message.deadline_at - message.as_of).total_seconds() if message.deadline_at else 0.0
    answers = message.answers
    return {
        "message": message,
        "band": _BANDS["staging" if message.environment == "staging" and not message.is_good else message.tone],
        "pairs": [answers[at : at + 2] for at in range(0, len(answers), 2)],
        "links": [Link(message.url_label, message.url), *message.actions],
        "is_urgent": message.deadline_at is not None and left < 4 * wording.HOUR,
    }


def _domain() -> str:
    """What stands behind the @ of our ids. Addresses and bare names are no domain that a mail server likes to see."""
    host = urlsplit(settings.MONITOR_URL).hostname or ""
    is_name = "." in host and not host.replace(".", "").isdigit() and ":" not in host
    return host if is_name else "monitor.invalid"


# --- the way there --------------------------------------------------------------------------------------------------


def _hand_over(mail: EmailMultiAlternatives, deadline: Deadline) -> str:
    if settings.EMAIL_BACKEND != _SMTP:
        get_connection().send_messages([mail])
        return ""
    backend = _Backend(deadline)
    try:
        backend.send_messages([mail])
    finally:
        backend.close()  # it leaves a connection open that failed while it was being opened
    if not backend.refused:
        return ""
    refused = ", ".join(f"{address} ({_words(answer)})" for address, answer in backend.refused.items())
    return wording.clean(f"Sent, but the mail server refused: {refused}.", 500)


class _Backend(EmailBackend):
    """Django's backend, with a deadline for the whole, and without an error from what follows acceptance."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(fail_silently=False)
        self.deadline = deadline
        self.refused: dict[str, tuple[int, bytes]] = {}

    @property
    def connection_class(self) -> Any:
        return functools.partial(_SmtpOverTls if self.use_ssl else _Smtp, backend=self)

    def _close_connection(self, connection: smtplib.SMTP) -> None:
        try:
            connection.quit()
        except (smtplib.SMTPException, OSError):
            # The message has been accepted, or has failed for a reason that is under way already.
            connection.close()


class _Watched:
    """What both connections do beyond smtplib: be watched, and remember who was refused while others were not."""

    def __init__(self, *args: Any, backend: _Backend, **kwargs: Any) -> None:
        self._backend = backend
        backend.deadline.watch(lambda: getattr(self, "sock", None))
        super().__init__(*args, **kwargs)

    def sendmail(self, *args: Any, **kwargs: Any) -> dict[str, tuple[int, bytes]]:
        refused: dict[str, tuple[int, bytes]] = super().sendmail(*args, **kwargs)  # type: ignore[misc]
        self._backend.refused = refused
        return refused


class _Smtp(_Watched, smtplib.SMTP):
    """Plain, or with STARTTLS."""


class _SmtpOverTls(_Watched, smtplib.SMTP_SSL):
    """TLS from the first byte."""


def _reason(error: Exception, deadline: Deadline) -> ChannelError:
    """What went wrong in words, and whether it can pass."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        refused = ", ".join(f"{address} ({_words(answer)})" for address, answer in error.recipients.items())
        permanent = all(code >= 500 for code, _ in error.recipients.values())
        return ChannelError(wording.clean(f"The mail server refused: {refused}.", 500), permanent=permanent)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        # Not permanent: whoever corrects EMAIL_URL within a day gets what was missed.
        return ChannelError("The mail server refused the user name or password of EMAIL_URL.", permanent=False)
    if isinstance(error, smtplib.SMTPConnectError | smtplib.SMTPHeloError):
        return ChannelError(f"The mail server turned us away ({error.smtp_code}).", permanent=False)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        words = f"The mail server refused the message: {_words((error.smtp_code, _bytes(error.smtp_error)))}."
        return ChannelError(words, permanent=error.smtp_code >= 500)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return ChannelError("The mail server cannot do what EMAIL_URL asks for (STARTTLS or log-in).", permanent=False)
    if deadline.is_over or isinstance(error, TimeoutError):
        return ChannelError("The mail server did not answer in time.", permanent=False)
    if isinstance(error, ssl.SSLError):
        return ChannelError(
            f"No trusted connection to the mail server: {error.reason or 'TLS failed'}.", permanent=False
        )
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return ChannelError("The mail server closed the connection.", permanent=False)
    kind = getattr(error, "strerror", None) or type(error).__name__
    return ChannelError(f"No connection to the mail server of EMAIL_URL: {kind}.", permanent=False)


def _words(answer: tuple[int, bytes]) -> str:
    code, words = answer
    return wording.clean(f"{code} {words.decode('utf-8', 'replace')}", 160)


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-8", "replace")
