"""Event rules and releases: what events may be, in any PCR that a log explains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from case import Case, Row, Table
from eventlog import TcgLog
from lab import WORKLOAD, Lab, policy
from structures import digest

Json = Any
Change = Callable[[Lab, Case], None]
OTHER = digest("sha256", b"another event").hex()
UNTIL = "2026-06-01T00:00:00Z"  # the second of `case.NOW`
TEXTS: list[Json] = [{"name": name, "text": text} for name, text in zip(("configuration", "image", "weights"), WORKLOAD, strict=True)]
IMAGE = {"name": "image", "json": {"type": "image", "name": ["registry.example/llm-server:1.4", "registry.example/llm-server:1.5"]}}


def ruled(*rules: Json, pcr: int = 14, **members: Json) -> Change:
    def change(_: Lab, case: Case) -> None:
        policy(case, events={str(pcr): {"rules": list(rules), **members}})

    return change


def released(*releases: Json) -> Change:
    def change(_: Lab, case: Case) -> None:
        policy(case, releases=list(releases))

    return change


def release(name: str, *rules: Json, **members: Json) -> Json:
    return {"name": name, "events": {"14": {"rules": list(rules)}}, **members}


def mixed(_: Lab, case: Case) -> None:
    """Each value is allowed by a release, and no release allows both."""
    zero, first = case.evidence.pcrs["sha256"][0].hex(), {"0": OTHER}
    policy(case, releases=[release("one", *TEXTS, pcrs=first), release("two", *TEXTS[:2], pcrs={"0": zero})])


def unlogged(_: Lab, case: Case) -> None:
    """The log of PCR 15 alone, which proves the TLS key."""
    ruled(*TEXTS)(_, case)
    case.evidence.logs = [log for log in case.evidence.logs if log["pcr"] != 14]


def usage(name: str, about: str, change: Change) -> Row:
    return Row(name, about, change, verdict="usage")


LEFT = "no rule allows this event"
LACKS = "the rule has no event"
WORDS = {"cmdline": {"words": ["quiet"]}}

ROWS = (
    Row("rules-good-texts", "Every event is the text that its rule names.", ruled(*TEXTS), verdict="verified"),
    Row("rules-good-json", "An event is known by members of its text.", ruled(TEXTS[0], IMAGE, TEXTS[2]), verdict="verified"),
    Row("rules-good-any", "The rules stand in another order, which does not count.", ruled(*TEXTS[::-1], order="any"), verdict="verified"),
    Row(
        "rules-good-release",
        "The second of two releases holds.",
        released(release("new", *TEXTS[:2]), release("old", *TEXTS)),
        verdict="verified",
    ),
    Row(
        "rules-text-differs",
        "An event is another text.",
        ruled(TEXTS[0], {**TEXTS[1], "text": "x"}, TEXTS[2]),
        messages=(LEFT, 'rule "image"'),
    ),
    Row(
        "rules-json-differs",
        "An image has another name.",
        ruled(TEXTS[0], {**IMAGE, "json": {"type": "image", "name": "x"}}, TEXTS[2]),
        messages=(LEFT,),
    ),
    Row("rules-event-too-many", "An event has no rule.", ruled(*TEXTS[:2]), messages=(LEFT, "no more events", "event 2, PCR 14")),
    Row("rules-event-missing", "A rule has no event.", ruled(*TEXTS, {"name": "last", "digest": OTHER}), messages=(LACKS, 'rule "last"')),
    Row("rules-order-differs", "The events come in another order.", ruled(*TEXTS[::-1]), messages=(LACKS, LEFT)),
    Row(
        "rules-count-passed",
        "A rule for one event has two.",
        ruled({**IMAGE, "json": {"type": ["config", "image"]}}, TEXTS[2]),
        messages=(LEFT,),
    ),
    Row("rules-none-allowed", "A PCR that may have no event has some.", ruled(), messages=(LEFT, "no more events")),
    Row("rules-not-a-cmdline", "What must be a command line is none.", ruled(WORDS, *TEXTS[1:]), messages=(LEFT, "rule 0")),
    Row("rules-not-quoted", "The rules are of a PCR that was not quoted.", ruled(pcr=9), messages=("its events are not known",)),
    Row("rules-no-log", "The events of the PCR are in no log.", unlogged, messages=("its events are not known",)),
    Row(
        "rules-release-ended",
        "The release that would hold has ended this second.",
        released(release("old", *TEXTS, until=UNTIL)),
        messages=("ended",),
    ),
    Row("rules-releases-mixed", "The values are of two releases.", mixed, messages=('release "one"', 'release "two" does not hold either')),
    usage("rules-type", "A rule goes by the type of an event.", ruled({"type": "EV_IPL"})),
    usage("rules-two-matchers", "A rule says two things.", ruled({"text": "x", "separator": True})),
    usage("rules-no-reason", "Anything is allowed without a reason.", ruled(*TEXTS, {"anything": ""})),
    Row(
        "rules-nothing",
        "All rules take anything, so that nothing is compared.",
        ruled({"anything": "why not", "count": "any"}),
        verdict="inconclusive",
        unchecked="policy",
    ),
    usage("rules-section-alone", "A section may have any contents.", ruled({"section": ".linux"}, pcr=11)),
    usage("rules-cmdline-open", "A command line may be nearly anything.", ruled({"cmdline": {"not_words": ["init="]}}, pcr=12)),
    usage("rules-digest-zero", "A rule names zero, which is no digest.", ruled({"digest": "zero"})),
    usage("rules-json-empty", "A rule allows any JSON object.", ruled({"json": {}})),
    usage("rules-release-empty", "A release has no golden value.", released({"name": "new"})),
    usage("rules-release-nameless", "A release has no name.", released({"events": {"14": {"rules": TEXTS}}})),
)


def boot_rules(lab: Lab, pcr: int) -> list[Json]:
    """The events of a boot that is known to be good, each by its digest."""
    log = TcgLog.parse(lab.machines["plain-again"].logs["tcg"])
    return [{"name": f"event {i}", "digest": event.digests["sha256"].hex()} for i, event in enumerate(log.of(pcr))]


def unified(lab: Lab) -> list[Json]:
    """PCR 11: names and contents in turn, then the phases."""
    events = boot_rules(lab, 11)
    names = [event.data.decode("utf-16-le").rstrip("\0") for event in TcgLog.parse(lab.machines["plain-again"].logs["tcg"]).of(11)[::2]]
    sections = [{"name": name, "section": name, "digest": contents["digest"]} for name, contents in zip(names, events[1::2], strict=True)]
    return [*sections, {"name": "phases", "text": ["enter-initrd", "leave-initrd", "sysinit", "ready"], "count": "some"}]


def booted(name: str) -> Callable[[Lab], Case]:
    """Rules of the good boot for the images, the unified kernel image, and what must be empty."""

    def make(lab: Lab) -> Case:
        case = lab.booted(name)
        events = {"11": {"rules": unified(lab)}, "12": {"rules": []}, "13": {"rules": []}}
        policy(case, events=events)
        return case

    return make


def secure_boot(state: str) -> Change:
    rules = [{"name": "switch", "secure_boot": state}, {"anything": "keys and images", "count": "any"}]
    return ruled(*rules, pcr=7, order="any")


def good(name: str, about: str, base: Callable[[Lab], Case], change: Change | None = None) -> Table:
    return Table(base, (Row(name, about, change, verdict="verified"),))


def refused(name: str, about: str, base: Callable[[Lab], Case], *messages: str, change: Change | None = None) -> Table:
    return Table(base, (Row(name, about, change, messages=messages),), "policy")


TABLES = [
    Table(lambda lab: lab.full(), ROWS, "policy"),
    good("rules-good-boot", "A real machine, held against rules.", booted("plain")),
    good("rules-good-secure-boot", "Secure Boot is on, as the rule says.", booted("secure-boot"), secure_boot("enabled")),
    refused("rules-kernel", "The machine runs another kernel.", booted("kernel"), 'rule ".linux"', "contents of .linux", LEFT),
    refused("rules-cmdline", "Another command line.", booted("cmdline"), 'rule ".cmdline"', "contents of .cmdline", LEFT),
    refused(
        "rules-secure-boot-off", "Secure Boot was switched off.", booted("rogue"), 'rule "switch"', LACKS, change=secure_boot("enabled")
    ),
]
