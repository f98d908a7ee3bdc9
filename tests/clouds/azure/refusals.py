"""How Resource Manager and the token service refuse."""

import json
import time
from collections.abc import Mapping
from uuid import uuid4

from werkzeug.wrappers import Response

from clouds.azure.arm import SUBSCRIPTION, TENANT
from clouds.azure.signing import CLIENT, OBJECT, Refusal

TOKEN = "Microsoft.Entra/token"
"""The name that a call of the token service has among the actions."""


ARM = {
    "MissingApiVersionParameter": "400 The api-version query parameter (?api-version=) is required for all requests.",
    "InvalidApiVersionParameter": "400 The api-version '{}' is invalid. The supported versions are '{}'.",
    "InvalidParameter": "400 The value '{1}' of parameter '{0}' is invalid.",
    "InvalidSkipToken": "400 The provided skip token is invalid.",
    "InvalidSubscriptionId": "400 The provided subscription identifier '{}' is malformed or invalid.",
    "SubscriptionNotFound": "404 The subscription '{}' could not be found.",
    "InvalidResourceNamespace": "404 The resource namespace '{}' is invalid.",
    "InvalidResourceType": (
        "404 The resource type '{}' could not be found in the namespace '{}' for api version '{}'. The supported "
        "api-versions are '{}'."
    ),
    "ResourceNotFound": (
        "404 The Resource '{}/{}' under resource group '{}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix"
    ),
    "HttpMethodNotAllowed": "405 The HTTP method '{}' is not supported.",
    "MissingSubscriptionRegistration": (
        "409 The subscription is not registered to use namespace '{}'. See https://aka.ms/rps-not-found for how to "
        "register subscriptions."
    ),
    "BadRequest": (
        "400 Operation 'VirtualMachineScaleSets.virtualMachines.GET' is not allowed on Virtual Machine Scale Set {}."
    ),
    "NotFound": "404 Resource {1} not found.",
}
"""By code: status and message. The last two are Compute's and Network's, of scale sets in flexible orchestration.

https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
"""


def no_list(code: str, *what: str) -> Refusal:
    status, _, message = ARM[code].partition(" ")
    return Refusal(int(status), code, message.format(*what))


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(body), status, headers, content_type="application/json; charset=utf-8")


def refused(refusal: Refusal) -> Response:
    """A refusal as Resource Manager words it."""
    headers = {"x-ms-failure-cause": "gateway", "x-ms-request-id": str(uuid4())}
    if refusal.status == 401:
        headers["WWW-Authenticate"] = (
            f'Bearer authorization_uri="https://login.windows.net/{TENANT}", error="invalid_token", '
            f'error_description="{refusal.message}"'
        )
    return answer(refusal.status, {"error": {"code": refusal.code, "message": refusal.message}}, headers)


def entra(refusal: Refusal) -> Response:
    """A refusal as the token service words it."""
    trace, correlation = str(uuid4()), str(uuid4())
    at = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime())
    description = f"AADSTS{refusal.number}: {refusal.message} Trace ID: {trace} Correlation ID: {correlation}"
    return answer(refusal.status, {
        "error": refusal.code,
        "error_description": f"{description} Timestamp: {at}",
        "error_codes": [refusal.number],
        "timestamp": at,
        "trace_id": trace,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={refusal.number}",
    })  # fmt: skip


# ---- on command


def denied(action: str) -> Response:
    """https://learn.microsoft.com/azure/role-based-access-control/troubleshooting"""
    if action == TOKEN:
        message = f"The client application {CLIENT} is missing service principal in the tenant {TENANT}."
        return entra(Refusal(401, "invalid_client", message, 7000229))
    message = (
        f"The client '{CLIENT}' with object id '{OBJECT}' does not have authorization to perform action '{action}' "
        f"over scope '/subscriptions/{SUBSCRIPTION}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials."
    )
    return refused(Refusal(403, "AuthorizationFailed", message))


def throttled(action: str) -> Response:
    """Compute has a document of its own, without the frame of other errors.

    https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling
    https://learn.microsoft.com/troubleshoot/azure/virtual-machines/troubleshooting-throttling-errors
    """
    if action == TOKEN:
        return entra(Refusal(429, "temporarily_unavailable", "The server is temporarily too busy.", 90033))
    wait = {"Retry-After": "1"}
    if action.startswith("Microsoft.Compute/"):
        group = "HighCostGet3Min"
        detail = {"operationGroup": group, "allowedRequestCount": 140, "measuredRequestCount": 141}
        return answer(429, {
            "code": "OperationNotAllowed",
            "message": "The server rejected the request because too many requests have been received for this "
                       "subscription.",
            "details": [{"code": "TooManyRequests", "target": group, "message": json.dumps(detail)}],
        }, {**wait, "x-ms-ratelimit-remaining-resource": f"Microsoft.Compute/{group};0"})  # fmt: skip
    message = (
        f"Number of 'read' requests for subscription '{SUBSCRIPTION}' actor '{OBJECT}' exceeded. Please try again "
        "after '1' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for "
        "additional information."
    )
    body = {"error": {"code": "SubscriptionRequestsThrottled", "message": message}}
    return answer(429, body, {**wait, "x-ms-ratelimit-remaining-subscription-reads": "0"})


def error(action: str) -> Response:
    if action == TOKEN:
        return entra(Refusal(503, "temporarily_unavailable", "The service is temporarily unavailable.", 90033))
    return refused(Refusal(500, "InternalServerError", "The server encountered an internal error. Please try again."))
