"""libattest.aicert: what is verified, what is read from it, and that nothing else is called proven."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import libattest
import pytest
from libattest import _golden, aicert

from sdk_lab import CONFIGURATION, Json, event, make_job

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests/cases"
SAMPLE = ROOT.parent / "shared/corpus/proofs/azure-tl-aicert/sample_build_response.json"

IMAGE = aicert.Image("registry.example/finetune:2.0", "sha256:" + hashlib.sha256(b"image 2.0").hexdigest())


def arguments(name: str) -> Json:
    """What the case folder says, as verify() takes it."""
    folder = CASES / name
    case = json.loads((folder / "case.json").read_text())
    policies = [folder / policy for policy in case["policies"]]
    return {
        "proof": folder / case["proof"],
        "policy": policies[0],
        "containers": policies[1] if len(policies) > 1 else None,
        "roots": [folder / root for root in case["roots"]],
        "at": case["at"],
    }


def edited(name: str = "good-aicert-build", **members: object) -> Json:
    """The proof of a case with other members; None takes one away."""
    proof = {**json.loads((CASES / name / "proof.json").read_text()), **members}
    return {key: value for key, value in proof.items() if value is not None}


# Case folders


@pytest.mark.parametrize("name", ["good-aicert-build", "good-aicert-build-pem", "good-aicert-build-zero-padded"])
def test_build_is_verified_and_read(name: str) -> None:
    build = aicert.verify(**arguments(name))
    assert build.verified is True
    assert build.result.verified
    assert build.result.name == str(CASES / name / "proof.json")
    assert build.build_requests == ({"framework": "axolotl"},)
    assert build.images == (IMAGE,)
    assert build.resources == (aicert.Resource({"repo": "https://git.example/data"}, "sha1:" + "5a" * 20),)
    assert build.outputs == (aicert.Output("model.bin", "sha256:" + "c3" * 32),)
    assert (build.configurations, build.others) == ((), ())


def test_build_is_frozen() -> None:
    build = aicert.verify(**arguments("good-aicert-build"))
    for thing, name in ((build, "outputs"), (build.outputs[0], "hash"), (build.images[0], "id")):
        with pytest.raises(FrozenInstanceError):
            setattr(thing, name, "other")


def test_ca_of_the_server() -> None:
    assert aicert.verify(**arguments("good-aicert-build-ca")).result.facts.tls_kind == "ca"
    build = aicert.verify(**arguments("good-aicert-atls"))
    assert build.result.facts.tls_kind == "ca"
    assert (build.images, build.resources, build.outputs) == ((), (), ())


def test_empty_name_of_the_ca() -> None:
    """As AICert's server writes it in every build proof."""
    given = arguments("good-aicert-build")
    build = aicert.verify(**{**given, "proof": edited(ca_cert="")})
    assert build.result.steps["tls"] == "not-present"
    assert build.images == (IMAGE,)
    nothings: list[object] = [" ", 0, None, [], {}]
    for ca in nothings:
        proof = {**json.loads(given["proof"].read_text()), "ca_cert": ca}
        with pytest.raises(libattest.MalformedProof):
            aicert.verify(**{**given, "proof": proof})


@pytest.mark.parametrize(
    ("name", "error", "step"),
    [
        ("aicert-atls-ca-replaced", libattest.LogMismatch, "log"),
        ("aicert-event-dropped", libattest.LogMismatch, "log"),
        ("aicert-event-reserialised", libattest.LogMismatch, "log"),
        ("aicert-events-swapped", libattest.LogMismatch, "log"),
        ("aicert-output-changed", libattest.LogMismatch, "log"),
        ("aicert-outputs-removed", libattest.LogMismatch, "log"),
        ("aicert-no-attestation", libattest.MalformedProof, "parse"),
        ("aicert-simulation", libattest.MalformedProof, "parse"),
        ("aicert-simulation-with-quote", libattest.MalformedProof, "parse"),
        ("containers-hidden-by-double", libattest.PolicyMismatch, "policy"),
        ("containers-hidden-by-type", libattest.PolicyMismatch, "policy"),
        ("containers-hidden-in-array", libattest.PolicyMismatch, "policy"),
        ("containers-id-differs", libattest.PolicyMismatch, "policy"),
        ("containers-no-image", libattest.PolicyMismatch, "policy"),
        ("containers-unknown", libattest.PolicyMismatch, "policy"),
        ("containers-in-pcr16", libattest.PolicyMismatch, "policy"),
    ],
)
def test_forged_build_is_refused(name: str, error: type[libattest.AttestationError], step: str) -> None:
    with pytest.raises(error) as caught:
        aicert.verify(**arguments(name))
    assert (type(caught.value), caught.value.step) == (error, step)


