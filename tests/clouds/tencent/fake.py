"""Tencent Cloud's API 3.0 on one address: who asks, whether what is asked is right, and the page that is asked for.

Facts: <https://cloud.tencent.com/document/api/213/30654> (requests), /document/product/1388/114322 (common errors).
Errors are answers with status 200 and `Response.Error`.
"""

import base64
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from werkzeug.wrappers import Request, Response

from clouds.server import Habits
from clouds.tencent.actions import ACTIONS, VERSIONS, WITHOUT_REGION, Action, Paging
from clouds.tencent.signing import Key, Refusal, signer

Item = Any
"""As the wire has it."""
Lists = dict[tuple[str, str], Any]
"""By action and region (empty: the same everywhere) the items; where an action asks `of` something, those by its id."""

CREDENTIAL = re.compile(r"Credential=[^/]+/[^/]+/([^/]+)/")
ROLE = re.compile(r"qcs::cam::uin/(\d+):roleName/([\w+=,.@-]+)")
NO_ITEM = {"clb": "InvalidParameter.LBIdNotFound"}
TOO_MANY = {"cvm": "InvalidParameterValueLimit", "postgres": "InvalidParameterValue.InvalidParameterValueError"}
LIFE = 7200
"""How long a temporary key lives unless another time is asked for, in seconds."""


def called(request: Request) -> tuple[str, str]:
    """The action as `service:Action`, and the region."""
    found = CREDENTIAL.search(request.headers.get("Authorization", ""))
    service = found[1] if found else ""
    return f"{service}:{request.headers.get('X-TC-Action', '')}", request.headers.get("X-TC-Region", "")


class Api:
    """The application.

    `keys` by secret id; `lists` by account; `roles` are the (account, name) that can be assumed; `lacking` are the
    (service, region) of services that a region does not have.
    """

    def __init__(
        self,
        keys: Mapping[str, Key],
        lists: Mapping[str, Lists],
        regions: Iterable[str],
        roles: Iterable[tuple[str, str]] = (),
        lacking: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._keys = dict(keys)
        self._lists = lists
        self._regions = frozenset(regions)
        self._roles = frozenset(roles)
        self._lacking = frozenset(lacking)
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self.clock: Callable[[], float] = time.time

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        try:
            answer = self._answer(request)
        except Refusal as refusal:
            return refused(refusal.code, refusal.message)(environ, start_response)
        return _wrapped(answer)(environ, start_response)

    def _answer(self, request: Request) -> dict[str, Any]:
        if request.method != "POST" or request.mimetype != "application/json":
            raise Refusal("UnsupportedProtocol", "The protocol is not supported: POST application/json.")
        key = signer(request, self._keys, self.clock())
        name, region = called(request)
        service, _, action = name.partition(":")
        version = request.headers.get("X-TC-Version", "")
        if service not in VERSIONS:
            raise Refusal("NoSuchProduct", f"The product `{service}` does not exist.")
        if version != VERSIONS[service]:
            raise Refusal("NoSuchVersion", f"The version `{version}` of `{service}` does not exist.")
        if name not in ACTIONS and name not in _STS:
            raise Refusal("InvalidAction", f"The request action=`{action}` is invalid or not found.")
        if service not in WITHOUT_REGION:
            self._check_region(service, region)
        params = _params(request.get_data())
        if name in _STS:
            return _STS[name](self, key, params)
        return page(self._items(key.account, name, region, params), ACTIONS[name], params, service)

    def _check_region(self, service: str, region: str) -> None:
        if not region:
            raise Refusal("MissingParameter", "The request is missing a required parameter `Region`.")
        if region not in self._regions or (service, region) in self._lacking:
            raise Refusal("UnsupportedRegion", f"The region `{region}` is not supported.")

    def _items(self, account: str, name: str, region: str, params: Mapping[str, Any]) -> Any:
        action = ACTIONS[name]
        check(action, params)
        lists = self._lists[account]
        found: Any = lists.get((name, region), lists.get((name, ""), {} if action.of else ()))
        if not action.of:
            return found
        if params[action.of] not in found:
            code = NO_ITEM.get(name.partition(":")[0], "ResourceNotFound")
            raise Refusal(code, f"The resource `{params[action.of]}` does not exist.")
        return found[params[action.of]]

    # ---- sts

    def _identity(self, key: Key, _params: Mapping[str, Any]) -> dict[str, Any]:
        """<https://cloud.tencent.com/document/api/1312/47961>."""
        is_role = bool(key.token)
        return {
            "Type": "CAMRole" if is_role else "CAMUser",
            "AccountId": key.account,
            "UserId": key.user,
            "PrincipalId": key.account if is_role else key.user,
            "Arn": f"qcs::sts:{key.account}:assumed-role/{key.user}" if is_role
            else f"qcs::cam:{key.account}:uin/{key.user}",
        }  # fmt: skip

    def _assume(self, _key: Key, params: Mapping[str, Any]) -> dict[str, Any]:
        """<https://cloud.tencent.com/document/api/1312/48197>."""
        for name in ("RoleArn", "RoleSessionName"):
            if name not in params:
                raise Refusal("MissingParameter", f"The request is missing a required parameter `{name}`.")
        _known(params, {"RoleArn": str, "RoleSessionName": str, "DurationSeconds": int, "ExternalId": str})
        session = params["RoleSessionName"]
        life = params.get("DurationSeconds", LIFE)
        if not re.fullmatch(r"[\w+=,.@-]{2,128}", session):
            raise Refusal("InvalidParameter.ParamError", "The parameter `RoleSessionName` is not valid.")
        if not 0 < life <= 43200:
            raise Refusal("InvalidParameter.OverTimeError", "The parameter `DurationSeconds` is too large.")
        arn = ROLE.fullmatch(params["RoleArn"])
        if arn is None:
            raise Refusal("InvalidParameter.ParamError", "The parameter `RoleArn` is not valid.")
        account, role = arn.groups()
        if (account, role) not in self._roles:
            raise Refusal("ResourceNotFound.RoleNotFound", "The role does not exist.")
        expires = int(self.clock()) + life
        with self._lock:
            number = next(self._numbers)
            made = Key(account, f"temporary-secret-{number}", f"temporary-token-{number}", expires, f"{role}:{session}")
            self._keys[f"AKIDtemporary{number}"] = made
        credentials = {"TmpSecretId": f"AKIDtemporary{number}", "TmpSecretKey": made.secret, "Token": made.token}
        ends = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires))
        return {"Credentials": credentials, "ExpiredTime": expires, "Expiration": ends}


