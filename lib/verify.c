/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one composer: runs the steps in their order and decides. A step's function sets its own status and adds its
 * findings; nothing here parses or computes.
 */
#include "run.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "evidence/key.h"
#include "evidence/spki.h"

DEFINE_DEFER(attest_result, attest_result_free);

bool run_passed(const struct run *run, attest_step step)
{
	return run->result->steps[step] == ATTEST_PASSED;
}

bool run_is_authentic(const struct run *run)
{
	return run_passed(run, ATTEST_STEP_SIGNATURE) && run_passed(run, ATTEST_STEP_QUOTE);
}

static void set(struct run *run, attest_step step, attest_step_status status)
{
	run->result->steps[step] = status;
}

/* The step holds or not; its error becomes a finding. */
static void conclude(struct run *run, attest_step step, const struct attest_error *error, const char *hint)
{
	set(run, step, error->status == ATTEST_OK ? ATTEST_PASSED : ATTEST_FAILED);
	if (error->status != ATTEST_OK)
		finding_error(run->findings, step, error, hint);
}

/* A note without place. */
static void note(struct run *run, attest_step step, attest_status status, const char *message, const char *hint)
{
	struct attest_error e = {0};

	(void)fail(&e, status, NULL, "%s", message);
	finding_note(run->findings, step, &e, hint);
}

/* chain: also finds the key. */

static void key_without_certificate(struct run *run, struct attest_error *e)
{
	struct tpm_public public;

	if (run->proof.ak_spki.len != 0) {
		(void)key_from_spki(run->proof.ak_spki, &run->own_key, e);
	} else if (run->proof.ak_public.len != 0 && tpm_public_parse(run->proof.ak_public, &public, e) == ATTEST_OK) {
		(void)tpm_public_key(&public, &run->own_key, e);
	}
	if (run->own_key != NULL && key_check_strength(run->own_key, e) == ATTEST_OK)
		run->key = run->own_key;
}

static void check_chain(struct run *run)
{
	const struct attest_options *o = run->options;
	struct trust_store *store = &run->verifier->store;
	bool valid;

	chain_read(&run->chain, store, run->proof.certificates, run->proof.n_certificates, run->findings);
	chain_read_given(&run->chain, store, o->certificates, o->n_certificates, run->findings);
	revocation_read(&run->revocation, o->crls, o->n_crls, run->findings);
	valid = chain_validate(&run->chain, store, o->time, run->findings) &&
		revocation_check(&run->revocation, &run->chain, o->require_crls != 0, o->time, run->findings);
	set(run, ATTEST_STEP_CHAIN, valid ? ATTEST_PASSED : ATTEST_FAILED);
	run->key = run->chain.n_certificates > 0 ? run->chain.certificates[0]->key : NULL;
	links_tell(run);
}

static void step_chain(struct run *run)
{
	struct attest_error e = {0};

	if (run->proof.n_certificates > 0) {
		check_chain(run);
		return;
	}
	set(run, ATTEST_STEP_CHAIN, ATTEST_NOT_PRESENT);
	(void)fail(&e, ATTEST_E_NO_CERTIFICATE, NULL,
		   "there is no AK certificate: nothing says that this key lives in a TPM");
	finding_error(run->findings, ATTEST_STEP_CHAIN, &e, "give the AK's certificate chain (--ak-cert)");
	error_clear(&e);
	key_without_certificate(run, &e);
	if (e.status != ATTEST_OK)
		finding_error(run->findings, ATTEST_STEP_SIGNATURE, &e, NULL);
}

/* A bare key given beside the certificates must be theirs. */
static void compare_spki(struct run *run, struct attest_error *e)
{
	struct digest digest;

	if (digest_compute(ALG_SHA256, &run->proof.ak_spki, 1, &digest, e) == ATTEST_OK &&
	    memcmp(digest.bytes, run->chain.certificates[0]->spki_sha256, 32) != 0)
		(void)fail(e, ATTEST_E_KEY_MISMATCH, NULL, "the AK given and the AK certificate hold different keys");
}

