"""Credentials, accounts, one call, and what the SDK's errors mean.

With `endpoint` set every call goes to that URL: its scheme, host and port, and its path before the API's own. The
service is told by the headers `x-acs-version` and `x-acs-action`, an API that is called by path (ACK) by that. The
SDK signs with ACS3-HMAC-SHA256: <https://www.alibabacloud.com/help/en/sdk/product-overview/v3-request-structure-and-signature>.
"""

import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from alibabacloud_credentials.client import Client as Credentials  # type: ignore[import-untyped]
from alibabacloud_credentials.exceptions import CredentialException  # type: ignore[import-untyped]
from alibabacloud_credentials.models import Config as Keys  # type: ignore[import-untyped]
from alibabacloud_credentials.provider import CLIProfileCredentialsProvider  # type: ignore[import-untyped]
from alibabacloud_tea_openapi.client import Client  # type: ignore[import-untyped]
from alibabacloud_tea_openapi.exceptions import (  # type: ignore[import-untyped]
    AlibabaCloudException,
    ThrottlingException,
)
from alibabacloud_tea_openapi.utils_models import (  # type: ignore[import-untyped]
    Config as Options,
)
from alibabacloud_tea_openapi.utils_models import OpenApiRequest
from alibabacloud_tea_openapi.utils_models import Params as Operation
from darabonba.exceptions import RetryError, UnretryableException  # type: ignore[import-untyped]
from darabonba.runtime import RuntimeOptions  # type: ignore[import-untyped]

from tagweave.errors import Denied, SourceError, Terminal, Throttled, Transient
from tagweave.sources.aliyun.services import IN_BODY, OMITTED, READ, SERVICES, grant, host
from tagweave.sources.clouds import Gone, Problem
from tagweave.sources.clouds.paging import Page, Params, at

# The SDK gives these handlers of their own; with DEBUG=sdk one writes every header of a request, tokens too.
for _name in ("darabonba-core", "alibabacloud-tea", "credentials"):
    logging.getLogger(_name).disabled = True

_CONNECT_MILLISECONDS, _READ_MILLISECONDS = 10_000, 60_000
_CONNECTIONS = 64

KEY_ID: Final = "ALIBABA_CLOUD_ACCESS_KEY_ID"
KEY_SECRET: Final = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"  # noqa: S105 - the name of a variable
TOKEN: Final = "ALIBABA_CLOUD_SECURITY_TOKEN"  # noqa: S105

# Codes: <https://api.alibabacloud.com/document/Ecs/2014-05-26/errorCode>; each service has more of the same families.
_CREDENTIALS: Final = re.compile(
    r"(Forbidden\.)?AccessKey|InvalidAccessKey|InactiveAccessKey|IncompleteSignature|SignatureDoesNotMatch"
    r"|InvalidTime[Ss]tamp|IllegalTimestamp|InvalidSecurityToken|MissingSecurityToken|SecurityTokenExpired"
    r"|InvalidCredentials|EntityNotExist\.Role"
)
_FORBIDDEN: Final = re.compile(
    r"Forbidden|Forbedden|NoPermission|AccessDenied|Unauthorized|ActionUnauthorized|NotAuthorized|UserNotAuthorized"
    r"|StatusForbidden|OperationDenied\.NoPermission|InvalidOperation\.NoPermission"
)
_THROTTLED: Final = re.compile(r"Throttl|TooManyRequests|FlowControl|RequestLimit")
_TRANSIENT: Final = re.compile(r"ServiceUnavailable|InternalError|UnknownError|SystemBusy|SignatureNonceUsed")
_GONE: Final = re.compile(r"NotFound|NotExist|does not exist")
_NO_SUCH_API: Final = re.compile(r"Invalid(Action|Api|Product|RegionId|Version)")
_REMEDIES: Final = {
    "EntityNotExist.Role": "create the role, or name the one that is there",
    "IllegalTimestamp": "check this machine's clock",
    "InvalidTimeStamp.Expired": "check this machine's clock",
    "SignatureDoesNotMatch": "check the access key's secret",
}
_NOISE: Final = re.compile(r" with url: \S+|https?://\S+|<[^>]* at 0x[0-9a-f]+>:? ?")
_PROFILE: Final = re.compile(r"unable to (get profile|open credentials file)|failed to parse|unsupported profile")
_MESSAGE: Final = 300


