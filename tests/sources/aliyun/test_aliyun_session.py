"""Aliyun's errors, hosts, credentials, paging and permissions."""

import asyncio
import json
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

pytest.importorskip("alibabacloud_tea_openapi", reason="needs the aliyun extra")

import msgspec
from alibabacloud_credentials.client import Client as Credentials
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.models import Config as Keys
from alibabacloud_tea_openapi.exceptions import ClientException, ServerException, ThrottlingException
from darabonba.exceptions import RetryError, UnretryableException
from darabonba.policy.retry import RetryPolicyContext

from tagweave.config import load
from tagweave.errors import ConfigError, Denied, SourceError, Terminal, Throttled, Transient
from tagweave.model import Defect, Failure
from tagweave.sources.aliyun import Config, Source, actions, paging, policy
from tagweave.sources.aliyun.services import IN_BODY, OMITTED, SERVICES, grant, host
from tagweave.sources.aliyun.session import KEY_ID, KEY_SECRET, TOKEN, Account, bucket, explain, own_account
from tagweave.sources.aliyun.source import TABLE, _Accounts
from tagweave.sources.aliyun.tables import LISTINGS, OFFERED
from tagweave.sources.aliyun.tags import items, owner, tags, time
from tagweave.sources.clouds import Entered, Gone, Place, Politeness
from tagweave.sources.clouds.paging import Params

VENDORS: Final = os.environ.get("TAGWEAVE_VENDORS")
POLICIES: Final = Path(__file__).parents[3] / "deploy" / "policies"
SECRET: Final = "dGhpcyBpcyBhIHNlY3JldA"


def refused(code: str, status: int = 400, message: str = "no", **body: Any) -> ClientException:
    """An error as the SDK raises it for an answer."""
    data = {"RequestId": "R-1", "HostId": "example", "Code": code, "Message": message, **body}
    kind = ServerException if status >= 500 else ClientException
    return kind(status_code=status, code=code, message=f"code: {status}, {message}", data=data, request_id="R-1")


def cut(cause: Exception) -> UnretryableException:
    """An error as the SDK raises it for anything but an answer."""
    return UnretryableException(RetryPolicyContext(exception=cause))


# ---- errors


@pytest.mark.parametrize(
    ("code", "status", "error", "said"),
    [
        ("Forbidden.RAM", 403, Denied, "grant vpc:DescribeVpcs"),
        ("Forbidden", 403, Denied, "grant vpc:DescribeVpcs"),
        ("NoPermission", 403, Denied, "grant vpc:DescribeVpcs"),
        ("Forbidden.RAM", 400, Denied, "grant vpc:DescribeVpcs"),
        ("Anything", 403, Denied, "grant vpc:DescribeVpcs"),
        ("InvalidAccessKeyId.NotFound", 404, Denied, "check the credentials"),
        ("InvalidSecurityToken.Expired", 400, Denied, "check the credentials"),
        ("SignatureDoesNotMatch", 400, Denied, "secret"),
        ("InvalidTimeStamp.Expired", 400, Denied, "clock"),
        ("EntityNotExist.Role", 404, Denied, "create the role"),
        ("Anything", 401, Denied, "check the credentials"),
        ("Throttling", 400, Throttled, "Throttling"),
        ("Throttling.User", 400, Throttled, "Throttling.User"),
        ("Throttling.Api", 503, Throttled, "Throttling.Api"),
        ("Anything", 429, Throttled, "Anything"),
        ("ServiceUnavailable", 503, Transient, "ServiceUnavailable"),
        ("InternalError", 400, Transient, "InternalError"),
        ("Anything", 500, Transient, "Anything"),
        ("SignatureNonceUsed", 400, Transient, "SignatureNonceUsed"),
        ("InvalidSecurityGroupId.NotFound", 404, Gone, "from vpc:DescribeVpcs: no"),
        ("Forbidden.InstanceNotFound", 404, Gone, "from vpc:DescribeVpcs: no"),
        ("MasterSlaveServerGroupNotExist", 400, Gone, "from vpc:DescribeVpcs: no"),
        ("The specified VServerGroupId does not exist.", 400, Gone, "from vpc:DescribeVpcs: no"),
        ("MissingParameter", 400, Terminal, "from vpc:DescribeVpcs: no"),
        ("InvalidParameter", 400, Terminal, "from vpc:DescribeVpcs: no"),
    ],
)
def test_each_code_is_one_of_our_errors_and_says_what_to_do(
    code: str, status: int, error: type[Exception], said: str
) -> None:
    problem = explain(refused(code, status), "vpc:DescribeVpcs")
    assert problem.error is error
    assert said in problem.text
    assert "(request id R-1)" in problem.text


