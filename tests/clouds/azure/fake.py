"""Resource Manager and the token service: what is asked, what is answered, and how both refuse.

https://learn.microsoft.com/rest/api/azure has the lists, https://learn.microsoft.com/azure/azure-resource-manager the
errors of Resource Manager itself. Whoever has a token reads every subscription of the estate.
"""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from clouds.azure import graph
from clouds.azure.apis import APIS, NAMESPACES, Api
from clouds.azure.estate import EXTENDED, STATUSES, Estate
from clouds.azure.refusals import TOKEN, answer, denied, entra, error, no_list, refused, throttled
from clouds.azure.signing import Refusal, Tokens, no_token
from clouds.server import Habits

_TOKEN = re.compile(r"^/([^/]+)/oauth2/v2\.0/token$", re.IGNORECASE)
_METADATA = re.compile(r"^/([^/]+)/v2\.0/\.well-known/openid-configuration$", re.IGNORECASE)
_SUBSCRIPTIONS = re.compile(r"^/subscriptions(?:/(?P<subscription>[^/]+)/(?P<what>locations))?$")
_TOP = re.compile(r"^/subscriptions/(?P<subscription>[^/]+)/providers/(?P<namespace>[^/]+)/(?P<what>[^/]+)$")
_CHILD = re.compile(
    r"^(?P<parent>/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)/providers/"
    r"(?P<namespace>[^/]+)/(?P<type>[^/]+)/(?P<name>[^/]+))/(?P<what>[^/]+)$"
)
_UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
VARIANTS = {"statusOnly": STATUSES, "includeExtendedLocations": EXTENDED}
_FLEXIBLE = {"virtualmachines": "BadRequest", "networkinterfaces": "NotFound", "publicipaddresses": "NotFound"}
"""What is said of a scale set in flexible orchestration: its machines and interfaces are listed as any others."""


class Asked:
    """A request as Resource Manager takes it: ids and types without regard to case."""

    def __init__(self, path: str) -> None:
        self.path = path.lower().rstrip("/")
        found = _SUBSCRIPTIONS.match(self.path) or _TOP.match(self.path) or _CHILD.match(self.path)
        parts = found.groupdict() if found else {}
        self.subscription: str = parts.get("subscription") or ""
        self.parent: str = parts.get("parent") or ""
        self.name: str = parts.get("name") or ""
        self.group: str = parts.get("group") or ""
        self.what: str = parts.get("what") or ""
        self.namespace: str = parts.get("namespace") or ("microsoft.resources" if found else "")
        types = [parts.get("type"), self.what] if "namespace" in parts else ["subscriptions", self.what]
        self.type = "/".join([self.namespace, *(one for one in types if one)])


def called(request: Request) -> tuple[str, str]:
    """The permission that a request needs. A list is of a whole subscription, of all regions."""
    if _TOKEN.match(request.path):
        return TOKEN, ""
    if request.path.lower() == graph.PATH:
        return graph.ACTION, ""
    api = APIS.get(Asked(request.path).type)
    return (api.action if api else ""), ""


class Arm:
    """The application. `page_size` is the server's choice: no list has a parameter for it.

    `unregistered` are namespaces that the subscriptions do not use, in lower case. `gone` are subscriptions that are
    still listed.
    """

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        self.tokens = Tokens()
        self.graph = graph.Graph()
        self.page_size = 100
        self.unregistered: frozenset[str] = frozenset()
        self.gone: frozenset[str] = frozenset()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        found = _TOKEN.match(request.path)
        metadata = _METADATA.match(request.path)
        if found:
            response = self._token(request, found[1])
        elif metadata:
            response = answer(200, openid(request.host, metadata[1]))
        else:
            response = self._arm(request)
        return response(environ, start_response)

    def _token(self, request: Request, tenant: str) -> Response:
        if request.method != "POST":
            return entra(no_token(900561, request.method))
        try:
            form = request.form.to_dict()
            return answer(200, self.tokens.issue(tenant, form, request.headers.get("Authorization", "")))
        except Refusal as refusal:
            return entra(refusal)

    def _arm(self, request: Request) -> Response:
        try:
            self.tokens.check(request.headers.get("Authorization", ""))
            if request.path.lower() == graph.PATH:
                return self._query(request)
            return self._list(request)
        except Refusal as refusal:
            return refused(refusal)

    def _list(self, request: Request) -> Response:
        asked = Asked(request.path)
        api = self._known(asked, request)
        options = {key: value for key, value in request.args.items() if key not in {"api-version", "$skiptoken"}}
        _check_options(api, options)
        path = asked.path + next((mark for key, mark in VARIANTS.items() if options.get(key) == "true"), "")
        if path not in self.estate.lists:
            self._check_holder(asked)
        start = _start(request.args.get("$skiptoken", ""), path)
        items, more = self.estate.page(path, start, self.page_size if api.paged else None)
        body = b'{"value":[' + items + b"]"
        if more:
            body += b',"nextLink":' + json.dumps(_next_link(request, path, start + self.page_size)).encode()
        return Response(body + b"}", 200, _headers(asked), content_type="application/json; charset=utf-8")

    def _query(self, request: Request) -> Response:
        version = request.args.get("api-version", "")
        if request.method != "POST":
            raise no_list("HttpMethodNotAllowed", request.method)
        if version not in graph.VERSIONS:
            raise no_list(
                "InvalidResourceType", "resources", "Microsoft.ResourceGraph", version, ",".join(graph.VERSIONS)
            )
        return self.graph.ask(request, self.estate)

    def _known(self, asked: Asked, request: Request) -> Api:
        """The list that is asked for, if there is one. Raises Refusal."""
        version = request.args.get("api-version", "")
        if not version:
            raise no_list("MissingApiVersionParameter")
        if request.method != "GET":
            raise no_list("HttpMethodNotAllowed", request.method)
        if asked.subscription and not _UUID.match(asked.subscription):
            raise no_list("InvalidSubscriptionId", asked.subscription)
        known = {item["subscriptionId"] for item in self.estate.lists["/subscriptions"]} - self.gone
        if asked.subscription and asked.subscription not in known:
            raise no_list("SubscriptionNotFound", asked.subscription)
        if asked.namespace not in NAMESPACES:
            raise no_list("InvalidResourceNamespace", asked.namespace)
        api = APIS.get(asked.type)
        if api is None or version not in api.versions:
            raise _no_such_version(asked.type, api, version)
        if asked.namespace in self.unregistered:
            raise no_list("MissingSubscriptionRegistration", api.type.partition("/")[0])
        return api

    def _check_holder(self, asked: Asked) -> None:
        """Refuse what is listed of a resource that is not there, or that has no such list."""
        if not asked.parent:
            return
        kind = asked.type.rpartition("/")[0]
        holders = self.estate.lists.get(f"/subscriptions/{asked.subscription}/providers/{kind}", ())
        holder = next((one for one in holders if one["id"].lower() == asked.parent), None)
        if holder is None:
            raise no_list("ResourceNotFound", kind, asked.name, asked.group)
        if holder["properties"].get("orchestrationMode") == "Flexible":
            raise no_list(_FLEXIBLE[asked.what], holder["name"], holder["id"])


