"""AWS's tags and names."""

from collections.abc import Iterable, Mapping

from tagweave.sources.clouds import Place
from tagweave.sources.clouds.values import labels


def tags(pairs: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """A list of Key and Value as labels."""
    return labels(pairs)


def named(found: Mapping[str, str], otherwise: str) -> str:
    """The tag `Name`, which AWS's console shows, else something that is always there."""
    return found.get("Name") or otherwise


def arn(place: Place, service: str, resource: str) -> str:
    """An ARN: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html>."""
    return f"arn:{place.realm or 'aws'}:{service}:{place.region}:{place.account}:{resource}"
