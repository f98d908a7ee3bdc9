"""Resource Graph: the resources of many subscriptions by a query, in pages and within a quota.

https://learn.microsoft.com/rest/api/azureresourcegraph/resourcegraph/resources/resources
https://learn.microsoft.com/azure/governance/resource-graph/concepts/paging-results
https://learn.microsoft.com/azure/governance/resource-graph/concepts/guidance-for-throttled-requests
Of the query language it knows the table `Resources` with `where` on a text, `project`, and `order by id asc`.
"""

import json
import re
import time
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Mapping
from uuid import uuid4

from werkzeug.wrappers import Request, Response

from clouds.azure.arm import TENANT, Item
from clouds.azure.estate import STATUSES, Estate
from clouds.azure.refusals import answer

ACTION = "Microsoft.ResourceGraph/resources/read"
PATH = "/providers/microsoft.resourcegraph/resources"
VERSIONS = ("2021-03-01", "2022-10-01")
QUOTA, WINDOW = 15, 5.0
"""Queries, and the seconds in which so many are answered."""
MOST = 1000
"""Records on a page."""
COLUMNS = (
    "id", "name", "type", "tenantId", "kind", "location", "resourceGroup", "subscriptionId", "managedBy", "sku", "plan",
    "properties", "tags", "identity", "zones", "extendedLocation",
)  # fmt: skip
_TOP = re.compile(r"^/subscriptions/(?P<subscription>[^/]+)/providers/(?P<type>[^#]+)$")
_WHERE = re.compile(r"^where (?P<column>\w+) ?(?P<operator>=~|==|contains) ?['\"](?P<text>[^'\"]*)['\"]$")
_PROJECT = re.compile(r"^project (?P<columns>\w+(?: ?, ?\w+)*)$")


class Graph:
    """The service. One principal asks it, so that there is one quota. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: deque[float] = deque()

    def ask(self, request: Request, estate: Estate) -> Response:
        """The answer to a query."""
        left, resets = self._quota()
        headers = _quota_headers(max(0, left), resets)
        if left < 0:
            return refused("RateLimiting", headers)
        body = request.get_json(silent=True)
        try:
            return answer(200, _answered(body, estate), headers)
        except (ValueError, KeyError, TypeError, AttributeError):
            return refused("InvalidQuery", headers)

    def _quota(self) -> tuple[int, int]:
        """How many queries are left after this one (less than none: it is one too many), and the seconds to wait."""
        now = self._clock()
        while self._asked and self._asked[0] <= now - WINDOW:
            self._asked.popleft()
        if len(self._asked) < QUOTA:
            self._asked.append(now)
            return QUOTA - len(self._asked), 5
        return -1, max(1, round(self._asked[0] + WINDOW - now))


def _quota_headers(left: int, resets: int) -> dict[str, str]:
    return {"x-ms-user-quota-remaining": str(left), "x-ms-user-quota-resets-after": f"00:00:{resets:02d}"}


SAID = {
    "InvalidQuery": (400, "BadRequest", "Query is invalid. Please fix the error before retrying."),
    "RateLimiting": (
        429,
        "RateLimiting",
        "Client application has been throttled: https://aka.ms/resourcegraph-throttling",
    ),
}
"""By code: status, the code of the frame, message."""


def refused(code: str, headers: Mapping[str, str]) -> Response:
    """A refusal as Resource Graph words it: what is the matter is in the details."""
    status, outer, message = SAID[code]
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    frame = f"Please provide below info when asking for support: timestamp = {at}, correlationId = {uuid4()}."
    body = {"error": {"code": outer, "message": frame, "details": [{"code": code, "message": message}]}}
    return answer(status, body, headers)


def throttled() -> Response:
    return refused("RateLimiting", _quota_headers(0, 5))


def _answered(body: Item, estate: Estate) -> Item:
    """The page that a request asks for. Raises ValueError, or what a body of another form leads to."""
    options = body.get("options") or {}
    top, skip = int(options.get("$top", MOST)), int(options.get("$skip", 0))
    if not 1 <= top <= MOST or skip < 0:
        raise ValueError("a page of a size that is not allowed")
    records, columns = _queried(body["query"], _records(estate, body.get("subscriptions")))
    start = json.loads(b64decode(options["$skipToken"], validate=True))["start"] if "$skipToken" in options else skip
    page = records[start : start + top]
    more = start + top < len(records)
    told = {"$skipToken": b64encode(json.dumps({"start": start + top}).encode()).decode()}
    return {
        "totalRecords": len(records),
        "count": len(page),
        "resultTruncated": "true" if more and "id" not in columns else "false",
        "facets": [],
        **(told if more and "id" in columns else {}),
        "data": [{column: record.get(column) for column in columns} for record in page],
    }


def _queried(query: str, records: list[Item]) -> tuple[list[Item], tuple[str, ...]]:
    table, *steps = [" ".join(step.split()) for step in query.split("|")]
    if table.lower() != "resources":
        raise ValueError("a table that is not known")
    columns: tuple[str, ...] = COLUMNS
    for step in steps:
        if step.lower() == "order by id asc":
            continue
        if project := _PROJECT.match(step):
            columns = tuple(one.strip() for one in project["columns"].split(","))
        elif where := _WHERE.match(step):
            records = [one for one in records if _fits(str(one[where["column"]]), where["operator"], where["text"])]
        else:
            raise ValueError("an operator that is not known")
    return records, columns


def _fits(value: str, operator: str, text: str) -> bool:
    if operator == "==":
        return value == text
    return value.lower() == text.lower() if operator == "=~" else text.lower() in value.lower()


def _records(estate: Estate, subscriptions: list[str] | None) -> list[Item]:
    """Every resource of its own, by id. Parts of resources and instances of scale sets are not in the table."""
    found = []
    for path, items in estate.lists.items():
        top = _TOP.match(path)
        if top and (subscriptions is None or top["subscription"] in subscriptions) and not path.endswith(STATUSES):
            found += [_record(item, top["subscription"]) for item in items]
    return sorted(found, key=lambda one: str(one["id"]))


def _record(item: Item, subscription: str) -> Item:
    """Types, locations and resource groups are in lower case here, whatever their provider writes."""
    return {
        **dict.fromkeys(COLUMNS),
        **item,
        "type": item["type"].lower(),
        "location": item["location"].replace(" ", "").lower(),
        "resourceGroup": item["id"].split("/")[4].lower(),
        "subscriptionId": subscription,
        "tenantId": TENANT,
    }
