"""AWS's API on loopback: moto, with what moto leaves out, from AWS's own reference.

moto gives most lists whole, whatever page was asked for: here they are cut into pages, and page sizes that AWS refuses
are refused. What moto lacks (elasticache:DescribeServerlessCaches, networkmanager:ListAttachments, tags of caches in
the tagging API) is answered from lists.
"""

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree as ET

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from clouds.server import Habits

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
CREDENTIAL = re.compile(r"Credential=[^/]+/\d+/([^/]+)/([^/]+)/")
SERVICES = {"tagging": "resourcegroupstaggingapi"}
QUERY_VERSIONS = {"2012-06-01": "elb", "2015-12-01": "elbv2"}
SERVERLESS = "elasticache:DescribeServerlessCaches"
ATTACHMENTS = "networkmanager:ListAttachments"
TAGGING = "resourcegroupstaggingapi:GetResources"


class Pages(NamedTuple):
    """How a list is paged: its element, an item's id, the parameters, and the least and the most on a page."""

    items: str
    id: str
    size: str
    token: str
    following: str
    least: int
    most: int


def _ec2(items: str, native: str, least: int = 5, most: int = 1000) -> Pages:
    return Pages(items, native, "MaxResults", "NextToken", "nextToken", least, most)


def _balancing(items: str, native: str) -> Pages:
    return Pages(items, native, "PageSize", "Marker", "NextMarker", 1, 400)


def _databases(items: str, native: str) -> Pages:
    return Pages(items, native, "MaxRecords", "Marker", "Marker", 20, 100)


def _wide(items: str, native: str) -> Pages:
    return Pages(items, native, "maxResults", "nextToken", "NextToken", 1, 500)


PAGES = {
    "ec2:DescribeVpcs": _ec2("vpcSet", "vpcId"),
    "ec2:DescribeSubnets": _ec2("subnetSet", "subnetId"),
    "ec2:DescribeRouteTables": _ec2("routeTableSet", "routeTableId", 5, 100),
    "ec2:DescribeSecurityGroups": _ec2("securityGroupInfo", "groupId"),
    "ec2:DescribeNatGateways": _ec2("natGatewaySet", "natGatewayId"),
    "ec2:DescribeVpcPeeringConnections": _ec2("vpcPeeringConnectionSet", "vpcPeeringConnectionId"),
    "ec2:DescribeTransitGateways": _ec2("transitGatewaySet", "transitGatewayId"),
    "ec2:DescribeTransitGatewayAttachments": _ec2("transitGatewayAttachments", "resourceId"),
    "ec2:DescribeTransitGatewayPeeringAttachments": _ec2("transitGatewayPeeringAttachments", "state"),
    "ec2:DescribeInstances": _ec2("reservationSet", "instanceId"),
    "ec2:DescribeNetworkInterfaces": _ec2("networkInterfaceSet", "networkInterfaceId"),
    "elb:DescribeLoadBalancers": _balancing("LoadBalancerDescriptions", "LoadBalancerName"),
    "elbv2:DescribeLoadBalancers": _balancing("LoadBalancers", "LoadBalancerArn"),
    "elbv2:DescribeListeners": _balancing("Listeners", "ListenerArn"),
    "elbv2:DescribeRules": _balancing("Rules", "RuleArn"),
    "elbv2:DescribeTargetGroups": _balancing("TargetGroups", "TargetGroupArn"),
    "rds:DescribeDBInstances": _databases("DBInstances", "DBInstanceArn"),
    "rds:DescribeDBClusters": _databases("DBClusters", "DBClusterArn"),
    "rds:DescribeDBSubnetGroups": _databases("DBSubnetGroups", "DBSubnetGroupName"),
    "elasticache:DescribeReplicationGroups": _databases("ReplicationGroups", "ARN"),
    "elasticache:DescribeCacheClusters": _databases("CacheClusters", "ARN"),
    "elasticache:DescribeCacheSubnetGroups": _databases("CacheSubnetGroups", "CacheSubnetGroupName"),
    SERVERLESS: Pages("ServerlessCaches", "ARN", "MaxResults", "NextToken", "NextToken", 1, 100),
    "eks:ListClusters": Pages("clusters", "", "maxResults", "nextToken", "nextToken", 1, 100),
    "networkmanager:ListCoreNetworks": _wide("CoreNetworks", "CoreNetworkId"),
    ATTACHMENTS: _wide("Attachments", "AttachmentId"),
    TAGGING: Pages(
        "ResourceTagMappingList", "ResourceARN", "ResourcesPerPage", "PaginationToken", "PaginationToken", 1, 100
    ),
    "organizations:ListAccounts": Pages("Accounts", "Id", "MaxResults", "NextToken", "NextToken", 1, 20),
}  # fmt: skip
OTHER_ITEMS = {
    "ec2:DescribeRegions": ("regionInfo", "regionName"),
    "ec2:DescribeAvailabilityZones": ("availabilityZoneInfo", "zoneName"),
    "ec2:DescribeAddresses": ("addressesSet", "publicIp"),
}
JSON = {"eks", "networkmanager", "organizations", "resourcegroupstaggingapi"}
SECRETS = re.compile(r"<(?:SecretAccessKey|SessionToken)>([^<]+)<")
READING = re.compile(r":(Describe|List|Get)")


