"""How calls prove who we are: headers made from the credentials, and tokens that are asked for and renewed."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256
from oauthlib.oauth1 import Client as OAuth1
from orderweft import AuthenticationError, Connection, Request, SettingsError, UnavailableError

from ..config import Settings
from ..profiles.calls import render_auth
from ..profiles.parts import Auth

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TOKEN_KINDS = ("client_credentials", "jwt_assertion")
_SECONDS_IF_NOT_SAID = 600.0
# The one algorithm each curve goes with: RFC 7518, section 3.4.
_OF_CURVE = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


class SignIn:
    """The credentials of one account; use `connection.once(SignIn)`."""

    def __init__(self, connection: Connection[Settings]) -> None:
        self._name, self._http, self._clock = connection.name, connection.http, connection.clock
        self._settings = connection.settings
        self._lock = threading.Lock()
        self._auths: dict[str, Auth] = {}
        self._tokens: dict[str, tuple[str, float]] = {}
        for text in self._settings.secret_texts:
            self._http.keep_secret(text)

    def headers(self, name: str | None, request: Request) -> Mapping[str, str]:
        """Return the headers that sign *request* with the credentials *name*."""
        if name is None:
            return {}
        auth = self._auth(name)
        if auth.kind == "headers":
            return auth.headers
        if auth.kind == "basic":
            return {"authorization": _basic(auth.user, auth.password)}
        if auth.kind == "bearer":
            return {"authorization": f"Bearer {auth.token}"}
        if auth.kind == "oauth1":
            return self._signed(auth, request)
        return {"authorization": f"Bearer {self._token(name, auth)}"} if auth.kind in _TOKEN_KINDS else {}

    def renews(self, name: str | None, sent: Mapping[str, str]) -> bool:
        """Return whether another token can be had in the place of the one in *sent*, and forget that one."""
        if name is None or self._auth(name).kind not in _TOKEN_KINDS:
            return False
        with self._lock:
            if name in self._tokens and sent.get("authorization") == f"Bearer {self._tokens[name][0]}":
                del self._tokens[name]
        return True

    def _auth(self, name: str) -> Auth:
        with self._lock:
            if name not in self._auths:
                self._auths[name] = render_auth(self._settings.system, name, self._settings.texts)
            return self._auths[name]

    def _signed(self, auth: Auth, request: Request) -> Mapping[str, str]:
        client = OAuth1(
            auth.consumer_key,
            client_secret=auth.consumer_secret,
            resource_owner_key=auth.token,
            resource_owner_secret=auth.token_secret,
            realm=auth.realm,
            signature_method=SIGNATURE_HMAC_SHA256,
            nonce=secrets.token_hex(16),
            timestamp=str(int(self._clock.now().timestamp())),
        )
        # Only a form is part of what is signed: RFC 5849, section 3.4.1.3.
        is_form = "form-urlencoded" in request.headers.get("content-type", "")
        body = request.body.decode() if is_form else None
        headers = {"Content-Type": request.headers["content-type"]} if is_form else {}
        _, signed, _ = client.sign(request.url, request.method, body, headers)
        return {"authorization": signed["Authorization"]}

    def _token(self, name: str, auth: Auth) -> str:
        with self._lock:
            token, renew_at = self._tokens.get(name, ("", 0.0))
            if not token or self._clock.monotonic() >= renew_at:
                token, seconds = self._fresh(name, auth)
                self._tokens[name] = token, self._clock.monotonic() + 0.8 * seconds
            return token

    def _fresh(self, name: str, auth: Auth) -> tuple[str, float]:
        where = f"{self._name}: signing in to {self._settings.system.title} by {name}"
        form = {"grant_type": "client_credentials"}
        headers: dict[str, str] = {}
        if auth.kind == "jwt_assertion":
            form |= {"client_assertion_type": _ASSERTION, "client_assertion": self._assertion(auth, where)}
            self._http.keep_secret(form["client_assertion"])
        else:
            form |= {"scope": auth.scope} if auth.scope else {}
            headers["authorization"] = _basic(auth.client_id, auth.client_secret)
        response = self._http.read("POST", self._address(auth.token_url or ""), form=form, headers=headers)
        if response.status in (400, 401, 403):
            clock = ", and this machine's clock" if auth.kind == "jwt_assertion" else ""
            raise AuthenticationError(
                f"{where}: refused (HTTP {response.status}); check what [connections.{self._name}.values] says{clock}"
            )
        try:
            answer = response.json()
            token, seconds = str(answer["access_token"]), float(answer.get("expires_in") or _SECONDS_IF_NOT_SAID)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
            raise UnavailableError(f"{where}: no token in the answer (HTTP {response.status})") from None
        self._http.keep_secret(token)
        return token, seconds

    def _assertion(self, auth: Auth, where: str) -> str:
        pem, now = (auth.key or "").replace("\\n", "\n"), int(self._clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": auth.client_id, "scope": auth.scope, "aud": auth.token_url, "iat": now, "exp": now + auth.lifetime,
            **auth.claims,
        }  # fmt: skip
        try:
            key, algorithm = _key(pem, auth.algorithm)
            header = {"typ": "JWT", "alg": algorithm, "kid": auth.key_id}
            return jwt.encode(header, {k: v for k, v in claims.items() if v}, key, algorithms=[algorithm])
        except (JoseError, ValueError, TypeError):
            raise SettingsError(f"{where}: the private key is no RSA or EC key in PEM that fits") from None

    def _address(self, url: str) -> str:
        """Return where a token is asked for; `base_url` stands in for every host of the profile."""
        parts = urlsplit(url)
        return f"{self._settings.base_url}{parts.path}" if self._settings.base_url else url


def _basic(user: str | None, password: str | None) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _key(pem: str, algorithm: str) -> tuple[RSAKey | ECKey, str]:
    """Return the private key and the algorithm to sign with: an EC key allows one only, whatever the profile says."""
    if algorithm.startswith("ES"):
        key = ECKey.import_key(pem)
        return key, _OF_CURVE[str(key.curve_name)]
    try:
        return RSAKey.import_key(pem), algorithm
    except (JoseError, ValueError, TypeError):
        key = ECKey.import_key(pem)
        return key, _OF_CURVE[str(key.curve_name)]
