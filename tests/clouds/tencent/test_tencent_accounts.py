"""Many accounts by one configuration, against the fake."""

import asyncio
from collections.abc import Iterator

import pytest

from clouds import passes
from clouds.tencent import running
from clouds.tencent.estate import MEMBER, REGIONS, ROLE, STRANGER
from clouds.tencent.items.common import UIN
from clouds.tencent.running import Running
from tagweave.model import Batch, Failure, Snapshot
from tagweave.sources.tencent import Config, Source


@pytest.fixture(scope="module")
def fake() -> Iterator[Running]:
    found = running.start()
    yield found
    found.close()


def read(fake: Running, **settings: object) -> list[Batch]:
    config = Config(name="acc", regions=REGIONS, endpoint=fake.server.url, role_name=ROLE, **settings)  # type: ignore[arg-type]
    return passes.read(Source(config, politeness=passes.POLITE))


def accounts(batches: list[Batch]) -> set[str]:
    """The accounts whose instances were read."""
    return {one.scope.part.partition("/")[0] for one in batches if isinstance(one, Snapshot) and one.scope.kind == "vm"}


def test_a_member_of_the_organization_is_read_and_one_that_cannot_be_entered_is_a_failure(fake: Running) -> None:
    batches = read(fake, organization=True)
    assert accounts(batches) == {UIN, MEMBER}
    assert set(passes.by_kind(batches)["vm"]) == fake.expected["vm"] | {"ins-guest001"}
    failed = [one for one in batches if isinstance(one, Failure)]
    assert [(one.scope.kind, one.scope.part) for one in failed] == [("region", STRANGER)]
    assert STRANGER in failed[0].error
    assert "ResourceNotFound.RoleNotFound" in failed[0].error


def test_accounts_that_are_named_are_read_beside_the_own(fake: Running) -> None:
    batches = read(fake, accounts=(MEMBER,))
    assert accounts(batches) == {UIN, MEMBER}
    assert not passes.failures(batches)


def test_a_role_stands_in_for_the_account_of_the_credentials(fake: Running) -> None:
    batches = read(fake, role_arn=f"qcs::cam::uin/{MEMBER}:roleName/{ROLE}", account=MEMBER)
    assert accounts(batches) == {MEMBER}
    assert set(passes.by_kind(batches)["vm"]) == {"ins-guest001"}


def test_members_that_cannot_be_listed_are_a_failure_with_what_to_grant(fake: Running) -> None:
    action = "organization:DescribeOrganizationMembers"
    with fake.server.fault(action, "denied"):
        batches = read(fake, organization=True)
    assert [f"grant {action}" in said for said in passes.failures(batches).values()] == [True]


def test_credentials_of_another_account_than_expected_read_nothing(fake: Running) -> None:
    fake.server.calls.clear()
    batches = read(fake, account=MEMBER)
    assert [UIN in said and MEMBER in said for said in passes.failures(batches).values()] == [True]
    assert {call.action for call in fake.server.calls} == {"sts:GetCallerIdentity"}


def test_no_temporary_secret_is_in_what_a_pass_gives(fake: Running) -> None:
    batches = read(fake, organization=True)
    text = repr(batches) + str(batches)
    assert [one for one in fake.secrets if one in text] == []


def test_check_tells_every_account_apart(fake: Running) -> None:
    config = Config(name="acc", regions=REGIONS, endpoint=fake.server.url, role_name=ROLE, organization=True)

    async def collect() -> list[tuple[str, str, str]]:
        rows = Source(config, politeness=passes.POLITE).check()
        return [(row.what, row.where, row.state) async for row in rows]

    rows = asyncio.run(collect())
    assert ("sts:AssumeRole", STRANGER, "failed") in rows
    wheres = {where.partition("/")[0] for what, where, state in rows if what == "cvm:DescribeInstances"}
    assert wheres == {UIN, MEMBER}
