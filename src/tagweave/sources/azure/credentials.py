"""Credentials: azure-identity's chain, a secret or certificate in a file, or a client's secret sent to any URL."""

import os
import time
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote, urlsplit

import msgspec
from azure.core.credentials import AccessToken
from azure.core.pipeline import Pipeline
from azure.core.pipeline.policies import UserAgentPolicy
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from azure.identity import CertificateCredential, ClientSecretCredential, DefaultAzureCredential

from tagweave.errors import Denied
from tagweave.sources.azure.config import Config
from tagweave.sources.azure.errors import Refused

CONNECT_SECONDS: Final = 10
READ_SECONDS: Final = 60


class Cloud(NamedTuple):
    """One of Azure's clouds: where ARM and the token service are, and what tokens for ARM are for."""

    resources: str
    authority: str
    audience: str


CLOUDS: Final = {
    "public": Cloud(
        "https://management.azure.com", "https://login.microsoftonline.com", "https://management.azure.com"
    ),
    "china": Cloud(
        "https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn", "https://management.chinacloudapi.cn"
    ),
    "us-government": Cloud(
        "https://management.usgovcloudapi.net",
        "https://login.microsoftonline.us",
        "https://management.core.usgovcloudapi.net",
    ),
}
"""<https://learn.microsoft.com/azure/developer/python/sdk/azure-sdk-sovereign-domain>."""


class Tokens(Protocol):
    """A credential as azure-core wants it."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # noqa: ANN401 - azure-core's own options
        """A token for some scopes."""
        ...


class _Client:
    """A client's secret, exchanged for tokens at a token service that need not be HTTPS."""

    def __init__(self, url: str, client_id: str, secret: str, transport: RequestsTransport) -> None:
        self._url = url
        self._client_id = client_id
        self._secret = secret
        self._pipeline = Pipeline(transport, [UserAgentPolicy(user_agent="tagweave")])

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:  # noqa: ANN401 - azure-core's own options
        """Asks as <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow> says."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret,
            "scope": " ".join(scopes),
        }
        asked = time.time()
        answer = self._pipeline.run(HttpRequest("POST", self._url, data=form), stream=False).http_response
        if answer.status_code != 200:
            raise Refused(answer.status_code, answer.headers, answer.content)
        found = msgspec.json.decode(answer.content)
        return AccessToken(found["access_token"], int(asked) + int(found["expires_in"]))


class _OfTenant:
    """A credential's tokens for a tenant other than its own."""

    def __init__(self, credential: Tokens, tenant: str) -> None:
        self._credential = credential
        self._tenant = tenant

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # noqa: ANN401 - azure-core's own options
        """A token for the tenant."""
        return self._credential.get_token(*scopes, **{"tenant_id": self._tenant, **options})


def credential_of(config: Config, transport: RequestsTransport) -> Tokens:
    """The credential that a configuration means. Raises SourceError, OSError and what azure-identity raises."""
    authority = (config.authority or config.endpoint or CLOUDS[config.cloud].authority).rstrip("/")
    if urlsplit(authority).scheme == "http" or (config.endpoint and not config.authority):
        tenant = config.tenant or os.environ.get("AZURE_TENANT_ID", "")
        client = config.client_id or os.environ.get("AZURE_CLIENT_ID", "")
        secret = _secret(config)
        if not (tenant and client and secret):
            raise Denied("no credentials were found: set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET")
        return _Client(f"{authority}/{quote(tenant)}/oauth2/v2.0/token", client, secret, transport)
    options: dict[str, Any] = {
        "authority": authority,
        "retry_total": 0,
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": READ_SECONDS,
        "additionally_allowed_tenants": [config.tenant] if config.tenant else [],
        "disable_instance_discovery": bool(config.authority),
    }
    if config.secret_file:
        return ClientSecretCredential(config.tenant, config.client_id, _secret(config), **options)
    if config.certificate_file:
        return CertificateCredential(config.tenant, config.client_id, config.certificate_file, **options)
    if config.client_id:
        options["managed_identity_client_id"] = options["workload_identity_client_id"] = config.client_id
    found = DefaultAzureCredential(**options)
    return _OfTenant(found, config.tenant) if config.tenant else found


def _secret(config: Config) -> str:
    if config.secret_file:
        return Path(config.secret_file).read_text(encoding="utf-8").strip()
    return os.environ.get("AZURE_CLIENT_SECRET", "")
