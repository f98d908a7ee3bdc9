"""What AWS's errors mean, and the least policy."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions
from botocore import session as botocore_session
from botocore.parsers import ResponseParserError, create_parser

from tagweave.errors import Denied, SourceError, Terminal, Throttled, Transient
from tagweave.sources.aws import actions, policy
from tagweave.sources.aws.session import Clients, explain, grant, own_account
from tagweave.sources.clouds import Gone

ROOT = Path(__file__).parents[3]
SECRET = "hunter2hunter2"


def refused(code: str, status: int, message: str = "", headers: dict[str, str] | None = None) -> Exception:
    meta = {"HTTPStatusCode": status, "RequestId": "req-1", "HTTPHeaders": headers or {}}
    return exceptions.ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": meta}, "Any")


@pytest.mark.parametrize(
    ("code", "status", "kind", "text"),
    [
        ("UnauthorizedOperation", 403, Denied, "UnauthorizedOperation (request id req-1); grant ec2:DescribeVpcs"),
        ("AccessDenied", 403, Denied, "AccessDenied (request id req-1); grant ec2:DescribeVpcs"),
        ("SomethingNew", 403, Denied, "SomethingNew (request id req-1); grant ec2:DescribeVpcs"),
        ("RequestExpired", 400, Denied, "RequestExpired (request id req-1); check this machine's clock"),
        ("ExpiredToken", 400, Denied, "ExpiredToken (request id req-1); check the credentials"),
        ("RequestLimitExceeded", 503, Throttled, "RequestLimitExceeded (request id req-1)"),
        ("EC2ThrottledException", 503, Throttled, "EC2ThrottledException (request id req-1)"),
        ("Throttling", 400, Throttled, "Throttling (request id req-1)"),
        ("ThrottlingException", 429, Throttled, "ThrottlingException (request id req-1)"),
        ("SomethingNew", 429, Throttled, "SomethingNew (request id req-1)"),
        ("InternalError", 500, Transient, "InternalError (request id req-1)"),
        ("Unavailable", 503, Transient, "Unavailable (request id req-1)"),
        ("SomethingNew", 502, Transient, "SomethingNew (request id req-1)"),
        ("InvalidParameterValue", 400, Terminal, "InvalidParameterValue (request id req-1) from ec2:DescribeVpcs: why"),
        ("LoadBalancerNotFound", 400, Gone, "LoadBalancerNotFound (request id req-1) from ec2:DescribeVpcs: why"),
        ("UserNotFoundFault", 404, Gone, "UserNotFoundFault (request id req-1) from ec2:DescribeVpcs: why"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_of_our_errors_with_what_to_do(
    code: str, status: int, kind: type[SourceError], text: str
) -> None:
    problem = explain(refused(code, status, "why"), "ec2:DescribeVpcs", "eu-west-1")
    assert (problem.error, problem.text) == (kind, text)


def test_how_long_to_wait_is_as_aws_says() -> None:
    asked = {"x-amz-retry-after": "2500", "retry-after": "9"}
    assert explain(refused("Throttling", 400, headers=asked), "rds:DescribeDBInstances").retry_after == 2.5
    assert explain(refused("Throttling", 400, headers={"retry-after": "9"}), "rds:Any").retry_after == 9.0
    assert explain(refused("Throttling", 400, headers={"retry-after": "Wed, 21 Oct"}), "rds:Any").retry_after is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (exceptions.NoCredentialsError(), Denied),
        (exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), Denied),
        (exceptions.TokenRetrievalError(provider="sso", error_msg="expired"), Denied),
        (exceptions.ProfileNotFound(profile="prod"), Terminal),
        (exceptions.EndpointConnectionError(endpoint_url="https://ec2", error="refused"), Transient),
        (exceptions.ReadTimeoutError(endpoint_url="https://ec2"), Transient),
        (exceptions.ConnectTimeoutError(endpoint_url="https://ec2"), Transient),
        (exceptions.ConnectionClosedError(endpoint_url="https://ec2"), Transient),
        (exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2), Transient),
        (exceptions.ProxyConnectionError(proxy_url=f"http://me:{SECRET}@proxy", error="refused"), Transient),
        (exceptions.SSLError(endpoint_url="https://ec2", error="certificate verify failed"), Terminal),
        (ResponseParserError("<html>"), Transient),
        (exceptions.ParamValidationError(report="x"), Terminal),
        (RuntimeError("odd"), Terminal),
    ],
    ids=lambda one: type(one).__name__ if isinstance(one, Exception) else "",
)
def test_what_never_reached_aws_is_one_of_our_errors_and_tells_no_secret(
    error: Exception, kind: type[SourceError]
) -> None:
    problem = explain(error, "ec2:DescribeVpcs")
    assert problem.error is kind
    assert problem.text
    assert SECRET not in problem.text


VENDORS = {
    "ec2-auth-failure-401": ("ec2", 401, Denied),
    "ec2-describe-instances": ("ec2", 400, Terminal),
    "ec2-throttle-503__thirdparty_fixture": ("ec2", 503, Throttled),
    "elb-describe-load-balancers": ("elb", 400, Gone),
    "iam-get-user": ("iam", 404, Terminal),
    "rds-describe-db-instances": ("rds", 404, Gone),
    "sts-get-session-token": ("sts", 403, Denied),
}


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_aws_own_error_bodies_are_told_apart(name: str) -> None:
    if "TAGWEAVE_VENDORS" not in os.environ:
        pytest.skip("TAGWEAVE_VENDORS is not set: it is the folder with the vendors' own example responses")
    service, status, kind = VENDORS[name]
    body = (Path(os.environ["TAGWEAVE_VENDORS"]) / "aws" / "errors" / f"{name}.xml").read_bytes()
    model = botocore_session.Session().get_service_model(service)
    operation = model.operation_model(model.operation_names[0])
    answered: dict[str, Any] = {"body": body, "headers": {}, "status_code": status}
    page = create_parser(model.metadata["protocol"]).parse(answered, operation.output_shape)
    page.setdefault("ResponseMetadata", {})["HTTPStatusCode"] = status
    problem = explain(exceptions.ClientError(page, "Any"), f"{service}:Any")
    assert problem.error is kind, problem.text
    assert "request id" in problem.text


def test_the_permission_of_a_call_is_named_as_iam_names_it() -> None:
    assert grant("elbv2:DescribeRules") == "elasticloadbalancing:DescribeRules"
    assert grant("resourcegroupstaggingapi:GetResources") == "tag:GetResources"
    assert grant("ec2:DescribeVpcs") == "ec2:DescribeVpcs"


def test_the_policies_that_are_shipped_are_those_of_the_code() -> None:
    for name, found in (("aws", policy()), ("aws-accounts", policy(organization=True))):
        shipped = json.loads((ROOT / "deploy" / "policies" / f"{name}.json").read_text())
        assert shipped == found


def test_the_least_policy_only_reads() -> None:
    assert [one for one in actions() if not one.partition(":")[2].startswith(("Describe", "List", "Get"))] == []


def test_clients_are_kept_only_so_many_and_never_for_another_session() -> None:
    import boto3

    clients = Clients(most=2)
    first, second = (boto3.Session("AKIAX", "x", region_name="eu-west-1") for _ in range(2))
    one = clients.get(first, "sts", "eu-west-1", None)
    assert clients.get(first, "sts", "eu-west-1", None) is one
    assert clients.get(second, "sts", "eu-west-1", None) is not one
    clients.get(second, "sts", "eu-west-2", None)
    assert clients.get(first, "sts", "eu-west-1", None) is not one


def test_a_roles_credentials_are_asked_for_again_before_they_run_out() -> None:
    def lease(key: str, minutes: int) -> dict[str, Any]:
        ends = datetime.now(UTC) + timedelta(minutes=minutes)
        given = {"AccessKeyId": key, "SecretAccessKey": SECRET, "SessionToken": SECRET, "Expiration": ends}
        return {"Credentials": given}

    home = own_account(None, "eu-west-1", None)
    entered = home.of_role(lease("AKIAFIRST", minutes=1), lambda: lease("AKIASECOND", minutes=60))
    assert entered._session.get_credentials().get_frozen_credentials().access_key == "AKIASECOND"
    assert SECRET not in repr(entered)
