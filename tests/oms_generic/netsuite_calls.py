"""How the tests of the NetSuite fake sign their calls, written apart from the fake."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from orderweft import Request, Response
from orderweft.testing import FakeClock
from orderweft_oms_generic.simulator import Simulator

from .calls import HOST, bearer, request, says

TOKEN = f"{HOST}/services/rest/auth/oauth2/v1/token"
NOW = int(FakeClock().now().timestamp())
HASHES: dict[str, Any] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def b64(data: bytes) -> str:
    """Return *data* as JWT writes it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def assertion(sim: Simulator, algorithm: str = "ES256", *, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """Return a signed JWT."""
    known = sim.settings()
    head = {"typ": "JWT", "alg": algorithm, "kid": known["certificate_id"], **(header or {})}
    body = {
        "iss": known["client_id"],
        "scope": ["rest_webservices"],
        "aud": TOKEN,
        "iat": NOW,
        "exp": NOW + 300,
        **claims,
    }
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(body).encode())}"
    key, hash_ = serialization.load_pem_private_key(known["private_key"].encode(), None), HASHES[algorithm[2:]]
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hash_)))
        signature = r.to_bytes(size) + s.to_bytes(size)
    else:
        assert isinstance(key, rsa.RSAPrivateKey)
        pss = padding.PSS(padding.MGF1(hash_), hash_.digest_size)
        signature = key.sign(signed.encode(), pss if algorithm[:2] == "PS" else padding.PKCS1v15(), hash_)
    return f"{signed}.{b64(signature)}"


def ask_token(sim: Simulator, jwt: str, **fields: str) -> Response:
    """Ask for a token."""
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": jwt,
        **fields,
    }
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return sim.handle(Request("POST", TOKEN, headers, urlencode(form).encode()))


def token(sim: Simulator) -> str:
    """Return a token."""
    return str(says(ask_token(sim, assertion(sim)))["access_token"])


def call(
    sim: Simulator, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, **query: Any
) -> Response:
    """Send a call with a new token."""
    sent = {**bearer(token(sim)), **(headers or {})}
    return sim.handle(request(method, f"/services/rest{path}", body, sent, **query))


def sql(sim: Simulator, text: str, **query: Any) -> Any:
    """Return the answer to a query."""
    answer = call(sim, "POST", "/query/v1/suiteql", {"q": text}, {"prefer": "transient"}, **query)
    return says(answer)


def signed(sim: Simulator, asked: Request, *, nonce: str = "n-1", at: int = NOW, **changed: str) -> Request:
    """Return *asked* signed by OAuth 1.0a."""
    known = {**sim.settings(), **changed}
    given = {
        "oauth_consumer_key": known["consumer_key"],
        "oauth_token": known["token_id"],
        "oauth_nonce": nonce,
        "oauth_timestamp": str(at),
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_version": "1.0",
    }
    address, _, query = asked.url.partition("?")
    pairs = sorted((coded(name), coded(value)) for name, value in [*given.items(), *parse_qsl(query)])
    base = "&".join(coded(part) for part in (asked.method, address, "&".join(f"{n}={v}" for n, v in pairs)))
    key = f"{coded(known['consumer_secret'])}&{coded(known['token_secret'])}"
    made = base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()
    fields = {"realm": known["account"], **given, "oauth_signature": made}
    header = "OAuth " + ", ".join(f'{name}="{coded(value)}"' for name, value in fields.items())
    return Request(asked.method, asked.url, {**asked.headers, "authorization": header}, asked.body)


def coded(text: str) -> str:
    """Return *text* percent-encoded as OAuth does."""
    return quote(text, safe="-._~")
