"""Prometheus: the alert rules in deploy/ speak of metrics that there are, and a real one scrapes a service."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tagweave.inventory import Life, ScopeState
from tagweave.model import Scope
from tagweave.server.metrics import Metrics

from .service import begin, free_port, until, write

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


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed: apt-get install prometheus")
    return found


def test_prometheus_itself_takes_the_rules() -> None:
    command = [program("promtool"), "check", "rules", str(RULES)]
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_scrapes_a_service_and_evaluates_the_rules(tmp_path: Path) -> None:
    server = program("prometheus")
    write(tmp_path)
    service = begin(tmp_path)
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "global": {"scrape_interval": "200ms", "evaluation_interval": "200ms"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": "tagweave", "static_configs": [{"targets": [service.url.removeprefix("http://")]}]}
        ],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(settings))
    options = {
        "config.file": "prometheus.yml", "storage.tsdb.path": "tsdb", "web.listen-address": address,
        "log.level": "error",
    }  # fmt: skip
    process = subprocess.Popen([server, *(f"--{name}={value}" for name, value in options.items())], cwd=tmp_path)

    def asked(path: str, **query: str) -> Any:
        return requests.get(f"http://{address}/api/v1/{path}", params=query, timeout=10).json()["data"]

    def value(query: str) -> str | None:
        try:
            found = asked("query", query=query)["result"]
        except requests.ConnectionError:
            return None
        return found[0]["value"][1] if found else None

    try:
        until(lambda: value('tagweave_resources{kind="pod"}') == "2")
        until(lambda: all(rule["health"] == "ok" for rule in asked("rules")["groups"][0]["rules"]))
        until(lambda: asked("alerts")["alerts"] == [])  # "down" was pending until the first scrape
    finally:
        process.terminate()
        process.wait()
        service.end()
