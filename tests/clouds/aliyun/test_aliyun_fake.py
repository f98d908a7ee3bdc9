"""The fake refuses what Aliyun refuses, asked by Aliyun's own SDK."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

pytest.importorskip("alibabacloud_tea_openapi")

from alibabacloud_tea_openapi.client import Client
from alibabacloud_tea_openapi.exceptions import AlibabaCloudException
from alibabacloud_tea_openapi.models import Config, OpenApiRequest, Params
from darabonba.runtime import RuntimeOptions
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from clouds.aliyun import identity
from clouds.aliyun.actions import ACTIONS, VERSIONS
from clouds.aliyun.running import KEY_ID, SECRET, Running, start
from clouds.aliyun.signing import Key, Refused, Signatures, rpc_signature, v3_signature

HOME = "cn-hangzhou"
VERSION_OF = {service: version for version, service in VERSIONS.items()}
NOW = datetime(2024, 3, 5, 6, 7, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    running = start()
    yield running
    running.close()


class Caller:
    """The SDK with some credentials."""

    def __init__(self, running: Running, key: str = KEY_ID, secret: str = SECRET, token: str = "", **more: Any) -> None:
        host = running.server.url.removeprefix("http://")
        self.client = Client(Config(access_key_id=key, access_key_secret=secret, security_token=token or None,
                                    endpoint=host, protocol="HTTP", **more))  # fmt: skip

    def __call__(self, action: str, path: str = "/", method: str = "POST", **params: object) -> dict[str, Any]:
        service, _, name = action.partition(":")
        asked = Params(action=name, version=VERSION_OF.get(service, service), protocol="HTTP", pathname=path,
                       method=method, auth_type="AK", style="RPC" if path == "/" else "ROA",
                       req_body_type="formData", body_type="json")  # fmt: skip
        query = {key: str(value) for key, value in params.items()}
        answer = self.client.call_api(asked, OpenApiRequest(query=query), RuntimeOptions())
        body: dict[str, Any] = answer["body"]
        return body

    def refused(self, action: str, **params: object) -> tuple[int, str, dict[str, Any]]:
        """The status, the code and the body of a refusal."""
        with pytest.raises(AlibabaCloudException) as raised:
            self(action, **params)
        data: dict[str, Any] = raised.value.data
        return raised.value.status_code, raised.value.code, data


@pytest.fixture(scope="module")
def call(running: Running) -> Caller:
    return Caller(running)


# ---- signatures


def test_the_example_of_the_document_of_v3_has_the_signature_that_stands_there() -> None:
    headers = {
        "x-acs-action": "RunInstances",
        "x-acs-version": "2014-05-26",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }
    query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    builder = EnvironBuilder("/", "http://ecs.cn-shanghai.aliyuncs.com", query, "POST", headers=headers)
    signature = v3_signature(Request(builder.get_environ()), ["host", *headers], "YourAccessKeySecret")
    assert signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


def test_the_example_of_the_document_of_rpc_has_the_signature_that_stands_there() -> None:
    params = {
        "Timestamp": "2016-02-23T12:46:24Z",
        "Format": "XML",
        "AccessKeyId": "testid",
        "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26",
        "SignatureVersion": "1.0",
    }
    assert rpc_signature("GET", params, "testsecret") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


@pytest.mark.parametrize("algorithm", ["ACS3-HMAC-SHA256", "v2"])
def test_what_the_sdk_signs_is_accepted(running: Running, algorithm: str) -> None:
    answer = Caller(running, signature_algorithm=algorithm)("vpc:DescribeVpcs", RegionId=HOME, VpcId="vpc-bp1shop")
    assert [vpc["CidrBlock"] for vpc in answer["Vpcs"]["Vpc"]] == ["10.0.0.0/16"]


def test_a_call_by_path_is_accepted(call: Caller) -> None:
    answer = call("cs:DescribeClustersV1", "/api/v1/clusters", "GET", region_id=HOME)
    assert [cluster["name"] for cluster in answer["clusters"]] == ["shop", "data"]


@pytest.mark.parametrize("algorithm", ["ACS3-HMAC-SHA256", "v2"])
def test_a_wrong_secret_is_refused(running: Running, algorithm: str) -> None:
    caller = Caller(running, secret="0" * 32, signature_algorithm=algorithm)
    status, code, body = caller.refused("ecs:DescribeRegions")
    assert (status, code) == (400, "SignatureDoesNotMatch")
    assert {"RequestId", "HostId", "Code", "Message", "Recommend"} <= body.keys()


def test_an_unknown_key_is_refused(running: Running) -> None:
    assert Caller(running, "LTAIunknown").refused("ecs:DescribeRegions")[:2] == (404, "InvalidAccessKeyId.NotFound")


def signed(keys: Signatures, secret: str = SECRET, change: dict[str, str] | None = None, **more: str) -> Key:
    """Sign a request as V3 has it, change its headers or its body, and see who is taken for its signer."""
    headers = {
        "x-acs-action": "DescribeRegions",
        "x-acs-version": "2014-05-26",
        "x-acs-date": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": "one",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        **more,
    }
    first = EnvironBuilder("/", "http://ecs.aliyuncs.com", {"RegionId": HOME}, "POST", headers=headers)
    names = ["host", *headers]
    signature = v3_signature(Request(first.get_environ()), names, secret)
    claim = f"Credential={KEY_ID},SignedHeaders={';'.join(sorted(names))},Signature={signature}"
    after = {**headers, "Authorization": f"ACS3-HMAC-SHA256 {claim}"}
    changed = change or {}
    after.update((name, value) for name, value in changed.items() if name not in {"query", "body"})
    builder = EnvironBuilder("/", "http://ecs.aliyuncs.com", changed.get("query", {"RegionId": HOME}), "POST",
                             headers=after, data=changed.get("body"))  # fmt: skip
    return keys.signer(Request(builder.get_environ()), {}, NOW)


def keys(**more: Any) -> Signatures:
    return Signatures({KEY_ID: Key(SECRET, identity.TEAM, "acs:ram::1:user/one", **more)})


def code_of(keys: Signatures, **more: Any) -> str:
    with pytest.raises(Refused) as raised:
        signed(keys, **more)
    return raised.value.code


def test_a_request_as_it_was_signed_is_accepted() -> None:
    assert signed(keys()).account == identity.TEAM


@pytest.mark.parametrize(
    "change",
    [{"x-acs-action": "DeleteInstances"}, {"query": "RegionId=eu-west-1"}, {"body": "InstanceId=i-1"}],
    ids=["header", "query", "body"],
)
def test_a_request_that_was_changed_after_it_was_signed_is_refused(change: dict[str, str]) -> None:
    assert code_of(keys(), change=change) == "SignatureDoesNotMatch"


def test_a_header_that_was_added_and_not_signed_is_refused() -> None:
    assert code_of(keys(), change={"x-acs-other": "x"}) == "IncompleteSignature"


def test_a_request_is_not_accepted_twice() -> None:
    once = keys()
    signed(once)
    assert code_of(once) == "SignatureNonceUsed"


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_clock_that_is_a_quarter_of_an_hour_off_is_refused(minutes: int) -> None:
    off = (NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert code_of(keys(), **{"x-acs-date": off}) == "InvalidTimeStamp.Expired"


def test_a_token_that_is_missing_wrong_or_expired_is_refused() -> None:
    assert code_of(keys(token="right")) == "MissingSecurityToken"
    wrong = {"x-acs-security-token": "wrong"}
    assert code_of(keys(token="right"), **wrong) == "InvalidSecurityToken.MismatchWithAccessKey"
    right = {"x-acs-security-token": "right"}
    assert code_of(keys(token="right", expires=NOW), **right) == "InvalidSecurityToken.Expired"


def test_an_answer_of_rpc_is_xml_unless_json_is_asked_for(running: Running) -> None:
    params = {
        "Action": "DescribeRegions", "Version": "2014-05-26", "AccessKeyId": KEY_ID, "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0", "SignatureNonce": "xml",
        "Timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }  # fmt: skip
    params["Signature"] = rpc_signature("GET", params, SECRET)
    with urlopen(f"{running.server.url}/?{urlencode(params)}") as answer:
        text = answer.read().decode()
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?><DescribeRegionsResponse><RequestId>')
    assert "<Region><RegionId>cn-hangzhou</RegionId>" in text


# ---- actions and parameters


def test_an_action_or_version_that_there_is_not_is_refused(call: Caller) -> None:
    assert call.refused("ecs:DescribeMoons", RegionId=HOME)[:2] == (404, "InvalidAction.NotFound")
    assert call.refused("vpc:DescribeInstances", RegionId=HOME)[:2] == (404, "InvalidAction.NotFound")
    assert call.refused("1999-01-01:DescribeVpcs", RegionId=HOME)[:2] == (400, "InvalidVersion")


def test_a_parameter_that_is_needed_and_not_there_is_refused(call: Caller) -> None:
    assert call.refused("vpc:DescribeVpcs")[:2] == (400, "MissingParameter")
    assert call.refused("vpc:DescribeRouteEntryList", RegionId=HOME)[:2] == (400, "MissingParameter")


@pytest.mark.parametrize(
    ("action", "params"),
    [
        ("vpc:DescribeVpcs", {"PageSize": 51}),
        ("vpc:DescribeVpcs", {"PageSize": 0}),
        ("vpc:DescribeVpcs", {"PageNumber": 0}),
        ("vpc:DescribeVpcs", {"PageSize": "many"}),
        ("vpc:DescribeVpcs", {"VpcID": "vpc-bp1shop"}),
        ("r-kvstore:DescribeInstances", {"PageSize": 51}),
        ("polardb:DescribeDBClusters", {"PageSize": 31}),
        ("alb:ListLoadBalancers", {"MaxResults": 101}),
        ("alb:ListLoadBalancers", {"NextToken": "nonsense"}),
        ("ecs:DescribeSecurityGroupAttribute", {"SecurityGroupId": "sg-bp1web", "MaxResults": 9}),
    ],
)
def test_a_parameter_beyond_its_limits_is_refused(call: Caller, action: str, params: dict[str, object]) -> None:
    assert call.refused(action, RegionId=HOME, **params)[:2] == (400, "InvalidParameter")


def test_what_is_not_there_is_not_found(call: Caller) -> None:
    assert call.refused("vpc:DescribeVpcs", RegionId="mars-1")[:2] == (404, "InvalidRegionId.NotFound")
    assert call.refused("gwlb:ListLoadBalancers", RegionId="ap-southeast-1")[:2] == (404, "InvalidRegionId.NotFound")
    assert call.refused("vpc:DescribeRouteEntryList", RegionId=HOME, RouteTableId="vtb-none")[:2] == (
        404, "InvalidRouteTableId.NotFound",
    )  # fmt: skip


# ---- pages


def ids(answer: dict[str, Any], action: str) -> list[str]:
    found: Any = answer
    for step in ACTIONS[action].items.split("."):
        found = found[step]
    return [row[ACTIONS[action].id] for row in found]


def test_pages_by_number_give_everything_once_with_the_total(call: Caller) -> None:
    action = "vpc:DescribeVSwitches"
    pages = [call(action, RegionId=HOME, PageSize=2, PageNumber=number) for number in (1, 2, 3)]
    assert [(page["PageNumber"], page["PageSize"], page["TotalCount"]) for page in pages] == [
        (1, 2, 3),
        (2, 2, 3),
        (3, 2, 3),
    ]
    assert [ids(page, action) for page in pages] == [["vsw-bp1shoph", "vsw-bp1shopi"], ["vsw-bp1data"], []]


def test_pages_by_token_give_everything_once_and_end_with_an_empty_token(call: Caller) -> None:
    action, found, token = "vpc:DescribeRouteEntryList", [], ""
    while True:
        page = call(action, RegionId=HOME, RouteTableId="vtb-bp1shop", MaxResult=5, NextToken=token)
        found.append(ids(page, action))
        token = page["NextToken"]
        if not token:
            break
    assert [len(page) for page in found] == [5, 5, 2]
    assert len({one for page in found for one in page}) == page["TotalCount"] == 12


def test_interfaces_come_ten_at_least_and_without_a_total_that_means_something(call: Caller) -> None:
    page = call("ecs:DescribeNetworkInterfaces", RegionId=HOME, MaxResults=1)
    assert len(ids(page, "ecs:DescribeNetworkInterfaces")) == 10
    assert page["NextToken"]
    assert "TotalCount" not in page


def test_pages_are_as_large_as_the_action_says_where_nothing_is_asked_for(call: Caller) -> None:
    page = call("ecs:DescribeInstances", RegionId=HOME)
    assert (page["PageSize"], len(ids(page, "ecs:DescribeInstances")), page["TotalCount"]) == (10, 10, 12)


def test_a_filter_leaves_out_the_rest_on_all_pages(call: Caller) -> None:
    page = call("rds:ListTagResources", RegionId=HOME, ResourceType="INSTANCE",
                **{"ResourceId.1": "rm-bp1ms", "ResourceId.2": "rm-bp1mysql"})  # fmt: skip
    assert ids(page, "rds:ListTagResources") == ["rm-bp1mysql"]
    page = call("ecs:DescribeInstances", RegionId=HOME, InstanceIds='["i-bp1web2", "i-none"]')
    assert ids(page, "ecs:DescribeInstances") == ["i-bp1web2"]


# ---- identity


def test_a_role_gives_credentials_that_open_its_own_account(call: Caller, running: Running) -> None:
    arn = f"acs:ram::{identity.MEMBER}:role/tagweave"
    given = call("sts:AssumeRole", RoleArn=arn, RoleSessionName="tests")["Credentials"]
    member = Caller(running, given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
    who = member("sts:GetCallerIdentity")
    assert (who["AccountId"], who["IdentityType"]) == (identity.MEMBER, "AssumedRoleUser")
    assert ids(member("vpc:DescribeVpcs", RegionId=HOME), "vpc:DescribeVpcs") == [
        "vpc-bp1ware", "vpc-bp1shop",
    ]  # fmt: skip
    lacking = Caller(running, given["AccessKeyId"], given["AccessKeySecret"])
    assert lacking.refused("vpc:DescribeVpcs", RegionId=HOME)[1] == "MissingSecurityToken"


def test_a_role_that_is_not_there_or_asks_for_more_is_refused(call: Caller) -> None:
    role = f"acs:ram::{identity.MEMBER}:role/"
    wanted = {"RoleSessionName": "tests"}
    assert call.refused("sts:AssumeRole", RoleArn=f"{role}none", **wanted)[:2] == (404, "EntityNotExist.Role")
    assert call.refused("sts:AssumeRole", RoleArn=f"{role}partner", **wanted)[:2] == (403, "NoPermission")
    assert call("sts:AssumeRole", RoleArn=f"{role}partner", ExternalId=identity.EXTERNAL_ID, **wanted)["Credentials"]


def test_the_directory_is_paged(call: Caller) -> None:
    pages = [call("resourcedirectory:ListAccounts", PageSize=1, PageNumber=number) for number in (1, 2)]
    assert [page["Accounts"]["Account"][0]["AccountId"] for page in pages] == [identity.MEMBER, identity.LEAVING]
    assert {page["TotalCount"] for page in pages} == {2}


# ---- what goes wrong, on command


def test_a_denial_names_the_action_to_grant(call: Caller, running: Running) -> None:
    for action, code, grant in (
        ("cbn:DescribeCens", "Forbidden.RAM", "cen:DescribeCens"),
        ("sts:GetCallerIdentity", "NoPermission", "sts:GetCallerIdentity"),
    ):
        with running.server.fault(action, "denied"):
            status, told, body = call.refused(action)
        assert (status, told, body["AccessDeniedDetail"]["AuthAction"]) == (403, code, grant)


def test_throttling_is_told_as_aliyun_tells_it_with_the_wait_in_milliseconds(call: Caller, running: Running) -> None:
    with running.server.fault("vpc:DescribeVpcs", "throttled"), pytest.raises(AlibabaCloudException) as raised:
        call("vpc:DescribeVpcs", RegionId=HOME)
    error: Any = raised.value
    assert (error.status_code, error.code, error.retry_after) == (400, "Throttling.User", 50)


def test_container_service_has_errors_of_its_own_shape(call: Caller, running: Running) -> None:
    with running.server.fault("cs:DescribeClustersV1", "denied"), pytest.raises(AlibabaCloudException) as raised:
        call("cs:DescribeClustersV1", "/api/v1/clusters", "GET")
    data: Any = raised.value.data
    assert {"code": "StatusForbidden", "status": 403}.items() <= data.items()


def test_every_vm_of_a_large_estate_is_on_some_page() -> None:
    running = start(vms=2500, regions=2)
    try:
        assert running.regions == ("cn-hangzhou", "cn-shanghai")
        caller = Caller(running)
        found: set[str] = set()
        for region in running.regions:
            token = ""
            while True:
                page = caller("ecs:DescribeInstances", RegionId=region, MaxResults=100, NextToken=token)
                found.update(ids(page, "ecs:DescribeInstances"))
                token = page["NextToken"]
                if not token:
                    break
        assert len(found) == 2500
    finally:
        running.close()
