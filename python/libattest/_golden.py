"""Whether there are golden values at all, for SDKs whose promise is that the software is known."""

from __future__ import annotations

import hashlib

from .errors import Inconclusive, UsageError
from .result import Result

_HINT = (
    "give the SDK's file of OS measurements, measurements_azure.json of its security_config folder, or another policy "
    "that pins the machine's software; docs/migration.md says where to get one"
)

# Boot loader and kernel images (TCG PC Client Platform Firmware Profile, 3.3.4.5).
_PCR_IMAGES = 4
_HASHES = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}


def no_policy() -> UsageError:
    """None was given."""
    return UsageError("policy: none was given", status="ATTEST_E_USAGE", hint=_HINT)


def _says_nothing(value: bytes) -> bool:
    """As after reset, or as where the firmware has measured its separator alone: no image was started."""
    bank, reset = _HASHES[len(value)], bytes(len(value))
    return value in (reset, hashlib.new(bank, reset + hashlib.new(bank, bytes(4)).digest()).digest())


def require_pins(result: Result) -> None:
    """Firmware measures into PCR 4 whatever it starts, before that can measure anything itself. Other golden values are
    what that software says, which could replay those of another; and no proof of these SDKs holds a log of the boot.
    Raises Inconclusive unless PCR 4 is pinned, and an image was measured into it.
    """
    if not any(
        pcr.index == _PCR_IMAGES and pcr.state.startswith("pinned") and not _says_nothing(pcr.value)
        for pcr in result.pcrs
    ):
        raise Inconclusive(
            "no policy pins PCR 4 (boot loader and kernel images), so nothing says which software measured the rest",
            status="ATTEST_E_INCONCLUSIVE",
            step="policy",
            result=result,
            hint=_HINT,
        )