def test_every_case_of_aicert_is_tried() -> None:
    tried = Path(__file__).read_text()
    assert [case.name for case in CASES.glob("*aicert*") if f'"{case.name}"' not in tried] == []


@pytest.mark.parametrize("change", ["roots", "at", "policy", "containers"])
def test_every_argument_counts(change: str) -> None:
    wrong: Json = {
        "roots": None,
        "at": "2090-01-01",
        "policy": {"measurements": {"0": "00" * 32}},
        "containers": {"registry.example/other:1": IMAGE.id},
    }
    errors = {"roots": libattest.UntrustedChain, "at": libattest.UntrustedChain}
    with pytest.raises(errors.get(change, libattest.PolicyMismatch)):
        aicert.verify(**{**arguments("good-aicert-build"), change: wrong[change]})


@pytest.mark.parametrize(
    "proof",
    [
        {"remote_attestation": {"simulation_mode": True}},
        {"event_log": [], "remote_attestation": {"simulation_mode": True}},
    ],
)
def test_simulation_is_refused_always(proof: Json) -> None:
    given = arguments("good-aicert-build")
    for act in (lambda: aicert.verify(**{**given, "proof": proof}), lambda: aicert.inspect(proof)):
        with pytest.raises(libattest.MalformedProof, match="simulation"):
            act()


# What has to be given


def test_without_a_policy() -> None:
    given = arguments("good-aicert-build")
    nothing: list[Path] = []
    for policy in (None, nothing):
        with pytest.raises(libattest.UsageError, match=r"measurements_azure\.json"):
            aicert.verify(**{**given, "policy": policy})


def test_a_map_of_containers_is_not_enough() -> None:
    given = arguments("good-aicert-build")
    for policy in (given["containers"], {"format": "libattest-policy-v1", "platforms": ["added"]}):
        with pytest.raises(libattest.Inconclusive) as caught:
            aicert.verify(**{**given, "policy": policy})
        assert caught.value.result is not None


@pytest.mark.parametrize(
    "policy",
    [
        {"events": {"8": {"rules": [{"json": {"event_type": "outputs"}}]}}},
        {"events": {"12": {"rules": []}}},
        {"pcrs": {"12": "zero"}},
        {"pcrs": {"8": "quoted"}},
        {"pcrs": {"0": "quoted", "12": "quoted"}},
    ],
    ids=str,
)
def test_what_is_no_golden_value_of_the_boot(policy: Json) -> None:
    """The library holds these against something, but nothing of it says which software wrote the events."""
    given = arguments("good-aicert-build")
    result = libattest.verify(given["proof"], policy=given["policy"], roots=given["roots"], at=given["at"])
    values = {str(pcr.index): pcr.value.hex() for pcr in result.pcrs}
    if "pcrs" in policy:
        policy = {"pcrs": {key: values[key] if pin == "quoted" else pin for key, pin in policy["pcrs"].items()}}
    policy = {"format": "libattest-policy-v1", **policy}
    assert libattest.verify(given["proof"], policy=policy, roots=given["roots"], at=given["at"]).verified
    with pytest.raises(libattest.Inconclusive, match="no policy pins PCR 4"):
        aicert.verify(**{**given, "policy": policy})