def openid(host: str, tenant: str) -> dict[str, Any]:
    """What Microsoft's libraries ask for before they ask for a token. They take no endpoint without TLS."""
    service = f"https://{host}/{tenant}"
    return {
        "token_endpoint": f"{service}/oauth2/v2.0/token",
        "authorization_endpoint": f"{service}/oauth2/v2.0/authorize",
        "issuer": f"{service}/v2.0",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
    }


# ---- parts of an answer


def _no_such_version(asked: str, api: Api | None, version: str) -> Refusal:
    supported = ",".join(api.versions) if api else ""
    if api and api.type.startswith("Microsoft.Resources/"):
        return no_list("InvalidApiVersionParameter", version, supported)
    namespace, _, kind = (api.type if api else asked).partition("/")
    return no_list("InvalidResourceType", kind, namespace, version, supported)


def _check_options(api: Api, options: Mapping[str, str]) -> None:
    """Refuse values that are not allowed. What Resource Manager does not know it takes no notice of."""
    for key, value in options.items():
        if value not in api.parameters.get(key, (value,)):
            raise no_list("InvalidParameter", key, value)


def _next_link(request: Request, path: str, start: int) -> str:
    """The same request, with where to go on. Nothing but the server can read that."""
    token = urlsafe_b64encode(json.dumps([path, start]).encode()).decode()
    query = {key: value for key, value in request.args.items() if key != "$skiptoken"}
    return f"{request.host_url.rstrip('/')}{request.path}?{urlencode({**query, '$skiptoken': token})}"


def _start(token: str, path: str) -> int:
    if not token:
        return 0
    try:
        of, start = json.loads(urlsafe_b64decode(token))
    except ValueError as error:
        raise no_list("InvalidSkipToken") from error
    if of != path:
        raise no_list("InvalidSkipToken")
    return int(start)


def _headers(asked: Asked) -> dict[str, str]:
    scope = "subscription" if asked.subscription else "tenant"
    left = {f"x-ms-ratelimit-remaining-{scope}-reads": "249"}
    if asked.namespace == "microsoft.compute":
        left["x-ms-ratelimit-remaining-resource"] = "Microsoft.Compute/HighCostGetSubscriptionMaximum;1079"
    return {**left, "x-ms-request-id": str(uuid4()), "x-ms-correlation-request-id": str(uuid4())}


# ---- what can go wrong on command


def broken_item(action: str, body: bytes) -> bytes | None:
    """The first item without its id, and so the first of each kind of part that is a resource too."""
    page = json.loads(body)
    if not page.get("value"):
        return None
    _break(page["value"][0])
    return json.dumps(page).encode()


def _break(item: dict[str, Any]) -> None:
    for field in ("id", "name", "subscriptionId"):
        item.pop(field, None)
    for mapping in item.get("availabilityZoneMappings", ())[:1]:
        mapping.pop("physicalZone")
    for parts in ("subnets", "virtualNetworkPeerings"):
        for part in item.get("properties", {}).get(parts, ())[:1]:
            part.pop("id")


def slow_down(action: str) -> Response:
    return graph.throttled() if action == graph.ACTION else throttled(action)


def wrong_total(action: str, body: bytes) -> bytes | None:
    """Only Resource Graph states a total."""
    if action != graph.ACTION:
        return None
    page = json.loads(body)
    return json.dumps({**page, "totalRecords": page["totalRecords"] + 1}).encode()


HABITS = Habits(called, denied, slow_down, error, wrong_total, broken_item)
