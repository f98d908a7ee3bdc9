"""Signature v3 (TC3-HMAC-SHA256), checked by <https://cloud.tencent.com/document/api/213/30654>."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from werkzeug.wrappers import Request

AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/,\s]+)/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>[a-z0-9]+)/tc3_request, ?"
    r"SignedHeaders=(?P<headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)
SKEW = 300
"""How far the caller's clock may be off, in seconds."""


class Key(NamedTuple):
    """A key of an account. Temporary ones have a token and end at `expires`, in seconds of the epoch."""

    account: str
    secret: str
    token: str = ""
    expires: float = float("inf")
    user: str = ""


class Refusal(Exception):
    """An answer with `Response.Error`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def signer(request: Request, keys: Mapping[str, Key], now: float) -> Key:
    """Whose request it is. Raises Refusal with the codes of <https://cloud.tencent.com/document/product/1388/114322>."""
    found = AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
    if found is None:
        raise Refusal("AuthFailure.InvalidAuthorization", "The request header `Authorization` is not as it should be.")
    stamp = request.headers.get("X-TC-Timestamp", "")
    if not stamp.isdecimal():
        raise Refusal("MissingParameter", "The request is missing a required parameter `X-TC-Timestamp`.")
    if abs(now - int(stamp)) > SKEW:
        raise Refusal("AuthFailure.SignatureExpire", f"The signature expired: timestamp {stamp}, now {int(now)}.")
    key = keys.get(found["id"])
    if key is None:
        raise Refusal("AuthFailure.SecretIdNotFound", "The SecretId is not found, please ensure that it is correct.")
    if request.headers.get("X-TC-Token", "") != key.token or key.expires < now:
        raise Refusal("AuthFailure.TokenFailure", "The token is not valid or has expired.")
    day = datetime.fromtimestamp(int(stamp), UTC).date().isoformat()
    signed = found["headers"].split(";")
    complete = {"content-type", "host"} <= set(signed) and signed == sorted(signed)
    expected = signature(request, key.secret, stamp, day, found["service"], signed)
    if not complete or day != found["date"] or not hmac.compare_digest(expected, found["signature"]):
        raise Refusal(
            "AuthFailure.SignatureFailure",
            "The provided credentials could not be validated. Please check your signature is correct.",
        )
    return key


def signature(request: Request, secret: str, stamp: str, day: str, service: str, signed: list[str]) -> str:
    """The signature that a request should have, in hex."""
    headers = "".join(f"{name}:{request.headers.get(name, '').strip().lower()}\n" for name in signed)
    unsigned = request.headers.get("X-TC-Content-SHA256") == "UNSIGNED-PAYLOAD"
    payload = b"UNSIGNED-PAYLOAD" if unsigned else request.get_data()
    canonical = "\n".join(
        (request.method, "/", request.query_string.decode(), headers, ";".join(signed), _digest(payload))
    )
    scope = f"{day}/{service}/tc3_request"
    text = "\n".join(("TC3-HMAC-SHA256", stamp, scope, _digest(canonical.encode())))
    key = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