def called(request: Request) -> tuple[str, str]:
    """The action as `service:Operation`, and the region, of a signed request."""
    found = CREDENTIAL.search(request.headers.get("Authorization", ""))
    region, service = found.groups() if found else ("", "")
    target = request.headers.get("X-Amz-Target", "")
    service = SERVICES.get(service, service)
    if target:
        return f"{service}:{target.rpartition('.')[2]}", region
    form = dict(parse_qsl(request.get_data().decode("utf-8", "replace")))
    if "Action" in form:
        return f"{QUERY_VERSIONS.get(form.get('Version', ''), service)}:{form['Action']}", region
    return f"{service}:{_operation(service, request.method, request.path)}", region


REST = (
    ("eks", "GET", re.compile(r"^/clusters$"), "ListClusters"),
    ("eks", "GET", re.compile(r"^/clusters/[^/]+$"), "DescribeCluster"),
    ("networkmanager", "GET", re.compile(r"^/core-networks$"), "ListCoreNetworks"),
    ("networkmanager", "GET", re.compile(r"^/attachments$"), "ListAttachments"),
)


def _operation(service: str, method: str, path: str) -> str:
    return next((op for s, m, p, op in REST if (s, m) == (service, method) and p.search(path)), f"{method} {path}")


class Api:
    """The application; `account` is that of the long-lived key.

    `serverless` are caches by region, `attachments` by core network, `tags` of caches by region. `given` are the
    secrets of the roles that were assumed.
    """

    def __init__(self, account: str) -> None:
        self.account = account
        self.given: set[str] = set()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._whole: dict[tuple[str, ...], Response] = {}
        self._lock = threading.Lock()
        self.serverless: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.tags: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
        self.attachments: defaultdict[str, list[dict[str, str]]] = defaultdict(list)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request(environ)
        request.get_data(cache=True, parse_form_data=False)
        action, region = called(request)
        pages = PAGES.get(action)
        asked, bare = _without_paging(request, pages)
        size = int(asked["size"]) if pages and "size" in asked else None
        if pages and size is not None and not pages.least <= size <= pages.most:
            return refusal(action, 400, "InvalidParameterValue", f"{pages.size} {size}")(environ, start_response)
        answer = self._answer(action, region, request, bare)
        if pages and answer.status_code == 200:
            answer = _page(answer, action, pages, size, asked.get("token", ""))
        return answer(environ, start_response)

    def forget(self) -> None:
        """Ask moto again for everything: the estate has changed."""
        self._whole.clear()

    def _answer(self, action: str, region: str, request: Request, bare: EnvironBuilder) -> Response:
        if action == SERVERLESS:
            return _serverless(self.serverless[region])
        if action == TAGGING:
            return _json({"ResourceTagMappingList": self.tags[region], "PaginationToken": ""})
        if action == ATTACHMENTS:
            return _json({"Attachments": self.attachments[request.args["coreNetworkId"]]})
        environ = bare.get_environ()
        if _key(request) == KEY:
            environ["HTTP_X_MOTO_ACCOUNT_ID"] = self.account
        key = (action, region, _key(request), request.path, bare.query_string, _body(environ))
        with self._lock:  # moto's state is not made for many threads
            found = self._whole.get(key)
            if found is None:
                found = Response.from_app(self._moto, environ, buffered=True)
                if action == "sts:AssumeRole":
                    self.given.update(SECRETS.findall(found.get_data(as_text=True)))
                if not READING.search(action):
                    self._whole.clear()
                elif found.status_code == 200:
                    self._whole[key] = found
        return Response(found.get_data(), found.status_code, found.headers)


def _body(environ: dict[str, Any]) -> str:
    body: bytes = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    return body.decode()


def _key(request: Request) -> str:
    found = re.search(r"Credential=([^/]+)/", request.headers.get("Authorization", ""))
    return found[1] if found else ""


