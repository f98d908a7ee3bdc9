"""One call, and the connections that calls share.

An action is the permission that it needs, and its path follows from that: `Microsoft.Network/virtualNetworks/read` is
`GET /subscriptions/{subscription}/providers/Microsoft.Network/virtualNetworks`, and with the parameter `parent`
`Microsoft.Network/virtualHubs/hubRouteTables/read` is `GET {parent}/hubRouteTables`.

With `endpoint` set, every request goes to that URL, those for tokens too unless `authority` says otherwise: a
client's credentials are then sent as azure-identity would send them, which itself insists on HTTPS.
"""

import sys
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec
import requests
from azure.core.pipeline import Pipeline
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from requests.adapters import HTTPAdapter

from tagweave.sources.azure.config import Config
from tagweave.sources.azure.credentials import CLOUDS, CONNECT_SECONDS, READ_SECONDS, credential_of
from tagweave.sources.azure.errors import Refused
from tagweave.sources.clouds.paging import LINK, Page, Params

SUBSCRIPTIONS: Final = "Microsoft.Resources/subscriptions/read"
LOCATIONS: Final = "Microsoft.Resources/subscriptions/locations/read"

VERSIONS: Final = {
    "Microsoft.Cache/redis": "2024-03-01",
    "Microsoft.Cache/redisEnterprise": "2024-02-01",
    "Microsoft.Compute": "2024-03-01",
    "Microsoft.Compute/virtualMachineScaleSets/networkInterfaces": "2018-10-01",
    "Microsoft.Compute/virtualMachineScaleSets/publicIPAddresses": "2018-10-01",
    "Microsoft.ContainerService": "2024-02-01",
    "Microsoft.DBforMariaDB": "2018-06-01",
    "Microsoft.DBforMySQL/flexibleServers": "2023-12-30",
    "Microsoft.DBforMySQL/servers": "2017-12-01",
    "Microsoft.DBforPostgreSQL/flexibleServers": "2022-12-01",
    "Microsoft.DBforPostgreSQL/servers": "2017-12-01",
    "Microsoft.Network": "2024-01-01",
    "Microsoft.Resources": "2022-12-01",
    "Microsoft.Sql": "2021-11-01",
}
"""The API version of each namespace or type; that of a type is the one of its nearest ancestor here."""

RETIRED: Final = frozenset(
    {
        "Microsoft.DBforMariaDB/servers/read",
        "Microsoft.DBforMySQL/servers/read",
        "Microsoft.DBforPostgreSQL/servers/read",
    }
)
"""Products that Azure is taking away: where an answer says that there is no such type, there are none of it.

<https://learn.microsoft.com/azure/mariadb/whats-happening-to-mariadb>,
<https://learn.microsoft.com/azure/mysql/migrate/whats-happening-to-mysql-single-server>,
<https://learn.microsoft.com/azure/postgresql/migrate/whats-happening-to-postgresql-single-server>.
"""

_UNREGISTERED: Final = "MissingSubscriptionRegistration"
"""The subscription does not use the namespace: there is nothing of it, for one in use cannot be given up.

<https://learn.microsoft.com/azure/azure-resource-manager/management/resource-providers-and-types>
"""
_NO_SUCH_TYPE: Final = frozenset({"InvalidResourceNamespace", "InvalidResourceType", "NoRegisteredProviderFound"})
_NOTHING: Final[Page] = {"value": []}


def grant(action: str) -> str:
    """The permission that allows a call: the action itself."""
    return action


def bucket(_action: str, _region: str) -> str:
    """ARM counts all reads of a subscription together.

    <https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>
    """
    return "reads"


