"""Credentials, accounts, one call, and what botocore's errors mean."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import boto3  # type: ignore[import-untyped]
from botocore import exceptions, xform_name  # type: ignore[import-untyped]
from botocore.config import Config as Options  # type: ignore[import-untyped]
from botocore.credentials import RefreshableCredentials  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]
from botocore.session import Session  # type: ignore[import-untyped]

from tagweave.errors import Denied, SourceError, Terminal, Throttled, Transient
from tagweave.sources.clouds import Gone, Problem
from tagweave.sources.clouds.paging import Page, Params

DEFAULT_REGION: Final = "us-east-1"

_CONNECT_SECONDS, _READ_SECONDS = 10, 60

_FORBIDDEN: Final = frozenset({"UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "NotAuthorized"})
_CREDENTIALS: Final = frozenset(
    {
        "AuthFailure",
        "Blocked",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "MissingAuthenticationToken",
        "OptInRequired",
        "PendingVerification",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_THROTTLED: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_TRANSIENT: Final = frozenset(
    {
        "IDPCommunicationError",
        "InternalError",
        "InternalFailure",
        "InternalServerException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Unavailable",
    }
)
_REMEDIES: Final = {
    "AuthFailure": "check the credentials, and that the region is enabled for the account",
    "OptInRequired": "enable the region or the service for the account, or leave the region out",
    "RequestExpired": "check this machine's clock",
    "SignatureDoesNotMatch": "check the secret access key and this machine's clock",
}
_GONE: Final = re.compile(r"NotFound(Fault|Exception)?$|^InvalidTransitGatewayID|\.NotFound$")
_IAM_SERVICES: Final = {
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
}
_USER: Final = re.compile(r"//[^/@\s]+@")
_MESSAGE: Final = 200


def grant(action: str) -> str:
    """The IAM action that allows a call: `elbv2:DescribeRules` → `elasticloadbalancing:DescribeRules`."""
    service, _, operation = action.partition(":")
    return f"{_IAM_SERVICES.get(service, service)}:{operation}"


def bucket(action: str, region: str) -> str:
    """Whose rate a call counts for: AWS limits each action of an account in each region by itself.

    <https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html>
    """
    return f"{region} {action}"


def explain(error: Exception, action: str, _region: str = "") -> Problem:
    """What an error of botocore's means. The text holds codes, request ids and remedies, and never a header."""
    if isinstance(error, SourceError):
        return Problem(type(error), str(error))
    if isinstance(error, exceptions.ClientError):
        return _refused(error, action)
    if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
        advice = "set `profile`, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a role is attached"
        return Problem(Denied, f"no credentials for AWS were found: {advice}")
    if isinstance(error, _NOT_SIGNED_IN):
        return Problem(Denied, f"{type(error).__name__}: {_plain(error)}; sign in again")
    if isinstance(error, exceptions.SSLError):
        return Problem(Terminal, f"TLS with {action.partition(':')[0]} failed: {_plain(error)}; trust its authority")
    if isinstance(error, _CUT_OFF):
        return Problem(Transient, f"{type(error).__name__}: {_plain(error)}")
    if isinstance(error, ResponseParserError):
        return Problem(Transient, f"{action} gave an answer that cannot be parsed")  # a proxy's page, or cut short
    return Problem(Terminal, f"{type(error).__name__}: {_plain(error)}")


_NOT_SIGNED_IN: Final = (
    exceptions.CredentialRetrievalError,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
)
_CUT_OFF: Final = (
    exceptions.ConnectionError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
    exceptions.ReadTimeoutError,
    exceptions.ResponseStreamingError,
)


def _plain(error: Exception) -> str:
    return _USER.sub("//", " ".join(str(error).split()))[:_MESSAGE]


