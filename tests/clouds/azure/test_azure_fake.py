"""The fake of Azure does what Microsoft's documents say, told by Microsoft's own library and by hand."""

import base64
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential

from clouds.azure.arm import PARTNER, SUBSCRIPTION, TENANT, arm_id, network
from clouds.azure.estate import standard
from clouds.azure.fake import HABITS, Arm
from clouds.azure.graph import Graph
from clouds.azure.large import large
from clouds.azure.signing import CLIENT, SECRET
from clouds.server import Server

SCOPE = "https://management.azure.com/.default"
HERE = f"/subscriptions/{SUBSCRIPTION}"
VNETS = f"{HERE}/providers/Microsoft.Network/virtualNetworks"
VERSION = {"api-version": "2024-01-01"}
FORM = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET, "scope": SCOPE}


class Client:
    """A server, and plain requests to it."""

    def __init__(self) -> None:
        self.arm = Arm(standard())
        self.server = Server(self._answer, HABITS)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self.arm(environ, start_response)

    def token(self, tenant: str = TENANT, **changes: str) -> requests.Response:
        form = {key: value for key, value in {**FORM, **changes}.items() if value}
        return requests.post(f"{self.server.url}/{tenant}/oauth2/v2.0/token", data=form, timeout=10)

    def get(self, path: str, authorization: str | None = None, **params: str) -> requests.Response:
        if authorization is None:
            authorization = f"Bearer {self.token().json()['access_token']}"
        headers = {"Authorization": authorization} if authorization else {}
        return requests.get(self.server.url + path, params=params, headers=headers, timeout=10)

    def all(self, path: str, **params: str) -> list[Any]:
        """Every item of every page."""
        items: list[Any] = []
        page = self.get(path, **params).json()
        while True:
            items += page["value"]
            if "nextLink" not in page:
                return items
            link = urlsplit(page["nextLink"])
            page = self.get(link.path, **{key: value[0] for key, value in parse_qs(link.query).items()}).json()


@pytest.fixture(scope="module")
def running() -> Iterator[Client]:
    made = Client()
    yield made
    made.server.close()


@pytest.fixture
def client(running: Client) -> Client:
    """The server with a fresh estate."""
    running.arm = Arm(standard())
    running.server.calls.clear()
    return running


def code(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


# ---- tokens


class Plain(RequestsTransport):
    """The transport of Microsoft's library without TLS: it asks for tokens over nothing else."""

    def send(self, request: Any, **kwargs: Any) -> Any:
        request.url = request.url.replace("https://127.", "http://127.")
        return super().send(request, **kwargs)


def credential(client: Client, secret: str) -> ClientSecretCredential:
    authority = client.server.url.replace("http://", "https://")
    return ClientSecretCredential(
        TENANT, CLIENT, secret, authority=authority, transport=Plain(), disable_instance_discovery=True, retry_total=0
    )


def test_a_token_that_microsofts_library_asked_for_is_accepted(client: Client) -> None:
    with credential(client, SECRET) as asking:
        token = asking.get_token(SCOPE).token
    assert client.get(VNETS, f"Bearer {token}", **VERSION).status_code == 200


def test_microsofts_library_is_told_that_a_secret_is_wrong(client: Client) -> None:
    with credential(client, SECRET[::-1]) as asking, pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        asking.get_token(SCOPE)


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "guessed"}, 401, "invalid_client", 7000215),
        ({"client_secret": ""}, 401, "invalid_client", 7000218),
        ({"client_id": PARTNER}, 400, "unauthorized_client", 700016),
        ({"client_id": ""}, 400, "invalid_request", 900144),
        ({"grant_type": ""}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"scope": "https://management.azure.com/"}, 400, "invalid_scope", 1002012),
        ({"tenant": PARTNER}, 400, "invalid_request", 90002),
    ],
)
def test_a_request_for_a_token_that_is_not_right_is_refused_as_entra_does(
    client: Client, changes: dict[str, str], status: int, error: str, number: int
) -> None:
    response = client.token(**changes)
    body = response.json()
    assert (response.status_code, body["error"], body["error_codes"]) == (status, error, [number])
    assert body["error_description"].startswith(f"AADSTS{number}: ")