@pytest.mark.parametrize(
    "code", ["InvalidAction.NotFound", "InvalidApi.NotFound", "InvalidRegionId.NotFound", "InvalidProduct.NotFound"]
)
def test_a_call_that_is_not_there_is_no_resource_that_went(code: str) -> None:
    assert {explain(refused(code, status), "vpc:ListNatIps").error for status in (400, 403, 404)} == {Terminal}


def test_the_permission_that_an_answer_names_is_the_one_to_grant() -> None:
    error = refused("NoPermission", 403, AccessDeniedDetail={"AuthAction": "vpc:ListEnhanced", "NoPermissionType": "x"})
    assert explain(error, "vpc:DescribeNatGateways").text.endswith("; grant vpc:ListEnhanced")


def test_an_error_without_a_code_is_said_so() -> None:
    error = ClientException(status_code=400, code="None", message="", data={}, request_id="None")
    assert explain(error, "vpc:DescribeVpcs").text == "an error without a code from vpc:DescribeVpcs"


def test_an_error_of_an_api_that_is_called_by_path_is_understood() -> None:
    body = {"code": "StatusForbidden", "message": "no", "requestId": "R-2"}
    error = ClientException(status_code=403, code="StatusForbidden", message="", data=body)
    problem = explain(error, "cs:DescribeClustersV1")
    assert (problem.error, problem.text) == (
        Denied,
        "StatusForbidden (request id R-2); grant cs:DescribeClustersV1 and cs:GetClusters",
    )


def test_the_wait_that_a_throttled_answer_asks_for_is_in_seconds() -> None:
    error = ThrottlingException(
        status_code=400, code="Throttling.User", message="", data={"Code": "Throttling.User"}, retry_after=2500
    )
    assert explain(error, "ecs:DescribeInstances").retry_after == 2.5
    assert explain(refused("Throttling"), "ecs:DescribeInstances").retry_after is None


def test_a_connection_that_fails_is_transient_and_tells_no_parameters() -> None:
    cause = RetryError(
        "HTTPConnectionPool(host='ecs', port=80): Max retries exceeded with url: "
        f"/?ExternalId={SECRET} (Caused by <urllib3.connection.HTTPConnection object at 0x7f00>: refused)"
    )
    problem = explain(cut(cause), "ecs:DescribeInstances")
    assert problem.error is Transient
    assert problem.text == (
        "cannot reach ecs: HTTPConnectionPool(host='ecs', port=80): Max retries exceeded (Caused by refused)"
    )


def test_an_error_page_is_transient_and_is_not_repeated() -> None:
    problem = explain(cut(RuntimeError(f'Failed to parse the value as json format, Value: "{SECRET}".')), "ecs:X")
    assert (problem.error, problem.text) == (Transient, "ecs:X gave an error that is no JSON")


def test_an_answer_that_is_cut_off_is_terminal() -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(b'{"Vpcs": {"Vpc": [')
    problem = explain(caught.value, "vpc:DescribeVpcs")
    assert (problem.error, problem.text) == (Terminal, "vpc:DescribeVpcs gave an answer that cannot be parsed")


def test_missing_credentials_say_where_to_put_them_and_nothing_of_what_was_tried() -> None:
    problem = explain(cut(CredentialException(f"no provider: result: {SECRET}")), "sts:GetCallerIdentity")
    assert problem.error is Denied
    assert KEY_ID in problem.text
    assert SECRET not in problem.text


def test_a_profile_that_is_not_there_is_named() -> None:
    error = CredentialException("unable to get profile with 'shop' form cli credentials file.")
    problem = explain(cut(error), "sts:GetCallerIdentity")
    assert problem.error is Denied
    assert "'shop'" in problem.text


@pytest.mark.skipif(VENDORS is None, reason="TAGWEAVE_VENDORS is not set")
def test_the_vendors_own_errors_are_understood() -> None:
    folder = Path(VENDORS or "") / "aliyun"
    body = json.loads((folder / "error.repaired.json").read_text("utf-8"))
    error = ClientException(status_code=400, code=body["Code"], message=body["Message"], data=body)
    problem = explain(error, "ecs:DescribeInvocations")
    assert problem.error is Terminal
    assert body["RequestId"] in problem.text
    assert "CommandId" in problem.text
    found = re.search(r"ErrorCode: (\S+)", (folder / "error_throttling.sdk_log.txt").read_text("utf-8"))
    assert found
    assert explain(refused(found[1]), "ecs:DescribeInstances").error is Throttled


