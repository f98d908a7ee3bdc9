"""Aliyun's API as one WSGI application: every service at one address, told apart by the version that is asked for.

A real endpoint belongs to one region; here the region is `RegionId`, which a regional action therefore needs even
where Aliyun's own reference leaves it to the endpoint. Aliyun takes no notice of parameters that it does not know;
the fake refuses them, so that a misspelled one is found and no filter is silently left out.
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

import msgspec
from werkzeug.wrappers import Request, Response

from clouds.aliyun import identity
from clouds.aliyun.actions import ACTIONS, RAM, VERSIONS, Action, Numbered, Tokened
from clouds.aliyun.estate import Estate
from clouds.aliyun.signing import Key, Refused, Signatures
from clouds.aliyun.wire import Row
from clouds.server import Habits

COMMON: Final = frozenset({
    "Action", "Version", "Format", "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion",
    "SignatureNonce", "Timestamp", "SecurityToken", "RegionId", "AcceptLanguage",
})  # fmt: skip
ASSUME_ROLE: Final = "sts:AssumeRole"
GET_CALLER_IDENTITY: Final = "sts:GetCallerIdentity"
LIST_ACCOUNTS: Final = "resourcedirectory:ListAccounts"
STS: Final = {
    ASSUME_ROLE: frozenset({"RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId", "Policy"}),
    GET_CALLER_IDENTITY: frozenset[str](),
}
LISTS: Final = {**ACTIONS, LIST_ACCOUNTS: identity.LIST_ACCOUNTS}
ROA: Final = {"/api/v1/clusters": "cs:DescribeClustersV1"}
"""The actions that have a path of their own; all others are at the root."""
NUMBERED: Final = re.compile(r"(.+)\.\d+")
DENIED: Final = {
    "sts": identity.NO_PERMISSION,
    "resourcedirectory": identity.NO_PERMISSION,
    "cs": ("StatusForbidden", "RAM policy Forbidden for action cs:DescribeClustersV1"),
}
FORBIDDEN: Final = (
    "Forbidden.RAM",
    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
)


class Api:
    """The application: the estates by account, and the keys that open them."""

    def __init__(self, estates: Mapping[str, Estate], keys: Mapping[str, Key]) -> None:
        self.estates = estates
        self.signatures = Signatures(keys)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self._respond(Request(environ))(environ, start_response)

    def _respond(self, request: Request) -> Response:
        params = _params(request)
        xml = "Authorization" not in request.headers and params.get("Format", "XML").upper() == "XML"
        name = ""
        try:
            name = _action(request, params)
            now = datetime.now(UTC)
            key = self.signatures.signer(request, params, now)
            answer = self._answer(name, params, key, now)
        except Refused as refused:
            return refusal(name, refused, request.host, xml=xml)
        return _written({"RequestId": _request_id(), **answer}, 200, f"{name.partition(':')[2]}Response", xml=xml)

    def _answer(self, name: str, params: Mapping[str, str], key: Key, now: datetime) -> Row:
        if name in STS:
            _known(params, STS[name])
            if name == GET_CALLER_IDENTITY:
                return identity.caller(key)
            answer, (native, given) = identity.assume_role(params, key, now)
            self.signatures.keys[native] = given
            return answer
        action, values = LISTS[name], _values(params)
        filters = dict(action.takes)
        ways = {field for way in action.pages for field in _asks(way)}
        _known(values, {*filters, *action.of, *ways})
        if name == LIST_ACCOUNTS:
            return _page(name, action, identity.members(key), params)
        estate = self.estates[key.account]
        region = "" if action.central else _region(name, params, estate)
        owner = "/".join(_needed(param, params) for param in action.of)
        if action.of and not estate.has(name, region, owner):
            raise Refused(404, action.missing, "The specified resource is not found.")
        head = estate.heads.get((name, region, owner), {})
        if not action.items:
            return head
        chosen = {filters[param]: values[param] for param in filters if param in values and filters[param]}
        return {**head, **_page(name, action, estate.select(name, region, owner, chosen), params)}


# ---- what is asked


def _params(request: Request) -> dict[str, str]:
    """The parameters of the query and of a form; the body stays to be read."""
    request.get_data(parse_form_data=False)
    return {**request.args, **request.form}


def _action(request: Request, params: Mapping[str, str]) -> str:
    """The action as `service:Action`; raises `Refused` where there is no such version or action."""
    version = request.headers.get("x-acs-version") or params.get("Version", "")
    if not version:
        raise Refused(400, "MissingVersion", "Version is mandatory for this action.")
    if version not in VERSIONS:
        raise Refused(400, "InvalidVersion", "Specified parameter Version is not valid.")
    action = f"{VERSIONS[version]}:{request.headers.get('x-acs-action') or params.get('Action', '')}"
    there = ROA.get(request.path) == action if action in ROA.values() else request.path == "/"
    methods = {"GET"} if action in ROA.values() else {"GET", "POST"}
    if not there or request.method not in methods or action not in {*LISTS, *STS}:
        raise Refused(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
    return action


def _values(params: Mapping[str, str]) -> dict[str, list[str]]:
    """All values of each parameter: `Name.1`, `Name.2`, … are `Name`'s, and so are those of a JSON list."""
    found: dict[str, list[str]] = {}
    for name, value in params.items():
        numbered = NUMBERED.fullmatch(name)
        try:
            values = json.loads(value) if value[:1] == "[" else [value]
        except ValueError:
            raise _invalid(name) from None
        found.setdefault(numbered[1] if numbered else name, []).extend(values)
    return found