_STS: dict[str, Callable[[Api, Key, Mapping[str, Any]], dict[str, Any]]] = {
    "sts:GetCallerIdentity": Api._identity,
    "sts:AssumeRole": Api._assume,
}


# ---- parameters


def check(action: Action, params: Mapping[str, Any]) -> None:
    """Raises Refusal where a parameter is missing, unknown or of another type than documented."""
    needed = (action.of, *action.needs) if action.of else action.needs
    for name in needed:
        if name not in params:
            raise Refusal("MissingParameter", f"The request is missing a required parameter `{name}`.")
    types: dict[str, type] = dict.fromkeys(needed, str) | dict.fromkeys(action.ids, list)
    types |= {name: type(value) for name, value in action.only.items()}
    types |= _paging_types(action.paging)
    if action.filters:
        types["Filters"] = list
    _known({name: value for name, value in params.items() if name not in action.equal}, types)
    for name, value in action.only.items():
        if params.get(name, value) != value:
            raise Refusal("InvalidParameterValue", f"The value of parameter `{name}` is not valid.")
    for one in params.get("Filters", ()):
        if not isinstance(one, dict) or set(one) != {"Name", "Values"} or not isinstance(one["Values"], list):
            raise Refusal("InvalidParameter", "The value type of parameter `Filters` is not valid.")
        if one["Name"] not in action.filters:
            raise Refusal("InvalidFilter", f"The filter `{one['Name']}` is not valid.")
    if params.get("Filters") and any(params.get(name) for name in action.ids):
        raise Refusal("InvalidParameter.Coexist", "`Filters` and ids cannot be given together.")


def _paging_types(paging: Paging) -> dict[str, type]:
    if paging.style == "whole":
        return {}
    if paging.style == "token":
        return {"NextToken": str, "MaxResults": int}
    return dict.fromkeys(("Offset", "Limit"), str if paging.text else int)


def _known(params: Mapping[str, Any], types: Mapping[str, type]) -> None:
    for name, value in params.items():
        if name not in types:
            raise Refusal("UnknownParameter", f"The parameter `{name}` is not recognized.")
        if type(value) is not types[name]:
            raise Refusal("InvalidParameter", f"The value type of parameter `{name}` is not valid.")


def _params(body: bytes) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(body or b"{}", type=dict[str, Any])
    except msgspec.DecodeError:
        raise Refusal("InvalidParameter", "The request body is not a JSON object.") from None


# ---- pages


