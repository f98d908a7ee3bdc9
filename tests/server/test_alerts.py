"""The alert rules in deploy/: they are rules, and speak of metrics that there are."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tagweave.inventory import Life, ScopeState
from tagweave.model import Scope
from tagweave.server.metrics import Metrics

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "tagweave.rules.yaml"


def exported() -> set[str]:
    """The names of all samples that a service can export, also those of which it has none yet."""
    metrics = Metrics()
    life = Life(last_event=1, lag_seconds=1.0, last_bookmark=1, list_seconds=1.0, restarts=1, failures=1)
    metrics.watch(lambda: [ScopeState(Scope("a", "pod", "pods"), "fresh", 1, 1, "", 1, life)])
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
    return {f"{family.name}{suffix}" for family in metrics.registry.collect() for suffix in suffixes[family.type]}


def test_each_alert_speaks_of_metrics_that_there_are_and_says_what_to_do() -> None:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    known = exported()
    for rule in group["rules"]:
        named = set(re.findall(r"\btagweave_\w+", rule["expr"]))
        assert named, rule["alert"]
        assert named <= known, rule["alert"]
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"]


def test_prometheus_itself_takes_the_rules() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("promtool is not installed: apt-get install prometheus")
    done = subprocess.run([promtool, "check", "rules", str(RULES)], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
