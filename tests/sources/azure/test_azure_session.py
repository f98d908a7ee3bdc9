"""Azure's calls, errors, credentials and permissions, without a server."""

import json
import os
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from azure.core import exceptions
from azure.core.pipeline.transport import RequestsTransport
from azure.identity import ClientSecretCredential, CredentialUnavailableError, DefaultAzureCredential

from tagweave.errors import Denied, SourceError, Terminal, Throttled, Transient
from tagweave.sources.azure import LISTINGS, Config, Source, actions, policy
from tagweave.sources.azure.credentials import CLOUDS, credential_of
from tagweave.sources.azure.errors import Refused, explain
from tagweave.sources.azure.session import (
    LOCATIONS,
    SUBSCRIPTIONS,
    UNREAD,
    Subscription,
    Tenant,
    address,
    lean,
    version,
)
from tagweave.sources.azure.source import wanted
from tagweave.sources.clouds import Gone
from tagweave.sources.clouds.paging import LINK, Page

ROOT: Final = Path(__file__).parents[3]
ARM: Final = "https://management.azure.com"
VNETS: Final = "Microsoft.Network/virtualNetworks/read"
SECRET: Final = "s3cr3t~value"


def refused(status: int, code: str = "", message: str = "", **headers: str) -> Refused:
    return Refused(status, headers, json.dumps({"error": {"code": code, "message": message}}).encode())


# ---- errors: malformed bodies first


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"error": []}', b'{"error": null}'])
@pytest.mark.parametrize(
    ("status", "error"), [(400, Terminal), (401, Denied), (403, Denied), (429, Throttled), (503, Transient)]
)
def test_an_answer_without_a_code_means_what_its_status_means(
    body: bytes, status: int, error: type[SourceError]
) -> None:
    found = explain(Refused(status, {}, body), VNETS)
    assert found.error is error
    assert str(status) in found.text


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AuthorizationFailed", Denied),
        (401, "InvalidAuthenticationToken", Denied),
        (401, "InvalidAuthenticationTokenTenant", Denied),
        (401, "ExpiredAuthenticationToken", Transient),
        (404, "SubscriptionNotFound", Terminal),
        (404, "InvalidResourceType", Terminal),
        (404, "ResourceNotFound", Gone),
        (404, "ResourceGroupNotFound", Gone),
        (408, "", Transient),
        (409, "RetryableError", Transient),
        (409, "Conflict", Terminal),
        (429, "TooManyRequests", Throttled),
        (429, "RetryableErrorDueToAnotherOperation", Throttled),
        (500, "InternalServerError", Transient),
        (504, "GatewayTimeout", Transient),
    ],
)
def test_codes_are_what_they_mean(status: int, code: str, error: type[SourceError]) -> None:
    assert explain(refused(status, code), VNETS).error is error


def test_what_is_denied_names_the_permission_to_grant() -> None:
    found = explain(refused(403, "AuthorizationFailed", **{"x-ms-request-id": "42"}), VNETS)
    assert found.text == f"AuthorizationFailed (request id 42); grant {VNETS}"


def test_a_wait_that_is_asked_for_is_kept() -> None:
    assert explain(refused(429, "TooManyRequests", **{"Retry-After": "17"}), VNETS).retry_after == 17
    assert explain(refused(429, "TooManyRequests", **{"Retry-After": "soon"}), VNETS).retry_after is None


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (exceptions.ServiceRequestError("no route"), Transient),
        (exceptions.ServiceResponseTimeoutError("read timed out"), Transient),
        (exceptions.IncompleteReadError("cut"), Transient),
        (CredentialUnavailableError("none of the chain"), Denied),
        (exceptions.ClientAuthenticationError("AADSTS7000215: Invalid client secret provided"), Denied),
        (msgspec.DecodeError("truncated"), Terminal),
        (FileNotFoundError("no such file"), Terminal),
        (Denied("as it is"), Denied),
    ],
    ids=lambda value: type(value).__name__,
)
def test_errors_that_are_no_answers_mean_something_too(error: Exception, means: type[SourceError]) -> None:
    assert explain(error, VNETS).error is means


def test_a_token_service_that_cannot_be_reached_has_not_refused() -> None:
    error = exceptions.ClientAuthenticationError("Authentication failed: no route")
    error.__cause__ = exceptions.ServiceRequestError("no route")
    assert explain(error, VNETS).error is Transient


def test_a_refused_secret_is_told_by_its_code_and_never_shown() -> None:
    body = {"error": "invalid_client", "error_description": f"AADSTS7000215: {SECRET} is not the secret"}
    found = explain(Refused(401, {}, json.dumps(body).encode()), VNETS)
    assert found.error is Denied
    assert "AADSTS7000215" in found.text
    assert SECRET not in found.text


# ---- the vendor's own error bodies

VENDORS: Final = os.environ.get("TAGWEAVE_VENDORS", "")
vendors = pytest.mark.skipif(not VENDORS, reason="TAGWEAVE_VENDORS is not set")


