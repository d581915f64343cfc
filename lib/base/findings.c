/* SPDX-License-Identifier: Apache-2.0 */
#include "findings.h"

#include <string.h>

/* NULL for an empty text; `*ok` is cleared without memory. */
static const char *kept(struct arena *arena, const char *text, bool *ok)
{
	const char *copy;

	if (text[0] == '\0')
		return NULL;
	copy = arena_string(arena, slice_of_string(text));
	if (copy == NULL)
		*ok = false;
	return copy;
}

static void add(struct findings *findings, attest_step step, int is_error, const struct attest_error *error,
		const char *hint)
{
	struct attest_finding *item = &findings->items[findings->n];
	bool ok = true;

	if (status_is_internal(error->status)) {
		findings->internal = error->status;
		return;
	}
	if (findings->n == LIMIT_FINDINGS) {
		findings->n_dropped++;
		return;
	}
	*item = (struct attest_finding){.step = step,
					.status = error->status,
					.is_error = is_error,
					.message = kept(findings->arena, error->message, &ok),
					.where = kept(findings->arena, error->where, &ok),
					.expected = kept(findings->arena, error->expected, &ok),
					.found = kept(findings->arena, error->found, &ok),
					.clause = error->clause,
					.hint = hint};
	if (ok)
		findings->n++;
	else
		findings->internal = ATTEST_E_NO_MEMORY;
}

/* What to do about an error of a step, where the check knows nothing better. */
static const char *next_of(attest_step step, attest_status status)
{
	static const char *const next[ATTEST_N_STEPS] = {
		[ATTEST_STEP_PARSE] = "ask the machine for another proof; this one was damaged, or is none",
		[ATTEST_STEP_CHAIN] =
			"do not trust this machine: its certificates are not those of a cloud's attestation key",
		[ATTEST_STEP_AK] =
			"use a restricted attestation key that is fixed to its TPM, with its own certificate",
		[ATTEST_STEP_SIGNATURE] =
			"ask the machine for another proof: this one was changed, or is another key's",
		[ATTEST_STEP_QUOTE] = "ask the machine for a quote (TPM2_Quote): its key signed something else",
		[ATTEST_STEP_NONCE] = "ask the machine for a new proof with a nonce of your own",
		[ATTEST_STEP_PCRS] = "ask the machine for another proof: its PCR values do not belong to its quote",
		[ATTEST_STEP_LOG] = "ask the machine for a proof with the logs as they were measured",
		[ATTEST_STEP_POLICY] = "run what the policy demands; or change this place of it, if you mean it",
		[ATTEST_STEP_TLS] =
			"do not send data to the holder of this key; ask for a new proof with a nonce of your own",
	};

	switch (status) {
	case ATTEST_E_SIMULATION:
		return "make the proof on a machine with a TPM, and not in simulation mode";
	case ATTEST_E_TPM_STRUCTURE:
		return "give the structure as the TPM marshals it, whole and with nothing behind it";
	case ATTEST_E_CERTIFICATE:
		return "give the certificate as it was issued, whole and with nothing behind it";
	case ATTEST_E_KEY_MISMATCH:
		return "do not trust this proof; a genuine one has the key and the certificate of one attestation key";
	case ATTEST_E_CRL:
		return "give CRLs as their issuers publish them, in DER or PEM";
	case ATTEST_E_PCR_SELECTION:
		return "ask the machine for a quote over the PCRs of the policy, and for the values of just these";
	default:
		return next[step];
	}
}

void finding_error(struct findings *findings, attest_step step, const struct attest_error *error, const char *hint)
{
	findings->step_failed[step] = true;
	add(findings, step, 1, error, hint != NULL ? hint : next_of(step, error->status));
}

void finding_note(struct findings *findings, attest_step step, const struct attest_error *error, const char *hint)
{
	add(findings, step, 0, error, hint);
}
