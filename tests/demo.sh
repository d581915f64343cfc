#!/bin/sh
# Usage: tests/demo.sh BUILD    A proof is verified; then a copy with other model weights is refused. (make demo)
set -eu
verify=$1/attest-verify
demo=testdata/demo
at=2026-06-01
tampered=$1/tampered.json

show() {
	echo "\$ attest-verify $*"
	rc=0
	"$verify" "$@" || rc=$?
	echo "exit code $rc"
	echo
	return $rc
}

echo "== A machine's proof, against the policy of the software it should run"
echo
show --at $at --root $demo/root.pem --policy $demo/policy.json $demo/proof.json

echo "== The same proof, but its log claims other model weights"
echo
sed 's/model-8b\.safetensors/model-9b.safetensors/' $demo/proof.json >"$tampered"
if show --at $at --root $demo/root.pem --policy $demo/policy.json "$tampered"; then
	echo "The tampered proof was accepted: this must never happen." >&2
	exit 1
fi
echo "The genuine proof was verified, the tampered one refused."