# ---- calls


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    headers: Mapping[str, str]


class Recorder:
    """A server that gives one answer and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = {}
        self.asked: list[Asked] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                url = urlsplit(self.path)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                asked = Asked(self.command, url.path, dict(parse_qsl(url.query)), dict(parse_qsl(body)), self.headers)
                recorder.asked.append(asked)
                answer = json.dumps(recorder.answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST  # noqa: N815 - http.server's name

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        keys = Keys(type="sts", access_key_id="STS.1", access_key_secret=SECRET, security_token="token-1")
        self.url = f"http://127.0.0.1:{self.server.server_port}/aliyun/"
        self.account = Account(Credentials(keys), self.url)

    def ask(self, action: str, params: Params) -> Asked:
        """What is asked for a call."""
        self.account.perform(action, "cn-hangzhou", params)
        return self.asked[-1]


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    found = Recorder()
    yield found
    found.server.shutdown()
    found.server.server_close()


def test_a_call_is_told_by_its_headers_and_signed(recorder: Recorder) -> None:
    asked = recorder.ask("vpc:DescribeVpcs", {"PageNumber": 1})
    assert (asked.method, asked.path) == ("POST", "/aliyun/")
    assert asked.query == {"RegionId": "cn-hangzhou", "PageNumber": "1"}
    assert (asked.headers["x-acs-action"], asked.headers["x-acs-version"]) == ("DescribeVpcs", "2016-04-28")
    assert asked.headers["x-acs-security-token"] == "token-1"
    assert asked.headers["Authorization"].startswith("ACS3-HMAC-SHA256 Credential=STS.1,")
    assert SECRET not in str(asked)


def test_the_sdk_writes_no_headers_anywhere(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")
    recorder.ask("vpc:DescribeVpcs", {})
    assert "x-acs-security-token" not in caplog.text


def test_parameters_are_text_and_lists_are_numbered(recorder: Recorder) -> None:
    asked = recorder.ask("rds:ListTagResources", {"ResourceId": ["rm-1", "rm-2"], "Dry": False, "Size": 5})
    assert asked.form == {}
    assert asked.query == {
        "RegionId": "cn-hangzhou",
        "ResourceId.1": "rm-1",
        "ResourceId.2": "rm-2",
        "Dry": "false",
        "Size": "5",
    }


def test_some_calls_have_their_parameters_in_the_body(recorder: Recorder) -> None:
    asked = recorder.ask("gwlb:ListListeners", {"MaxResults": 1})
    assert asked.query == {}
    assert asked.form == {"RegionId": "cn-hangzhou", "MaxResults": "1"}


def test_a_service_without_regions_is_sent_none(recorder: Recorder) -> None:
    assert recorder.ask("cbn:ListTransitRouters", {"CenId": "cen-1"}).query == {"CenId": "cen-1"}


def test_an_api_that_is_called_by_path_is_under_the_path_of_the_endpoint(recorder: Recorder) -> None:
    asked = recorder.ask("cs:DescribeClustersV1", {"page_size": 50})
    assert (asked.method, asked.path) == ("GET", "/aliyun/api/v1/clusters")
    assert asked.query == {"region_id": "cn-hangzhou", "page_size": "50"}


def test_an_answer_that_says_it_failed_is_no_answer(recorder: Recorder) -> None:
    recorder.answer = {"Success": False, "Code": "Denied"}
    with pytest.raises(Terminal, match="drds:DescribeDrdsInstances did not succeed: Denied"):
        recorder.ask("drds:DescribeDrdsInstances", {})


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        ({"TotalCount": 0}, {"TotalCount": 0, "Listeners": []}),
        ({"TotalCount": "0"}, {"TotalCount": "0", "Listeners": []}),
        ({"TotalCount": 3}, {"TotalCount": 3}),
        ({}, {}),
        ({"TotalCount": 0, "Listeners": [1]}, {"TotalCount": 0, "Listeners": [1]}),
    ],
    ids=str,
)
def test_a_list_may_be_left_out_only_where_the_count_is_0(
    recorder: Recorder, answer: Mapping[str, Any], left: Mapping[str, Any]
) -> None:
    recorder.answer = answer
    assert recorder.account.perform("slb:DescribeLoadBalancerListeners", "cn-hangzhou", {}) == left


def test_of_a_long_list_only_what_is_read_is_kept(recorder: Recorder) -> None:
    recorder.answer = {"Instances": {"Instance": [{"InstanceId": "i-1", "CpuOptions": {"Numa": "2"}}, "text"]}}
    page = recorder.account.perform("ecs:DescribeInstances", "cn-hangzhou", {})
    assert page == {"Instances": {"Instance": [{"InstanceId": "i-1"}, "text"]}}


@pytest.mark.parametrize(
    ("service", "region", "expected"),
    [
        ("ecs", "eu-central-1", "ecs.eu-central-1.aliyuncs.com"),
        ("ecs", "cn-hangzhou", "ecs-cn-hangzhou.aliyuncs.com"),
        ("rds", "cn-shanghai", "rds.aliyuncs.com"),
        ("rds", "ap-southeast-5", "rds.ap-southeast-5.aliyuncs.com"),
        ("drds", "eu-west-1", "drds.ap-southeast-1.aliyuncs.com"),
        ("vpcpeer", "eu-west-1", "vpcpeer.aliyuncs.com"),
        ("cs", "cn-hangzhou", "cs.cn-hangzhou.aliyuncs.com"),
    ],
)
def test_each_service_has_its_host_in_each_region(service: str, region: str, expected: str) -> None:
    assert host(service, region) == expected


def test_every_call_of_the_tables_is_of_a_known_service() -> None:
    calls = {action for row in LISTINGS for action in row.actions()} | {f"{one}:DescribeRegions" for one in OFFERED}
    assert {action.partition(":")[0] for action in calls} | {"resourcedirectory", "sts"} == set(SERVICES)
    assert calls >= IN_BODY
    assert calls >= set(OMITTED)


# ---- credentials and configuration


def test_the_environment_is_read_when_a_pass_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("first", "second"):
        monkeypatch.setenv(KEY_ID, value)
        monkeypatch.setenv(KEY_SECRET, SECRET)
        monkeypatch.setenv(TOKEN, "token")
        found = own_account(None, None)._credentials.get_credential()
        assert (found.access_key_id, found.access_key_secret, found.security_token) == (value, SECRET, "token")


def test_the_account_of_a_role_has_the_roles_credentials_and_shows_none() -> None:
    role = {"AccessKeyId": "STS.1", "AccessKeySecret": SECRET, "SecurityToken": "token-1"}
    account = Account(None, "http://127.0.0.1:1/x").of_role(role)
    found = account._credentials.get_credential()
    assert (found.access_key_id, found.access_key_secret, found.security_token) == ("STS.1", SECRET, "token-1")
    assert account._endpoint is not None
    assert account._endpoint.geturl() == "http://127.0.0.1:1/x"
    assert SECRET not in repr(account)
    assert repr(Source(Config(name="ali"))) == "Source('ali')"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("endpoint: https://user:secret@proxy", "without a password"),
        ("endpoint: 127.0.0.1:80", "must be a URL"),
        ("at_once: 0", "more than nothing"),
        ("secret_key: x", "unknown key 'secret_key'"),
    ],
)
def test_a_wrong_configuration_is_refused_by_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "tagweave.yaml"
    file.write_text(f"sources:\n  - name: ali\n    type: aliyun\n    {line}\n", "utf-8")
    with pytest.raises(ConfigError, match=re.escape(said)) as caught:
        load(file)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize("answer", [{}, [], "text", {"AccountId": ""}, None], ids=str)
def test_an_identity_that_names_no_account_is_a_failure(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    monkeypatch.setenv(KEY_ID, "test")
    monkeypatch.setenv(KEY_SECRET, SECRET)
    recorder.answer = answer
    assert failures(Config(name="ali", endpoint=recorder.url)) == [
        "cannot list regions: sts:GetCallerIdentity names no account"
    ]


@pytest.mark.parametrize("credentials", [None, {}, {"AccessKeyId": "STS.1"}, "text"], ids=str)
def test_a_role_without_credentials_is_a_failure(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, credentials: Any
) -> None:
    monkeypatch.setenv(KEY_ID, "test")
    monkeypatch.setenv(KEY_SECRET, SECRET)
    recorder.answer = {"AccountId": "1", "Credentials": credentials}
    assert failures(Config(name="ali", endpoint=recorder.url, role_arn="acs:ram::1:role/reader")) == [
        "cannot list regions: sts:AssumeRole gave no credentials"
    ]


def test_a_member_without_an_id_is_told_and_the_rest_are_read(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_ID, "test")
    monkeypatch.setenv(KEY_SECRET, SECRET)
    recorder.answer = {"AccountId": "1", "TotalCount": 3, "Accounts": {"Account": [{}, {"AccountId": "2"}, "text"]}}
    source = Source(Config(name="ali", endpoint=recorder.url, organization=True))

    async def collect() -> list[Any]:
        return [batch async for batch in source.batches()]

    batches = asyncio.run(collect())
    told = [batch.where for batch in batches if isinstance(batch, Defect) and batch.reason.startswith("broken member")]
    assert told == ["resourcedirectory:ListAccounts, item 1", "resourcedirectory:ListAccounts, item 3"]
    assert {batch.scope.part for batch in batches if isinstance(batch, Failure)} == {"", "2"}


def failures(config: Config) -> list[str]:
    async def collect() -> list[str]:
        return [batch.error async for batch in Source(config).batches() if isinstance(batch, Failure)]

    return asyncio.run(collect())


class Answers:
    """An account whose calls are answered by a table."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self._answers = answers

    def perform(self, action: str, _region: str, _params: Params) -> Any:
        found = self._answers[action]
        if isinstance(found, Exception):
            raise found
        return found