def test_firmware_that_started_nothing() -> None:
    """PCR 4 with a separator alone: no image was measured before the rest was."""
    given = arguments("good-aicert-build")
    result = libattest.verify(given["proof"], policy=given["policy"], roots=given["roots"], at=given["at"])
    (pcr,) = (pcr for pcr in result.pcrs if pcr.index == 4)
    _golden.require_pins(result)
    for size, bank in ((20, "sha1"), (32, "sha256"), (48, "sha384")):
        separator = hashlib.new(bank, bytes(size) + hashlib.new(bank, bytes(4)).digest()).digest()
        for value in (separator, bytes(size)):
            result.__dict__["pcrs"] = (replace(pcr, value=value),)
            with pytest.raises(libattest.Inconclusive, match="no policy pins PCR 4"):
                _golden.require_pins(result)


@pytest.mark.parametrize("pcr", [0, 4, 7])
def test_rules_for_the_boot_need_its_log(pcr: int) -> None:
    rules = {str(pcr): {"rules": [{"name": "kernel", "digest": "ab" * 32}, {"anything": "the rest", "count": "any"}]}}
    policy = {"format": "libattest-policy-v1", "events": rules}
    with pytest.raises(libattest.PolicyMismatch, match="its events are not known"):
        aicert.verify(**{**arguments("good-aicert-build"), "policy": policy})


def test_golden_file_as_it_is() -> None:
    given = arguments("good-aicert-build")
    pins = json.loads(given["policy"].read_text())["pcrs"]
    assert aicert.verify(**{**given, "policy": {"measurements": pins}}).verified


@pytest.mark.parametrize("name", ["good-blindllama-v2", "good-azure-like-rsassa"])
def test_other_formats(name: str) -> None:
    with pytest.raises(libattest.UsageError, match="no proof of AICert"):
        aicert.verify(**arguments(name))
    with pytest.raises(libattest.UsageError, match="no proof of AICert"):
        aicert.inspect(CASES / name / "proof.json")


def test_resettable_pcr() -> None:
    given = arguments("good-aicert-v1")
    with pytest.raises(libattest.PolicyMismatch, match="PCR 16") as caught:
        aicert.verify(**given)
    assert caught.value.status == "ATTEST_E_RESETTABLE"
    assert caught.value.result is not None
    build = aicert.verify(**given, resettable=True)
    assert build.images == (IMAGE,)
    accepting = arguments("good-aicert-v1-containers")["policy"]
    with pytest.raises(libattest.Inconclusive):
        aicert.verify(**{**given, "policy": accepting}, resettable=True)
    assert aicert.verify(**{**given, "policy": [given["policy"], accepting]}, resettable=True).images == (IMAGE,)


@pytest.mark.parametrize("containers", [[], (), "", b"", {}, False], ids=repr)
def test_containers_that_are_none(containers: Any) -> None:
    """Only None is no map: an empty list of files would let every image pass."""
    with pytest.raises((TypeError, FileNotFoundError, libattest.InvalidPolicy)):
        aicert.verify(**{**arguments("good-aicert-build"), "containers": containers})


@pytest.mark.parametrize("value", ["no", 1, None], ids=repr)
def test_resettable_is_true_or_false(value: Any) -> None:
    with pytest.raises(TypeError, match="resettable: True or False was expected"):
        aicert.verify(**arguments("good-aicert-v1"), resettable=value)


# Only what is proven


@pytest.mark.parametrize("name", ["containers-hidden-by-double", "containers-hidden-in-array"])
def test_events_that_a_lenient_reader_would_read(name: str) -> None:
    """Without a map the library lets them pass: they say nothing. Here they could hide an input."""
    given = {**arguments(name), "containers": None}
    libattest.verify(given["proof"], policy=given["policy"], roots=given["roots"], at=given["at"])
    with pytest.raises(libattest.LogMismatch) as caught:
        aicert.verify(**given)
    assert caught.value.status == "ATTEST_E_LOG_STRUCTURE"


def test_image_that_calls_itself_something_else_too() -> None:
    images = aicert.verify(**{**arguments("containers-hidden-by-type"), "containers": None}).images
    assert [image.name for image in images] == ["registry.example/finetune:2.0", "registry.example/other:1"]


