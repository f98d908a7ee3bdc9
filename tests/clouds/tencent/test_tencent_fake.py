"""The fake itself, asked by the vendor's SDK and by hand."""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.request import Request, urlopen

import pytest
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from clouds.tencent import running
from clouds.tencent.actions import ACTIONS, VERSIONS
from clouds.tencent.estate import GZ, MEMBER, ROLE, SG, STRANGER, standard
from clouds.tencent.items.common import UIN
from clouds.tencent.running import KEY, SECRET, Running


@pytest.fixture(scope="module")
def fake() -> Iterator[Running]:
    found = running.start()
    yield found
    found.close()


@pytest.fixture(scope="module")
def large() -> Iterator[Running]:
    found = running.start(vms=2000, regions=2)
    yield found
    found.close()


def ask(
    fake: Running, name: str, params: Any = None, *, region: str = GZ, credential: Any = None, version: str = ""
) -> dict[str, Any]:
    """A call by the SDK. Raises what it raises."""
    service, _, action = name.partition(":")
    http = HttpProfile(protocol="http", endpoint=fake.server.url.removeprefix("http://"))
    signer = credential or Credential(KEY, SECRET)
    client = CommonClient(
        service, version or VERSIONS.get(service, "1"), signer, region, ClientProfile(httpProfile=http)
    )
    found: dict[str, Any] = client.call_json(action, params or {})["Response"]
    return found


def refusal(fake: Running, name: str, params: Any = None, **more: Any) -> str:
    """The code of the error that a call gives."""
    with pytest.raises(TencentCloudSDKException) as raised:
        ask(fake, name, params, **more)
    return str(raised.value.code)