def _without_paging(request: Request, pages: Pages | None) -> tuple[dict[str, str], EnvironBuilder]:
    """What a request asks of its pages, and the request without that."""
    names = {pages.size: "size", pages.token: "token"} if pages else {}
    asked: dict[str, str] = {}

    def left(pairs: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
        kept = []
        for name, value in pairs:
            if name in names:
                asked[names[name]] = str(value)
            else:
                kept.append((name, value))
        return kept

    body = request.get_data()
    query = urlencode(left(parse_qsl(request.query_string.decode(), keep_blank_values=True)))
    if request.headers.get("X-Amz-Target"):
        body = json.dumps(dict(left(json.loads(body or b"{}").items()))).encode()
    elif b"Action=" in body:
        body = urlencode(left(parse_qsl(body.decode(), keep_blank_values=True))).encode()
    headers = [(name, value) for name, value in request.headers if name.lower() not in {"content-length", "host"}]
    return asked, EnvironBuilder(
        path=request.path, base_url=request.host_url, query_string=query, method=request.method, headers=headers,
        data=body,
    )  # fmt: skip


def _page(answer: Response, action: str, pages: Pages, size: int | None, token: str) -> Response:
    start = int(token.removeprefix(f"page-of-{action}-") or 0) if token else 0
    stop = start + (size or pages.most)
    following = f"page-of-{action}-{stop}"
    if answer.get_data()[:1] == b"{":
        value = json.loads(answer.get_data())
        items = value[pages.items]
        value[pages.items] = items[start:stop]
        if stop < len(items):
            value[pages.following] = following
        return _json(value)
    root = _parsed(answer.get_data())
    holder = _element(root, pages.items)
    if holder is None:
        return answer
    items = list(holder)
    for one in [*items[:start], *items[stop:]]:
        holder.remove(one)
    if stop < len(items):
        parent = next(one for one in root.iter() if holder in list(one))
        ET.SubElement(parent, f"{_namespace(root)}{pages.following}").text = following
    return _xml(root)


def _parsed(body: bytes) -> ET.Element:
    root = ET.fromstring(body)
    ET.register_namespace("", _namespace(root)[1:-1])
    return root


def _namespace(root: ET.Element) -> str:
    return root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""


def _element(root: ET.Element, name: str) -> ET.Element | None:
    return next((one for one in root.iter() if one.tag.rpartition("}")[2] == name), None)


def _xml(root: ET.Element, status: int = 200) -> Response:
    return Response(ET.tostring(root, encoding="utf-8"), status, content_type="text/xml")


def _json(value: object, status: int = 200, **headers: str) -> Response:
    return Response(json.dumps(value), status, headers, content_type="application/x-amz-json-1.1")


def _serverless(caches: list[dict[str, Any]]) -> Response:
    """<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeServerlessCaches.html>."""

    def add(parent: ET.Element, name: str, value: object) -> None:
        child = ET.SubElement(parent, name)
        if isinstance(value, dict):
            for inner, of_it in value.items():
                add(child, inner, of_it)
        elif isinstance(value, list):
            for one in value:
                add(child, name.removesuffix("s"), one)
        else:
            child.text = str(value)

    root = ET.Element("DescribeServerlessCachesResponse", xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/")
    result = ET.SubElement(root, "DescribeServerlessCachesResult")
    holder = ET.SubElement(result, "ServerlessCaches")
    for cache in caches:
        member = ET.SubElement(holder, "member")
        for name, value in cache.items():
            add(member, name, value)
    return Response(ET.tostring(root), content_type="text/xml")


# ---- what goes wrong


def refusal(action: str, status: int, code: str, message: str = "") -> Response:
    """An error as the action's protocol tells it."""
    service = action.partition(":")[0]
    request = "7a62c49f-347e-4fc4-9331-6e8eEXAMPLE"
    if service == "ec2":
        body = (
            f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>"
            f"<RequestID>{request}</RequestID></Response>"
        )
        return Response(body, status, content_type="text/xml")
    if service in JSON:
        headers = {"x-amzn-errortype": code, "x-amzn-requestid": request}
        return _json({"__type": code, "message": message}, status, **headers)
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        f"<RequestId>{request}</RequestId></ErrorResponse>"
    )
    return Response(body, status, content_type="text/xml")


def _denied(action: str) -> Response:
    service = action.partition(":")[0]
    code = (
        "UnauthorizedOperation" if service == "ec2" else "AccessDeniedException" if service in JSON else "AccessDenied"
    )
    return refusal(action, 403, code, "not authorized to perform this operation")


def _throttled(action: str) -> Response:
    service = action.partition(":")[0]
    if service == "ec2":
        return refusal(action, 503, "RequestLimitExceeded", "Request limit exceeded.")
    code = "ThrottlingException" if service in JSON else "Throttling"
    return refusal(action, 400, code, "Rate exceeded")


def _error(action: str) -> Response:
    code = "InternalError" if action.startswith("ec2:") else "InternalFailure"
    return refusal(action, 500, code, "An internal error has occurred")


def _broken_item(action: str, body: bytes) -> bytes | None:
    """The first item without its id."""
    items, native = (PAGES[action].items, PAGES[action].id) if action in PAGES else OTHER_ITEMS.get(action, ("", ""))
    if body[:1] == b"{":
        value = json.loads(body)
        if not items or not value[items]:
            return None
        if native:
            del value[items][0][native]
        else:
            value[items][0] = ""
        return json.dumps(value).encode()
    root = _parsed(body)
    holder = _element(root, items) if items else None
    if holder is None or not len(holder):
        return None
    for parent in holder[0].iter():
        found = next((one for one in parent if one.tag.rpartition("}")[2] == native), None)
        if found is not None:
            parent.remove(found)
            return ET.tostring(root)
    return None


HABITS = Habits(
    action_of=called,
    denied=_denied,
    throttled=_throttled,
    error=_error,
    wrong_total=lambda _action, _body: None,
    broken_item=_broken_item,
)
