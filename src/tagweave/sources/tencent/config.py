"""The configuration of a `tencent` source."""

from typing import ClassVar
from urllib.parse import urlsplit

import msgspec


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One Tencent Cloud account, or several that its roles lead to. Credentials come from the SDK's own chain.

    That is: TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY, `~/.tencentcloud/credentials`, the role of a machine,
    the role of a pod in TKE.
    """

    provider: ClassVar[str] = "tencent_cloud"  # for `cloud.provider`

    name: str
    """The source's name: unique, and part of the identity of everything it holds."""
    account: str = ""
    """The Uin of the account that the credentials must lead to, and `cloud.account.id`. Default: whichever it is."""
    credentials_file: str | None = None
    """A file as the SDK has it, with sections of `secret_id` and `secret_key`. Default: the SDK's chain."""
    profile: str = "default"
    """The section of `credentials_file`."""
    role_arn: str | None = None
    """A role to assume with those credentials, by its ARN: `qcs::cam::uin/100000000001:roleName/tagweave`."""
    external_id: str | None = None
    """The external id that the roles ask for, the one of `role_arn` and those of further accounts."""
    accounts: tuple[str, ...] = ()
    """The Uins of further accounts to read, each by the role `role_name`."""
    organization: bool = False
    """Whether to read every member of the account's organization as well, each by the role `role_name`."""
    role_name: str = "tagweave"
    """The name of the role to assume in each further account."""
    regions: tuple[str, ...] = ()
    """The regions to read: shell patterns such as `ap-*`. Default: every region that is available."""
    exclude_regions: tuple[str, ...] = ()
    """The regions not to read: shell patterns."""
    home_region: str = "ap-guangzhou"
    """The region that is asked for what has no region."""
    resolve: bool = False
    """Whether the public addresses of databases and caches are found by resolving their names."""
    endpoint: str | None = None
    """The URL of every service: an emulator or a proxy. Default: Tencent Cloud's own."""
    domain: str = "tencentcloudapi.com"
    """The domain of the services: `intl.tencentcloudapi.com` for the international site, a private cloud's own."""
    calls_per_second: float = 17.5
    """The most calls per second of one action in one region of an account. Tencent Cloud refuses more than 20."""
    at_once: int = 32
    """The most calls under way at the same time."""

    def __post_init__(self) -> None:
        """Raise ValueError for rates of nothing, and for an endpoint that cannot be asked."""
        if self.calls_per_second <= 0 or self.at_once < 1:
            raise ValueError(f"source {self.name!r}: calls_per_second and at_once must be more than nothing")
        if self.endpoint is not None:
            parts = urlsplit(self.endpoint)
            if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or parts.query:
                raise ValueError(
                    f"source {self.name!r}: endpoint must be http://host:port or https://host, with no path"
                )
