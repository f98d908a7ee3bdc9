"""Who signed a request, by Aliyun's documents: ACS3-HMAC-SHA256 (V3) and HMAC-SHA1 (RPC, version 1.0).

<https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature>
<https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism>
"""

import base64
import hashlib
import hmac
import re
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from urllib.parse import quote

from werkzeug.wrappers import Request

SKEW: Final = timedelta(minutes=15)
AUTHORIZATION: Final = re.compile(
    r"ACS3-HMAC-SHA256 Credential=(?P<key>[^,]+), ?SignedHeaders=(?P<headers>[^,]+), ?"
    r"Signature=(?P<signature>[0-9a-f]+)"
)


class Refused(Exception):
    """Raised for what Aliyun refuses: the status and the code and message of the answer's body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message


class Key(NamedTuple):
    """An access key, and whose it is. One of STS has a token and a time at which it expires."""

    secret: str
    account: str
    arn: str
    token: str = ""
    expires: datetime = datetime.max.replace(tzinfo=UTC)


class Claim(NamedTuple):
    """What a request says of its signer."""

    key: str
    time: str
    nonce: str
    token: str


class Signatures:
    """The keys there are, and the nonces that have been used."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.keys = dict(keys)
        self._nonces: set[str] = set()
        self._lock = threading.Lock()

    def signer(self, request: Request, params: Mapping[str, str], now: datetime) -> Key:
        """The key that a request is signed with; raises `Refused` where it is not signed as it must be."""
        if "Authorization" in request.headers:
            found = AUTHORIZATION.fullmatch(request.headers["Authorization"])
            if found is None:
                raise Refused(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
            header = request.headers.get
            claim = Claim(found["key"], _given("Timestamp", header("x-acs-date")),
                          _given("SignatureNonce", header("x-acs-signature-nonce")),
                          header("x-acs-security-token", ""))  # fmt: skip
            key = self._key(claim, now)
            expected = v3_signature(request, found["headers"].split(";"), key.secret)
            self._check(expected, found["signature"], claim)
            return key
        key_id, time, nonce = (
            _given(name, params.get(name)) for name in ("AccessKeyId", "Timestamp", "SignatureNonce")
        )
        claim = Claim(key_id, time, nonce, params.get("SecurityToken", ""))
        for name, value in (("SignatureMethod", "HMAC-SHA1"), ("SignatureVersion", "1.0")):
            if params.get(name) != value:
                raise Refused(400, "InvalidParameter", f'The specified parameter "{name}" is not valid.')
        key = self._key(claim, now)
        self._check(rpc_signature(request.method, params, key.secret), params.get("Signature", ""), claim)
        return key

    def _key(self, claim: Claim, now: datetime) -> Key:
        key = self.keys.get(claim.key)
        if key is None:
            raise Refused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
        if key.token and not claim.token:
            raise Refused(400, "MissingSecurityToken", "SecurityToken is mandatory for this action.")
        if claim.token != key.token:
            raise Refused(400, "InvalidSecurityToken.MismatchWithAccessKey",
                          "Specified SecurityToken mismatch with the AccessKey.")  # fmt: skip
        if now >= key.expires:
            raise Refused(400, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
        try:
            at = datetime.strptime(claim.time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        except ValueError:
            raise Refused(400, "InvalidTimeStamp.Format",
                          "Specified time stamp or date value is not well formatted.") from None  # fmt: skip
        if abs(now - at) > SKEW:
            raise Refused(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
        return key

    def _check(self, expected: str, signature: str, claim: Claim) -> None:
        if not hmac.compare_digest(expected, signature):
            raise Refused(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
        with self._lock:
            if claim.nonce in self._nonces:
                raise Refused(400, "SignatureNonceUsed", "Specified signature nonce was used already.")
            self._nonces.add(claim.nonce)


def v3_signature(request: Request, signed: Iterable[str], secret: str) -> str:
    """The signature that a request must carry; raises `Refused` where a header is left out that must be signed."""
    signed = sorted(name.lower() for name in signed)
    due = {name.lower() for name, _ in request.headers if name.lower().startswith("x-acs-")} | {"host"}
    if not due <= set(signed):
        raise Refused(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
    payload = hashlib.sha256(request.get_data()).hexdigest()
    if request.headers.get("x-acs-content-sha256") != payload:
        raise Refused(400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.")
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in signed)
    path, query = quote(request.path, safe="/~-_."), _canonical(request.args.items(multi=True))
    canonical = "\n".join((request.method, path, query, headers, ";".join(signed), payload))
    string = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), string.encode(), hashlib.sha256).hexdigest()


def rpc_signature(method: str, params: Mapping[str, str], secret: str) -> str:
    """The signature of an RPC call's parameters, whether they are in the query or in a form."""
    canonical = _canonical((name, value) for name, value in params.items() if name != "Signature")
    string = f"{method}&%2F&{_encoded(canonical)}"
    return base64.b64encode(hmac.new(f"{secret}&".encode(), string.encode(), hashlib.sha1).digest()).decode()


def _canonical(params: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in sorted(params))


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _given(name: str, value: str | None) -> str:
    if not value:
        raise Refused(400, f"Missing{name}", f"{name} is mandatory for this action.")
    return value
