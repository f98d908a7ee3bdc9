"""The configuration of an `azure` source."""

from typing import ClassVar, Literal

import msgspec


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The subscriptions of one tenant. Credentials come from azure-identity's own chain.

    That is: the environment (a client's secret or certificate), workload identity, managed identity, the Azure CLI.
    """

    provider: ClassVar[str] = "azure"  # for `cloud.provider`

    name: str
    """The source's name: unique, and part of the identity of everything it holds."""
    account: str = ""
    """The id of the one subscription to read, and `cloud.account.id`. Default: every one that can be read."""
    subscriptions: tuple[str, ...] = ()
    """The subscriptions to read: shell patterns of their ids or names. Default: every one that can be read."""
    exclude_subscriptions: tuple[str, ...] = ()
    """The subscriptions not to read: shell patterns of their ids or names."""
    cloud: Literal["public", "china", "us-government"] = "public"
    """Which of Azure's clouds."""
    tenant: str = ""
    """The id or domain of the tenant. Default: AZURE_TENANT_ID, else the one that the credentials belong to."""
    client_id: str = ""
    """The client id of the application or managed identity. Default: AZURE_CLIENT_ID, else whichever there is."""
    secret_file: str | None = None
    """The file that holds the application's secret; needs `tenant` and `client_id`. Default: AZURE_CLIENT_SECRET."""
    certificate_file: str | None = None
    """The file (PEM or PKCS12) with the application's certificate and key; needs `tenant` and `client_id`."""
    regions: tuple[str, ...] = ()
    """The regions to read: shell patterns such as `westeurope` or `*us`. Default: every region."""
    exclude_regions: tuple[str, ...] = ()
    """The regions not to read: shell patterns."""
    resolve: bool = False
    """Whether the addresses of databases and caches are found by resolving their names, which must be possible here."""
    endpoint: str | None = None
    """The URL of Azure Resource Manager: a private cloud, an emulator or a proxy. Default: that of `cloud`."""
    authority: str | None = None
    """The URL of the token service. Default: `endpoint` where that is set, else that of `cloud`."""
    audience: str | None = None
    """What tokens are for, as a private cloud's metadata tell it. Default: Azure Resource Manager of `cloud`."""
    calls_per_second: float = 24.0
    """The most calls per second to one subscription in the long run; ten times as many may come after a pause."""
    at_once: int = 16
    """The most calls under way at the same time."""

    def __post_init__(self) -> None:
        """Raise ValueError for rates of nothing, and for a secret of nobody."""
        if self.calls_per_second <= 0 or self.at_once < 1:
            raise ValueError(f"source {self.name!r}: calls_per_second and at_once must be more than nothing")
        if (self.secret_file or self.certificate_file) and not (self.tenant and self.client_id):
            raise ValueError(f"source {self.name!r}: secret_file and certificate_file need tenant and client_id")
        if self.secret_file and self.certificate_file:
            raise ValueError(f"source {self.name!r}: set secret_file or certificate_file, not both")
