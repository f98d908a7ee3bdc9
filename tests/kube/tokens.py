"""Service account tokens that end sooner than the API server would grant."""

import base64
import json
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def with_expiry(token: str, expires_at: float, key: rsa.RSAPrivateKey) -> str:
    """The same RS256 token with another ``exp`` (Unix seconds), signed with the cluster's key."""
    header, claims, _ = token.split(".")
    changed = _decoded(claims) | {"exp": int(expires_at)}
    signed = f"{header}.{_encoded(json.dumps(changed).encode())}"
    signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{_encoded(signature)}"


def _decoded(part: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def _encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
