"""BlindLlama's servers: one is attested, and then asked for predictions over TLS under the attested CA and no other.

For users of the packages `blindllamav2` and `blind_llama` (docs/migration.md). Nothing is believed that the server
sends before the TPM's proof holds: the CA is measured into PCR 15, behind the hash of the application's disk. The proof
has no nonce, so it does not say when it was made; who answers holds a key under the CA all the same.

    client = libattest.blindllama.client("https://api.cloud.localhost", policy=["measurements_azure.json",
        "application.json"], attestation_url="https://attestation-endpoint.api.localhost")
    client.predict("What is machine learning?", max_tokens=20)
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from ._golden import no_policy, require_pins
from ._input import each
from ._requests import Session
from .errors import UsageError
from .policy import Policies, Policy
from .server import AttestedServer

if TYPE_CHECKING:
    from .verifier import Roots

__all__ = ["Client", "PredictionError", "client"]

_PATHS = {2: "/attestation.json", 1: "/aTLS"}


class PredictionError(RuntimeError):
    """The attested server has answered, but not with a prediction."""


class Client:
    """An attested server, and a requests.Session that speaks to it alone. Made by client()."""

    def __init__(self, server: AttestedServer) -> None:
        """`server`: with ca=True."""
        self.server = server
        self.session = Session(server)
        """For requests of one's own, of which those to other servers are refused."""

    def predict(self, text_input: str, max_tokens: int = 20, bad_words: str = "", stop_words: str = "") -> str:
        """What the model makes of a prompt (version 2). max_tokens: of the answer.

        Raises UsageError (an empty prompt, fewer than 0 tokens), AttestationError, PredictionError, and what requests
        raises.
        """
        _require_prompt(text_input)
        if max_tokens < 0:
            raise UsageError("max_tokens: 0 or more were expected", status="ATTEST_E_USAGE", found=str(max_tokens))
        words = {"bad_words": bad_words, "stop_words": stop_words}
        asked = {"text_input": text_input, "max_tokens": max_tokens, **words}
        answer = self._post("/v2/models/ensemble/generate", asked)
        text = answer.get("text_output") if isinstance(answer, dict) else None
        if not isinstance(text, str):
            raise PredictionError(f"the server's answer has no text_output: {_shown(answer)}")
        return text.strip()

    def predict_v1(self, prompt: str, temperature: float = 0.7, access_token: str | None = None) -> str:
        """What the model makes of a prompt (version 1). access_token: of the service's licence server, if it has one.

        Raises as predict().
        """
        _require_prompt(prompt)
        if not temperature >= 0:
            raise UsageError("temperature: 0 or more was expected", status="ATTEST_E_USAGE", found=str(temperature))
        headers = {} if access_token is None else {"accesstoken": access_token}
        answer = self._post("/", {"inputs": prompt, "temperature": temperature}, headers)
        parts = answer if isinstance(answer, list) else []
        said = [part.get("generated_text") if isinstance(part, dict) else None for part in parts]
        texts = [text.strip() for text in said if isinstance(text, str)]
        if not texts or len(texts) != len(parts):
            raise PredictionError(f"the server's answer is no list of generated_text: {_shown(answer)}")
        return "\n".join(texts).strip()

    def _post(self, path: str, body: dict[str, object], headers: dict[str, str] | None = None) -> object:
        answer = self.session.post(str(self.server.origin) + path, json=body, headers=headers)
        if answer.status_code != 200:
            raise PredictionError(f"the server answered HTTP {answer.status_code}: {_shown(answer.text)}")
        try:
            found: object = answer.json()
        except ValueError as error:
            raise PredictionError(f"the server's answer is no JSON: {error}") from None
        return found

    def close(self) -> None:
        """Close all connections."""
        self.session.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def client(
    url: str,
    *,
    policy: Policies | None = None,
    roots: Roots | None = None,
    attestation_url: str | None = None,
    server_name: str | None = None,
    version: Literal[1, 2] = 2,
    max_age: float = 3600,
    timeout: float = 60,
    proxy: str | None = None,
) -> Client:
    """Attest a server, and return a client for it.

    url: of the API. policy: the SDK's golden values as they are: the file of OS measurements, and for version 2 the
    hash of the application's disk, {"application_disk_roothash": …}. attestation_url: of the proof, where it is not
    /attestation.json (version 1: /aTLS) at `url`; whoever answers there, and whatever certificate he has, the proof
    must hold. server_name: whom the server's certificate must be for, instead of the host of `url`. The others are
    those of AttestedServer: the server is attested anew after max_age seconds.

    Raises UsageError (also: no policy, none with the root hash), Inconclusive (no PCR is pinned), ChannelMismatch (the
    server stands not under the attested CA), FetchError, and all that Verifier.verify() raises.
    """
    if version not in _PATHS:
        raise UsageError("version: 1 or 2 was expected", status="ATTEST_E_USAGE", found=str(version))
    policies = [Policy.load(one) for one in each(policy)]
    if not policies:
        raise no_policy()
    if version == 2:
        _require_root_hash(policies)
    place = _PATHS[version] if attestation_url is None else _place(attestation_url, _PATHS[version])
    server = AttestedServer(
        url,
        policy=policies,
        roots=roots,
        max_age=max_age,
        timeout=timeout,
        path=place,
        proxy=proxy,
        ca=True,
        server_name=server_name,
    )
    require_pins(server.attest())
    return Client(server)


def _place(url: str, path: str) -> str:
    """Where the proof is, if the URL names but a server."""
    return url.rstrip("/") + path if url.rstrip("/").count("/") == 2 else url


def _require_root_hash(policies: list[Policy]) -> None:
    """The OS starts whatever is on the application's disk."""
    if not any("application_disk_roothash" in json.loads(policy.json) for policy in policies):
        raise UsageError(
            "policy: none names the hash of the application's disk, so the server could run any application",
            status="ATTEST_E_USAGE",
            hint='add the SDK\'s application.json, {"application_disk_roothash": hex}',
        )


def _require_prompt(prompt: str) -> None:
    if not prompt:
        raise UsageError("the prompt is empty", status="ATTEST_E_USAGE")


def _shown(answer: object) -> str:
    return json.dumps(answer)[:200]
