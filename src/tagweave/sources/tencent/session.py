"""Credentials, accounts, one call, and what Tencent Cloud's errors mean.

A request says what it wants in its headers: X-TC-Action, X-TC-Version and X-TC-Region, and the service in the scope
of its signature. So an `endpoint` gets the requests of all services, and its own host is the one that is signed.
"""

import configparser
import logging
import os
import re
import threading
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from tencentcloud.common.common_client import CommonClient  # type: ignore[import-untyped]
from tencentcloud.common.credential import Credential, DefaultCredentialProvider  # type: ignore[import-untyped]
from tencentcloud.common.exception.tencent_cloud_sdk_exception import (  # type: ignore[import-untyped]
    TencentCloudSDKException,
)
from tencentcloud.common.profile.client_profile import ClientProfile  # type: ignore[import-untyped]
from tencentcloud.common.profile.http_profile import HttpProfile  # type: ignore[import-untyped]

from tagweave.errors import Denied, SourceError, Terminal, Throttled, Transient
from tagweave.sources.clouds import Gone, Problem
from tagweave.sources.clouds.paging import Page, Params

# The SDK writes whole answers to its log where that is to tell everything: those of AssumeRole are credentials.
logging.getLogger("tencentcloud_sdk_common").setLevel(logging.INFO)

VERSIONS: Final = {
    "alb": "2025-10-30",
    "cdb": "2017-03-20",
    "clb": "2018-03-17",
    "cvm": "2017-03-12",
    "cynosdb": "2019-01-07",
    "dcdb": "2018-04-11",
    "gwlb": "2024-09-06",
    "mariadb": "2017-03-12",
    "organization": "2021-03-31",
    "postgres": "2017-03-12",
    "redis": "2018-04-12",
    "region": "2022-06-27",
    "sqlserver": "2018-03-28",
    "sts": "2018-08-13",
    "tke": "2018-05-25",
    "vpc": "2017-03-12",
}
"""The version of each service's API; the service is what stands before the colon of an action."""

FINANCE: Final = "-fsi"
"""How the codes of the finance regions end. They have hosts of their own, which others cannot stand in for."""

_CONNECT_SECONDS, _READ_SECONDS = 10, 60

_FORBIDDEN: Final = frozenset(
    {
        "AuthFailure.UnauthorizedOperation",
        "FailedOperation.CamAuthFailed",
        "FailedOperation.CamNoAuth",
        "FailedOperation.CamSigAndAuthError",
        "FailedOperation.PermissionDenied",
        "InternalError.CamAuthFailed",
        "InternalError.CamNoAuth",
        "InvalidParameter.PermissionDenied",
        "OperationDenied.CamDeniedError",
        "ResourceUnavailable.ResourceNoPermission",
    }
)
_CREDENTIALS: Final = frozenset({"AuthFailure", "InvalidCredential", "IpInBlacklist", "IpNotInWhitelist"})
_TRANSIENT: Final = frozenset({"ClientNetworkError", "InternalError", "InternalServerError", "ServiceUnavailable"})
_TIMED_OUT: Final = frozenset({"FailedOperation.RequestTimeout", "FailedOperation.TimeoutError"})
_THROTTLED: Final = frozenset({"RequestLimitExceeded", "FailedOperation.RateLimitExceeded"})
_NOT_OFFERED: Final = frozenset(
    {"UnsupportedRegion", "UnsupportedOperation.UnsupportedRegion", "RegionNotSupported"}
)  # fmt: skip
_GONE: Final = re.compile(r"^ResourceNotFound\b|Not(Found|Exist(s|ed)?)(Error|Err)?$")
_REMEDIES: Final = {
    "AuthFailure.SecretIdNotFound": "check that the key exists and is enabled",
    "AuthFailure.SignatureExpire": "check this machine's clock",
    "AuthFailure.SignatureFailure": "check the secret key",
    "AuthFailure.TokenFailure": "renew the temporary credentials",
    "IpInBlacklist": "let this machine's address use the key",
    "IpNotInWhitelist": "let this machine's address use the key",
}
_USER: Final = re.compile(r"//[^/@\s]+@")
_MESSAGE: Final = 200


