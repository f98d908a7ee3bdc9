"""The rig of AWS: moto, with the standard estate."""

import itertools
import os
from collections.abc import Mapping
from typing import Any
from unittest import mock

import boto3

from clouds.aws.api import HABITS, KEY, SECRET, Api
from clouds.aws.estate import REGIONS, Estate
from clouds.server import Server
from tagweave.sources.aws import Config, Source
from tagweave.sources.clouds import Politeness

ABSENT: Mapping[str, str] = {}


_ACCOUNTS = itertools.count(100_000_000_001)
"""Every rig has an account of its own: moto keeps what was made for as long as the process lives."""


class Running:
    """AWS, as the suite takes every cloud."""

    def __init__(self) -> None:
        self._environment = mock.patch.dict(
            os.environ,
            {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_CONFIG_FILE": "/dev/null",
             "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"},
        )  # fmt: skip
        self._environment.start()
        api = Api(str(next(_ACCOUNTS)))
        self.server = Server(api, HABITS)
        self.regions = REGIONS
        self.secrets = (SECRET,)
        self.account = api.account
        self.given = api.given
        self._estate = Estate(self.server.url, api)
        self.server.calls.clear()
        self.expected = {kind: frozenset(found) for kind, found in self._estate.expected.items()}
        self.tagged = self._estate.tagged
        self.addresses = self._estate.addresses

    def source(self, politeness: Politeness, page_size: int | None = None) -> Source:
        config = Config(name="acc", regions=REGIONS, home_region=REGIONS[0], endpoint=self.server.url)
        return Source(config, politeness=politeness, page_size=page_size)

    def client(self, service: str, region: str, *credentials: str) -> Any:
        """A client of boto3's own, by the rig's key or others."""
        session = boto3.Session(*(credentials or (KEY, SECRET)))
        return session.client(service, region_name=region, endpoint_url=self.server.url)

    def region_of(self, native: str) -> str:
        """Where something of the estate is."""
        return self._estate.where[native]

    def remove(self, kind: str, id: str) -> None:  # noqa: A002 - as the protocol has it
        assert kind == "vm", "take a machine"
        ec2 = self._estate.client("ec2", self._estate.where[id])
        ec2.terminate_instances(InstanceIds=[id])

    def close(self) -> None:
        self.server.close()
        self._environment.stop()


def start() -> Running:
    return Running()
