"""Staged uploads: room for a file, filled by a form in several parts as object storage takes it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from xml.sax.saxutils import escape

from orderweft.testing import Request, Response

from .store import Store
from .values import timestamp

UPLOADS = "/staged-uploads/"
MAX_FILE = 104_857_600
_VALID = timedelta(hours=24)


@dataclass(frozen=True)
class StagedUploadParameter:
    """A field of the form."""

    name: str
    value: str


@dataclass(frozen=True)
class StagedMediaUploadTarget:
    """Where a file is to be sent, and with which fields before it."""

    url: str
    resource_url: str
    parameters: list[StagedUploadParameter]


@dataclass(eq=False)
class StagedFile:
    """Room for one file."""

    id: str
    key: str
    fields: list[tuple[str, str]]
    until: float
    body: bytes | None = None


@dataclass(frozen=True)
class Part:
    """One part of a form."""

    name: str
    is_file: bool
    body: bytes


def stage(store: Store, base: str, given: Mapping[str, Any]) -> StagedMediaUploadTarget:
    """Make room for one file."""
    token, now = f"{store.random.getrandbits(128):032x}", store.now()
    key = f"tmp/90000000001/bulk/{token}/{given['filename']}"
    policy = {"expiration": timestamp(now + _VALID), "conditions": [["content-length-range", 1, MAX_FILE]]}
    fields = [
        ("Content-Type", given["mimeType"]),
        ("success_action_status", "201"),
        ("acl", "private"),
        ("key", key),
        ("x-goog-date", now.strftime("%Y%m%dT%H%M%SZ")),
        ("x-goog-credential", "simulated@storage.example/auto/storage/goog4_request"),
        ("x-goog-algorithm", "GOOG4-RSA-SHA256"),
        ("x-goog-signature", f"{store.random.getrandbits(256):064x}"),
        ("policy", base64.b64encode(json.dumps(policy).encode()).decode()),
    ]
    until = store.clock.monotonic() + _VALID.total_seconds()
    store.add(StagedFile(token, key, fields, until))
    parameters = [StagedUploadParameter(name, value) for name, value in fields]
    return StagedMediaUploadTarget(f"{base}{UPLOADS}", f"{base}{UPLOADS}{key}", parameters)


def take_upload(store: Store, request: Request) -> Response:
    """Take a file into the room made for it: all fields in the order given, the file last, no token."""
    if "x-shopify-access-token" in request.headers:
        return xml_error(400, "InvalidArgument", "The access token of the shop does not belong here.")
    parts = parse_form(request.headers.get("content-type", ""), request.body)
    if not parts or not parts[-1].is_file or parts[-1].name != "file" or any(part.is_file for part in parts[:-1]):
        return xml_error(400, "InvalidArgument", "POST requires exactly one file upload, as the last field.")
    fields = [(part.name, part.body.decode("utf-8", "replace")) for part in parts[:-1]]
    room = next((each for each in store.all(StagedFile) if each.key == dict(fields).get("key")), None)
    if room is None or fields != room.fields:
        return xml_error(403, "AccessDenied", "The fields of the form do not match the policy.")
    if store.clock.monotonic() >= room.until:
        return xml_error(403, "AccessDenied", "Policy expired.")
    body = parts[-1].body
    if not 1 <= len(body) <= MAX_FILE:
        code = "EntityTooSmall" if not body else "EntityTooLarge"
        return xml_error(400, code, f"Your proposed upload has not between 1 and {MAX_FILE} bytes.")
    room.body = body
    place = f"https://storage.example/{escape(room.key)}"
    answer = f"<PostResponse><Location>{place}</Location><Bucket>uploads</Bucket><Key>{escape(room.key)}</Key>"
    return _xml(201, f"{answer}<ETag>&quot;{room.id}&quot;</ETag></PostResponse>")


def parse_form(content_type: str, body: bytes) -> list[Part]:
    """Return the parts of a multipart form; none when it is malformed."""
    match = re.match(r'multipart/form-data;.*boundary="?([^";]+)"?', content_type, re.IGNORECASE)
    if match is None:
        return []
    first, *pieces = (b"\r\n" + body).split(b"\r\n--" + match[1].encode())
    if first or not pieces or not pieces[-1].startswith(b"--"):
        return []
    parts = []
    for piece in pieces[:-1]:
        head, separator, content = piece.partition(b"\r\n\r\n")
        named = re.search(rb'(?<![a-z])name="([^"]*)"', head, re.IGNORECASE)
        if not separator or named is None:
            return []
        parts.append(Part(named[1].decode("utf-8", "replace"), b"filename" in head.lower(), content))
    return parts


def xml_error(status: int, code: str, message: str) -> Response:
    """Build a refusal of object storage."""
    return _xml(status, f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>")


def _xml(status: int, text: str) -> Response:
    body = f"<?xml version='1.0' encoding='UTF-8'?>{text}".encode()
    return Response(status, {"content-type": "application/xml; charset=UTF-8"}, body)