class _Refused(Exception):
    """An answer with an HTTP status that is no 200."""

    def __init__(self, status: int, retry_after: str) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.retry_after = float(retry_after) if retry_after.isdecimal() else None


class _Malformed(Exception):
    """An answer that is not as documented."""


def bucket(action: str, region: str) -> str:
    """Whose rate a call counts for: each action of an account in each region has its own.

    <https://cloud.tencent.com/document/api/214/30667>
    """
    return f"{region} {action}"


def not_offered(error: Exception) -> bool:
    """Whether an error says that a region does not have a service at all."""
    return isinstance(error, TencentCloudSDKException) and error.code in _NOT_OFFERED


def explain(error: Exception, action: str, _region: str = "") -> Problem:
    """What an error means. The text holds codes, request ids and remedies, and never a header or a credential.

    <https://cloud.tencent.com/document/api/213/30435> has the codes that all services share.
    """
    if isinstance(error, SourceError):
        return Problem(type(error), str(error))
    if isinstance(error, TencentCloudSDKException):
        return _by_code(error, action)
    if isinstance(error, _Refused):
        return _by_status(error)
    if isinstance(error, _Malformed):
        return Problem(Terminal, f"{action} gave an answer that is not as documented: {error}")
    if isinstance(error, requests.exceptions.RequestException):
        return Problem(Transient, f"{type(error).__name__}: {_plain(error)}")
    if isinstance(error, ValueError | msgspec.DecodeError):
        return Problem(Terminal, f"{action} gave an answer that cannot be parsed")
    return Problem(Terminal, f"{type(error).__name__}: {_plain(error)}")


def _plain(error: object) -> str:
    return _USER.sub("//", " ".join(str(error).split()))[:_MESSAGE]


def _by_status(error: _Refused) -> Problem:
    if error.status in {401, 403}:
        return Problem(Denied, f"{error}; check the credentials, and what stands between here and Tencent Cloud")
    if error.status == 429:
        return Problem(Throttled, str(error), error.retry_after)
    return Problem(Transient if error.status >= 500 else Terminal, str(error), error.retry_after)


def _by_code(error: TencentCloudSDKException, action: str) -> Problem:
    code = str(error.code or "an error without a code")
    family = code.partition(".")[0]
    said = f"{code} (request id {error.requestId})" if error.requestId else code
    if family in _THROTTLED or code in _THROTTLED:
        return Problem(Throttled, said)
    if family == "UnauthorizedOperation" or code in _FORBIDDEN:
        return Problem(Denied, f"{said}; grant {action}")
    if family in _CREDENTIALS:
        return Problem(Denied, f"{said}; {_REMEDIES.get(code, 'check the credentials')}")
    message = _plain(error.message or "")
    text = f"{said} from {action}: {message}" if message else f"{said} from {action}"
    if family in _TRANSIENT or code in _TIMED_OUT:
        return Problem(Transient, text)
    return Problem(Gone if _GONE.search(code) else Terminal, text)


class _Client(CommonClient):  # type: ignore[misc]
    """The SDK's client. It keeps the HTTP status of a failure, and leaves it to `Account` to look into an answer."""

    def _check_status(self, answer: requests.Response) -> None:
        if answer.status_code != 200:
            raise _Refused(answer.status_code, answer.headers.get("Retry-After", ""))

    def _check_error(self, _answer: requests.Response) -> None:
        pass


class _Transport:
    """Sends what a client signed, over connections that all clients of a source share."""

    def __init__(self, scheme: str) -> None:
        self._scheme = scheme
        self._session = requests.Session()
        self._session.trust_env = False  # it would read the environment for each call anew
        self._session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._session.mount(f"{scheme}://", HTTPAdapter(pool_connections=64, pool_maxsize=64))
        self._proxies: dict[str, dict[str, str]] = {}

    def send_request(self, request: Any) -> requests.Response:  # noqa: ANN401 - the SDK's RequestInternal
        url = f"{self._scheme}://{request.host}{request.uri}"
        if request.host not in self._proxies:
            self._proxies[request.host] = get_environ_proxies(url)
        return self._session.request(
            request.method,
            url,
            data=request.data,
            headers=request.header,
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            allow_redirects=False,
            proxies=self._proxies[request.host],
        )