@pytest.mark.parametrize("change", [{"proven": False}, {"pcr": 8}, {"digest": "00" * 32}, {"digest": None}])
def test_claimed_event_is_never_proven(change: Json) -> None:
    text = event("input_image", {"spec": {"image_name": "a"}, "resolved": {"id": "b"}})
    digest = hashlib.sha256(text.encode()).hexdigest()
    fields: Json = {
        "pcr": 14,
        "number": 0,
        "log": 0,
        "type": "input_image",
        "text": text,
        "digest": digest,
        "proven": True,
    }
    proven: Any = SimpleNamespace(events=(libattest.Event(**fields),))
    assert aicert._proven(proven, [(14, text)], False) == [(14, text)]
    claimed: Any = SimpleNamespace(events=(libattest.Event(**{**fields, **change}),))
    with pytest.raises(libattest.LogMismatch, match="proves no such event"):
        aicert._proven(claimed, [(14, text)], False)


def test_policy_of_another_bank() -> None:
    given = arguments("good-aicert-build")
    policy = {"format": "libattest-policy-v1", "bank": "sha384", "pcrs": {"0": "00" * 48}}
    with pytest.raises(libattest.PolicyMismatch):
        aicert.verify(**{**given, "policy": policy, "containers": None})


# Claims


def test_inspection_says_the_same_and_is_not_verified() -> None:
    claims = aicert.inspect(CASES / "aicert-output-changed/proof.json")
    assert claims.verified is False
    assert not isinstance(claims, aicert.Build)
    assert not hasattr(claims, "check_output")
    assert "verified=False" in repr(claims)
    assert claims.images == (IMAGE,)
    assert claims.outputs[0].hash != "sha256:" + "c3" * 32
    assert claims.inspection["source"] == "blindllama-v1"


SPEC = {"spec": {"resource_proto": {"url": "u"}}, "resolved": {"hash": "h"}}
OUTPUTS = [{"spec": {"path": "p"}, "resolved": {"hash": "h"}}]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '"text"',
        "no JSON",
        event("input_resource", SPEC) + " x",
        '{"event_type": "timing", "event_type": "input_resource"}',
        '{"event_type": "timing", "content": {"a": 1, "a": 2}}',
        '{"event_type": "timing", "content": NaN}',
        '{"event_type": "timing", "content": Infinity}',
        '{"event_type": "timing", "content": ' + "[" * 20000 + "]" * 20000 + "}",
        '{"event_type": "timing", "content": "\\ud800"}',
        event("build_request", {"spec": {"build_request_proto": "text"}}),
        event("build_request", {"spec": {}}),
        event("build_request", None),
        event("input_resource", {**SPEC, "resolved": {}}),
        event("input_resource", {**SPEC, "resolved": {"hash": 1}}),
        event("input_resource", {**SPEC, "spec": {"resource_proto": ["u"]}}),
        event("input_image", {"spec": {"image_name": None}, "resolved": {"id": "i"}}),
        event("input_image", {"spec": {"image_name": "n"}, "resolved": "i"}),
        event("axolotl_configuration", {"resolved": {"hash": "h"}}),
        event("axolotl_configuration", {"spec": {"config_file": {}}}),
    ],
)
def test_event_that_cannot_be_read(text: str) -> None:
    with pytest.raises(libattest.LogMismatch) as caught:
        aicert.inspect(edited(event_log=[text]))
    assert caught.value.status == "ATTEST_E_LOG_STRUCTURE"
    assert caught.value.where == "PCR 14"


@pytest.mark.parametrize("content", [None, {}, [{"spec": {"path": "p"}}], [{"resolved": {"hash": "h"}}], ["p"]])
def test_outputs_that_cannot_be_read(content: object) -> None:
    with pytest.raises(libattest.LogMismatch) as caught:
        aicert.inspect(edited(output_event_log=[event("outputs", content)]))
    assert caught.value.where == "PCR 8"


