"""The configuration of an `aws` source."""

from typing import ClassVar

import msgspec


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One AWS account, or every account of an organization. Credentials come from boto3's own chain.

    That is: the environment, the shared files with profiles, SSO, web identity, the role of a container or machine.
    """

    provider: ClassVar[str] = "aws"  # for `cloud.provider`

    name: str
    """The source's name: unique, and part of the identity of everything it holds."""
    account: str = ""
    """The id of the account that the credentials must lead to, and `cloud.account.id`. Default: whichever it is."""
    profile: str | None = None
    """A profile of the shared AWS configuration files. Default: as the environment has it."""
    role_arn: str | None = None
    """A role to assume with those credentials, by its ARN."""
    external_id: str | None = None
    """The external id that the roles ask for, the one of `role_arn` and those of an organization."""
    organization: bool = False
    """Whether to read every active account of the AWS Organization as well, each by the role `role_name`."""
    role_name: str = "tagweave"
    """The name of the role to assume in each account of the organization."""
    regions: tuple[str, ...] = ()
    """The regions to read: shell patterns such as `eu-*`. Default: every region that is enabled for an account."""
    exclude_regions: tuple[str, ...] = ()
    """The regions not to read: shell patterns."""
    home_region: str | None = None
    """The region that is asked for the regions. Default: that of the profile or environment, else us-east-1."""
    resolve: bool = False
    """Whether the addresses of databases and caches are found by resolving their names, which must be possible here."""
    endpoint: str | None = None
    """The URL of every service: an emulator or a proxy. Default: AWS's own."""
    calls_per_second: float = 20.0
    """The most calls per second to one account in the long run; twice as many may come at once after a pause."""
    at_once: int = 16
    """The most calls under way at the same time."""

    def __post_init__(self) -> None:
        """Raise ValueError for rates of nothing."""
        if self.calls_per_second <= 0 or self.at_once < 1:
            raise ValueError(f"source {self.name!r}: calls_per_second and at_once must be more than nothing")
