"""The tables of cases. Each module is about one step of the verification; `good` is about all of them."""

from __future__ import annotations

from case import Table

from . import boot, chain, foreign, good, key, logs, parse, places, policy, quote, revocation, rules, runtime, tls

MODULES = (good, chain, revocation, key, quote, logs, policy, rules, tls, foreign, parse, boot, runtime, places)
TABLES: list[tuple[str, Table]] = [(module.__name__.rpartition(".")[2], table) for module in MODULES for table in module.TABLES]