def _known(params: Iterable[str], known: Iterable[str]) -> None:
    for name in sorted(set(params) - COMMON - set(known)):
        raise _invalid(name)


def _region(name: str, params: Mapping[str, str], estate: Estate) -> str:
    region = _needed("RegionId", params)
    if region not in estate.offered(name.partition(":")[0]):
        raise Refused(404, "InvalidRegionId.NotFound", "The specified RegionId does not exist.")
    return region


def _needed(name: str, params: Mapping[str, str]) -> str:
    if not params.get(name):
        message = f'The input parameter "{name}" that is mandatory for processing this request is not supplied.'
        raise Refused(400, "MissingParameter", message)
    return params[name]


def _number(name: str, params: Mapping[str, str], default: int) -> int:
    text = params.get(name, str(default))
    if not text.isascii() or not text.isdigit():
        raise _invalid(name)
    return int(text)


def _invalid(name: str) -> Refused:
    return Refused(400, "InvalidParameter", f'The specified parameter "{name}" is not valid.')


# ---- pages


def _asks(way: Numbered | Tokened) -> tuple[str, str]:
    return (way.page, way.size) if isinstance(way, Numbered) else (way.token, way.size)


def _page(name: str, action: Action, rows: list[Any], params: Mapping[str, str]) -> Row:
    """The part of the rows that is asked for, and what an answer says of it."""
    answer: Row = {}
    way = next(
        (way for way in action.pages if params.keys() & set(_asks(way))), action.pages[-1] if action.pages else None
    )
    if way is None:
        _put(answer, action.items, rows)
    elif isinstance(way, Numbered):
        size = _number(way.size, params, way.default)
        number = _number(way.page, params, 1)
        if not way.least <= size <= way.most or (way.sizes and size not in way.sizes):
            raise _invalid(way.size)
        if number < 1:
            raise _invalid(way.page)
        items = rows[(number - 1) * size : number * size]
        _put(answer, way.answers[0], number)
        _put(answer, way.answers[1], len(items) if way.answers[1] == "PageRecordCount" else size)
        _put(answer, way.total, len(rows))
        _put(answer, action.items, items)
    else:
        size = _number(way.size, params, way.default)
        if way.clamped:
            size = min(max(size, way.least), way.most)
        if not way.least <= size <= way.most:
            raise _invalid(way.size)
        start = _start(name, params.get(way.token, ""))
        answer[way.token] = _token(name, start + size) if start + size < len(rows) else ""
        if way.answers:
            answer[way.answers] = size
        if way.total:
            answer[way.total] = len(rows)
        _put(answer, action.items, rows[start : start + size])
    return answer


def _token(name: str, start: int) -> str:
    return base64.urlsafe_b64encode(f"{name}|{start}".encode()).decode()


def _start(name: str, token: str) -> int:
    if not token:
        return 0
    try:
        action, _, start = base64.urlsafe_b64decode(token).decode().partition("|")
    except (binascii.Error, UnicodeDecodeError):
        raise _invalid("NextToken") from None
    if action != name or not start.isdigit():
        raise _invalid("NextToken")
    return int(start)