def bucket(action: str, region: str) -> str:
    """Whose rate a call counts for: each action of an account in each region has its own.

    <https://www.alibabacloud.com/help/en/ecs/developer-reference/api-throttling>
    """
    return f"{region} {action}"


def explain(error: Exception, action: str, _region: str = "") -> Problem:
    """What an error of the SDK's means. The text holds codes, request ids and remedies, and never a header or a URL."""
    if isinstance(error, UnretryableException):
        error = error.inner_exception
    if isinstance(error, SourceError):
        return Problem(type(error), str(error))
    if isinstance(error, AlibabaCloudException):
        return _refused(error, action)
    if isinstance(error, CredentialException):
        said = str(error.message)
        if _PROFILE.match(said):
            return Problem(Denied, f"{_plain(said)}; check `profile`")
        advice = f"set `profile`, {KEY_ID} and {KEY_SECRET}, or run where a role is attached"
        return Problem(Denied, f"no credentials for Alibaba Cloud were found: {advice}")
    if isinstance(error, RetryError):  # every failure of the network, whatever its name says
        return Problem(Transient, f"cannot reach {action.partition(':')[0]}: {_plain(error.message)}")
    if isinstance(error, RuntimeError | AttributeError):  # the SDK parses only errors itself
        return Problem(Transient, f"{action} gave an error that is no JSON")
    if isinstance(error, msgspec.DecodeError):
        return Problem(Terminal, f"{action} gave an answer that cannot be parsed")
    return Problem(Terminal, f"{type(error).__name__} in {action}: {_plain(error)}")


def _plain(error: object) -> str:
    return _NOISE.sub("", " ".join(str(error).split()))[:_MESSAGE]


def _refused(error: AlibabaCloudException, action: str) -> Problem:
    body: Mapping[str, Any] = error.data or {}
    code = str(body.get("Code") or body.get("code") or "an error without a code")
    request = body.get("RequestId") or body.get("requestId") or body.get("request_id")
    said = f"{code} (request id {request})" if request else code
    status = error.status_code or 0
    wait = error.retry_after / 1000 if error.retry_after else None
    if _CREDENTIALS.match(code) or status == 401:
        return Problem(Denied, f"{said}; {_REMEDIES.get(code, 'check the credentials')}")
    if _THROTTLED.search(code) or status == 429:
        return Problem(Throttled, said, wait)
    message = _plain(body.get("Message") or body.get("message") or "")
    text = f"{said} from {action}: {message}" if message else f"{said} from {action}"
    if _NO_SUCH_API.match(code):
        return Problem(Terminal, text)
    if _GONE.search(code):
        return Problem(Gone, text)
    if _FORBIDDEN.match(code) or status == 403:
        return Problem(Denied, f"{said}; grant {_wanted(body) or grant(action)}")
    if isinstance(error, ThrottlingException):  # it says when to come again
        return Problem(Throttled, said, wait)
    if _TRANSIENT.match(code) or status >= 500:
        return Problem(Transient, said)
    return Problem(Terminal, text)


def _wanted(body: Mapping[str, Any]) -> str:
    """The RAM action that was missing, where the answer tells it."""
    detail = body.get("AccessDeniedDetail") or body.get("accessDeniedDetail")
    return str(detail.get("AuthAction") or "") if isinstance(detail, Mapping) else ""