REGIONS: Final = {"RegionId": "cn-hangzhou"}


def offered(answers: Mapping[str, Any]) -> tuple[Mapping[str, frozenset[str]], dict[str, SourceError]]:
    """Where services are offered, and of which that could not be learnt."""
    everything = {
        "slb:DescribeRegions": {"Regions": {"Region": [REGIONS]}},
        "alb:DescribeRegions": {"Regions": [REGIONS, {"RegionId": "eu-central-1"}]},
        "nlb:DescribeRegions": {"Regions": [REGIONS]},
        "gwlb:DescribeRegions": {"Regions": []},
        "rds:DescribeRegions": {"Regions": {"RDSRegion": [REGIONS, REGIONS]}},
        "r-kvstore:DescribeRegions": {"RegionIds": {"KVStoreRegion": [REGIONS]}},
        "polardb:DescribeRegions": {"Regions": {"Region": [REGIONS]}},
        "polardbx:DescribeRegions": {
            "Regions": {"Region": [{**REGIONS, "SupportPolarx10": True}, {"RegionId": "cn-beijing"}]}
        },
        **answers,
    }
    accounts = _Accounts(Config(name="ali"), Politeness(attempts=1), None)

    async def ask(threads: ThreadPoolExecutor) -> Mapping[str, frozenset[str]]:
        from tagweave.sources.clouds import Caller

        caller = Caller(Answers(everything).perform, explain, Politeness(attempts=1), threads)
        return await accounts._offered(Entered(Place("ali", "1"), caller, "cn-hangzhou"))

    with ThreadPoolExecutor(2) as threads:
        found = asyncio.run(ask(threads))
    return found, accounts.unknown


