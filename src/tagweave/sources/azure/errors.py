"""What Azure's errors mean, those of its token service among them."""

import re
from collections.abc import Mapping
from typing import Final

import msgspec
from azure.core import exceptions

from tagweave.errors import Denied, SourceError, Terminal, Throttled, Transient
from tagweave.sources.clouds import Gone, Problem


class Refused(Exception):
    """An answer other than 200. Its text is its status and no more."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.code, self.message = _said(body)


def _said(body: bytes) -> tuple[str, str]:
    """The code and message of an error body: ARM's, Compute's without the wrapper, or the token service's."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return "", ""
    if not isinstance(found, dict):
        return "", ""
    inner = found.get("error", found)
    if isinstance(inner, str):
        return inner, str(found.get("error_description") or "")
    if not isinstance(inner, dict):
        return "", ""
    return str(inner.get("code") or ""), str(inner.get("message") or "")


_CREDENTIALS: Final = {
    "InvalidAuthenticationTokenTenant": "the credentials are of another tenant than the subscription: set `tenant`",
    "invalid_client": "check the client id and its secret, and that the secret has not expired",
    "unauthorized_client": "check the client id and the tenant",
    "invalid_grant": "sign in again",
}
"""The token service's and ARM's codes for credentials that are not accepted, and what to do."""
_EXPIRED: Final = "ExpiredAuthenticationToken"
_GONE: Final = frozenset({"NotFound", "ParentResourceNotFound", "ResourceGroupNotFound", "ResourceNotFound"})
_AGAIN: Final = frozenset(
    {"AnotherOperationInProgress", "InternalServerError", "RetryableError", "ServerTimeout", "ServiceUnavailable"}
)
_NO_CREDENTIALS: Final = (
    "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, sign in with `az login`, "
    "or run where an identity is attached"
)
_AADSTS: Final = re.compile(r"AADSTS\d+")
_USER: Final = re.compile(r"//[^/@\s]+@")
_MESSAGE: Final = 200
_CUT_OFF: Final = (
    exceptions.ServiceRequestError,
    exceptions.ServiceResponseError,
)


def explain(error: Exception, action: str, _region: str = "") -> Problem:
    """What an error means. The text holds codes, request ids and remedies, and never a header or a token."""
    if isinstance(error, SourceError):
        return Problem(type(error), str(error))
    if isinstance(error, Refused):
        return _refused(error, action)
    if isinstance(error, exceptions.ClientAuthenticationError):
        return _not_signed_in(error)
    if isinstance(error, (*_CUT_OFF, exceptions.HttpResponseError)):
        return Problem(Transient, f"{type(error).__name__}: {_plain(error)}")
    if isinstance(error, msgspec.DecodeError):
        return Problem(Terminal, f"{action} gave an answer that cannot be parsed")
    return Problem(Terminal, f"{type(error).__name__}: {_plain(error)}")


def _plain(error: Exception) -> str:
    return _USER.sub("//", " ".join(str(error).split()))[:_MESSAGE]


def _not_signed_in(error: exceptions.ClientAuthenticationError) -> Problem:
    """azure-identity wraps what came between it and the token service as if that had refused."""
    cause: BaseException | None = error
    while cause is not None:
        status = getattr(getattr(cause, "response", None), "status_code", None)
        if isinstance(cause, _CUT_OFF) or (isinstance(status, int) and (status == 429 or status >= 500)):
            return Problem(Transient, f"no token from the token service: {type(cause).__name__}")
        cause = cause.__cause__ or cause.__context__
    codes = ", ".join(dict.fromkeys(_AADSTS.findall(str(error))))
    if codes:
        return Problem(Denied, f"the token service refused the credentials: {codes}; check tenant, client and secret")
    return Problem(Denied, f"no credentials for Azure were found: {_NO_CREDENTIALS}")


def _refused(error: Refused, action: str) -> Problem:
    status, code = error.status, error.code
    aadsts = _AADSTS.search(error.message)
    named = f"{code or f'HTTP status {status}'}{f' {aadsts[0]}' if aadsts else ''}"
    request = error.headers.get("x-ms-request-id") or error.headers.get("x-ms-correlation-request-id")
    said = f"{named} (request id {request})" if request else named
    if code == _EXPIRED:  # the policy has let go of the token: the next try asks for a new one
        return Problem(Transient, said)
    if code in _CREDENTIALS or status == 401:
        return Problem(Denied, f"{said}; {_CREDENTIALS.get(code, 'check the credentials')}")
    if status == 403:
        return Problem(Denied, f"{said}; grant {action}")
    if status == 429:
        return Problem(Throttled, said, _retry_after(error.headers))
    if status >= 500 or status == 408 or code in _AGAIN:
        return Problem(Transient, said, _retry_after(error.headers))
    text = f"{said} from {action}"
    message = _USER.sub("//", " ".join(error.message.split()))[:_MESSAGE]
    if message:
        text += f": {message}"
    return Problem(Gone if status == 404 and code in _GONE else Terminal, text)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; ARM gives no dates."""
    value = headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None
