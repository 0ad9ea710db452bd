"""A folder in an S3 bucket, and the only module that speaks S3."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, InvalidPathError
from obstore.store import S3Store

from ..errors import (
    AuthenticationError,
    ChannelError,
    RecordError,
    RejectedError,
    SettingsError,
    UnavailableError,
    UnknownOutcomeError,
)
from .folder import LARGEST_FILE, Entry, Folder, _checked, _checked_file

if TYPE_CHECKING:
    from obstore.store import S3Credential

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_ELSEWHERE = ("AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "PermanentRedirect")


class S3Folder(Folder):
    """The objects of a bucket below a prefix; a folder is there as long as something is in it."""

    def __init__(
        self,
        address: str,
        *,
        access_key: str | None,
        secret_key: str | None,
        region: str | None,
        endpoint: str | None,
        ca_certificate: str | None,
        timeout: float,
    ) -> None:
        super().__init__()
        self._bucket, prefix = _parse(address)
        self.name = f"s3://{self._bucket}"
        if not access_key or not secret_key:
            raise SettingsError(f"{self.name}: S3 needs access_key and secret_key; no others are looked for")
        self._access_key = access_key
        self._objects = _opened(
            self._bucket, prefix, (access_key, secret_key), _endpoint(region, endpoint), region, ca_certificate, timeout
        )

    def write(self, path: str, data: bytes) -> None:
        """Write a whole object by one request, which the server refuses when the name is taken; there is no `.part`.

        The same content being there already is success, which makes repeating harmless; another content is left as it
        is and raises RejectedError. UnknownOutcomeError means that the request was made and has no answer. A server
        that does not know conditional writes and says so raises SettingsError; with a careless one, which ignores the
        condition, of two that write at the same moment the later one wins.
        """
        path = _checked_file(path)
        with self._turn(path):
            if self._holds(path, data):
                return
            try:
                self._store(path, data)
            except FileExistsError:
                if not self._holds(path, data):
                    raise UnavailableError(f"{self.name}: another program writes {path!r} at the same time") from None

    def _entries(self, path: str) -> list[Entry]:
        with self._telling(path):
            found = self._objects.list_with_delimiter(path or None)
        folders = [Entry(posixpath.basename(name), 0, None, is_folder=True) for name in found["common_prefixes"]]
        # an object named as its folder, such as consoles make for an empty one, is not in it
        files = [
            Entry(posixpath.basename(told["path"]), told["size"], told["last_modified"])
            for told in found["objects"]
            if told["path"] != path
        ]
        return folders + files

    def _load(self, path: str, limit: int) -> bytes:
        with self._telling(path):
            data = bytearray()
            for chunk in obstore.get(self._objects, path):
                data += chunk
                if len(data) > limit:
                    break
            return bytes(data[: limit + 1])

    def _store(self, path: str, data: bytes) -> None:
        with self._telling(path, changes=True):
            obstore.put(self._objects, path, data, mode="create")

    def _rename(self, path: str, target: str) -> bool:
        """Copy *path* unless *target* is there, then delete it; a move that stopped between the two is completed."""
        size = self._size(path)
        if size is None:
            raise RejectedError(f"{self.name}: {path!r} is a folder, and S3 moves only files")
        there = self._size(target)
        if there is None:
            try:
                self._copy(path, target, size)
            except FileExistsError:
                return False
        elif there != size or size > LARGEST_FILE or self._load(path, size) != self._load(target, size):
            return False
        self._remove(path)
        return True

    def _copy(self, path: str, target: str, size: int) -> None:
        """Copy what fits into memory as `write` does, which every server knows; more by parts, on the server."""
        if size > LARGEST_FILE:
            with self._telling(target, changes=True):
                obstore.copy(self._objects, path, target, overwrite=False)
            return
        with self._telling(path):
            found = obstore.get(self._objects, path)
            data = found.bytes()
        with self._telling(target, changes=True):
            obstore.put(self._objects, target, data, attributes=found.attributes, mode="create")

    def _make_folder(self, path: str) -> None:
        """Do nothing: a folder is there as soon as something is in it."""

    def _remove(self, path: str) -> None:
        if self._size(path) is None:
            raise FileNotFoundError(path)
        with self._telling(path, changes=True):
            obstore.delete(self._objects, path)

    def _exists(self, path: str) -> bool:
        if path and self._size(path) is not None:
            return True
        with self._telling(path):
            try:
                return next(iter(self._objects.list(path or None, chunk_size=1)), None) is not None
            except InvalidPathError:
                return True  # something with an odd name is in it

    def _size(self, path: str) -> int | None:
        try:
            with self._telling(path):
                return obstore.head(self._objects, path)["size"]
        except FileNotFoundError:
            return None

    @contextmanager
    def _telling(self, path: str, *, changes: bool = False) -> Iterator[None]:
        """Turn what goes wrong into our errors; *changes*: without an answer it may have been done."""
        where = f"{self.name}: {path!r}"
        try:
            yield
        except FileNotFoundError as error:
            if "<Code>NoSuchBucket<" in str(error):
                raise self._no_bucket() from error
            raise FileNotFoundError(path) from error
        except AlreadyExistsError as error:
            raise FileExistsError(path) from error
        except InvalidPathError as error:
            raise RejectedError(f"{where} holds a name with an empty or dotted part, which no path can say") from error
        except UnicodeEncodeError as error:
            raise RejectedError(f"{where} cannot be used, names in S3 are UTF-8") from error
        except BaseError as error:
            raise self._told(where, str(error), changes) from error

    def _told(self, where: str, text: str, changes: bool) -> ChannelError | RecordError | SettingsError:
        status = int(_found(r"status code: (\d{3})", text) or 0)
        code = _found(r"<Code>(\w+)</Code>", text)
        why = code or (f"HTTP {status}" if status else "no answer")
        if code == "NoSuchBucket":
            return self._no_bucket()
        if code in _ELSEWHERE or status in (301, 307) or "redirect" in text:
            right = _found(r"<Region>([\w-]+)</Region>", text)
            return SettingsError(f"{self.name} is in another region; set region" + (f' = "{right}"' if right else ""))
        if status in (401, 403):
            return AuthenticationError(
                f"{where} is refused to {self._access_key} ({why}); check access_key and secret_key, and that they may "
                "list the bucket and get, put and delete its objects"
            )
        if not status and "certificate" in text.lower():
            return SettingsError(
                f"{self.name}: the certificate of its server cannot be trusted; if endpoint is right, set "
                "ca_certificate to the PEM text of the authority it comes from"
            )
        if changes and status == 501:
            return SettingsError(f"{self.name}: its server does not know writes that replace nothing (If-None-Match)")
        if 400 <= status < 500 and status != 429:
            return RejectedError(f"{where} cannot be used ({why})")
        if changes and status not in (429, 503):
            return UnknownOutcomeError(f"{where} was being changed when the answer failed to come ({why})")
        return UnavailableError(f"{where} cannot be used now ({why})")

    def _no_bucket(self) -> SettingsError:
        return SettingsError(f"{self.name} is not there; check the bucket and region or endpoint")


def _opened(
    bucket: str,
    prefix: str,
    keys: tuple[str, str],
    endpoint: str,
    region: str | None,
    ca_certificate: str | None,
    timeout: float,
) -> S3Store:
    credential: S3Credential = {
        "access_key_id": keys[0],
        "secret_access_key": keys[1],
        "token": None,
        "expires_at": None,
    }
    try:
        return S3Store(
            bucket,
            prefix=prefix or None,
            # The library reads AWS_* of the environment first, so all that decides who asks, where and how is said.
            config={
                "endpoint": endpoint,
                "aws_endpoint_url_s3": endpoint,
                "region": region or "us-east-1",
                "skip_signature": False,
                "unsigned_payload": False,
                "virtual_hosted_style_request": False,
                "s3_express": False,
                "request_payer": False,
                "conditional_put": "etag",
                "copy_if_not_exists": "multipart",
                "disable_bulk_delete": True,
            },
            credential_provider=lambda: credential,
            client_options={
                "allow_http": endpoint.startswith("http:"),
                "allow_invalid_certificates": False,
                "connect_timeout": timedelta(seconds=timeout),
                "timeout": timedelta(seconds=4 * timeout),
                **({"root_certificate": ca_certificate} if ca_certificate else {}),
            },
            retry_config={"max_retries": 0},
        )
    except (BaseError, ValueError) as error:
        raise SettingsError(f"s3://{bucket}: these settings cannot be used; check region and ca_certificate") from error


def _parse(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    if "@" in parts.netloc:
        raise SettingsError("the s3:// address must not carry keys; access_key and secret_key are settings")
    if parts.query or parts.fragment or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}", parts.netloc):
        raise SettingsError(f"{address!r} must be written as s3://bucket/prefix, with ? as %3F and # as %23")
    return parts.netloc, _checked(unquote(parts.path).strip("/"))


def _endpoint(region: str | None, endpoint: str | None) -> str:
    if region and not re.fullmatch(r"[A-Za-z0-9-]+", region):
        raise SettingsError(f"region must be a name such as eu-central-1, not {region!r}")
    if not endpoint:
        if not region:
            raise SettingsError(
                "S3 needs region, such as eu-central-1, or endpoint, the https:// address of its server"
            )
        return f"https://s3.{region}.amazonaws.com"
    try:
        parts = urlsplit(endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SettingsError("endpoint must be written as https://host[:port]") from None
    if not host or parts.query or parts.fragment or "@" in parts.netloc or parts.scheme not in ("http", "https"):
        raise SettingsError("endpoint must be written as https://host[:port]")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise SettingsError("endpoint must begin with https://; http:// is for a server on this machine")
    return endpoint.rstrip("/")


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""