@vendors
def test_the_vendor_s_throttling_is_throttling() -> None:
    text = (Path(VENDORS) / "azure" / "errors" / "throttling_compute_429.http").read_text()
    head, body = text[: text.index("{")], text[text.index("{") :]
    lines = [line.partition(":") for line in head.splitlines() if ":" in line]
    headers = {name.strip(): value.strip() for name, _, value in lines}
    found = explain(Refused(429, headers, body.encode()), "Microsoft.Compute/virtualMachines/read")
    assert (found.error, found.retry_after) == (Throttled, 1200)
    assert found.text.startswith("OperationNotAllowed")


@vendors
def test_the_vendor_s_expired_token_is_asked_for_anew() -> None:
    body = (Path(VENDORS) / "azure" / "errors" / "expired_token_401.json").read_bytes()
    assert explain(Refused(401, {}, body), VNETS).error is Transient


# ---- addresses


@pytest.mark.parametrize(
    ("action", "params", "path"),
    [
        (SUBSCRIPTIONS, {}, "/subscriptions?api-version=2022-12-01"),
        (LOCATIONS, {}, "/subscriptions/s1/locations?api-version=2022-12-01"),
        (VNETS, {}, "/subscriptions/s1/providers/Microsoft.Network/virtualNetworks?api-version=2024-01-01"),
        (
            "Microsoft.Compute/virtualMachineScaleSets/networkInterfaces/read",
            {"parent": "/subscriptions/s1/resourceGroups/a (b)/providers/Microsoft.Compute/virtualMachineScaleSets/v"},
            "/subscriptions/s1/resourceGroups/a%20%28b%29/providers/Microsoft.Compute/virtualMachineScaleSets/v/networkInterfaces?api-version=2018-10-01",
        ),
        (
            "Microsoft.Compute/virtualMachines/read",
            {"statusOnly": "true"},
            "/subscriptions/s1/providers/Microsoft.Compute/virtualMachines?api-version=2024-03-01&statusOnly=true",
        ),
    ],
)
def test_a_path_follows_from_the_action(action: str, params: dict[str, Any], path: str) -> None:
    assert address(ARM, "s1", action, params) == ARM + path


@pytest.mark.parametrize("host", [ARM, "https://elsewhere.example", "http://management.azure.com:443"])
def test_a_next_page_is_asked_of_the_configured_host_alone(host: str) -> None:
    link = f"{host}/subscriptions/s1/providers/x?api-version=1&$skipToken=a%2Fb"
    asked = address("http://127.0.0.1:8080", "s1", VNETS, {LINK: link})
    assert asked == "http://127.0.0.1:8080/subscriptions/s1/providers/x?api-version=1&$skipToken=a%2Fb"


def test_a_proxy_may_have_a_path_of_its_own() -> None:
    link = "https://proxy.example/azure/subscriptions/s1/x?page=2"
    assert address("https://proxy.example/azure", "s1", VNETS, {LINK: link}) == link


def test_every_action_has_a_version() -> None:
    assert all(version(action.removesuffix("/read")) for action in actions())


# ---- calls


class Answers:
    """Gives or raises one after the other."""

    def __init__(self, *answers: Page | Exception) -> None:
        self.left = list(answers)

    def __call__(self, _url: str) -> Page:
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def subscription(*answers: Page | Exception) -> Subscription:
    return Subscription(ARM, Answers(*answers), "s1")


def test_locations_are_asked_once_and_again_after_a_failure() -> None:
    one = subscription(refused(503), {"value": [{"name": "westus"}]})
    with pytest.raises(Refused):
        one.perform(LOCATIONS, "", {})
    assert one.perform(LOCATIONS, "", {}) == one.perform(LOCATIONS, "", {}) == {"value": [{"name": "westus"}]}


def test_a_namespace_that_a_subscription_does_not_use_has_nothing() -> None:
    one = subscription(refused(409, "MissingSubscriptionRegistration"))
    assert one.perform("Microsoft.Sql/servers/read", "", {}) == {"value": []}


def test_a_product_that_was_taken_away_has_nothing_and_no_other_is_taken_for_one() -> None:
    one = subscription(refused(404, "InvalidResourceType"), refused(404, "InvalidResourceType"))
    assert one.perform("Microsoft.DBforMariaDB/servers/read", "", {}) == {"value": []}
    with pytest.raises(Refused):
        one.perform("Microsoft.Sql/servers/read", "", {})


def test_what_is_forbidden_is_not_empty() -> None:
    one = subscription(*[refused(403, "AuthorizationFailed")] * len(actions()))
    for action in actions():
        with pytest.raises(Refused):
            one.perform(action, "", {})


def test_an_answer_keeps_what_is_read() -> None:
    tags = {"etag": "1", "resources": "many"}
    about = {"osProfile": {"customData": SECRET}, "x": [1, None]}
    page = {"value": [{"id": "/a", "etag": "1", "tags": tags, "properties": about}]}
    assert lean(page) == {"value": [{"id": "/a", "tags": tags, "properties": {"x": [1, None]}}]}


