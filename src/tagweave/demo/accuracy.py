"""How right tagged records are, against the truth, beside what the policies of others would have said."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tagweave.demo.flows import Flows, World
from tagweave.demo.policies import GRACE, latest, score

TAGS: Final = ("tagweave.instance.id", "tagweave.match")
_UNKNOWN_OWNER: Final = -1

I64 = npt.NDArray[np.int64]
Scores = dict[str, dict[str, dict[str, float]]]


def compare(truth: World, flows: Flows, tagged: Path) -> Scores:
    """Policy → whether the network is known → shares of right, wrong and missing ends."""
    owner = np.array([h.owner for h in truth.holdings])
    want = np.concatenate([owner[flows.source], owner[flows.destination]])
    named = np.concatenate([flows.named, flows.named])
    answers = {
        "as of event time (Tagweave)": np.concatenate([_found(truth, tagged, s) for s in ("source", "destination")]),
        "latest owner": np.concatenate([latest(truth, flows, h, 0) for h in (flows.source, flows.destination)]),
        f"latest owner, {GRACE} s grace": np.concatenate(
            [latest(truth, flows, h, GRACE) for h in (flows.source, flows.destination)]
        ),
    }
    return {
        policy: {
            "known": score(want[named], got[named]),
            "unknown": score(want[~named], got[~named]),
        }
        for policy, got in answers.items()
    }


def _found(truth: World, tagged: Path, side: str) -> I64:
    """The owner that each record of a tagged file names at an end, by an address (not by a range)."""
    table = pq.read_table(tagged, columns=[f"{side}.{tag}" for tag in TAGS])
    ids, rule = (table.column(f"{side}.{tag}").combine_chunks() for tag in TAGS)
    numbers = {name: i for i, name in enumerate(truth.owners)}
    coded = ids.cast("string").combine_chunks() if hasattr(ids, "combine_chunks") else ids.cast("string")
    encoded = coded.dictionary_encode()
    lookup = np.array([numbers.get(name, _UNKNOWN_OWNER) for name in encoded.dictionary.to_pylist()] + [0])
    codes = encoded.indices.fill_null(len(lookup) - 1).to_numpy(zero_copy_only=False)
    exact = pc.fill_null(pc.equal(rule.cast("string"), "ip"), False)
    return np.where(exact.to_numpy(zero_copy_only=False), lookup[codes], 0)
