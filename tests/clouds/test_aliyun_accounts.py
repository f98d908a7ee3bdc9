"""Many accounts by one entry: a resource directory, each member by a role."""

from collections.abc import Iterator

import pytest

pytest.importorskip("alibabacloud_tea_openapi")

from clouds import passes
from clouds.aliyun import identity
from clouds.aliyun.running import Running, start
from tagweave.model import Batch, Failure, Snapshot

HOME = "cn-hangzhou"


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    running = start()
    yield running
    running.close()


def read(running: Running, **settings: object) -> list[Batch]:
    return passes.read(running.source(passes.POLITE, regions=(HOME,), **settings))


def parts(batches: list[Batch], kind: str) -> set[str]:
    return {batch.scope.part for batch in batches if getattr(batch, "scope", None) and batch.scope.kind == kind}


def test_every_member_is_read_by_its_role_and_each_has_scopes_of_its_own(running: Running) -> None:
    batches = read(running, organization=True)
    assert {"vpc-bp1shop", "vpc-bp1ware"} <= set(passes.by_kind(batches)["vpc"])
    assert parts(batches, "vpc") == {f"{account}/{HOME}" for account in (identity.TEAM, identity.MEMBER)}


def test_what_is_shared_with_a_member_is_its_owners_alone(running: Running) -> None:
    batches = read(running, organization=True)
    for kind, native in (("vpc", "vpc-bp1shop"), ("subnet", "vsw-bp1shoph")):
        holders = [batch.scope.part for batch in batches
                   if isinstance(batch, Snapshot) and native in {one.id for one in batch.resources}
                   and batch.scope.kind == kind]  # fmt: skip
        assert holders == [f"{identity.TEAM}/{HOME}"]
    alone = read(running, role_arn=f"acs:ram::{identity.MEMBER}:role/tagweave")
    assert "vpc-bp1shop" in passes.by_kind(alone)["vpc"]


def test_a_member_without_the_role_fails_alone_and_is_named(running: Running) -> None:
    ((scope, said),) = passes.failures(read(running, organization=True)).items()
    assert (scope.kind, scope.part) == ("region", identity.LEAVING)
    assert f"acs:ram::{identity.LEAVING}:role/tagweave" in said
    assert "EntityNotExist.Role" in said


def test_zones_are_the_same_for_all_accounts_and_are_listed_once(running: Running) -> None:
    batches = read(running, organization=True)
    assert [batch.scope.part for batch in batches if getattr(batch, "scope", None) and batch.scope.kind == "az"] == [
        HOME
    ]


def test_accounts_may_be_named_and_their_roles_may_ask_for_an_external_id(running: Running) -> None:
    settings = {"accounts": (identity.MEMBER,), "role_name": "partner"}
    batches = read(running, **settings, external_id=identity.EXTERNAL_ID)
    assert "vpc-bp1ware" in passes.by_kind(batches)["vpc"]
    ((scope, said),) = passes.failures(read(running, **settings)).items()
    assert scope.part == identity.MEMBER
    assert "grant sts:AssumeRole" in said


def test_a_role_may_be_assumed_first(running: Running) -> None:
    arn = f"acs:ram::{identity.MEMBER}:role/tagweave"
    batches = read(running, role_arn=arn, account=identity.MEMBER)
    assert set(passes.by_kind(batches)["vm"]) == {"i-bp1ware"}
    assert [batch for batch in batches if isinstance(batch, Failure)] == []


def test_credentials_of_another_account_are_refused(running: Running) -> None:
    batches = read(running, account="1000000000000000")
    (said,) = passes.failures(batches).values()
    assert "expected 1000000000000000" in said
    assert passes.by_kind(batches) == {}


def test_a_directory_that_cannot_be_listed_is_a_failure_beside_the_own_account(running: Running) -> None:
    with running.server.fault("resourcedirectory:ListAccounts", "denied"):
        batches = read(running, organization=True)
    assert "grant resourcemanager:ListAccounts" in next(iter(passes.failures(batches).values()))
    (scope,) = passes.failures(batches)
    assert (scope.kind, scope.part) == ("region", "accounts")
    assert passes.accounts(batches) == {identity.TEAM}


def test_nothing_that_sts_gave_out_is_in_any_answer(running: Running) -> None:
    batches = read(running, organization=True)
    assert len(running.secrets) > 2
    assert [secret for secret in running.secrets if secret in repr(batches)] == []
