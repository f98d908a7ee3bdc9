"""The policies that others use, on the same facts: whoever holds the address when the record arrives.

`latest` forgets an owner when it is deleted; `grace` keeps it for 120 s unless a newer owner came (the
OpenTelemetry Collector's k8sattributes). Both know the network where the record names it, and take whoever
came last anywhere where it does not.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from tagweave.demo.flows import Flows, Owners, World

GRACE: Final = 120

I64 = npt.NDArray[np.int64]


def latest(truth: World, flows: Flows, holding: I64, grace: int) -> I64:
    """The owner that such a processor gives an end when its record arrives; 0 for none."""
    arrival = flows.at + flows.late
    named = Owners.of(truth, by_network=True).alive(holding, arrival, grace)
    anywhere = Owners.of(truth, by_network=False).alive(holding, arrival, grace)
    return np.where(flows.named, named, anywhere)


def score(want: I64, got: I64) -> dict[str, float]:
    """Shares of ends that are right, wrong (another owner than the true one) and missing."""
    right = got == want
    missing = (got == 0) & (want != 0)
    return {
        "right": float(right.mean()),
        "wrong": float((~right & ~missing).mean()),
        "missing": float(missing.mean()),
    }