class Account:
    """One account's credentials and clients. Its clients are used from many threads."""

    def __init__(self, credentials: Credentials, endpoint: str | None) -> None:
        self._credentials = credentials
        self._endpoint = urlsplit(endpoint) if endpoint else None
        self._clients: dict[str, Client] = {}
        self._making = threading.Lock()

    def __repr__(self) -> str:
        return "Account()"

    def perform(self, action: str, region: str, params: Params) -> Page:
        """One call, blocking. Raises what the SDK raises, DecodeError, and Terminal."""
        name, _, operation = action.partition(":")
        service = SERVICES[name]
        prefix = self._endpoint.path.rstrip("/") if self._endpoint else ""
        called = Operation(
            action=operation,
            version=service.version,
            protocol="HTTPS",
            pathname=prefix + (service.path or "/"),
            method="GET" if service.path else "POST",
            auth_type="AK",
            style="ROA" if service.path else "RPC",
            req_body_type="formData",
            body_type="byte",
        )
        where = {service.region: region} if service.region else {}
        sent = dict(_flat({**where, **params}))
        request = OpenApiRequest(body=sent) if action in IN_BODY else OpenApiRequest(query=sent)
        answer = self._client(name, region).call_api(called, request, RuntimeOptions())
        page = msgspec.json.decode(answer["body"])
        if isinstance(page, dict) and page.get("Success") is False:
            reason = page.get("Code") or page.get("Message") or "no reason given"
            raise Terminal(f"{action} did not succeed: {_plain(reason)}")
        left_out = OMITTED.get(action)
        if left_out and _none(page):
            return {left_out: [], **page}
        if action in READ:
            _trim(page, *READ[action])
        return page

    def _client(self, service: str, region: str) -> Client:
        where = self._endpoint.netloc if self._endpoint else host(service, region)
        with self._making:
            if where not in self._clients:
                self._clients[where] = Client(
                    Options(
                        credential=self._credentials,
                        endpoint=where,
                        protocol=self._endpoint.scheme if self._endpoint else "https",
                        connect_timeout=_CONNECT_MILLISECONDS,
                        read_timeout=_READ_MILLISECONDS,
                        max_idle_conns=_CONNECTIONS,
                        user_agent="tagweave",
                    )
                )
            return self._clients[where]

    def of_role(self, credentials: Mapping[str, str]) -> "Account":
        """The account of a role, by what AssumeRole answered."""
        keys = Keys(
            type="sts",
            access_key_id=credentials["AccessKeyId"],
            access_key_secret=credentials["AccessKeySecret"],
            security_token=credentials["SecurityToken"],
        )
        return Account(Credentials(keys), self._endpoint.geturl() if self._endpoint else None)


def _none(page: Page) -> bool:
    """Whether an answer says itself that there is nothing."""
    return isinstance(page, dict) and str(page.get("TotalCount")) == "0"


def _trim(page: Page, path: str, read: frozenset[str]) -> None:
    """Keep of each item of a list only what is read."""
    found = at(page, path)
    if isinstance(found, list):
        found[:] = [
            {name: value for name, value in item.items() if name in read} if isinstance(item, dict) else item
            for item in found
        ]


def _flat(params: Params) -> Iterator[tuple[str, str]]:
    """Parameters as the RPC style writes them: a list as `Name.1`, `Name.2`."""
    for name, value in params.items():
        if isinstance(value, list | tuple):
            yield from ((f"{name}.{number}", str(one)) for number, one in enumerate(value, 1))
        elif isinstance(value, bool):
            yield name, str(value).lower()
        else:
            yield name, str(value)


def own_account(profile: str | None, endpoint: str | None) -> Account:
    """The account that the SDK's own chain of credentials leads to. Raises what the SDK raises."""
    return Account(_own_credentials(profile), endpoint)


def _own_credentials(profile: str | None) -> Credentials:
    """The chain of <https://www.alibabacloud.com/help/en/sdk/developer-reference/v2-manage-python-access-credentials>.

    The SDK reads the environment once, when it is imported; we read it now.
    """
    if profile:
        return Credentials(provider=CLIProfileCredentialsProvider(profile_name=profile))
    key, secret, token = (os.environ.get(name) for name in (KEY_ID, KEY_SECRET, TOKEN))
    if key and secret:
        kind = "sts" if token else "access_key"
        return Credentials(Keys(type=kind, access_key_id=key, access_key_secret=secret, security_token=token))
    return Credentials()
