"""Where the standard estate is."""

from collections.abc import Mapping
from typing import Final

HOME: Final = "cn-hangzhou"
AWAY: Final = "ap-southeast-1"
SOLD_OUT: Final = "eu-west-1"
STRANGER: Final = 1456789012345678
SHOP: Final[Mapping[str, str]] = {"team": "shop"}

H: Final = ("cn-hangzhou-h", "vpc-bp1shop", "vsw-bp1shoph")
I: Final = ("cn-hangzhou-i", "vpc-bp1shop", "vsw-bp1shopi")
DATA: Final = ("cn-hangzhou-i", "vpc-bp1data", "vsw-bp1data")
A: Final = ("ap-southeast-1a", "vpc-t4nshop", "vsw-t4nshop")
"""Zone, VPC and vSwitch."""