static void step_ak(struct run *run)
{
	struct attest_error e = {0};

	if (run->proof.ak_spki.len != 0 && run->chain.n_certificates > 0)
		compare_spki(run, &e);
	if (e.status != ATTEST_OK) {
		conclude(run, ATTEST_STEP_AK, &e, NULL);
	} else if (run->proof.ak_public.len == 0) {
		set(run, ATTEST_STEP_AK, ATTEST_NOT_PRESENT);
	} else if (run->key != NULL) {
		bool signature_read = run->signature_error.status == ATTEST_OK;

		(void)ak_check_public(run->proof.ak_public, run->key, signature_read ? &run->signature : NULL, &e);
		conclude(run, ATTEST_STEP_AK, &e, NULL);
	}
}

static void step_signature(struct run *run)
{
	struct attest_error e = run->signature_error;

	if (e.status == ATTEST_OK && run->key == NULL)
		return;
	if (e.status == ATTEST_OK)
		(void)ak_check_signature(run->key, &run->signature, run->proof.attest, &e);
	conclude(run, ATTEST_STEP_SIGNATURE, &e,
		 e.status == ATTEST_E_SIGNATURE ? "the quote was changed, or it belongs to another AK certificate"
						: NULL);
}

static void step_quote(struct run *run)
{
	struct attest_error e = {0};

	(void)quote_parse(run->proof.attest, &run->quote, &e);
	conclude(run, ATTEST_STEP_QUOTE, &e, NULL);
}

static bool policy_demands(const struct run *run, enum requirement what, enum requirement (*of)(const struct policy *))
{
	for (size_t i = 0; i < run->verifier->n_policies; i++)
		if (of(run->verifier->policies[i]) == what)
			return true;
	return false;
}

static enum requirement nonce_of(const struct policy *policy)
{
	return policy->nonce;
}

static enum requirement tls_of(const struct policy *policy)
{
	return policy->tls;
}

static struct slice asked_nonce(const struct run *run)
{
	return slice_of(run->options->nonce, run->options->nonce == NULL ? 0 : run->options->nonce_len);
}

static struct slice asked_exporter(const struct run *run)
{
	return slice_of(run->options->tls_exporter, run->options->tls_exporter == NULL ? 0 : TLS_EXPORTER_SIZE);
}

static void nonce_fail(struct slice want, struct slice got, const char *message, struct attest_error *e)
{
	char hex[HEX_SIZE(LIMIT_NONCE_BYTES)];

	hex_encode(want, hex);
	error_expected(e, "%s", want.len == 0 ? "(empty)" : hex);
	hex_encode(got, hex);
	error_found(e, "%s", got.len == 0 ? "(empty)" : hex);
	(void)fail(e, ATTEST_E_NONCE, "TPM 2.0 Part 2, 10.12.8 (extraData)", "%s", message);
}

/* extraData must be exactly what the caller's nonce makes of it. */
static void check_asked_nonce(struct run *run, struct attest_error *e)
{
	struct slice extra = slice_of(run->quote.extra, run->quote.extra_len), want = asked_nonce(run);
	struct digest binding;

	if (run->proof.tls_binding == TLS_IN_QUOTE) {
		if (tls_quote_binding(want, digest_slice(&run->tls_digest), asked_exporter(run), &binding, e) !=
		    ATTEST_OK)
			return;
		want = digest_slice(&binding);
	}
	if (!slice_equal(extra, want))
		nonce_fail(want, extra,
			   "the quote does not carry the expected nonce: it is old, or was made for somebody else", e);
}

static void step_nonce(struct run *run)
{
	struct slice extra = slice_of(run->quote.extra, run->quote.extra_len);
	bool in_quote = run->proof.tls_binding == TLS_IN_QUOTE;
	struct attest_error e = {0};

	if (!run_is_authentic(run) || (in_quote && run->tls_error.status != ATTEST_OK))
		return;
	if (!in_quote && run->proof.has_nonce && !slice_equal(run->proof.nonce, extra))
		nonce_fail(extra, run->proof.nonce, "the proof's own nonce is not the one in its quote", &e);
	if (e.status == ATTEST_OK && run->options->nonce != NULL)
		check_asked_nonce(run, &e);
	if (e.status != ATTEST_OK || run->options->nonce != NULL) {
		conclude(run, ATTEST_STEP_NONCE, &e, NULL);
		return;
	}
	if (policy_demands(run, REQUIRED, nonce_of)) {
		(void)fail(&e, ATTEST_E_NONCE_REQUIRED, NULL, "the policy demands a nonce, and none was given");
		finding_error(run->findings, ATTEST_STEP_NONCE, &e,
			      "give the nonce that the proof was asked with (--nonce)");
		return;
	}
	note(run, ATTEST_STEP_NONCE, ATTEST_E_NONCE,
	     "no nonce was given: freshness is unproven, an old proof would look the same", NULL);
}