def test_events_count_only_where_they_belong() -> None:
    inputs = [
        event("input_resource", SPEC),
        event("axolotl_configuration", {"spec": {"config_file": {"a": 1}}, "resolved": {"hash": "h"}}),
    ]
    outputs = event("outputs", OUTPUTS)
    claims = aicert.inspect(edited(event_log=[*inputs, outputs], output_event_log=[*inputs, outputs]))
    assert claims.resources == (aicert.Resource({"url": "u"}, "h"),)
    assert claims.configurations == (aicert.Configuration({"a": 1}, "h"),)
    assert claims.outputs == (aicert.Output("p", "h"),)
    assert [other["event_type"] for other in claims.others] == ["outputs", "input_resource", "axolotl_configuration"]
    older = aicert.inspect(edited(event_log=[*inputs, outputs], output_event_log=None))
    assert older.outputs == (aicert.Output("p", "h"),)
    assert older.others == ()
    assert aicert.inspect(edited(event_log=None, output_event_log=None)).resources == ()


# A job of our own, on a software TPM


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Json:
    return make_job(tmp_path_factory.mktemp("job"))


def verified(job: Json, **changes: object) -> aicert.Build:
    return aicert.verify(**{**{name: job[name] for name in ("proof", "policy", "roots")}, **changes})


def test_long_event_is_read_whole(job: Json) -> None:
    build = verified(job)
    assert len(build.result.events[0].text or "") < len(job["proof"]["event_log"][0])
    assert build.configurations == (aicert.Configuration(CONFIGURATION, "ab" * 32),)
    assert build.others == ({"event_type": "timing", "content": {"spec": {"finetune_time": 1.5}}},)


def test_events_of_another_bank_prove_nothing(job: Json) -> None:
    policy = {"format": "libattest-policy-v1", "bank": "sha384", "pcrs": job["pins"]["sha384"]}
    libattest.verify(job["proof"], policy=policy, roots=job["roots"])
    with pytest.raises(libattest.LogMismatch, match="sha256"):
        verified(job, policy=policy)


def test_outputs(job: Json) -> None:
    build = verified(job)
    assert build.check_output(job["folder"] / "model.zip") == build.outputs[0]
    assert build.check_output(str(job["folder"] / "sub/adapter.bin"), "sub/adapter.bin") == build.outputs[1]


@pytest.mark.parametrize(
    ("path", "name", "message"),
    [
        ("sub/adapter.bin", None, "attests no such output"),
        ("sub/adapter.bin", "model.zip", "not the attested output"),
        ("model.zip", "", "attests no such output"),
    ],
)
def test_file_that_is_not_the_output(job: Json, path: str, name: str | None, message: str) -> None:
    with pytest.raises(aicert.OutputMismatch, match=message):
        verified(job).check_output(job["folder"] / path, name)


def test_file_that_is_missing(job: Json) -> None:
    with pytest.raises(FileNotFoundError):
        verified(job).check_output(job["folder"] / "nowhere", "model.zip")


def with_outputs(*outputs: tuple[str, str]) -> aicert.Build:
    """A build that attests these files."""
    attested = tuple(aicert.Output(path, digest) for path, digest in outputs)
    result: Any = None
    return aicert.Build((), (), (), (), attested, (), result)


def test_folder_of_outputs(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    digests = {}
    for name in ("a", "sub/b"):
        (tmp_path / name).write_text(name)
        digests[name] = hashlib.sha256(name.encode()).hexdigest().upper()
    (tmp_path / "other").write_text("not looked at")
    build = with_outputs(*digests.items())
    assert build.check_outputs(tmp_path) == build.outputs
    (tmp_path / "sub/b").write_text("c")
    with pytest.raises(aicert.OutputMismatch, match="not the attested output"):
        build.check_outputs(tmp_path)
    (tmp_path / "sub/b").unlink()
    with pytest.raises(aicert.OutputMismatch, match="cannot be read"):
        build.check_outputs(tmp_path)


def test_folder_of_no_outputs(tmp_path: Path) -> None:
    with pytest.raises(aicert.OutputMismatch, match="attests no output"):
        with_outputs().check_outputs(tmp_path)
    with pytest.raises(aicert.OutputMismatch, match="attests no output"):
        aicert.verify(**arguments("good-aicert-atls"), outputs=tmp_path)


def test_outputs_outside_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "in").mkdir()
    digest = hashlib.sha256(b"a").hexdigest()
    for path in (str(tmp_path / "a"), "../a", "in/../../a"):
        with pytest.raises(aicert.OutputMismatch, match="leads out"):
            with_outputs((path, digest)).check_outputs(tmp_path / "in")


