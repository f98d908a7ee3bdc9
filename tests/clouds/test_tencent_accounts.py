"""Many accounts by one entry: accounts that are named, and the members of an organization, each by a CAM role."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clouds import passes
from clouds.tencent import running
from clouds.tencent.estate import GZ, MEMBER, ROLE, STRANGER
from clouds.tencent.items.common import UIN
from clouds.tencent.running import KEY, SECRET, Running
from tagweave.model import Defect, Scope, Snapshot
from tagweave.sources.tencent import Config, Source

ARN = f"qcs::cam::uin/{STRANGER}:roleName/{ROLE}"


@pytest.fixture(scope="module")
def fake() -> Iterator[Running]:
    found = running.start()
    yield found
    found.close()


def source(fake: Running, **more: Any) -> Source:
    asked = {"regions": (GZ,), "home_region": GZ, "role_name": ROLE, **more}
    return Source(Config(name="all", endpoint=fake.server.url, **asked), politeness=passes.POLITE)


def parts(batches: list[Any], kind: str) -> list[str]:
    return sorted(one.scope.part for one in batches if isinstance(one, Snapshot) and one.scope.kind == kind)


def test_an_account_that_is_named_is_read_and_each_has_scopes_of_its_own(fake: Running) -> None:
    batches = passes.read(source(fake, accounts=(MEMBER,)))
    assert passes.failures(batches) == {}
    assert parts(batches, "vpc") == [f"{UIN}/{GZ}", f"{MEMBER}/{GZ}"]
    assert parts(batches, "cen") == [UIN, MEMBER]


def test_zones_are_the_same_for_all_accounts_and_are_listed_once(fake: Running) -> None:
    assert parts(passes.read(source(fake, accounts=(MEMBER,))), "az") == [GZ]


def test_a_member_that_cannot_be_entered_fails_alone_and_the_others_are_read(fake: Running) -> None:
    batches = passes.read(source(fake, organization=True))
    ((scope, said),) = passes.failures(batches).items()
    assert scope == Scope("all", "region", STRANGER)
    assert f"cannot enter account {STRANGER} as {ARN}" in said
    assert parts(batches, "vpc") == [f"{UIN}/{GZ}", f"{MEMBER}/{GZ}"]


def test_a_role_that_may_not_be_assumed_says_what_to_grant(fake: Running) -> None:
    with fake.server.fault("sts:AssumeRole", "denied"):
        batches = passes.read(source(fake, accounts=(MEMBER,)))
    (said,) = passes.failures(batches).values()
    assert "grant sts:AssumeRole" in said
    assert parts(batches, "vpc") == [f"{UIN}/{GZ}"]


def test_an_organization_that_cannot_be_listed_is_a_failure_beside_the_own_account(fake: Running) -> None:
    with fake.server.fault("organization:DescribeOrganizationMembers", "denied"):
        batches = passes.read(source(fake, organization=True, accounts=(MEMBER,)))
    (said,) = passes.failures(batches).values()
    assert "cannot list the members of the organization" in said
    assert "grant organization:DescribeOrganizationMembers" in said
    (scope,) = passes.failures(batches)
    assert (scope.kind, scope.part) == ("region", "accounts")
    assert passes.accounts(batches) == {UIN, MEMBER}


def test_credentials_of_another_account_are_refused(fake: Running) -> None:
    batches = passes.read(source(fake, account="999999999999"))
    (said,) = passes.failures(batches).values()
    assert "expected 999999999999" in said
    assert passes.by_kind(batches) == {}


def test_a_role_may_be_assumed_first(fake: Running) -> None:
    role = f"qcs::cam::uin/{MEMBER}:roleName/{ROLE}"
    batches = passes.read(source(fake, role_arn=role, external_id="tagweave", account=MEMBER))
    assert passes.failures(batches) == {}
    assert parts(batches, "vpc") == [f"{MEMBER}/{GZ}"]


def test_credentials_may_stand_in_a_file(fake: Running, tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text(f"[work]\nsecret_id = {KEY}\nsecret_key = {SECRET}\n")
    batches = passes.read(source(fake, credentials_file=str(path), profile="work"))
    assert parts(batches, "vpc") == [f"{UIN}/{GZ}"]


def test_a_wrong_key_is_denied_and_not_told(fake: Running, tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text(f"[default]\nsecret_id = {KEY}\nsecret_key = not-{SECRET}\n")
    batches = passes.read(source(fake, credentials_file=str(path)))
    (said,) = passes.failures(batches).values()
    assert "AuthFailure.SignatureFailure" in said
    assert SECRET not in repr(batches)


def test_regions_are_chosen_by_patterns_and_slips_are_told(fake: Running) -> None:
    batches = passes.read(source(fake, regions=("ap-*", "mars-1"), exclude_regions=("ap-s*",)))
    assert parts(batches, "vpc") == [f"{UIN}/{GZ}"]
    assert any("'mars-1' matches no region" in one.reason for one in batches if isinstance(one, Defect))


def test_an_answer_of_sts_that_is_cut_off_is_a_failure(fake: Running) -> None:
    with fake.server.fault("sts:GetCallerIdentity", "truncated"):
        batches = passes.read(source(fake))
    (said,) = passes.failures(batches).values()
    assert "sts:GetCallerIdentity gave an answer that cannot be parsed" in said