def test_a_service_is_asked_only_in_the_regions_in_which_it_is() -> None:
    found, unknown = offered({})
    assert not unknown
    assert found["alb"] == {"cn-hangzhou", "eu-central-1"}
    assert found["gwlb"] == frozenset()
    assert found["drds"] == {"cn-hangzhou"}
    assert found["polardbx"] == {"cn-hangzhou", "cn-beijing"}
    session = type("Session", (), {"offered": found})
    entered = Entered(Place("ali", "1"), None, "cn-hangzhou", session)  # type: ignore[arg-type]
    alb, ecs = (
        next(row for row in LISTINGS if row.action == action)
        for action in ("alb:ListLoadBalancers", "ecs:DescribeInstances")
    )
    assert TABLE.offers(alb, entered, "eu-central-1")
    assert not TABLE.offers(alb, entered, "me-east-1")
    assert TABLE.offers(ecs, entered, "me-east-1")


def test_a_service_that_does_not_say_where_it_is_is_asked_everywhere() -> None:
    found, unknown = offered({"polardbx:DescribeRegions": refused("Forbidden.RAM", 403)})
    assert not {"polardbx", "drds"} & set(found)
    assert isinstance(unknown["polardbx"], Denied)
    assert "grant polardbx:DescribeRegions" in str(unknown["polardbx"])