def test_paths_that_no_file_can_have(tmp_path: Path) -> None:
    for path in ("", ".", "a\0b", "a" * 5000):
        with pytest.raises(aicert.OutputMismatch, match="cannot be read"):
            with_outputs((path, "00" * 32)).check_outputs(tmp_path)


def test_strangers_words_are_escaped(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    hostile = "\x1b[2J\u202e"
    refused: list[Callable[[], object]] = [
        lambda: aicert.inspect(edited(event_log=[hostile])),
        lambda: with_outputs((hostile, "00")).check_outputs(tmp_path),
        lambda: with_outputs((hostile, "00")).check_output(tmp_path / "a"),
    ]
    for act in refused:
        with pytest.raises(libattest.AttestationError) as caught:
            act()
        assert str(caught.value).isprintable()


def test_output_that_is_attested_twice(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    digest = hashlib.sha256(b"a").hexdigest()
    assert with_outputs(("a", digest), ("a", digest)).check_output(tmp_path / "a")
    with pytest.raises(aicert.OutputMismatch, match="more than once"):
        with_outputs(("a", digest), ("a", "00" * 32)).check_output(tmp_path / "a")


def test_outputs_in_one_call(job: Json, tmp_path: Path) -> None:
    assert verified(job, outputs=job["folder"]).outputs
    (tmp_path / "model.bin").write_text("another model")
    with pytest.raises(aicert.OutputMismatch) as caught:
        aicert.verify(**arguments("good-aicert-build"), outputs=tmp_path)
    assert caught.value.expected == "c3" * 32
    assert caught.value.found == hashlib.sha256(b"another model").hexdigest()


@pytest.mark.parametrize("digest", ["", "sha256:", "sha1:" + "ab" * 20, "sha512:" + "ab" * 64])
def test_output_with_another_hash(tmp_path: Path, digest: str) -> None:
    (tmp_path / "a").write_text("a")
    with pytest.raises(aicert.OutputMismatch):
        with_outputs(("a", digest)).check_outputs(tmp_path)


# The real sample


def test_real_build() -> None:
    if not SAMPLE.exists():
        pytest.skip("the real samples are not beside the checkout")
    proof = json.loads(SAMPLE.read_text())
    root = base64.b64decode(proof["remote_attestation"]["cert_chain"][2]["base64"])
    values = {pcr["index"]: pcr["value"] for pcr in libattest.inspect(SAMPLE)["pcrs"]}
    given: Json = {"policy": {"measurements": {"0": values[0], "4": values[4]}}, "at": "2024-01-01"}
    with pytest.raises(libattest.UntrustedChain):
        aicert.verify(SAMPLE, **given)
    with pytest.raises(libattest.PolicyMismatch, match="PCR 16"):
        aicert.verify(SAMPLE, roots=root, **given)
    build = aicert.verify(SAMPLE, roots=root, resettable=True, **given)
    kinds = [other["event_type"] for other in build.others]
    assert kinds == ["start_build", "pull_image", "git_clone", "build_artifacts"]
    with pytest.raises(libattest.LogMismatch):
        aicert.verify({**proof, "event_log": proof["event_log"][:-1]}, roots=root, resettable=True, **given)
    with pytest.raises(libattest.UntrustedChain):
        aicert.verify(SAMPLE, roots=root, resettable=True, **{**given, "at": "2024-07-01"})