def _refused(error: exceptions.ClientError, action: str) -> Problem:
    answer: Mapping[str, Any] = error.response
    code = str(answer.get("Error", {}).get("Code") or "an error without a code")
    meta = answer.get("ResponseMetadata", {})
    status = meta.get("HTTPStatusCode", 0)
    request = str(meta.get("RequestId") or "").strip()
    said = f"{code} (request id {request})" if request else code
    if code in _FORBIDDEN or (status == 403 and code not in _CREDENTIALS):
        return Problem(Denied, f"{said}; grant {grant(action)}")
    if code in _CREDENTIALS or status == 401:
        return Problem(Denied, f"{said}; {_REMEDIES.get(code, 'check the credentials')}")
    if code in _THROTTLED or status == 429:
        return Problem(Throttled, said, _retry_after(meta.get("HTTPHeaders", {})))
    if code in _TRANSIENT or status >= 500:
        return Problem(Transient, said, _retry_after(meta.get("HTTPHeaders", {})))
    message = " ".join(str(answer.get("Error", {}).get("Message") or "").split())[:_MESSAGE]
    text = f"{said} from {action}: {message}" if message else f"{said} from {action}"
    return Problem(Gone if _GONE.search(code) else Terminal, text)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from AWS's own header, in milliseconds, or HTTP's; dates are not used by AWS."""
    for name, unit in (("x-amz-retry-after", 1000.0), ("retry-after", 1.0)):
        value = str(headers.get(name, ""))
        if value.isdecimal():
            return float(value) / unit
    return None


@cache
def _loader() -> Any:  # noqa: ANN401 - botocore has no types
    """The SDK's descriptions of services, parsed once for all sessions: they are slow to read and large."""
    return Session().get_component("data_loader")


class Clients:
    """The clients made last, whichever account's: one takes up to a megabyte, and an organization needs thousands."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._kept: OrderedDict[tuple[boto3.Session, str, str], Any] = OrderedDict()
        self._making = threading.Lock()

    def get(self, session: boto3.Session, service: str, region: str, endpoint: str | None) -> Any:  # noqa: ANN401
        """The client of a session, whose type boto3 makes at run time. It may be used from many threads."""
        key = (session, service, region)
        with self._making:  # sessions are not safe to share
            found = self._kept.pop(key, None)
            if found is None:
                found = session.client(service, region, endpoint_url=endpoint, config=_OPTIONS)
            self._kept[key] = found
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
            return found


_OPTIONS: Final = Options(
    connect_timeout=_CONNECT_SECONDS,
    read_timeout=_READ_SECONDS,
    retries={"total_max_attempts": 1, "mode": "standard"},
    max_pool_connections=32,
    user_agent_extra="tagweave",
)


class Account:
    """One account's credentials. Its calls may come from many threads."""

    def __init__(self, session: boto3.Session, endpoint: str | None, clients: Clients) -> None:
        self._session = session
        self._endpoint = endpoint
        self._clients = clients

    def __repr__(self) -> str:
        return "Account()"

    @property
    def region(self) -> str:
        """The region of the profile or environment, else the default."""
        return str(self._session.region_name or DEFAULT_REGION)

    def perform(self, action: str, region: str, params: Params) -> Page:
        """One call, blocking. Raises what botocore raises."""
        service, _, operation = action.partition(":")
        client = self._clients.get(self._session, service, region, self._endpoint)
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**params)
        return answer

    def offers(self, service: str, realm: str) -> bool:
        """Whether a partition has a service at all, as far as botocore's data tell."""
        return bool(self._session.get_available_regions(service, realm, allow_non_regional=True))

    def of_role(self, answer: Page, assume: Callable[[], Page]) -> "Account":
        """The account of a role, by what AssumeRole answered; `assume` asks again before that runs out."""
        own = _session()
        own._credentials = RefreshableCredentials.create_from_metadata(
            _lease(answer), lambda: _lease(assume()), "sts-assume-role"
        )
        return Account(boto3.Session(botocore_session=own, region_name=self.region), self._endpoint, self._clients)


def _lease(answer: Page) -> dict[str, str]:
    """The answer of AssumeRole as botocore's refreshable credentials take it."""
    given = answer["Credentials"]
    return {
        "access_key": given["AccessKeyId"],
        "secret_key": given["SecretAccessKey"],
        "token": given["SessionToken"],
        "expiry_time": given["Expiration"].isoformat(),
    }


def _session(profile: str | None = None) -> Session:
    session = Session(profile=profile)
    session.register_component("data_loader", _loader())
    return session


def own_account(profile: str | None, region: str | None, endpoint: str | None) -> Account:
    """The account that boto3's own chain of credentials leads to. Raises what botocore raises."""
    session = boto3.Session(botocore_session=_session(profile), region_name=region)
    return Account(session, endpoint, Clients())
