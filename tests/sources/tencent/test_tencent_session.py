"""Tencent Cloud's errors, credentials, paging and permissions."""

import asyncio
import json
import logging
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
import requests
from tencentcloud.common.abstract_client import LOGGER_NAME
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tagweave.errors import Denied, Terminal, Throttled, Transient
from tagweave.sources.clouds import Gone, Paging
from tagweave.sources.clouds.paging import Page, Params
from tagweave.sources.clouds.reading import read
from tagweave.sources.tencent import Config, Source, actions, paging, policy
from tagweave.sources.tencent.session import Account, Site, explain, not_offered, own_account
from tagweave.sources.tencent.source import asking
from tagweave.sources.tencent.tables import LISTINGS
from tagweave.sources.tencent.values import region_of, when

VENDORS: Final = os.environ.get("TAGWEAVE_VENDORS")
POLICIES: Final = Path(__file__).parents[3] / "deploy" / "policies"
SECRET: Final = "dGhpcyBpcyBhIHNlY3JldA"


def refused(code: str | None, message: str = "no") -> TencentCloudSDKException:
    return TencentCloudSDKException(code, message, "req-1")


# ---- errors


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        ("UnauthorizedOperation", Denied, "grant vpc:DescribeVpcs"),
        ("UnauthorizedOperation.CamNoAuth", Denied, "grant vpc:DescribeVpcs"),
        ("AuthFailure.UnauthorizedOperation", Denied, "grant vpc:DescribeVpcs"),
        ("InternalError.CamAuthFailed", Denied, "grant vpc:DescribeVpcs"),
        ("AuthFailure.SignatureExpire", Denied, "clock"),
        ("AuthFailure.SecretIdNotFound", Denied, "key exists"),
        ("AuthFailure.TokenFailure", Denied, "temporary credentials"),
        ("AuthFailure.Other", Denied, "check the credentials"),
        ("IpNotInWhitelist", Denied, "this machine's address"),
        ("RequestLimitExceeded", Throttled, "RequestLimitExceeded"),
        ("RequestLimitExceeded.UinLimitExceeded", Throttled, "UinLimitExceeded"),
        ("InternalError", Transient, "InternalError"),
        ("InternalError.DbOperationFailed", Transient, "from vpc:DescribeVpcs: no"),
        ("ServiceUnavailable", Transient, "ServiceUnavailable"),
        ("FailedOperation.TimeoutError", Transient, "TimeoutError"),
        ("LimitExceeded", Terminal, "LimitExceeded"),
        ("InvalidParameter", Terminal, "from vpc:DescribeVpcs: no"),
        ("InvalidParameter.LBIdNotFound", Gone, "LBIdNotFound"),
        ("ResourceNotFound", Gone, "ResourceNotFound"),
        ("InvalidParameterValue.PrivateNatNotExists", Gone, "PrivateNatNotExists"),
        (None, Terminal, "an error without a code"),
    ],
)
def test_each_code_is_one_of_our_errors_and_says_what_to_do(
    code: str | None, error: type[Exception], said: str
) -> None:
    problem = explain(refused(code), "vpc:DescribeVpcs")
    assert problem.error is error
    assert said in problem.text
    assert "(request id req-1)" in problem.text


def test_a_cut_connection_is_transient_and_tells_no_password_of_a_proxy() -> None:
    error = requests.exceptions.ProxyError(f"cannot connect to http://user:{SECRET}@proxy:3128/")
    problem = explain(error, "vpc:DescribeVpcs")
    assert problem.error is Transient
    assert SECRET not in problem.text


def test_an_answer_that_is_cut_off_is_terminal() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads('{"Response": {"VpcSet": [')
    problem = explain(caught.value, "vpc:DescribeVpcs")
    assert (problem.error, problem.text) == (Terminal, "vpc:DescribeVpcs gave an answer that cannot be parsed")


@pytest.mark.skipif(not VENDORS, reason="TAGWEAVE_VENDORS is not set")
@pytest.mark.parametrize(
    ("file", "error"),
    [
        ("auth_signature_failure.json", Denied),
        ("invalid_parameter__c7n_real.json", Terminal),
        ("request_limit_exceeded__real_log_line.txt", Throttled),
    ],
)
def test_the_vendors_own_errors_are_understood(file: str, error: type[Exception]) -> None:
    text = (Path(VENDORS) / "tencent" / "errors" / file).read_text("utf-8")
    if file.endswith(".json"):
        page = json.loads(text)["Response"]
        code, message, request = page["Error"]["Code"], page["Error"]["Message"], page["RequestId"]
    else:
        found = re.search(r"Code=(\S+), Message=(.*), RequestId=(\S+)", text)
        assert found
        code, message, request = found.groups()
    problem = explain(TencentCloudSDKException(code, message, request), "cvm:DescribeInstances")
    assert problem.error is error
    assert request in problem.text


def test_a_region_without_a_service_has_nothing_of_it() -> None:
    def perform(_action: str, _region: str, _params: Params) -> Page:
        raise refused("UnsupportedRegion")

    assert asking(perform)("dcdb:DescribeDCDBInstances", "ap-taipei", {}) == {"Instances": []}
    with pytest.raises(TencentCloudSDKException):
        asking(perform)("sts:GetCallerIdentity", "ap-taipei", {})


