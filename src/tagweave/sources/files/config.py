"""The configuration of a `files` source."""

import itertools
from datetime import datetime

import msgspec


class Moment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A dump and when it was taken."""

    path: str
    """A file, a folder or an archive."""
    at: datetime
    """When the dump was taken: RFC 3339."""

    def __post_init__(self) -> None:
        """Raise ValueError for a time without a zone."""
        if self.at.tzinfo is None:
            raise ValueError(f"at: {self.at.isoformat()} has no time zone; write it with Z or an offset")


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Dumps that people have: `kubectl get -o json|yaml`, support bundles, Tagweave's own resource files."""

    name: str
    """The source's name: unique, and part of the identity of everything it holds."""
    path: str | None = None
    """A file, a folder or an archive (tar, tar.gz, zip, gz), seen now. Either this or `snapshots`."""
    snapshots: tuple[Moment, ...] = ()
    """The same cluster or account at several moments, each with `path` and `at`: together its history."""
    provider: str = ""
    """The cloud that the resources are of, as `cloud.provider` has it: aws, azure, alibaba_cloud, …"""
    account: str = ""
    """The account's id in that cloud, for `cloud.account.id`."""

    def __post_init__(self) -> None:
        """Raise ValueError unless there is either a path or snapshots, these of different moments."""
        if (self.path is None) == (not self.snapshots):
            raise ValueError(f"source {self.name!r} needs either `path` or `snapshots`")
        for before, after in itertools.pairwise(sorted(self.snapshots, key=lambda m: m.at)):
            if before.at == after.at:
                raise ValueError(
                    f"source {self.name!r}: {before.path} and {after.path} are both of "
                    f"{after.at.isoformat()}; give each moment its own time, or one folder"
                )


def moments(config: Config, now: datetime) -> list[Moment]:
    """The dumps of a source in order of time."""
    if config.path is not None:
        return [Moment(config.path, now)]
    return sorted(config.snapshots, key=lambda m: m.at)
