"""Claim: where a record names its network every tag is right, and where it does not none is wrong.

The labelled churn of the demo (its truth is known, since the simulation made it): pods come and go, addresses are
used again, two clusters and two clouds use the same ranges, a part of the records arrives late. Beside it, on
the same facts, the policies that others use: the latest owner, and the latest owner with 120 s of grace.

Run: .venv/bin/python bench/accuracy.py [RECORDS [SEEDS]]
"""

import sys
import tempfile
from pathlib import Path

from tagweave import config
from tagweave.carriers.columns import Options, tag
from tagweave.demo import accuracy, estate, flows
from tagweave.demo.run import made_index, sync_all
from tagweave.demo.simulation import simulate


def measure(folder: Path, records: int, seed: int) -> accuracy.Scores:
    clusters = simulate(seed)
    settings = config.load(estate.write(folder, clusters))
    truth = flows.world(clusters)
    drawn = flows.draw(truth, records, seed)
    plain, tagged = folder / "flows.parquet", folder / "tagged.parquet"
    flows.write(drawn, truth, plain, folder / "truth.parquet")
    inventory, _ = sync_all(settings, folder)
    index = made_index(settings, inventory, folder)
    inventory.close()
    tag(str(plain), str(tagged), index, Options(tags=accuracy.TAGS))
    return accuracy.compare(truth, drawn, tagged)


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 300_000
    seeds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for seed in range(1, seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            scores = measure(Path(folder), records, seed)
        print(f"\nseed {seed}: {2 * records:,} ends of records")
        print(f"  {'policy':32}{'network known':>30}{'network not known':>32}")
        print(f"  {'':32}" + f"{'right':>12}{'wrong':>9}{'no tag':>9}" * 2)
        for policy, by in scores.items():
            cells = "".join(
                f"{by[known]['right']:12.3%}{by[known]['wrong']:9.3%}{by[known]['missing']:9.3%}"
                for known in ("known", "unknown")
            )
            print(f"  {policy:32}{cells}")
        ours, *others = scores.values()
        best = max(other["known"]["right"] for other in others)
        print(f"  ratio: {ours['known']['right'] / best:.3f} times the right tags of the best of the others (known)")
        assert ours["known"]["right"] == 1.0
        assert ours["unknown"]["wrong"] == 0.0


if __name__ == "__main__":
    main()
