"""IP protocols by name, as far as telemetry and Kubernetes name them."""

from typing import Final

PROTOCOLS: Final = {"ICMP": 1, "TCP": 6, "UDP": 17, "GRE": 47, "ESP": 50, "ICMPV6": 58, "SCTP": 132}
"""Protocol names and their IANA numbers."""
