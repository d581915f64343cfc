"""Whether there are golden values at all, for SDKs whose promise is that the software is known."""

from __future__ import annotations

from .errors import Inconclusive, UsageError
from .result import Result

_HINT = (
    "give the SDK's file of OS measurements, measurements_azure.json of its security_config folder, or another policy "
    "that pins the machine's software; docs/migration.md says where to get one"
)

# Of the boot: not 8, into which a job of AICert measures its outputs.
_BOOT = frozenset(range(14)) - {8}


def no_policy() -> UsageError:
    """None was given."""
    return UsageError("policy: none was given", status="ATTEST_E_USAGE", hint=_HINT)


def require_pins(result: Result) -> None:
    """Other golden values, such as container images and rules for events, compare what software says of itself: no
    proof of these SDKs holds a log of the boot. Zeros say that nothing was measured. Raises Inconclusive.
    """
    if not any(pcr.index in _BOOT and pcr.state.startswith("pinned") and any(pcr.value) for pcr in result.pcrs):
        raise Inconclusive(
            "no policy pins a PCR into which the boot has measured (0 to 7, 9 to 13), so nothing says which software "
            "has measured the rest",
            status="ATTEST_E_INCONCLUSIVE",
            step="policy",
            result=result,
            hint=_HINT,
        )