def page(items: Any, action: Action, params: Mapping[str, Any], service: str) -> dict[str, Any]:
    """What is asked of some items, as the answer has it."""
    if action.one:
        return {action.items: items}
    found = _picked(items, action, params)
    start, size = _window(action.paging, params, service)
    shown = found if size is None else found[start : start + size]
    answer: dict[str, Any] = {action.items: shown}
    if action.total:
        answer[action.total] = len(found)
    if action.paging.style == "token" and size is not None:
        more = start + size < len(found)
        answer["NextToken"] = _token(start + size) if more else ""
    asked = {"MaxResults": size, **params}
    return answer | {name: asked[name] for name in action.echo}


def _picked(items: Sequence[Item], action: Action, params: Mapping[str, Any]) -> Sequence[Item]:
    tests = [(action.ids[name], set(params[name])) for name in action.ids if params.get(name)]
    tests += [(action.equal[name], {params[name]}) for name in action.equal if name in params]
    tests += [(action.filters[one["Name"]], set(one["Values"])) for one in params.get("Filters", ())]
    if not tests:
        return items
    return [item for item in items if all(_at(item, path) in wanted for path, wanted in tests)]


def _at(item: Item, path: str) -> Any:
    for step in path.split("."):
        item = (item or {}).get(step)
    return item


def _window(paging: Paging, params: Mapping[str, Any], service: str) -> tuple[int, int | None]:
    """Where a page starts and how long it is; None is all."""
    if paging.style == "whole":
        return 0, None
    names = ("NextToken", "MaxResults") if paging.style == "token" else ("Offset", "Limit")
    size = _number(names[1], params.get(names[1], paging.default))
    if not paging.least <= size <= paging.most:
        code = TOO_MANY.get(service, "InvalidParameterValue.LimitExceeded")
        rule = f"[{paging.least},{paging.most}]"
        raise Refusal(code, f"The {names[1]} parameter value is invalid and should meet the rule: {rule}")
    size = size or paging.default
    if paging.style == "token":
        return _start(params.get("NextToken", "")), size
    offset = _number("Offset", params.get("Offset", 0))
    if offset < 0 or (paging.aligned and offset % size):
        raise Refusal("InvalidParameterValue", "The value of parameter `Offset` is not valid.")
    return (offset * size if paging.style == "page" else offset), size


def _number(name: str, value: int | str) -> int:
    if isinstance(value, str) and not value.isdecimal():
        raise Refusal("InvalidParameterValue", f"The value of parameter `{name}` is not valid.")
    return int(value)


def _token(start: int) -> str:
    return base64.b64encode(f"after-{start}".encode()).decode()


def _start(token: str) -> int:
    try:
        return int(base64.b64decode(token).removeprefix(b"after-") or 0)
    except ValueError:
        raise Refusal("InvalidParameterValue", "The value of parameter `NextToken` is not valid.") from None


# ---- answers, and what goes wrong

REQUEST = "b0e9e810-01cc-4c12-8bd2-ca0a2ab1b976"


def _wrapped(answer: Mapping[str, Any]) -> Response:
    body = msgspec.json.encode({"Response": {**answer, "RequestId": REQUEST}})
    return Response(body, 200, content_type="application/json")


def refused(code: str, message: str) -> Response:
    """An error, as every service tells it."""
    return _wrapped({"Error": {"Code": code, "Message": message}})


def _denied(action: str) -> Response:
    return refused(
        "UnauthorizedOperation",
        f"[request id:{REQUEST}]you are not authorized to perform operation ({action})\n"
        "resource (*) has no permission\n",
    )


def _throttled(_action: str) -> Response:
    return refused(
        "RequestLimitExceeded",
        "Your current request times equals to `21` in a second, which exceeds the frequency limit `20` for a second. "
        "Please reduce the frequency of calls.",
    )


def _error(_action: str) -> Response:
    return refused("InternalError", "An internal error has occurred. Retry your request.")


def _wrong_total(name: str, body: bytes) -> bytes | None:
    action = ACTIONS.get(name)
    if action is None or not action.total:
        return None
    answer = msgspec.json.decode(body)
    if action.total in answer["Response"]:
        answer["Response"][action.total] += 1
    return msgspec.json.encode(answer)


def _broken_item(name: str, body: bytes) -> bytes | None:
    """The first item, where there is one, without its id."""
    action = ACTIONS.get(name)
    if action is None or not action.id:
        return None
    answer = msgspec.json.decode(body)
    for item in answer["Response"].get(action.items, ())[:1]:
        del item[action.id]
    return msgspec.json.encode(answer)


HABITS = Habits(called, _denied, _throttled, _error, _wrong_total, _broken_item)