def test_credentials_in_the_header_are_as_good_as_in_the_form(client: Client) -> None:
    url = f"{client.server.url}/{TENANT}/oauth2/v2.0/token"
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    assert requests.post(url, data=form, auth=(CLIENT, SECRET), timeout=10).status_code == 200
    assert requests.post(url, data=form, auth=(CLIENT, "guessed"), timeout=10).status_code == 401


def test_a_request_without_a_token_or_with_one_that_was_changed_is_refused(client: Client) -> None:
    token = client.token().json()["access_token"]
    head, claims, signature = token.split(".")
    longer = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"exp": 2**40}
    forged = base64.urlsafe_b64encode(json.dumps(longer).encode()).rstrip(b"=").decode()
    assert code(client.get(VNETS, "", **VERSION)) == (401, "AuthenticationFailed")
    assert code(client.get(VNETS, f"Basic {token}", **VERSION)) == (401, "AuthenticationFailed")
    for wrong in (f"{head}.{forged}.{signature}", f"{head}.{claims}.{signature[::-1]}", "x", "x.y.z"):
        assert code(client.get(VNETS, f"Bearer {wrong}", **VERSION)) == (401, "InvalidAuthenticationToken")
    other = Arm(standard()).tokens.issue(TENANT, FORM)["access_token"]
    assert code(client.get(VNETS, f"Bearer {other}", **VERSION)) == (401, "InvalidAuthenticationToken")


def test_a_token_is_good_for_its_lifetime_and_its_audience(client: Client) -> None:
    graph = client.token(scope="https://graph.microsoft.com/.default").json()["access_token"]
    assert code(client.get(VNETS, f"Bearer {graph}", **VERSION)) == (401, "InvalidAuthenticationTokenAudience")
    client.arm.tokens.lifetime = 0
    response = client.get(VNETS, **VERSION)
    assert code(response) == (401, "ExpiredAuthenticationToken")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


# ---- lists


@pytest.mark.parametrize(
    ("path", "params", "status", "error"),
    [
        (VNETS, {}, 400, "MissingApiVersionParameter"),
        (VNETS, {"api-version": "1999-01-01"}, 404, "InvalidResourceType"),
        ("/subscriptions", {"api-version": "1999-01-01"}, 400, "InvalidApiVersionParameter"),
        (f"{HERE}/providers/Microsoft.Network/nonsense", VERSION, 404, "InvalidResourceType"),
        (f"{HERE}/providers/Contoso.Nonsense/things", VERSION, 404, "InvalidResourceNamespace"),
        (VNETS.replace(SUBSCRIPTION, "subid"), VERSION, 400, "InvalidSubscriptionId"),
        (VNETS.replace(SUBSCRIPTION, PARTNER), VERSION, 404, "SubscriptionNotFound"),
        (VNETS, {**VERSION, "$skiptoken": "e30"}, 400, "InvalidSkipToken"),
        (
            f"{HERE}/providers/Microsoft.Compute/virtualMachines",
            {"api-version": "2024-03-01", "$expand": "instanceView"},
            400,
            "InvalidParameter",
        ),
        (f"{network('virtualHubs', 'gone')}/hubRouteTables", VERSION, 404, "ResourceNotFound"),
    ],
)
def test_what_is_not_there_is_refused_as_resource_manager_does(
    client: Client, path: str, params: dict[str, str], status: int, error: str
) -> None:
    assert code(client.get(path, **params)) == (status, error)


def test_only_reading_is_known(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.token().json()['access_token']}"}
    response = requests.delete(client.server.url + VNETS, params=VERSION, headers=headers, timeout=10)
    assert code(response) == (405, "HttpMethodNotAllowed")