def signed(host: str, body: bytes, stamp: int) -> dict[str, str]:
    """The headers of a request, signed step by step."""
    day = time.strftime("%Y-%m-%d", time.gmtime(stamp))
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\ncontent-type:application/json\nhost:{host}\n\ncontent-type;host\n{digest}"
    text = f"TC3-HMAC-SHA256\n{stamp}\n{day}/vpc/tc3_request\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = b"TC3" + SECRET.encode()
    for part in (day, "vpc", "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"Credential={KEY}/{day}/vpc/tc3_request"
    return {
        "Authorization": f"TC3-HMAC-SHA256 {credential}, SignedHeaders=content-type;host, Signature={signature}",
        "Content-Type": "application/json",
        "X-TC-Action": "DescribeVpcs",
        "X-TC-Version": "2017-03-12",
        "X-TC-Region": GZ,
        "X-TC-Timestamp": str(stamp),
    }


def send(fake: Running, body: bytes, headers: dict[str, str]) -> dict[str, Any]:
    with urlopen(Request(fake.server.url, body, headers, method="POST"), timeout=10) as answer:
        assert answer.status == 200
        found: dict[str, Any] = json.load(answer)["Response"]
        return found


def host(fake: Running) -> str:
    return fake.server.url.removeprefix("http://")


# ---- who asks


def test_a_request_signed_by_hand_is_answered(fake: Running) -> None:
    body = b'{"Limit":"1"}'
    found = send(fake, body, signed(host(fake), body, int(time.time())))
    assert (len(found["VpcSet"]), found["TotalCount"]) == (1, 2)


def test_a_request_that_was_changed_after_it_was_signed_is_refused(fake: Running) -> None:
    headers = signed(host(fake), b'{"Limit":"1"}', int(time.time()))
    found = send(fake, b'{"Limit":"2"}', headers)
    assert found["Error"]["Code"] == "AuthFailure.SignatureFailure"
    assert set(found) == {"Error", "RequestId"}


@pytest.mark.parametrize("off", [-301, 301])
def test_a_clock_that_is_five_minutes_off_is_refused(fake: Running, off: int, monkeypatch: pytest.MonkeyPatch) -> None:
    now = int(time.time())
    monkeypatch.setattr(fake.api, "clock", lambda: float(now))
    found = send(fake, b"{}", signed(host(fake), b"{}", now + off))
    assert found["Error"]["Code"] == "AuthFailure.SignatureExpire"


def test_a_request_without_a_signature_is_refused(fake: Running) -> None:
    headers = signed(host(fake), b"{}", int(time.time())) | {"Authorization": "Bearer me"}
    assert send(fake, b"{}", headers)["Error"]["Code"] == "AuthFailure.InvalidAuthorization"


def test_wrong_keys_are_refused(fake: Running) -> None:
    assert refusal(fake, "vpc:DescribeVpcs", credential=Credential(KEY, "other")) == "AuthFailure.SignatureFailure"
    other = Credential("AKIDother", SECRET)
    assert refusal(fake, "vpc:DescribeVpcs", credential=other) == "AuthFailure.SecretIdNotFound"
    token = Credential(KEY, SECRET, "some-token")
    assert refusal(fake, "vpc:DescribeVpcs", credential=token) == "AuthFailure.TokenFailure"


def test_a_role_leads_to_its_own_account_and_needs_its_token(fake: Running) -> None:
    wanted = {"RoleArn": f"qcs::cam::uin/{MEMBER}:roleName/{ROLE}", "RoleSessionName": "tagweave"}
    given = ask(fake, "sts:AssumeRole", wanted)["Credentials"]
    role = Credential(given["TmpSecretId"], given["TmpSecretKey"], given["Token"])
    assert ask(fake, "sts:GetCallerIdentity", credential=role)["AccountId"] == MEMBER
    assert ask(fake, "sts:GetCallerIdentity")["AccountId"] == UIN
    assert [one["VpcId"] for one in ask(fake, "vpc:DescribeVpcs", credential=role)["VpcSet"]] == ["vpc-guest001"]
    bare = Credential(given["TmpSecretId"], given["TmpSecretKey"])
    assert refusal(fake, "vpc:DescribeVpcs", credential=bare) == "AuthFailure.TokenFailure"


def test_a_temporary_key_ends(fake: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = f"qcs::cam::uin/{MEMBER}:roleName/{ROLE}"
    given = ask(fake, "sts:AssumeRole", {"RoleArn": arn, "RoleSessionName": "tagweave", "DurationSeconds": 100})
    role = Credential(*(given["Credentials"][field] for field in ("TmpSecretId", "TmpSecretKey", "Token")))
    assert ask(fake, "sts:GetCallerIdentity", credential=role)["Type"] == "CAMRole"
    monkeypatch.setattr(fake.api, "clock", lambda: time.time() + 200)
    assert refusal(fake, "sts:GetCallerIdentity", credential=role) == "AuthFailure.TokenFailure"


def test_a_role_that_is_not_there_cannot_be_assumed(fake: Running) -> None:
    wanted = {"RoleArn": f"qcs::cam::uin/{STRANGER}:roleName/{ROLE}", "RoleSessionName": "tagweave"}
    assert refusal(fake, "sts:AssumeRole", wanted) == "ResourceNotFound.RoleNotFound"


# ---- what is asked


@pytest.mark.parametrize(
    ("name", "params", "more", "code"),
    [
        ("vpc:DescribeNothing", {}, {}, "InvalidAction"),
        ("nothing:DescribeVpcs", {}, {}, "NoSuchProduct"),
        ("vpc:DescribeVpcs", {}, {"version": "2000-01-01"}, "NoSuchVersion"),
        ("vpc:DescribeVpcs", {}, {"region": "ap-nowhere"}, "UnsupportedRegion"),
        ("vpc:DescribeVpcs", {}, {"region": ""}, "MissingParameter"),
        ("gwlb:DescribeGatewayLoadBalancers", {}, {"region": SG}, "UnsupportedRegion"),
        ("vpc:DescribeVpcs", {"Offset": 0}, {}, "InvalidParameter"),
        ("vpc:DescribeVpcs", {"Limit": "101"}, {}, "InvalidParameterValue.LimitExceeded"),
        ("vpc:DescribeVpcs", {"Limit": "many"}, {}, "InvalidParameterValue"),
        ("vpc:DescribeVpcs", {"PageNumber": "1"}, {}, "UnknownParameter"),
        ("vpc:DescribeVpcs", {"VpcIds": ["vpc-1"], "Filters": [{"Name": "vpc-id", "Values": ["vpc-1"]}]}, {},
         "InvalidParameter.Coexist"),
        ("vpc:DescribeVpcs", {"Filters": [{"Name": "colour", "Values": ["red"]}]}, {}, "InvalidFilter"),
        ("cvm:DescribeInstances", {"Offset": "0"}, {}, "InvalidParameter"),
        ("cvm:DescribeInstances", {"Limit": 101}, {}, "InvalidParameterValueLimit"),
        ("clb:DescribeListeners", {}, {}, "MissingParameter"),
        ("clb:DescribeListeners", {"LoadBalancerId": "lb-gone"}, {}, "InvalidParameter.LBIdNotFound"),
        ("vpc:DescribeSecurityGroupPolicies", {"SecurityGroupId": "sg-gone"}, {}, "ResourceNotFound"),
        ("redis:DescribeInstances", {"Limit": 2, "Offset": 1}, {}, "InvalidParameterValue"),
        ("postgres:DescribeDBInstances", {"Limit": 101}, {}, "InvalidParameterValue.InvalidParameterValueError"),
        ("cdb:DescribeDBInstances", {"Limit": 2001}, {}, "InvalidParameterValue.LimitExceeded"),
        ("organization:DescribeOrganizationMembers", {"Limit": 50}, {}, "MissingParameter"),
        ("alb:DescribeLoadBalancers", {"NextToken": "nonsense"}, {}, "InvalidParameterValue"),
    ],
)  # fmt: skip
def test_what_the_documents_do_not_allow_is_refused(
    fake: Running, name: str, params: Any, more: dict[str, Any], code: str
) -> None:
    assert refusal(fake, name, params, **more) == code


def test_a_body_that_is_no_object_is_refused(fake: Running) -> None:
    headers = signed(host(fake), b"[]", int(time.time()))
    assert send(fake, b"[]", headers)["Error"]["Code"] == "InvalidParameter"


# ---- pages


def test_every_style_of_paging_gives_each_item_once(fake: Running) -> None:
    def turn(name: str, steps: list[dict[str, Any]]) -> list[str]:
        action = ACTIONS[name]
        return [one[action.id] for params in steps for one in ask(fake, name, params)[action.items]]

    offsets = turn("cvm:DescribeInstances", [{"Offset": start, "Limit": 2} for start in (0, 2, 4)])
    assert offsets == ["ins-gzweb001", "ins-gzold001", "ins-gzdata01"]
    texts = turn("vpc:DescribeSubnets", [{"Offset": str(start), "Limit": "2"} for start in (0, 2)])
    assert texts == ["subnet-gzweb001", "subnet-gzold001", "subnet-gzdata01"]
    numbers = turn("sqlserver:DescribeDBInstances", [{"Offset": page, "Limit": 1} for page in (0, 1, 2)])
    assert numbers == ["mssql-gz000001", "mssql-gz000002"]
    first = ask(fake, "alb:DescribeLoadBalancers", {"MaxResults": 1})
    assert (first["TotalCount"], first["MaxResults"]) == (2, 1)
    last = ask(fake, "alb:DescribeLoadBalancers", {"MaxResults": 1, "NextToken": first["NextToken"]})
    assert last["NextToken"] == ""
    found = [one["LoadBalancerId"] for page in (first, last) for one in page["LoadBalancers"]]
    assert found == ["alb-gz000001", "alb-gz000002"]


def test_a_page_is_as_long_as_documented_where_nothing_is_said(large: Running) -> None:
    found = ask(large, "cvm:DescribeInstances")
    assert (len(found["InstanceSet"]), found["TotalCount"]) == (20, 1000)
    last = ask(large, "cvm:DescribeInstances", {"Offset": 950, "Limit": 100})["InstanceSet"]
    assert len({one["InstanceId"] for one in last}) == 50


def test_ids_and_filters_pick(fake: Running) -> None:
    picked = ask(fake, "vpc:DescribeVpcs", {"VpcIds": ["vpc-gzdata01"]})
    assert ([one["VpcId"] for one in picked["VpcSet"]], picked["TotalCount"]) == (["vpc-gzdata01"], 1)
    classic = ask(fake, "clb:DescribeLoadBalancers", {"Forward": 0})["LoadBalancerSet"]
    assert [one["LoadBalancerId"] for one in classic] == ["lb-gzold001"]
    wanted = {"Filters": [{"Name": "attachment.instance-id", "Values": ["ins-gzweb001"]}]}
    assert ask(fake, "vpc:DescribeNetworkInterfaces", wanted)["TotalCount"] == 2


def test_a_region_has_its_own_and_what_is_global_is_everywhere(fake: Running) -> None:
    assert [one["VpcId"] for one in ask(fake, "vpc:DescribeVpcs", region=SG)["VpcSet"]] == ["vpc-sgmain01"]
    here, there = (ask(fake, "vpc:DescribeCcns", region=region) for region in (GZ, SG))
    assert here == there


# ---- what goes wrong


def test_a_fault_says_what_tencent_cloud_says(fake: Running) -> None:
    with fake.server.fault("vpc:DescribeVpcs", "throttled"):
        assert refusal(fake, "vpc:DescribeVpcs") == "RequestLimitExceeded"
    with fake.server.fault("vpc:DescribeVpcs", "error"):
        assert refusal(fake, "vpc:DescribeVpcs") == "InternalError"
    with (
        fake.server.fault("vpc:DescribeVpcs", "denied"),
        pytest.raises(TencentCloudSDKException, match="vpc:DescribeVpcs") as denied,
    ):
        ask(fake, "vpc:DescribeVpcs")
    assert denied.value.code == "UnauthorizedOperation"


def test_a_wrong_total_and_a_broken_item_are_told_apart_from_a_good_answer(fake: Running) -> None:
    good = ask(fake, "vpc:DescribeVpcs")
    with fake.server.fault("vpc:DescribeVpcs", "wrong_total"):
        assert ask(fake, "vpc:DescribeVpcs")["TotalCount"] == good["TotalCount"] + 1
    with fake.server.fault("vpc:DescribeVpcs", "broken_item"):
        first, *rest = ask(fake, "vpc:DescribeVpcs")["VpcSet"]
    assert "VpcId" not in first
    assert rest == good["VpcSet"][1:]


# ---- the estate


def test_every_action_has_something_to_answer() -> None:
    assert {name for (name, _), items in standard()[UIN].items() if items} == set(ACTIONS)


def test_what_is_removed_is_gone_from_its_own_estate_alone(fake: Running) -> None:
    other = running.start()
    other.remove("vm", "ins-gzold001")
    found = ask(other, "cvm:DescribeInstances")
    other.close()
    assert [one["InstanceId"] for one in found["InstanceSet"]] == ["ins-gzweb001", "ins-gzdata01"]
    assert ask(fake, "cvm:DescribeInstances")["TotalCount"] == 3


def test_a_large_estate_has_each_thing_once_and_no_address_twice_in_a_vpc(large: Running) -> None:
    assert {kind: len(large.expected[kind]) for kind in ("vm", "region", "vpc")} == {"vm": 2000, "region": 2, "vpc": 6}
    seen: set[tuple[str, str]] = set()
    for region in large.regions:
        for start in range(0, 1050, 100):
            page = ask(large, "vpc:DescribeNetworkInterfaces", {"Offset": start, "Limit": 100}, region=region)
            for one in page["NetworkInterfaceSet"]:
                for address in one["PrivateIpAddressSet"] + one["Ipv6AddressSet"]:
                    key = (one["VpcId"], address.get("PrivateIpAddress") or address["Address"])
                    assert key not in seen
                    seen.add(key)
    assert len(seen) == 2 * 2 * 1050
