"""Microsoft Entra ID's tokens: asked for with a client's secret, carried by every request, good for a while.

https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
An access token is opaque to who carries it. This one is a JSON Web Token signed with a key of the server's own, and
checked as Resource Manager does: signature, times, audience, tenant.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote_plus
from uuid import NAMESPACE_OID, uuid4, uuid5

from clouds.azure.arm import TENANT

AUDIENCES = (
    "https://management.core.windows.net/",
    "https://management.core.windows.net",
    "https://management.azure.com/",
    "https://management.azure.com",
)
CLIENT = "5d7e9f10-2b3c-4d5e-8f60-718293a4b5c6"
SECRET = "Ab3~kT9.vQ2xW7-mN5pR8sL1dF4gH6jZ0cYeU_aX"
OBJECT = str(uuid5(NAMESPACE_OID, CLIENT))
"""The object id of the client's service principal."""


class Refusal(Exception):
    """An answer that is no token or no list: status, error code, message, and Entra's number of the error."""

    def __init__(self, status: int, code: str, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.number = number


ENTRA = {
    70003: (400, "unsupported_grant_type", "The app requested an unsupported grant type '{}'."),
    90002: (400, "invalid_request", "Tenant '{}' not found. Check to make sure you have the correct tenant ID."),
    900144: (400, "invalid_request", "The request body must contain the following parameter: '{}'."),
    900561: (405, "invalid_request", "The endpoint only accepts POST requests. Received a {} request."),
    700016: (400, "unauthorized_client", "Application with identifier '{}' was not found in the directory."),
    1002012: (400, "invalid_scope", "The provided value for scope {} is not valid: it must end with /.default."),
    7000215: (401, "invalid_client", "Invalid client secret provided for a secret added to app '{}'."),
    7000218: (401, "invalid_client", "The request body must contain 'client_assertion' or 'client_secret'."),
}
"""By number: status, error code, message."""
BEARER = {
    "AuthenticationFailed": "Authentication failed. The 'Authorization' header is missing.",
    "InvalidAuthenticationToken": "The access token is invalid.",
    "ExpiredAuthenticationToken": "The access token expiry UTC time '{}' is earlier than current UTC time '{}'.",
    "InvalidAuthenticationTokenAudience": (
        "The access token has been obtained for wrong audience or resource '{}'. It should exactly match with one of "
        "the allowed audiences {}."
    ),
}


def no_token(number: int, *what: str) -> Refusal:
    status, code, message = ENTRA[number]
    return Refusal(status, code, message.format(*what), number)


def _no_passage(code: str, *what: str) -> Refusal:
    return Refusal(401, code, BEARER[code].format(*what))


class Tokens:
    """The token service of a tenant with one client. `lifetime` is in seconds.

    So many of the next tokens as `stale` says are past their time, although what comes with them says nothing of it.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self.lifetime = 3599
        self.stale = 0
        self.issued: list[str] = []

    def issue(self, tenant: str, form: Mapping[str, str], authorization: str = "") -> dict[str, Any]:
        """The answer to a request for a token. Raises Refusal."""
        if tenant.lower() != TENANT:
            raise no_token(90002, tenant)
        client, secret = _credentials(form, authorization)
        grant = form.get("grant_type", "")
        for name, value in (("grant_type", grant), ("client_id", client)):
            if not value:
                raise no_token(900144, name)
        if grant != "client_credentials":
            raise no_token(70003, grant)
        if client != CLIENT:
            raise no_token(700016, client)
        if not secret:
            raise no_token(7000218)
        if not hmac.compare_digest(secret.encode(), SECRET.encode()):
            raise no_token(7000215, client)
        return {
            "token_type": "Bearer",
            "expires_in": self.lifetime,
            "ext_expires_in": self.lifetime,
            "access_token": self._token(_audience(form.get("scope", ""))),
        }

    def _token(self, audience: str) -> str:
        now = int(time.time())
        if self.stale:
            self.stale -= 1
            now -= self.lifetime
        claims = {
            "aud": audience, "iss": f"https://sts.windows.net/{TENANT}/", "tid": TENANT, "iat": now, "nbf": now - 300,
            "exp": now + self.lifetime, "appid": CLIENT, "oid": OBJECT, "idtyp": "app", "uti": uuid4().hex,
        }  # fmt: skip
        body = f"{_packed({'typ': 'JWT', 'alg': 'HS256'})}.{_packed(claims)}"
        self.issued.append(f"{body}.{self._signature(body)}")
        return self.issued[-1]

    def _signature(self, body: str) -> str:
        return _text(hmac.new(self._key, body.encode(), hashlib.sha256).digest())

    def check(self, authorization: str) -> None:
        """Let a request with this Authorization header pass. Raises Refusal."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer":
            raise _no_passage("AuthenticationFailed")
        body, _, signature = token.rpartition(".")
        if not hmac.compare_digest(self._signature(body).encode(), signature.encode()):
            raise _no_passage("InvalidAuthenticationToken")
        claims = json.loads(_unpacked(body.partition(".")[2]))
        now = time.time()
        if claims["exp"] <= now:
            raise _no_passage("ExpiredAuthenticationToken", _clock(claims["exp"]), _clock(now))
        if claims["aud"] not in AUDIENCES:
            allowed = ",".join(f"'{one}'" for one in AUDIENCES)
            raise _no_passage("InvalidAuthenticationTokenAudience", claims["aud"], allowed)


def _credentials(form: Mapping[str, str], authorization: str) -> tuple[str, str]:
    """The client and its secret: in the form, or in the header as RFC 6749 (2.3.1) has it."""
    scheme, _, packed = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client, _, secret = base64.b64decode(packed, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise no_token(7000218) from error
    return unquote_plus(client), unquote_plus(secret)


def _audience(scope: str) -> str:
    resource, found, rest = scope.partition("/.default")
    if not found or rest or not resource:
        raise no_token(1002012, scope)
    return resource


def _clock(moment: float) -> str:
    return time.strftime("%m/%d/%Y %I:%M:%S %p", time.gmtime(moment))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _packed(value: Mapping[str, Any]) -> str:
    return _text(json.dumps(value, separators=(",", ":")).encode())


def _unpacked(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
