"""Which way a message goes."""

from __future__ import annotations

from ..clock import Clock
from ..config import Alert, EmailAlert, SlackAlert, WebhookAlert
from .hook import send_slack, send_webhook
from .mail import send_mail
from .model import Digest


def send(alert: Alert, digest: Digest, clock: Clock) -> str | None:
    """Send *digest* the way *alert* says; return a remark when not everybody got it.

    Raises ChannelError: UnknownOutcomeError when it may have arrived, another when it has not.
    """
    match alert:
        case EmailAlert():
            return send_mail(alert, digest)
        case SlackAlert():
            send_slack(alert, digest, clock)
        case WebhookAlert():
            send_webhook(alert, digest, clock)
        case _:
            raise AssertionError(type(alert))
    return None