static void step_pcrs(struct run *run)
{
	struct attest_error e = {0};

	if (!run_is_authentic(run))
		return;
	(void)pcrs_match(&run->arena, &run->quote, run->signature.hash, &run->proof.pcrs, &run->pcrs, &e);
	conclude(run, ATTEST_STEP_PCRS, &e, NULL);
}

static bool is_quoted(const struct run *run, const struct log *log, uint8_t pcr)
{
	for (size_t i = 0; i < run->pcrs.n; i++)
		if (run->pcrs.values[i].index == pcr &&
		    (log->only_bank == 0 || log->only_bank == run->pcrs.values[i].value.alg))
			return true;
	return false;
}

/* Events of a PCR that the quote does not cover prove nothing. */
static void note_unquoted(struct run *run, const struct log *log, uint32_t pcrs)
{
	for (uint8_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		struct attest_error e = {0};

		if ((pcrs >> pcr & 1) == 0 || is_quoted(run, log, pcr))
			continue;
		error_where(&e, "%s, PCR %u", log->place, pcr);
		(void)fail(&e, ATTEST_E_PCR_SELECTION, NULL,
			   "the log has events of a PCR that was not quoted: they prove nothing");
		finding_note(run->findings, ATTEST_STEP_LOG, &e, NULL);
	}
}

/* A log that explains no quoted value was not checked by anything. */
static void refuse_idle(struct run *run)
{
	for (size_t i = 0; i < run->proof.n_logs; i++) {
		const struct log *log = &run->proof.logs[i];
		struct attest_error e = {0};

		note_unquoted(run, log, run->replay.logs[i].pcrs);
		if (run->replay.logs[i].broken || run->replay.logs[i].explains)
			continue;
		error_where(&e, "%s", log->place);
		(void)fail(&e, ATTEST_E_LOG_MISMATCH, NULL,
			   "the log explains nothing: none of its PCRs was quoted in a bank for which it has digests");
		finding_error(run->findings, ATTEST_STEP_LOG, &e,
			      "ask for a quote over the PCRs and banks of this log");
	}
}

/* The prover chooses what is quoted, not what is believed: the banks of the policies, and SHA-256 without one. */
static uint8_t believed_banks(const struct run *run)
{
	unsigned banks = 0;

	for (size_t i = 0; i < run->verifier->n_policies; i++)
		banks |= 1u << digest_index(run->verifier->policies[i]->bank);
	return (uint8_t)(banks != 0 ? banks : 1u << digest_index(ALG_SHA256));
}

static void step_log(struct run *run)
{
	struct attest_error e = {0};

	if (run->proof.n_logs == 0)
		set(run, ATTEST_STEP_LOG, ATTEST_NOT_PRESENT);
	if (!run_passed(run, ATTEST_STEP_PCRS))
		return;
	if (replay_logs(&run->replay, &run->pcrs, run->proof.logs, run->proof.n_logs, run->findings, &e) != ATTEST_OK) {
		conclude(run, ATTEST_STEP_LOG, &e, NULL);
		return;
	}
	replay_demand(&run->replay, believed_banks(run));
	refuse_idle(run);
	if (run->findings->step_failed[ATTEST_STEP_LOG])
		set(run, ATTEST_STEP_LOG, ATTEST_FAILED);
	else if (run->proof.n_logs > 0)
		set(run, ATTEST_STEP_LOG, ATTEST_PASSED);
}

static bool has_golden_values(const struct run *run)
{
	for (size_t i = 0; i < run->verifier->n_policies; i++)
		if (policy_has_golden_values(run->verifier->policies[i]))
			return true;
	return false;
}

/* A rule about platforms cannot be checked where no chain proves one. */
static bool platform_is_unchecked(const struct run *run)
{
	for (size_t i = 0; i < run->verifier->n_policies; i++)
		if (run->verifier->policies[i]->n_platforms > 0 && !run_passed(run, ATTEST_STEP_CHAIN))
			return true;
	return false;
}

