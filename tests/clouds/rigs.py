"""Every cloud under test; a new one is one line here and a folder beside."""

from importlib import import_module
from typing import Final

from clouds.rig import Rig

TITLES: Final = {
    "aws": "AWS",
    "azure": "Microsoft Azure",
    "tencent": "Tencent Cloud",
    "aliyun": "Aliyun",
}


def rig(cloud: str) -> Rig:
    """The rig of a cloud."""
    listings = import_module(f"tagweave.sources.{cloud}.tables").LISTINGS
    absent = import_module(f"clouds.{cloud}.running").ABSENT
    return Rig(cloud, TITLES[cloud], listings, absent)