def test_paths_are_read_without_regard_to_case(client: Client) -> None:
    assert client.get(VNETS.upper(), **VERSION).json() == client.get(VNETS.lower(), **VERSION).json()


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_following_the_links_gives_every_item_once_whatever_the_page_size(client: Client, size: int) -> None:
    client.arm.page_size = size
    path = f"{HERE}/providers/Microsoft.Network/publicIPAddresses"
    names = [item["name"] for item in client.all(path, **VERSION)]
    assert sorted(names) == sorted(item["name"] for item in client.arm.estate.lists[path.lower()])
    assert len(client.server.made("Microsoft.Network/publicIPAddresses/read")) == -(-len(names) // size)


def test_a_link_of_one_list_leads_nowhere_in_another(client: Client) -> None:
    client.arm.page_size = 1
    query = parse_qs(urlsplit(client.get(VNETS, **VERSION).json()["nextLink"]).query)
    other = f"{HERE}/providers/Microsoft.Network/routeTables"
    response = client.get(other, **{key: value[0] for key, value in query.items()})
    assert code(response) == (400, "InvalidSkipToken")


def test_a_list_that_is_documented_without_pages_comes_whole(client: Client) -> None:
    client.arm.page_size = 1
    body = client.get(f"{HERE}/locations", **{"api-version": "2022-12-01"}).json()
    assert len(body["value"]) > 1
    assert "nextLink" not in body


def test_a_flexible_scale_set_has_no_instances_of_its_own(client: Client) -> None:
    native = arm_id("Microsoft.Compute/virtualMachineScaleSets", "scale-flex")
    assert code(client.get(f"{native}/virtualMachines", **{"api-version": "2024-03-01"})) == (400, "BadRequest")
    assert code(client.get(f"{native}/networkInterfaces", **{"api-version": "2018-10-01"})) == (404, "NotFound")


def test_a_namespace_that_is_not_registered_says_so(client: Client) -> None:
    client.arm.unregistered = frozenset({"microsoft.sql"})
    response = client.get(f"{HERE}/providers/Microsoft.Sql/servers", **{"api-version": "2021-11-01"})
    assert code(response) == (409, "MissingSubscriptionRegistration")


def test_what_is_removed_is_gone_with_its_parts_and_from_what_refers_to_it(client: Client) -> None:
    vnet = network("virtualNetworks", "vnet-spoke")
    client.arm.estate.remove(vnet.lower())
    everything = json.dumps(client.arm.estate.lists).lower()
    assert f'"{vnet.lower()}"' not in everything
    assert f"{vnet.lower()}/subnets" not in everything
    assert "vnet-hub/subnets/front" in everything


def test_a_large_estate_has_what_was_asked_for() -> None:
    estate, regions = large(1001, 4)
    machines = estate.lists[f"{HERE}/providers/microsoft.compute/virtualmachines"]
    assert len(machines) == 1001
    assert {one["location"] for one in machines} == set(regions)
    interfaces = {one["id"] for one in estate.lists[f"{HERE}/providers/microsoft.network/networkinterfaces"]}
    assert {one["properties"]["networkProfile"]["networkInterfaces"][0]["id"] for one in machines} == interfaces
    addresses = [
        (one["location"], part["properties"]["privateIPAddress"])
        for one in estate.lists[f"{HERE}/providers/microsoft.network/networkinterfaces"]
        for part in one["properties"]["ipConfigurations"]
    ]
    assert len(set(addresses)) == len(addresses) == 2002


# ---- Resource Graph

MACHINES = "Resources | where type =~ 'Microsoft.Compute/virtualMachines' | project id, name | order by id asc"


def query(client: Client, text: str, **options: Any) -> requests.Response:
    headers = {"Authorization": f"Bearer {client.token().json()['access_token']}"}
    body = {"subscriptions": [SUBSCRIPTION], "query": text, "options": options}
    url = f"{client.server.url}/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
    return requests.post(url, json=body, headers=headers, timeout=10)


def test_a_query_is_answered_in_pages_with_the_total_on_each(client: Client) -> None:
    names, options = [], {"$top": 2}
    while True:
        page = query(client, MACHINES, **options).json()
        assert page["totalRecords"] == 5
        assert page["count"] == len(page["data"]) <= 2
        names += [record["name"] for record in page["data"]]
        if "$skipToken" not in page:
            break
        options["$skipToken"] = page["$skipToken"]
    assert sorted(names) == ["edge-1", "north-1", "scale-flex_1a2b3c4d", "web-1", "web-2"]


def test_a_query_without_the_id_cannot_be_paged(client: Client) -> None:
    page = query(client, "Resources | project name", **{"$top": 2}).json()
    assert page["resultTruncated"] == "true"
    assert "$skipToken" not in page


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Nonsense", {}),
        ("Resources | summarize count() by type", {}),
        ("Resources | where nothing =~ 'x'", {}),
        (MACHINES, {"$top": 1001}),
        (MACHINES, {"$top": 0}),
        (MACHINES, {"$skipToken": "?"}),
    ],
)
def test_a_query_that_is_not_right_is_refused(client: Client, text: str, options: dict[str, Any]) -> None:
    response = query(client, text, **options)
    assert code(response) == (400, "BadRequest")
    assert response.json()["error"]["details"][0]["code"] == "InvalidQuery"