static void step_policy(struct run *run)
{
	struct evidence evidence = {&run->proof, &run->pcrs, &run->replay,
				    run_passed(run, ATTEST_STEP_CHAIN) ? run->chain.platform : NULL,
				    run->options->time};
	struct attest_error e = {0};

	if (!has_golden_values(run))
		note(run, ATTEST_STEP_POLICY, ATTEST_E_INCONCLUSIVE,
		     "there are no golden values to compare with: nothing is said about the software of this machine",
		     "give a policy (--policy FILE)");
	if (!run_passed(run, ATTEST_STEP_PCRS) || run->verifier->n_policies == 0)
		return;
	(void)policies_check_vendor(run->verifier->policies, run->verifier->n_policies, evidence.platform,
				    run->findings);
	for (size_t i = 0; e.status == ATTEST_OK && i < run->verifier->n_policies; i++)
		(void)policy_evaluate(run->verifier->policies[i], &evidence, run->findings, &e);
	if (e.status != ATTEST_OK)
		conclude(run, ATTEST_STEP_POLICY, &e, NULL);
	else if (run->findings->step_failed[ATTEST_STEP_POLICY])
		set(run, ATTEST_STEP_POLICY, ATTEST_FAILED);
	else if (has_golden_values(run) && !platform_is_unchecked(run))
		set(run, ATTEST_STEP_POLICY, ATTEST_PASSED);
}

static void tls_absent(struct run *run)
{
	struct attest_error e = {0};

	if (run->options->tls_pin == NULL && run->options->tls_exporter == NULL &&
	    !policy_demands(run, REQUIRED, tls_of)) {
		set(run, ATTEST_STEP_TLS,
		    policy_demands(run, OPTIONAL, tls_of) ? ATTEST_NOT_REQUIRED : ATTEST_NOT_PRESENT);
		return;
	}
	(void)fail(&e, ATTEST_E_TLS_REQUIRED, NULL, "an attested TLS key is required, and the proof has none");
	conclude(run, ATTEST_STEP_TLS, &e,
		 "ask the server for a proof that names its TLS key; \"tls\": \"optional\" in the policy gives up this "
		 "check");
}

static void check_pin(struct run *run, struct attest_error *e)
{
	char pin[ATTEST_PIN_SIZE];

	if (run->options->tls_pin == NULL || spki_pin(run->tls_spki, pin, e) != ATTEST_OK ||
	    strcmp(run->options->tls_pin, pin) == 0)
		return;
	error_expected(e, "%.80s", run->options->tls_pin);
	error_found(e, "%s", pin);
	(void)fail(e, ATTEST_E_TLS_PIN, NULL, "the attested TLS key is not the expected one");
}

static void step_tls(struct run *run)
{
	struct attest_error e = run->tls_error;

	if (run->proof.tls_binding == TLS_NONE) {
		tls_absent(run);
		return;
	}
	if (e.status == ATTEST_OK) {
		struct tls_freshness fresh = {run->proof.has_nonce ? run->proof.nonce : asked_nonce(run),
					      asked_exporter(run)};

		if (!run_passed(run, ATTEST_STEP_PCRS) || !run->replay.done)
			return;
		(void)tls_check_binding(&run->proof, &run->quote, &run->pcrs, &run->replay, &fresh,
					digest_slice(&run->tls_digest), &e);
	}
	if (e.status == ATTEST_OK)
		check_pin(run, &e);
	conclude(run, ATTEST_STEP_TLS, &e,
		 e.status == ATTEST_E_TLS_PIN
			 ? "do not send data to the holder of this key, unless the server's key was meant to change"
			 : NULL);
}

/*
 * Verified: every step that applies ran and passed. For each step the statuses that this allows; anything else refuses,
 * even if no finding says why.
 */
static bool holds(const struct run *run)
{
	enum {
		P = 1 << ATTEST_PASSED,
		A = 1 << ATTEST_NOT_PRESENT,
		R = 1 << ATTEST_NOT_REQUIRED,
		C = 1 << ATTEST_NOT_CHECKED
	};
	static const int allowed[ATTEST_N_STEPS] = {
		[ATTEST_STEP_PARSE] = P,
		[ATTEST_STEP_CHAIN] = P,
		[ATTEST_STEP_AK] = P | A,
		[ATTEST_STEP_SIGNATURE] = P,
		[ATTEST_STEP_QUOTE] = P,
		[ATTEST_STEP_NONCE] = P | C, /* without a nonce: the account says that freshness is unproven */
		[ATTEST_STEP_PCRS] = P,
		[ATTEST_STEP_LOG] = P | A,
		[ATTEST_STEP_POLICY] = P | C, /* C: inconclusive */
		[ATTEST_STEP_TLS] = P | A | R,
	};

	for (size_t i = 0; i < ATTEST_N_STEPS; i++)
		if ((allowed[i] >> run->result->steps[i] & 1) == 0 || run->findings->step_failed[i])
			return false;
	return run->options->nonce == NULL || run_passed(run, ATTEST_STEP_NONCE);
}

