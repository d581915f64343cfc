"""Golden values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._c import add_policy, new_verifier
from ._input import Document, document_of


@dataclass(frozen=True)
class Policy:
    """A policy that the library has read: a libattest-policy-v1, a golden-measurement file or a container map.

    docs/policy.md has the formats. Make one with Policy.load().
    """

    json: bytes
    """As it was given."""
    name: str | None = None
    """What messages call it, such as its file name."""

    def __post_init__(self) -> None:
        if type(self.json) is not bytes:  # a subclass could lie about its length
            raise TypeError(f"policy: bytes were expected, not {type(self.json).__name__}")
        add_policy(new_verifier(), self.json, self.name)

    @classmethod
    def load(cls, source: Document | Policy, name: str | None = None) -> Policy:
        """Read a policy from a path, bytes, text or dict.

        Raises InvalidPolicy, which says what is wrong and where, OSError and TypeError.
        """
        if isinstance(source, Policy):
            return source
        data, path = document_of(source, "policy")
        return cls(data, path if name is None else name)


Policies = Policy | Document | Sequence[Policy | Document]
"""One policy or several, all of which must hold."""