class Site(NamedTuple):
    """Where the services are: at one URL, or at hosts of a domain."""

    endpoint: str | None = None
    domain: str = "tencentcloudapi.com"


class Account:
    """One account's credentials and clients. Its clients are used from many threads."""

    def __init__(self, credential: Any, site: Site, transport: _Transport | None = None) -> None:  # noqa: ANN401 - the SDK's
        self._credential = credential
        self._site = site
        self._scheme, self._host = _split(site.endpoint)
        self._transport = transport or _Transport(self._scheme)
        self._clients: dict[tuple[str, str], _Client] = {}
        self._making = threading.Lock()

    def __repr__(self) -> str:
        return "Account()"

    def perform(self, action: str, region: str, params: Params) -> Page:
        """One call, blocking: what stands under Response. Raises what `explain` explains."""
        service, _, operation = action.partition(":")
        answer = msgspec.json.decode(self._client(service, region).call(operation, dict(params)))
        page = answer.get("Response") if isinstance(answer, dict) else None
        if not isinstance(page, dict):
            raise _Malformed("it has no Response")
        error = page.get("Error")
        if error is not None:
            if not isinstance(error, dict):
                raise _Malformed("its Error is no object")
            raise TencentCloudSDKException(error.get("Code"), error.get("Message"), page.get("RequestId"))
        return page

    def of_role(self, secret_id: str, secret_key: str, token: str) -> "Account":
        """The account of a role, by what AssumeRole answered."""
        return Account(Credential(secret_id, secret_key, token), self._site, self._transport)

    def _client(self, service: str, region: str) -> _Client:
        with self._making:
            found = self._clients.get((service, region))
            if found is None:
                domain = f"{region}.{self._site.domain}" if region.endswith(FINANCE) else self._site.domain
                http = HttpProfile(protocol=self._scheme, endpoint=self._host, rootDomain=domain)
                profile = ClientProfile("TC3-HMAC-SHA256", http, "en-US", request_client="tagweave")
                found = _Client(service, VERSIONS[service], self._credential, region, profile)
                found.request = self._transport
                self._clients[service, region] = found
            return found


def _split(endpoint: str | None) -> tuple[str, str | None]:
    if endpoint is None:
        return "https", None
    parts = urlsplit(endpoint)
    return parts.scheme, parts.netloc


def own_account(credentials_file: str | None, profile: str, site: Site) -> Account:
    """The account of a file's credentials, else of the SDK's own chain; blocks. Raises Denied.

    What a broken file says stays unsaid: it may be a secret.
    """
    if credentials_file is not None:
        return Account(_from_file(Path(credentials_file).expanduser(), profile), site)
    try:
        credential = DefaultCredentialProvider().get_credential()
    except _BROKEN as error:
        advice = (
            "set `credentials_file`, or TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, "
            "or run where a role is attached"
        )
        raise Denied(f"no credentials for Tencent Cloud were found ({type(error).__name__}): {advice}") from None
    return Account(credential, site)


_BROKEN: Final = (configparser.Error, OSError, UnicodeDecodeError, TencentCloudSDKException)


def _from_file(path: Path, profile: str) -> Credential:
    parser = configparser.RawConfigParser()
    try:
        with path.open(encoding="utf-8") as file:
            parser.read_file(file)
        section = parser[profile]
        return Credential(section["secret_id"], section["secret_key"], section.get("token"))
    except OSError as error:
        raise Denied(f"cannot read the credentials file {path}: {error.strerror}") from None
    except KeyError:
        raise Denied(
            f"the credentials file {path} has no section [{profile}] with secret_id and secret_key"
        ) from None  # fmt: skip
    except _BROKEN as error:
        raise Denied(f"the credentials file {path} is broken: {type(error).__name__}") from None