MAPS: Final = ("balancers", "compute", "database", "interfaces", "network", "transit")


def test_no_map_reads_what_is_dropped() -> None:
    folder = ROOT / "src" / "tagweave" / "sources" / "azure"
    maps = "".join((folder / f"{name}.py").read_text() for name in MAPS)
    assert not [name for name in UNREAD if f'"{name}"' in maps]


# ---- subscriptions

FOUND: Final = [
    {"subscriptionId": "B2", "displayName": "shop-prod", "state": "Enabled"},
    {"subscriptionId": "a1", "displayName": "shop-test", "state": "Disabled"},
    {"subscriptionId": "c3", "displayName": "lab", "state": "Warned"},
    {"subscriptionId": "d4", "displayName": "old", "state": "Deleted"},
    {},
    None,
]


@pytest.mark.parametrize(
    ("config", "ids", "slips"),
    [
        ({}, ("a1", "b2", "c3"), ()),
        ({"account": "B2"}, ("b2",), ()),
        ({"account": "b2"}, ("b2",), ()),
        ({"account": "d4"}, (), ("d4",)),
        ({"subscriptions": ("shop-*",)}, ("a1", "b2"), ()),
        ({"subscriptions": ("c3", "shop-dev")}, ("c3",), ("shop-dev",)),
        ({"exclude_subscriptions": ("lab", "a1")}, ("b2",), ()),
    ],
)
def test_subscriptions_are_chosen_by_id_or_name(
    config: dict[str, Any], ids: tuple[str, ...], slips: tuple[str, ...]
) -> None:
    assert wanted(Config(name="azure", **config), FOUND) == (ids, slips)


# ---- credentials and configuration


@pytest.mark.parametrize(
    "wrong",
    [
        {"calls_per_second": 0},
        {"at_once": 0},
        {"secret_file": "x"},
        {"certificate_file": "x", "tenant": "t"},
        {"secret_file": "x", "certificate_file": "y", "tenant": "t", "client_id": "c"},
    ],
)
def test_a_configuration_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="source 'azure'"):
        Config(name="azure", **wrong)


def test_a_secret_in_a_file_goes_to_azure_identity(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    config = Config(name="a", tenant="t", client_id="c", secret_file=str(tmp_path / "secret"), cloud="china")
    found = credential_of(config, RequestsTransport())
    assert isinstance(found, ClientSecretCredential)
    assert SECRET not in repr(found)


def test_a_file_that_is_not_there_is_an_error_of_its_own() -> None:
    config = Config(name="a", tenant="t", client_id="c", certificate_file="/nowhere/cert.pem")
    with pytest.raises(FileNotFoundError):
        credential_of(config, RequestsTransport())


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize("given", [{}, {"tenant": "t"}, {"client_id": "c"}, {"tenant": "t", "client_id": "c"}])
def test_without_a_file_it_is_the_chain_of_azure_identity(cloud: Any, given: dict[str, Any]) -> None:
    found = credential_of(Config(name="a", cloud=cloud, **given), RequestsTransport())
    assert isinstance(found, DefaultAzureCredential) == ("tenant" not in given)
    assert callable(found.get_token)


def test_an_authority_that_is_encrypted_is_azure_identity_s(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    given = {"tenant": "t", "client_id": "c", "secret_file": str(tmp_path / "secret")}
    proxied = Config(name="a", endpoint="https://proxy.example/azure", authority="https://login.example", **given)
    assert isinstance(credential_of(proxied, RequestsTransport()), ClientSecretCredential)
    plain = Config(name="a", endpoint="https://proxy.example/azure", **given)
    assert not isinstance(credential_of(plain, RequestsTransport()), ClientSecretCredential)


def test_an_endpoint_without_credentials_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Denied, match="AZURE_CLIENT_SECRET"):
        credential_of(Config(name="a", endpoint="http://127.0.0.1:1"), RequestsTransport())


def test_nothing_shows_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    config = Config(name="a", tenant="t", client_id="c", endpoint="http://127.0.0.1:1")
    tenant = Tenant(config)
    one = Subscription(tenant.base, tenant.get, "s")
    shown = [config, Source(config), tenant, one, credential_of(config, RequestsTransport())]
    assert not [one for one in shown if SECRET in repr(one)]


def test_every_cloud_has_hosts_of_its_own() -> None:
    assert len({cloud.resources for cloud in CLOUDS.values()}) == len(CLOUDS)
    assert len({cloud.authority for cloud in CLOUDS.values()}) == len(CLOUDS)


# ---- permissions


def test_the_least_role_is_the_one_in_deploy() -> None:
    assert json.loads((ROOT / "deploy" / "policies" / "azure.json").read_text()) == policy()


def test_the_role_reads_and_nothing_else() -> None:
    assert all(action.endswith("/read") and "*" not in action for action in policy()["Actions"])
    assert {action for one in LISTINGS for action in one.actions()} <= set(policy()["Actions"])
