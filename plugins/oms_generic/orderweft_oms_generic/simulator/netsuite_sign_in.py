"""NetSuite's two ways to sign in, with real signatures: a JWT for an OAuth 2 token, and OAuth 1.0a on every call."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from orderweft import Clock, Request, Response
from orderweft.testing import brand

from .netsuite_switches import Key, Switches
from .wire import Refusal, bearer

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105  a path
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_SECONDS = 3600
_CLOCKS_APART = 300

_CURVES: Mapping[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}
_CURVE_OF = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_HASHES: Mapping[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


@cache
def _private_key(kind: Key, seed: int) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    if kind == "RSA":
        return rsa.generate_private_key(65537, 3072)
    number = int.from_bytes(hashlib.sha256(f"simulated key {seed}".encode()).digest()) >> 1
    return ec.derive_private_key(number, _CURVES[kind])


def simulated_key(kind: Key, seed: int) -> str:
    """Return a made-up private key as PEM."""
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return _private_key(kind, seed).private_bytes(serialization.Encoding.PEM, form, plain).decode()


class SignIn:
    """Issue tokens for signed assertions, and tell whether a call is signed as it must be."""

    def __init__(self, clock: Clock, seed: int, known: Mapping[str, str], switches: Switches) -> None:
        self._clock = clock
        self._known = known
        self._key = _private_key(switches["key"], seed)
        self._seed = seed
        self._switches = switches
        self._tokens: dict[str, float] = {}
        self._nonces: set[tuple[str, str]] = set()

    @property
    def private_key(self) -> str:
        """Return the private key that belongs to the certificate, as PEM."""
        return simulated_key(self._switches["key"], self._seed)

    def issue(self, request: Request) -> Response:
        """Answer a request for a token."""
        form = request.form()
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _refused("invalid_request", 400)
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != ASSERTION_TYPE:
            return _refused("unsupported_grant_type", 400)
        if not self._is_valid(form.get("client_assertion", ""), request.url.partition("?")[0]):
            return _refused("invalid_client", 401)
        token = brand.secret(f"simulated-access-token-{len(self._tokens)}")
        self._tokens[token] = self._clock.monotonic() + TOKEN_SECONDS
        seconds: int | str = str(TOKEN_SECONDS) if self._switches["expires_in"] == "text" else TOKEN_SECONDS
        return Response.of_json({"access_token": token, "expires_in": seconds, "token_type": "bearer"})

    def check(self, request: Request) -> None:
        """Refuse a call that is not signed in."""
        is_signed = request.headers.get("authorization", "").startswith("OAuth ")
        tba = self._switches["tba"] == "allowed"
        allowed = (tba and self._is_signed(request)) if is_signed else self._is_current(bearer(request))
        if not allowed:
            raise Refusal(401, "Invalid login attempt.", "INVALID_LOGIN")

    def expire(self) -> None:
        """Let all tokens expire."""
        self._tokens = dict.fromkeys(self._tokens, self._clock.monotonic())

    def _is_current(self, token: str | None) -> bool:
        return token in self._tokens and self._clock.monotonic() < self._tokens[token]

    # the assertion

    def _is_valid(self, assertion: str, url: str) -> bool:
        try:
            coded_header, coded_payload, coded_signature = assertion.split(".")
            header, payload = json.loads(_decoded(coded_header)), json.loads(_decoded(coded_payload))
            signature = _decoded(coded_signature)
        except ValueError:
            return False
        return (
            isinstance(header, dict)
            and isinstance(payload, dict)
            and header.get("typ") == "JWT"
            and header.get("kid") == self._known["certificate_id"]
            and self._fits(f"{coded_header}.{coded_payload}".encode(), signature, str(header.get("alg")))
            and self._says_right(payload, url)
        )

    def _says_right(self, payload: Mapping[str, Any], url: str) -> bool:
        now, scope = self._clock.now().timestamp(), payload.get("scope")
        scopes = re.split(r"[,\s]+", scope) if isinstance(scope, str) else scope
        issued, ends = payload.get("iat"), payload.get("exp")
        host = self._known["account"].lower().replace("_", "-")
        return (
            payload.get("iss") == self._known["client_id"]
            and payload.get("aud") in (url, f"https://{host}.suitetalk.api.netsuite.com{TOKEN_PATH}")
            and isinstance(scopes, list)
            and bool(scopes and scopes[0])
            and self._switches["scope"] in ("any", *scopes)
            and isinstance(issued, int)
            and isinstance(ends, int)
            and issued <= now + _CLOCKS_APART
            and now < ends < issued + TOKEN_SECONDS
        )

    def _fits(self, signed: bytes, signature: bytes, algorithm: str) -> bool:
        kind, hash_ = algorithm[:2], _HASHES.get(algorithm[2:])
        if hash_ is None:
            return False
        public = self._key.public_key()
        try:
            if isinstance(public, ec.EllipticCurvePublicKey):
                if kind != "ES" or public.curve.name != _CURVES[_CURVE_OF[algorithm]].name:
                    return False
                half = (public.curve.key_size + 7) // 8
                if len(signature) != 2 * half:
                    return False
                pair = utils.encode_dss_signature(int.from_bytes(signature[:half]), int.from_bytes(signature[half:]))
                public.verify(pair, signed, ec.ECDSA(hash_))
            elif kind == "PS":
                salted = padding.PSS(padding.MGF1(hash_), hash_.digest_size)
                public.verify(signature, signed, salted, hash_)
            elif self._switches["rs256"] and algorithm == "RS256":
                public.verify(signature, signed, padding.PKCS1v15(), hash_)
            else:
                return False
        except InvalidSignature:
            return False
        return True

    # OAuth 1.0a

    def _is_signed(self, request: Request) -> bool:
        pairs = re.findall(r'([A-Za-z_]+)="([^"]*)"', request.headers["authorization"])
        given = {name: unquote(value) for name, value in pairs}
        signature, realm = given.pop("oauth_signature", ""), given.pop("realm", "")
        wanted = {
            "oauth_consumer_key": self._known["consumer_key"],
            "oauth_token": self._known["token_id"],
            "oauth_signature_method": "HMAC-SHA256",
        }
        stamp, nonce = given.get("oauth_timestamp", ""), given.get("oauth_nonce", "")
        if realm != self._known["account"] or any(given.get(name) != value for name, value in wanted.items()):
            return False
        if given.get("oauth_version", "1.0") != "1.0" or not stamp.isdecimal() or not nonce:
            return False
        if abs(int(stamp) - self._clock.now().timestamp()) > _CLOCKS_APART or (stamp, nonce) in self._nonces:
            return False
        key = f"{_coded(self._known['consumer_secret'])}&{_coded(self._known['token_secret'])}"
        made = hmac.new(key.encode(), _base(request, given).encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(base64.b64encode(made).decode(), signature):
            return False
        self._nonces.add((stamp, nonce))
        return True


def _base(request: Request, given: Mapping[str, str]) -> str:
    """Return what is signed: RFC 5849, section 3.4.1."""
    parts = urlsplit(request.url)
    port = "" if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)) else f":{parts.port}"
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *given.items()]
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    sorted_ = sorted((_coded(name), _coded(value)) for name, value in pairs)
    normalized = "&".join(f"{name}={value}" for name, value in sorted_)
    url = f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}{port}{parts.path or '/'}"
    return "&".join(_coded(part) for part in (request.method.upper(), url, normalized))


def _coded(text: str) -> str:
    return quote(text, safe="-._~")


def _decoded(text: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]*", text):
        raise ValueError("not base64url")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _refused(error: str, status: int) -> Response:
    return Response.of_json({"error": error}, status)