def _put(answer: Row, path: str, value: object) -> None:
    *steps, last = path.split(".")
    for step in steps:
        answer = answer.setdefault(step, {})
    answer[last] = value


# ---- answers


def refusal(name: str, refused: Refused, host: str = "aliyuncs.com", *, xml: bool = False, **more: object) -> Response:
    """An error as Aliyun tells it. Container Service has a shape of its own."""
    service = name.partition(":")[0]
    request_id = _request_id()
    if service == "cs":
        body: Row = {
            "code": refused.code,
            "message": refused.message,
            "requestId": request_id,
            "status": refused.status,
        }
    else:
        recommend = f"https://api.aliyun.com/troubleshoot?q={refused.code}&product={service}&requestId={request_id}"
        body = {"RequestId": request_id, "HostId": host, "Code": refused.code, "Message": refused.message,
                "Recommend": recommend}  # fmt: skip
    return _written({**body, **more}, refused.status, "Error", xml=xml)


def _written(body: Row, status: int, root: str, *, xml: bool = False) -> Response:
    if xml:
        text = f'<?xml version="1.0" encoding="UTF-8"?>{_element(root, body)}'.encode()
        return Response(text, status, content_type="text/xml;charset=utf-8")
    return Response(msgspec.json.encode(body), status, content_type="application/json;charset=utf-8")


def _element(name: str, value: object) -> str:
    if isinstance(value, dict):
        return f"<{name}>{''.join(_element(inner, of_it) for inner, of_it in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(_element(name, one) for one in value)
    return f"<{name}>{escape(str(value).lower() if isinstance(value, bool) else str(value))}</{name}>"


def _request_id() -> str:
    return str(uuid.uuid4()).upper()


# ---- what goes wrong


def called(request: Request) -> tuple[str, str]:
    """The action as `service:Action`, and the region."""
    params = _params(request)
    version = request.headers.get("x-acs-version") or params.get("Version", "")
    name = request.headers.get("x-acs-action") or params.get("Action", "")
    return f"{VERSIONS.get(version, version)}:{name}", params.get("RegionId") or params.get("region_id", "")


def _denied(name: str) -> Response:
    service, _, action = name.partition(":")
    code, message = DENIED.get(service, FORBIDDEN)
    detail = {
        "PolicyType": "AccountLevelIdentityBasedPolicy",
        "AuthPrincipalOwnerId": identity.TEAM,
        "EncodedDiagnosticMessage": "AQEAAAAAZBgxr0U1MjA1NTM1LUM4",
        "AuthPrincipalType": "SubUser",
        "AuthPrincipalDisplayName": "223456789012345600",
        "NoPermissionType": "ImplicitDeny",
        "AuthAction": f"{RAM.get(service, service)}:{action}",
    }
    return refusal(name, Refused(403, code, message), AccessDeniedDetail=detail)


def _throttled(name: str) -> Response:
    answer = refusal(name, Refused(400, "Throttling.User", "Request was denied due to user flow control."))
    answer.headers["x-acs-retry-after"] = "50"  # milliseconds
    return answer


def _error(name: str) -> Response:
    message = "The request processing has failed due to some unknown error."
    return refusal(name, Refused(500, "InternalError", message))


def _wrong_total(name: str, body: bytes) -> bytes | None:
    """One more than there are, where the answer has a total that means something."""
    answer = json.loads(body)
    way = next((way for way in LISTS[name].pages if isinstance(way, Tokened) == ("NextToken" in answer)), None)
    if way is None or not way.total:
        return None
    *steps, last = way.total.split(".")
    holder = answer
    for step in steps:
        holder = holder[step]
    holder[last] += 1
    return json.dumps(answer).encode()


def _broken_item(name: str, body: bytes) -> bytes | None:
    """The first item without its id, where there is one at all."""
    answer = json.loads(body)
    items = answer
    for step in LISTS[name].items.split("."):
        items = items[step]
    if items:
        del items[0][LISTS[name].id]
    return json.dumps(answer).encode()


HABITS: Final = Habits(
    action_of=called,
    denied=_denied,
    throttled=_throttled,
    error=_error,
    wrong_total=_wrong_total,
    broken_item=_broken_item,
)