/* In the order of the steps; stable. */
static void sort_findings(struct findings *findings)
{
	for (size_t i = 1; i < findings->n; i++)
		for (size_t k = i; k > 0 && findings->items[k - 1].step > findings->items[k].step; k--) {
			struct attest_finding moved = findings->items[k];

			findings->items[k] = findings->items[k - 1];
			findings->items[k - 1] = moved;
		}
}

static void decide(struct run *run)
{
	attest_result *r = run->result;

	sort_findings(run->findings);
	if (holds(run)) {
		r->verdict = run_passed(run, ATTEST_STEP_POLICY) ? ATTEST_VERIFIED : ATTEST_INCONCLUSIVE;
		r->status = r->verdict == ATTEST_VERIFIED ? ATTEST_OK : ATTEST_E_INCONCLUSIVE;
		return;
	}
	r->verdict = ATTEST_REFUSED;
	r->facts.tls_kind = r->facts.tls_pin = r->facts.tls_pem =
		NULL; /* nobody shall use the key of a refused proof */
	r->status = ATTEST_E_INTERNAL;
	for (size_t i = r->findings.n; i > 0; i--)
		if (r->findings.items[i - 1].is_error)
			r->status = r->findings.items[i - 1].status;
}

static void run_steps(struct run *run)
{
	set(run, ATTEST_STEP_PARSE, ATTEST_PASSED);
	(void)tpm_signature_parse(run->proof.signature, &run->signature, &run->signature_error);
	if (run->proof.tls_binding != TLS_NONE)
		(void)tls_key(&run->proof, &run->tls_spki, &run->tls_digest, &run->tls_error);
	step_chain(run);
	step_ak(run);
	step_signature(run);
	step_quote(run);
	step_nonce(run);
	step_pcrs(run);
	step_log(run);
	step_policy(run);
	step_tls(run);
	explain_mismatches(run);
	account_tell(run);
}

static bool is_complete(const struct attest_bytes *list, size_t n)
{
	bool complete = list != NULL || n == 0;

	for (size_t i = 0; complete && i < n; i++)
		complete = list[i].data != NULL || list[i].len == 0;
	return complete;
}

static attest_status check_options(const struct attest_options *options, struct attest_error *error)
{
	if (options->size != sizeof(*options))
		return fail(error, ATTEST_E_USAGE, NULL,
			    "struct attest_options was not set up with ATTEST_OPTIONS_INIT");
	if (options->time == ATTEST_TIME_UNSET)
		return fail(error, ATTEST_E_USAGE, NULL, "no verification time was given");
	if ((options->nonce != NULL) != (options->nonce_len != 0) || options->nonce_len > LIMIT_NONCE_BYTES)
		return fail(error, ATTEST_E_USAGE, NULL,
			    "a nonce has 1 to %u bytes; nonce and nonce_len are given together", LIMIT_NONCE_BYTES);
	if (options->tls_pin != NULL &&
	    (strlen(options->tls_pin) != ATTEST_PIN_SIZE - 1 || memcmp(options->tls_pin, "sha256//", 8) != 0))
		return fail(error, ATTEST_E_USAGE, NULL, "a TLS pin is \"sha256//\" and 44 characters of base64");
	if (!is_complete(options->certificates, options->n_certificates) ||
	    !is_complete(options->crls, options->n_crls))
		return fail(error, ATTEST_E_USAGE, NULL, "certificates or CRLs have a length and no data");
	return ATTEST_OK;
}