class Tenant:
    """What the subscriptions of a tenant share: the credential and the connections. Used from many threads."""

    def __init__(self, config: Config) -> None:
        """Raise what `credential_of` raises."""
        cloud = CLOUDS[config.cloud]
        self.base = (config.endpoint or cloud.resources).rstrip("/")
        audience = (config.audience or cloud.audience).rstrip("/")
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=16 * config.at_once))  # calls given up hold theirs
        transport = RequestsTransport(
            session=session, connection_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS
        )  # fmt: skip
        policies: list[Any] = [
            UserAgentPolicy(user_agent="tagweave"),
            BearerTokenCredentialPolicy(credential_of(config, transport), f"{audience}/.default"),
        ]
        self._pipeline = Pipeline(transport, policies)
        self._encrypted = urlsplit(self.base).scheme != "http"

    def __repr__(self) -> str:
        return "Tenant()"

    def get(self, url: str) -> Page:
        """One call, blocking. Raises Refused, and what azure-core, azure-identity and msgspec raise."""
        request = HttpRequest("GET", url, headers={"Accept": "application/json"})
        run = self._pipeline.run(request, stream=False, enforce_https=self._encrypted)
        answer = run.http_response
        if answer.status_code != 200:
            raise Refused(answer.status_code, answer.headers, answer.content)
        return lean(msgspec.json.decode(answer.content))


class Subscription:
    """The calls of one subscription: each is a `get` of a URL below `base`.

    `others` are the tenant's further ones to read, and `slips` those among them that cannot be.
    """

    def __init__(
        self,
        base: str,
        get: Callable[[str], Page],
        account: str,
        others: tuple[str, ...] = (),
        slips: tuple[str, ...] = (),
    ) -> None:
        self.others = others
        self.slips = slips
        self._base = base
        self._get = get
        self._account = account
        self._locations: Page = None

    def __repr__(self) -> str:
        return f"Subscription({self._account!r})"

    def other(self, account: str) -> "Subscription":
        """Another subscription of the tenant."""
        return Subscription(self._base, self._get, account)

    def perform(self, action: str, _region: str, params: Params) -> Page:
        """One call, blocking. Raises what `get` raises.

        Locations are asked for once: regions and zones are made of them, and the zones of everything else.
        """
        if action == LOCATIONS and self._locations is not None:
            return self._locations
        try:
            page = self._get(address(self._base, self._account, action, params))
        except Refused as error:
            if error.code == _UNREGISTERED or (action in RETIRED and error.code in _NO_SUCH_TYPE):
                return _NOTHING
            raise
        if action == LOCATIONS:
            self._locations = page
        return page


UNREAD: Final = frozenset(
    {
        "applicationGatewayBackendAddressPools",
        "diagnosticsProfile",
        "etag",
        "extensionProfile",
        "loadBalancerBackendAddressPools",
        "loadBalancerInboundNatRules",
        "osProfile",
        "probes",
        "resourceGuid",
        "resources",
        "securityProfile",
        "sslCertificates",
        "storageProfile",
        "tapConfigurations",
        "userData",
    }
)
"""Fields that no map reads, and that are most of an answer, or nobody's business."""


def lean(value: Any) -> Any:  # noqa: ANN401 - any decoded answer
    """An answer without what is not read, and with one copy of every text that it repeats. Tags are the user's."""
    if isinstance(value, dict):
        return {
            name: held if name == "tags" else lean(held) for name, held in value.items() if name not in UNREAD
        }  # fmt: skip
    if isinstance(value, list):
        return [lean(held) for held in value]
    return sys.intern(value) if isinstance(value, str) else value


def address(base: str, account: str, action: str, params: Params) -> str:
    """The URL of a call. A page's own link is asked of `base` whatever its host is: no token goes elsewhere."""
    if LINK in params:
        link = urlsplit(str(params[LINK]))
        path = link.path.removeprefix(urlsplit(base).path)
        return f"{base}{path}?{link.query}"
    kind = action.removesuffix("/read")
    query = {"api-version": version(kind)}
    query |= {name: value for name, value in params.items() if name != "parent"}
    if action == SUBSCRIPTIONS:
        path = "/subscriptions"
    elif action == LOCATIONS:
        path = f"/subscriptions/{account}/locations"
    elif "parent" in params:
        path = f"{params['parent']}/{kind.rpartition('/')[2]}"
    else:
        path = f"/subscriptions/{account}/providers/{kind}"
    return f"{base}{quote(path)}?{urlencode(query, quote_via=quote, safe='$')}"


def version(kind: str) -> str:
    """The API version of a type. Raises KeyError where neither it nor an ancestor is in the table."""
    while kind not in VERSIONS:
        kind, sign, _ = kind.rpartition("/")
        if not sign:
            raise KeyError(kind)
    return VERSIONS[kind]
