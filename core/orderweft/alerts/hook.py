"""Alerts to a webhook: a chat that takes what Slack takes, or any program that takes JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..clock import Clock
from ..config import SlackAlert, WebhookAlert
from ..config.alerts import Detail
from ..errors import AuthenticationError, ChannelError, UnavailableError
from ..http import Http
from .model import Digest, Over, Problem
from .text import body, subject

# https://docs.slack.dev/reference/block-kit/blocks/section-block: 3000 characters a section, 50 blocks a message
_SECTION, _BLOCKS = 2900, 40


def send_slack(alert: SlackAlert, digest: Digest, clock: Clock) -> None:
    """Post *digest* as text and blocks; raises ChannelError when it is not taken."""
    title, text = (_plain(part) for part in (subject(digest), body(digest, alert.detail)))
    sections = [f"*{title[:_SECTION]}*", *_sections(text)][:_BLOCKS]
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": part}} for part in sections]
    payload = {"text": f"{title}\n{text}"[:_SECTION], "blocks": blocks}
    _post(alert, json.dumps(payload, ensure_ascii=False), {}, clock)


def send_webhook(alert: WebhookAlert, digest: Digest, clock: Clock) -> None:
    """Post *digest* as signed JSON; raises ChannelError when it is not taken."""
    payload = json.dumps(to_data(digest, alert.detail), ensure_ascii=False)
    stamp = str(int(clock.now().timestamp()))
    signed = f"{stamp}.{payload}".encode()
    signature = hmac.new(alert.secret.get_secret_value().encode(), signed, hashlib.sha256).hexdigest()
    headers = {
        "orderweft-id": digest.id,
        "orderweft-timestamp": stamp,
        "orderweft-signature": f"sha256={signature}",
    }
    _post(alert, payload, headers, clock)


def to_data(digest: Digest, detail: Detail) -> dict[str, Any]:
    """Return *digest* as plain data, as far as *detail* allows."""
    return {
        "version": 1,
        "id": digest.id,
        "at": f"{digest.at:%Y-%m-%dT%H:%M:%SZ}",
        "test": digest.is_test,
        "pipeline": digest.pipeline or None,
        "run": digest.run,
        "subject": subject(digest),
        "text": body(digest, detail),
        "problems": [_problem(one, detail) for one in digest.problems],
        "over": [_over(one, detail) for one in digest.over],
    }


def _problem(one: Problem, detail: Detail) -> dict[str, Any]:
    told: dict[str, Any] = {"kind": one.kind, "reason": one.reason, "urgent": one.is_urgent, "again": one.is_again}
    if detail == "none":
        return told
    return told | {
        "label": one.label,
        "customer": one.customer,
        "message": one.message,
        "fix": one.fix,
        "command": one.command,
        "deadline": str(one.deadline) if one.deadline else None,
    }


def _over(one: Over, detail: Detail) -> dict[str, Any]:
    return {"kind": one.kind} if detail == "none" else {"kind": one.kind, "label": one.label, "message": one.message}


def _plain(text: str) -> str:
    """Return *text* so that Slack takes no part of it for a mention or a link."""
    # https://docs.slack.dev/messaging/formatting-message-text#escaping
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _sections(text: str) -> Iterator[str]:
    section = ""
    for line in text.splitlines():
        if section and len(section) + len(line) >= _SECTION:
            yield section
            section = ""
        section = f"{section}\n{line[:_SECTION]}" if section else line[:_SECTION]
    if section.strip():
        yield section


def _post(alert: SlackAlert | WebhookAlert, payload: str, headers: Mapping[str, str], clock: Clock) -> None:
    url = alert.where.get_secret_value()
    http = Http(url, clock=clock, timeout=alert.timeout / 2, secrets=[url])
    try:
        sent = {"content-type": "application/json", **headers}
        response = http.write("POST", url, body=payload.encode(), headers=sent)
    except ChannelError as error:
        # the second half of such a message is about settings of connections
        raise type(error)(str(error).partition(";")[0]) from error
    finally:
        http.close()
    if response.status in (401, 403, 404, 410):
        raise AuthenticationError(f"{alert.place} does not know `where` (HTTP {response.status})")
    if not 200 <= response.status < 300:
        raise UnavailableError(f"{alert.place} answered HTTP {response.status}")