/* Parse with `parts`, or with `text` where that is NULL; then run. */
static attest_status verify(attest_verifier *verifier, const struct attest_options *options, struct slice text,
			    const struct attest_parts *parts, attest_result **ret_result, struct attest_error *error)
{
	DEFER(attest_result_free_deferred) attest_result *result = calloc(1, sizeof(*result));
	struct run run = {.verifier = verifier, .options = options, .result = result};
	struct attest_error e = {0};
	attest_status status = check_options(options, error);

	if (status != ATTEST_OK)
		return status;
	if (result == NULL)
		return fail_memory(error);
	ERR_clear_error();
	atomic_store(&verifier->in_use, true);
	run.findings = &result->findings;
	run.findings->arena = &result->arena;
	if (parts != NULL)
		(void)proof_parse_parts(&run.proof, &run.arena, parts, &e);
	else
		(void)proof_parse(&run.proof, &run.arena, text, &e);
	if (e.status == ATTEST_OK)
		run_steps(&run);
	else
		conclude(&run, ATTEST_STEP_PARSE, &e, NULL);
	decide(&run);
	chain_clear(&run.chain);
	revocation_clear(&run.revocation);
	EVP_PKEY_free(run.own_key);
	proof_free(&run.proof);
	arena_free(&run.arena);
	ERR_clear_error();
	if (run.findings->internal != ATTEST_OK)
		return run.findings->internal == ATTEST_E_NO_MEMORY
			       ? fail_memory(error)
			       : fail(error, run.findings->internal, NULL,
				      "libcrypto failed without a reason; nothing was decided");
	status = result->status;
	if (ret_result != NULL)
		*ret_result = TRANSFER(result);
	return status;
}

/* The first error finding, for callers who want no more. */
static void explain(const attest_result *result, struct attest_error *error)
{
	for (size_t i = 0; error->status == ATTEST_OK && i < result->findings.n; i++) {
		const struct attest_finding *f = &result->findings.items[i];

		if (!f->is_error && result->verdict == ATTEST_REFUSED)
			continue;
		if (f->status != result->status)
			continue;
		(void)fail(error, f->status, f->clause, "%s", f->message);
		error_where(error, "%s", f->where == NULL ? "" : f->where);
		error_expected(error, "%s", f->expected == NULL ? "" : f->expected);
		error_found(error, "%s", f->found == NULL ? "" : f->found);
	}
}

static attest_status verify_and_explain(attest_verifier *verifier, const struct attest_options *options,
					struct slice text, const struct attest_parts *parts, attest_result **ret_result,
					struct attest_error *error)
{
	DEFER(attest_result_free_deferred) attest_result *result = NULL;
	struct attest_error e = {0};
	attest_status status = verify(verifier, options, text, parts, &result, &e);

	if (result != NULL && status != ATTEST_OK)
		explain(result, &e);
	if (error != NULL && status != ATTEST_OK)
		*error = e;
	if (ret_result != NULL && result != NULL)
		*ret_result = TRANSFER(result);
	return status;
}

attest_status attest_verify(attest_verifier *verifier, const struct attest_options *options, const void *proof,
			    size_t len, attest_result **ret_result, struct attest_error *error)
{
	return verify_and_explain(verifier, options, slice_of(proof, len), NULL, ret_result, error);
}

static attest_status check_parts(const struct attest_parts *parts, struct attest_error *error)
{
	const struct attest_bytes *const all[] = {&parts->quote, &parts->signature, &parts->pcrs, &parts->ak,
						  &parts->ak_chain};
	bool bad = parts->size == sizeof(*parts) && parts->n_logs > 0 && parts->logs == NULL;

	if (parts->size != sizeof(*parts))
		return fail(error, ATTEST_E_USAGE, NULL, "struct attest_parts was not set up with ATTEST_PARTS_INIT");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		bad = bad || (all[i]->data == NULL && all[i]->len != 0);
	for (size_t i = 0; !bad && i < parts->n_logs; i++)
		bad = parts->logs[i].data == NULL;
	return bad ? fail(error, ATTEST_E_USAGE, NULL, "a part of struct attest_parts has a length and no data")
		   : ATTEST_OK;
}

attest_status attest_verify_parts(attest_verifier *verifier, const struct attest_options *options,
				  const struct attest_parts *parts, attest_result **ret_result,
				  struct attest_error *error)
{
	struct attest_error e = {0};

	if (check_parts(parts, &e) != ATTEST_OK) {
		if (error != NULL)
			*error = e;
		return e.status;
	}
	return verify_and_explain(verifier, options, slice_of(NULL, 0), parts, ret_result, error);
}