def test_the_sixteenth_query_within_five_seconds_is_one_too_many(client: Client) -> None:
    now = 100.0
    client.arm.graph = Graph(lambda: now)
    answers = [query(client, MACHINES) for _ in range(16)]
    assert [one.status_code for one in answers] == [200] * 15 + [429]
    assert [one.headers["x-ms-user-quota-remaining"] for one in answers] == [*map(str, range(14, -1, -1)), "0"]
    assert code(answers[-1]) == (429, "RateLimiting")
    assert answers[-1].headers["x-ms-user-quota-resets-after"] == "00:00:05"
    now += 5.0
    assert query(client, MACHINES).status_code == 200


# ---- on command


def test_a_denial_names_the_action_and_the_scope(client: Client) -> None:
    with client.server.fault("Microsoft.Network/virtualNetworks/read", "denied"):
        response = client.get(VNETS, **VERSION)
    assert code(response) == (403, "AuthorizationFailed")
    message = response.json()["error"]["message"]
    assert "perform action 'Microsoft.Network/virtualNetworks/read'" in message
    assert f"over scope '/subscriptions/{SUBSCRIPTION}'" in message


def test_throttling_says_how_long_to_wait_and_compute_says_it_in_its_own_words(client: Client) -> None:
    machines = f"{HERE}/providers/Microsoft.Compute/virtualMachines"
    with client.server.fault("Microsoft.Network/virtualNetworks/read", "throttled"):
        network_says = client.get(VNETS, **VERSION)
    with client.server.fault("Microsoft.Compute/virtualMachines/read", "throttled"):
        compute_says = client.get(machines, **{"api-version": "2024-03-01"})
    assert code(network_says) == (429, "SubscriptionRequestsThrottled")
    assert network_says.headers["x-ms-ratelimit-remaining-subscription-reads"] == "0"
    assert (compute_says.status_code, compute_says.json()["code"]) == (429, "OperationNotAllowed")
    assert compute_says.json()["details"][0]["code"] == "TooManyRequests"
    assert {one.headers["Retry-After"] for one in (network_says, compute_says)} == {"1"}


def test_the_token_service_fails_in_its_own_words(client: Client) -> None:
    for fault, status in (("denied", 401), ("throttled", 429), ("error", 503)):
        with client.server.fault("Microsoft.Entra/token", fault):
            response = client.token()
        assert response.status_code == status
        assert response.json()["error_description"].startswith("AADSTS")
