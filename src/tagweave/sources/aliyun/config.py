"""The configuration of an `aliyun` source."""

from typing import ClassVar

import msgspec


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One Alibaba Cloud account, several, or a whole resource directory. Credentials come from the SDK's own chain.

    That is: the environment, an OIDC role, the shared files with profiles, the role of a machine, a credentials URI.
    """

    provider: ClassVar[str] = "alibaba_cloud"  # for `cloud.provider`

    name: str
    """The source's name: unique, and part of the identity of everything it holds."""
    account: str = ""
    """The id of the account that the credentials must lead to, and `cloud.account.id`. Default: whichever it is."""
    profile: str | None = None
    """A profile of `~/.aliyun/config.json`. Default: as the environment has it."""
    role_arn: str | None = None
    """A RAM role to assume with those credentials, by its ARN."""
    external_id: str | None = None
    """The external id that the roles ask for: the one of `role_arn` and those of other accounts."""
    accounts: tuple[str, ...] = ()
    """The ids of other accounts to read as well, each by the role `role_name`."""
    organization: bool = False
    """Whether to read every member of the resource directory as well, each by the role `role_name`."""
    role_name: str = "tagweave"
    """The name of the RAM role to assume in each other account."""
    regions: tuple[str, ...] = ()
    """The regions to read: shell patterns such as `cn-*`. Default: every region of the account."""
    exclude_regions: tuple[str, ...] = ()
    """The regions not to read: shell patterns."""
    home_region: str = "cn-hangzhou"
    """The region that is asked for the regions."""
    resolve: bool = False
    """Whether the addresses of databases are found by resolving names where only these are told: it must work here."""
    endpoint: str | None = None
    """The URL of every service: an emulator, a proxy or a private cloud. Default: Alibaba Cloud's own."""
    calls_per_second: float = 18.0
    """The most calls of one action per second to one account in one region, in the long run."""
    at_once: int = 16
    """The most calls under way at the same time."""

    def __post_init__(self) -> None:
        """Raise ValueError for rates of nothing, and for an endpoint that is no plain URL."""
        if self.calls_per_second <= 0 or self.at_once < 1:
            raise ValueError(f"source {self.name!r}: calls_per_second and at_once must be more than nothing")
        if self.endpoint is not None and (
            not self.endpoint.startswith(("http://", "https://")) or "@" in self.endpoint
        ):
            raise ValueError(
                f"source {self.name!r}: endpoint must be a URL such as https://host:port, without a password"
            )
