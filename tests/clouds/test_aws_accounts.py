"""Many accounts by one entry: an AWS Organization, each account by a role."""

from collections.abc import Iterator
from typing import Any

import pytest

from clouds import passes
from clouds.aws.running import Running
from tagweave.model import Failure, Vpc
from tagweave.sources.aws import Config, Source

REGION = "eu-west-1"


class Organization:
    """Two accounts that can be read, one that is closed, with a VPC in each of the first two."""

    def __init__(self, running: Running) -> None:
        self.running = running
        client = running.client("organizations", "us-east-1")
        client.create_organization(FeatureSet="ALL")
        self.other, self.closed = (
            client.create_account(AccountName=name, Email=f"{name}@example.com")["CreateAccountStatus"]["AccountId"]
            for name in ("shop", "closed")
        )
        client.close_account(AccountId=self.closed)
        role = running.client("sts", REGION).assume_role(
            RoleArn=f"arn:aws:iam::{self.other}:role/tagweave", RoleSessionName="estate"
        )
        given = role["Credentials"]
        ec2 = running.client("ec2", REGION, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        self.vpc = ec2.create_vpc(CidrBlock="10.77.0.0/16")["Vpc"]["VpcId"]

    def source(self, **more: Any) -> Source:
        config = Config(
            name="all", organization=True, regions=(REGION,), home_region=REGION, endpoint=self.running.server.url,
            **more,
        )  # fmt: skip
        return Source(config, politeness=passes.POLITE)


@pytest.fixture(scope="module")
def organization() -> Iterator[Organization]:
    running = Running()
    yield Organization(running)
    running.close()


def test_every_active_account_is_read_and_each_has_scopes_of_its_own(organization: Organization) -> None:
    batches = passes.read(organization.source())
    assert [batch for batch in batches if isinstance(batch, Failure)] == []
    vpcs = passes.by_kind(batches)["vpc"]
    assert isinstance(vpcs[organization.vpc], Vpc)
    assert organization.running.expected["vpc"] & set(vpcs)
    parts = {batch.scope.part for batch in batches if getattr(batch, "scope", None) and batch.scope.kind == "vpc"}
    assert parts == {f"{account}/{REGION}" for account in (organization.running.account, organization.other)}


def test_zones_are_the_same_for_all_accounts_and_are_listed_once(organization: Organization) -> None:
    batches = passes.read(organization.source())
    assert [batch.scope.part for batch in batches if getattr(batch, "scope", None) and batch.scope.kind == "az"] == [
        REGION
    ]


def test_an_account_that_cannot_be_entered_fails_alone(organization: Organization) -> None:
    with organization.running.server.fault("sts:AssumeRole", "denied"):
        batches = passes.read(organization.source())
    ((scope, said),) = passes.failures(batches).items()
    assert (scope.kind, scope.part) == ("region", organization.other)
    role = f"arn:aws:iam::{organization.other}:role/tagweave"
    assert f"cannot enter account {organization.other} as {role}" in said
    assert "grant sts:AssumeRole" in said
    assert organization.running.expected["vpc"] & set(passes.by_kind(batches)["vpc"])


def test_an_organization_that_cannot_be_listed_is_a_failure_beside_the_own_account(
    organization: Organization,
) -> None:
    with organization.running.server.fault("organizations:ListAccounts", "denied"):
        batches = passes.read(organization.source())
    assert "grant organizations:ListAccounts" in next(iter(passes.failures(batches).values()))
    (scope,) = passes.failures(batches)
    assert (scope.kind, scope.part) == ("region", "accounts")
    assert passes.accounts(batches) == {organization.running.account}


def test_credentials_of_another_account_are_refused(organization: Organization) -> None:
    batches = passes.read(organization.source(account="999999999999"))
    (said,) = passes.failures(batches).values()
    assert "expected 999999999999" in said
    assert passes.by_kind(batches) == {}


def test_a_role_may_be_assumed_first(organization: Organization) -> None:
    config = Config(
        name="one", role_arn=f"arn:aws:iam::{organization.other}:role/reader", external_id="tagweave",
        regions=(REGION,), home_region=REGION, endpoint=organization.running.server.url, account=organization.other,
    )  # fmt: skip
    batches = passes.read(Source(config, politeness=passes.POLITE))
    assert organization.vpc in passes.by_kind(batches)["vpc"]


def test_regions_are_chosen_by_patterns_and_slips_are_told(organization: Organization) -> None:
    config = Config(
        name="one", regions=("eu-*", "mars-1"), exclude_regions=("eu-[cns]*", "eu-west-[23]"), home_region=REGION,
        endpoint=organization.running.server.url,
    )  # fmt: skip
    batches = passes.read(Source(config, politeness=passes.POLITE))
    read = {batch.scope.part.split("/")[1] for batch in batches
            if getattr(batch, "scope", None) and batch.scope.kind == "vpc"}  # fmt: skip
    assert read == {REGION}
    assert any("'mars-1' matches no region" in getattr(batch, "reason", "") for batch in batches)


def test_the_secrets_of_a_role_are_told_nobody(
    organization: Organization, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    source = organization.source()
    texts = [repr(source), repr(passes.read(source))]
    with organization.running.server.fault("ec2:DescribeVpcs", "denied"):
        texts.append(repr(passes.read(source)))
    texts += [caplog.text, *capfd.readouterr()]
    assert organization.running.given
    assert [secret for secret in organization.running.given for text in texts if secret in text] == []