def test_a_refusal_is_not_a_region_without_a_service() -> None:
    assert not_offered(refused("UnsupportedRegion"))
    assert not any(map(not_offered, (refused("UnauthorizedOperation"), refused("InvalidParameter"), OSError())))


# ---- credentials


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[other]\nsecret_id = a\nsecret_key = b\n",
        f"[default]\nsecret_id = {SECRET}\n",
        f"secret_key = {SECRET}\n",
        f"[default]\n{SECRET}\n",
        f"[default]\nsecret_id =\nsecret_key = {SECRET}\n",
        f"[default]\nsecret_id = a\nsecret_id = {SECRET}\n",
    ],
)
def test_a_broken_credentials_file_is_denied_and_its_content_is_not_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials"
    path.write_text(text)
    with pytest.raises(Denied) as caught:
        own_account(str(path), "default", Site())
    assert str(path) in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_credentials_file_that_is_missing_is_denied(tmp_path: Path) -> None:
    with pytest.raises(Denied, match="No such file"):
        own_account(str(tmp_path / "none"), "default", Site())


def test_no_repr_holds_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text(f"[work]\nsecret_id = AKID\nsecret_key = {SECRET}%x\n")
    account = own_account(str(path), "work", Site())
    assert isinstance(account, Account)
    source = Source(Config(name="shop", credentials_file=str(path), profile="work"))
    assert SECRET not in repr(account) + repr(account.of_role("a", SECRET, SECRET)) + repr(source)


def test_the_sdk_does_not_log_whole_answers_which_may_be_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.root, "level", logging.DEBUG)
    assert not logging.getLogger(LOGGER_NAME).isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize("endpoint", ["localhost:80", "ftp://host", "http://", "http://host/path", "https://host?x=1"])
def test_an_endpoint_that_cannot_be_asked_is_refused(endpoint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="endpoint"):
        msgspec.convert({"name": "shop", "endpoint": endpoint}, Config)


@pytest.mark.parametrize("field", ["calls_per_second", "at_once"])
def test_a_rate_of_nothing_is_refused(field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="more than nothing"):
        msgspec.convert({"name": "shop", field: 0}, Config)


# ---- paging


def pages(style: Paging, count: int, size: int | None, total: str = "TotalCount") -> list[dict[str, Any]]:
    """What is asked of a list of so many items, and what comes of it. The list answers as the documents say."""
    asked: list[dict[str, Any]] = []

    async def call(_action: str, params: Params) -> Page:
        asked.append(dict(params))
        limit, start = int(params["Limit"]), int(params["Offset"])
        start *= limit if style is paging.SQLSERVER else 1
        return {"Items": [{"Id": number} for number in range(count)][start : start + limit], total: count}

    found = asyncio.run(read(call, "vpc:Describe", {}, style, "Items", None, size))
    assert [item["Id"] for item in found] == list(range(count))
    return asked


def test_older_actions_of_vpc_are_asked_in_text() -> None:
    assert pages(paging.TEXT, 5, 2) == [
        {"Offset": "0", "Limit": "2"},
        {"Offset": "2", "Limit": "2"},
        {"Offset": "4", "Limit": "2"},
    ]


def test_sql_server_counts_pages_from_nought() -> None:
    assert [one["Offset"] for one in pages(paging.SQLSERVER, 5, 2)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("style", "total"), [(paging.REDIS, "TotalCount"), (paging.MEMBERS, "Total"), (paging.OFFSET, "TotalCount")]
)
def test_offsets_are_multiples_of_the_limit(style: Paging, total: str) -> None:
    assert [one["Offset"] for one in pages(style, 7, 3, total)] == [0, 3, 6]


@pytest.mark.parametrize("style", [paging.OFFSET, paging.TEXT, paging.SMALL, paging.CDB, paging.REDIS])
def test_a_list_that_fits_is_asked_for_once(style: Paging) -> None:
    assert len(pages(style, 20, None)) == 1


# ---- values


def test_a_time_without_a_zone_is_beijings() -> None:
    assert when("2024-03-01 10:00:00") == when("2024-03-01T02:00:00Z") == datetime(2024, 3, 1, 2, tzinfo=UTC)
    assert when("2024-03-01T10:00:00+08:00") == datetime(2024, 3, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "0000-00-00 00:00:00", "0001-01-04 00:00:00"])
def test_a_time_that_never_was_is_none(text: str | None) -> None:
    assert when(text) is None


def test_a_region_is_known_by_its_short_name() -> None:
    assert [region_of(name) for name in ("gz", "ap-guangzhou", "szjr", "xx", None)] == [
        "ap-guangzhou", "ap-guangzhou", "ap-shenzhen-fsi", "xx", "",
    ]  # fmt: skip


# ---- permissions


def test_the_policies_in_the_repository_are_those_of_the_code() -> None:
    held = {
        name: json.loads((POLICIES / name).read_text("utf-8")) for name in ("tencent.json", "tencent-accounts.json")
    }
    assert held == {"tencent.json": policy(), "tencent-accounts.json": policy(organization=True)}


def test_every_call_of_every_listing_is_granted() -> None:
    called = {action for one in LISTINGS for action in one.actions()}
    assert called <= set(actions())
    assert all(":Describe" in action or action == "sts:GetCallerIdentity" for action in actions())