# ---- rates, paging and permissions


def test_each_action_has_a_rate_of_its_own_in_each_region() -> None:
    calls = [("ecs:DescribeInstances", "cn-hangzhou"), ("ecs:DescribeInstances", "cn-beijing"), ("ecs:X", "cn-beijing")]
    assert len({bucket(*call) for call in calls}) == 3


@pytest.mark.parametrize(("wanted", "size"), [(None, 100), (1, 30), (31, 50), (100, 100), (900, 100)])
def test_polardb_is_asked_for_pages_of_its_own_sizes_only(wanted: int | None, size: int) -> None:
    assert paging.POLARDB.first(wanted) == {"PageSize": size, "PageNumber": 1}


def test_the_policies_in_the_repository_are_those_of_the_code() -> None:
    held = {name: json.loads((POLICIES / name).read_text("utf-8")) for name in ("aliyun.json", "aliyun-accounts.json")}
    assert held == {"aliyun.json": policy(), "aliyun-accounts.json": policy(organization=True)}


def test_the_policy_names_services_as_ram_does() -> None:
    assert grant("r-kvstore:DescribeInstances") == "kvstore:DescribeInstances"
    assert grant("cs:DescribeClustersV1") == "cs:DescribeClustersV1 and cs:GetClusters"
    assert {"vpc:ListVpcPeerConnections", "cs:DescribeClustersV1", "cs:GetClusters"} <= set(actions())
    assert {name.partition(":")[0] for name in actions()} == {
        "alb", "cen", "cs", "drds", "ecs", "gwlb", "kvstore", "nlb", "polardb", "polardbx", "rds", "slb", "vpc",
    }  # fmt: skip
    assert all(re.search(r":(Describe|List|Get)", name) for name in actions())


# ---- values


@pytest.mark.parametrize(
    "raw",
    [
        {"Tags": {"Tag": [{"TagKey": "team", "TagValue": "shop"}]}},
        {"Tags": {"Tag": [{"Key": "team", "Value": "shop"}]}},
        {"Tags": {"Tag": {"Key": "team", "Value": "shop"}}},
        {"Tags": {"Tags": [{"Key": "team", "Value": "shop"}]}},
        {"Tags": [{"Key": "team", "Value": "shop"}]},
        {"TagSet": [{"Key": "team", "Value": "shop"}]},
        {"tags": [{"key": "team", "value": "shop"}]},
    ],
    ids=str,
)
def test_tags_are_read_however_they_are_written(raw: dict[str, Any]) -> None:
    assert tags(raw) == {"team": "shop"}


@pytest.mark.parametrize("raw", [{}, {"Tags": None}, {"Tags": {}}, {"Tags": {"Tag": []}}, {"tags": None}], ids=str)
def test_no_tags_are_none(raw: dict[str, Any]) -> None:
    assert tags(raw) == {}


def test_a_tag_without_a_key_breaks_its_item() -> None:
    with pytest.raises(KeyError):
        tags({"Tags": {"Tag": [{"Value": "shop"}]}})


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2025-03-01T08:15Z", "2025-03-01T08:15:00+00:00"),
        ("2025-03-01T08:15:30Z", "2025-03-01T08:15:30+00:00"),
        ("2025-03-01T08:15:30+08:00", "2025-03-01T00:15:30+00:00"),
        ("2025-03-01T08:15:30.000+0000", "2025-03-01T08:15:30+00:00"),
        ("2025-03-01 08:15:30", "2025-03-01T08:15:30+00:00"),
        (1541679713000, "2018-11-08T12:21:53+00:00"),
    ],
)
def test_times_are_read_in_every_form(text: str | int, iso: str) -> None:
    found = time(text)
    assert found is not None
    assert found.isoformat() == iso


def test_a_time_that_is_none_is_said_and_a_missing_one_is_missing() -> None:
    assert time("") is None
    with pytest.raises(ValueError, match="yesterday"):
        time("yesterday")


def test_an_owner_may_be_a_number_and_0_is_nobody() -> None:
    assert [owner(value) for value in (1250123456123456, "1250123456123456", 0, "", None)] == [
        "1250123456123456", "1250123456123456", "", "", "",
    ]  # fmt: skip


def test_a_lone_item_is_a_list_of_one() -> None:
    assert list(items({"IpList": {"IpAddress": "x"}}, "IpList")) == [{"IpAddress": "x"}]
    assert list(items(None, "IpList")) == []
