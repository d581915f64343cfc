/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one composer: runs the steps in their order and fills the result. A step's function sets its own status and adds
 * its findings; nothing here parses or computes.
 */
#include <openssl/err.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "evidence/key.h"
#include "evidence/spki.h"
#include "policy/policy.h"
#include "result.h"
#include "trust/ak.h"
#include "trust/chain.h"
#include "trust/tls.h"

struct attest_verifier {
	struct trust_store store;
	struct policy *policies[LIMIT_POLICIES];
	size_t n_policies;
	atomic_bool in_use;
};

DEFINE_DEFER(attest_result, attest_result_free);
DEFINE_DEFER(json_t, json_decref);

/* One verification on its way. */
struct run {
	attest_verifier *verifier;
	const struct attest_options *options;
	struct arena arena; /* for what ends with the run */
	struct proof proof;
	attest_result *result;
	struct findings *findings;
	struct chain chain;
	EVP_PKEY *own_key; /* of an AK without certificate; owned */
	EVP_PKEY *key;     /* the one to verify with; borrowed, or NULL */
	struct tpm_signature signature;
	struct attest_error signature_error;
	struct quote quote;
	struct pcr_values pcrs;
	struct replay replay;
	struct slice tls_spki;
	struct digest tls_digest;
	struct attest_error tls_error;
};

static bool passed(const struct run *run, attest_step step)
{
	return run->result->steps[step] == ATTEST_PASSED;
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

static bool authentic(const struct run *run)
{
	return passed(run, ATTEST_STEP_SIGNATURE) && passed(run, ATTEST_STEP_QUOTE);
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

static void step_chain(struct run *run)
{
	struct attest_error e = {0};

	if (run->proof.n_certificates > 0) {
		chain_read(&run->chain, &run->verifier->store, run->proof.certificates, run->proof.n_certificates,
			   run->findings);
		set(run, ATTEST_STEP_CHAIN,
		    chain_validate(&run->chain, &run->verifier->store, run->options->time, run->findings)
			    ? ATTEST_PASSED
			    : ATTEST_FAILED);
		run->key = run->chain.n_certificates > 0 ? run->chain.certificates[0]->key : NULL;
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
		if (tls_quote_binding(want, digest_slice(&run->tls_digest), &binding, e) != ATTEST_OK)
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

	if (!authentic(run) || (in_quote && run->tls_error.status != ATTEST_OK))
		return;
	if (!in_quote && run->proof.has_nonce && !slice_equal(run->proof.nonce, extra))
		nonce_fail(extra, run->proof.nonce, "the proof's own nonce is not the one in its quote", &e);
	if (e.status == ATTEST_OK && run->options->nonce != NULL)
		check_asked_nonce(run, &e);
	if (e.status != ATTEST_OK || run->options->nonce != NULL) {
		conclude(run, ATTEST_STEP_NONCE, &e, "ask the machine for a new proof with a nonce of your own");
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

	if (!authentic(run))
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

/* Events of a PCR that the quote does not cover prove nothing, and a log that has no others is refused. */
static bool judge_unquoted(struct run *run, const struct log *log)
{
	bool noted[LIMIT_PCRS] = {false}, quoted = log->pcr >= 0 && is_quoted(run, log, (uint8_t)log->pcr);

	for (size_t i = 0; i < log->n_events; i++) {
		uint8_t pcr = log->events[i].pcr;
		struct attest_error e = {0};

		if (is_quoted(run, log, pcr)) {
			quoted = true;
			continue;
		}
		if (noted[pcr])
			continue;
		noted[pcr] = true;
		error_where(&e, "%s, PCR %u", log->place, pcr);
		(void)fail(&e, ATTEST_E_PCR_SELECTION, NULL,
			   "the log has events of a PCR that was not quoted: they prove nothing");
		finding_note(run->findings, ATTEST_STEP_LOG, &e, NULL);
	}
	return quoted;
}

static bool refuse_unquoted(struct run *run)
{
	bool refused = false;

	for (size_t i = 0; i < run->proof.n_logs; i++) {
		const struct log *log = &run->proof.logs[i];
		struct attest_error e = {0};

		if (!log->readable || judge_unquoted(run, log))
			continue;
		refused = true;
		error_where(&e, "%s", log->place);
		(void)fail(&e, ATTEST_E_LOG_MISMATCH, NULL, "none of the log's PCRs was quoted: it explains nothing");
		finding_error(run->findings, ATTEST_STEP_LOG, &e, "ask for a quote over the PCRs of this log");
	}
	return refused;
}

static bool refuse_unreadable(struct run *run)
{
	bool refused = false;

	for (size_t i = 0; i < run->proof.n_logs; i++) {
		struct attest_error e = {0};

		if (run->proof.logs[i].readable)
			continue;
		refused = true;
		error_where(&e, "%s", run->proof.logs[i].place);
		(void)fail(&e, ATTEST_E_LOG_UNSUPPORTED, NULL,
			   "a log of format \"%s\", which this version cannot replay", run->proof.logs[i].format);
		finding_error(run->findings, ATTEST_STEP_LOG, &e,
			      "use a newer libattest, or ask for a proof without this log");
	}
	return refused;
}

static void step_log(struct run *run)
{
	struct attest_error e = {0};
	bool unreadable;

	if (run->proof.n_logs == 0)
		set(run, ATTEST_STEP_LOG, ATTEST_NOT_PRESENT);
	if (!passed(run, ATTEST_STEP_PCRS))
		return;
	unreadable = refuse_unreadable(run);
	if (replay_logs(&run->arena, &run->pcrs, run->proof.logs, run->proof.n_logs, &run->replay, run->findings, &e) !=
	    ATTEST_OK) {
		conclude(run, ATTEST_STEP_LOG, &e, NULL);
		return;
	}
	if (refuse_unquoted(run))
		set(run, ATTEST_STEP_LOG, ATTEST_FAILED);
	for (size_t i = 0; i < run->pcrs.n; i++)
		if (run->replay.states[i] == PCR_CONTRADICTED)
			set(run, ATTEST_STEP_LOG, ATTEST_FAILED);
	if (run->result->steps[ATTEST_STEP_LOG] == ATTEST_NOT_CHECKED && !unreadable)
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
		if (run->verifier->policies[i]->n_platforms > 0 && !passed(run, ATTEST_STEP_CHAIN))
			return true;
	return false;
}

static void step_policy(struct run *run)
{
	struct evidence evidence = {&run->proof, &run->pcrs, &run->replay,
				    passed(run, ATTEST_STEP_CHAIN) ? run->chain.platform : NULL};
	struct attest_error e = {0};

	if (!has_golden_values(run))
		note(run, ATTEST_STEP_POLICY, ATTEST_E_INCONCLUSIVE,
		     "there are no golden values to compare with: nothing is said about the software of this machine",
		     "give a policy (--policy FILE)");
	if (!passed(run, ATTEST_STEP_PCRS) || run->verifier->n_policies == 0)
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

	if (run->options->tls_pin == NULL && !policy_demands(run, REQUIRED, tls_of)) {
		set(run, ATTEST_STEP_TLS,
		    policy_demands(run, OPTIONAL, tls_of) ? ATTEST_NOT_REQUIRED : ATTEST_NOT_PRESENT);
		return;
	}
	(void)fail(&e, ATTEST_E_TLS_REQUIRED, NULL, "an attested TLS key is required, and the proof has none");
	conclude(run, ATTEST_STEP_TLS, &e, NULL);
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
		struct slice nonce = run->proof.has_nonce ? run->proof.nonce : asked_nonce(run);

		if (!passed(run, ATTEST_STEP_PCRS) || run->replay.states == NULL)
			return;
		(void)tls_check_binding(&run->proof, &run->quote, &run->pcrs, &run->replay, nonce,
					digest_slice(&run->tls_digest), &e);
	}
	if (e.status == ATTEST_OK)
		check_pin(run, &e);
	conclude(run, ATTEST_STEP_TLS, &e, "do not send data to the holder of this key");
}

/* Facts: only what a passed step proves. */

static const char *copied(struct run *run, const char *text)
{
	const char *copy = text == NULL ? NULL : arena_string(&run->result->arena, slice_of_string(text));

	if (text != NULL && copy == NULL)
		run->findings->internal = ATTEST_E_NO_MEMORY;
	return copy;
}

static const char *copied_hex(struct run *run, struct slice bytes)
{
	const char *hex = hex_string(&run->result->arena, bytes);

	if (hex == NULL)
		run->findings->internal = ATTEST_E_NO_MEMORY;
	return hex;
}

static const char *copied_printable(struct run *run, const char *text)
{
	const char *copy = printable(&run->result->arena, slice_of_string(text), 512);

	if (copy == NULL)
		run->findings->internal = ATTEST_E_NO_MEMORY;
	return copy;
}

static void tell_chain(struct run *run, struct attest_facts *facts)
{
	facts->platform = copied(run, run->chain.platform);
	facts->anchor = copied_printable(run, run->chain.anchor);
	facts->ak_subject = copied_printable(run, run->chain.path[0]->subject);
	facts->valid_from = run->chain.valid_from;
	facts->valid_until = run->chain.valid_until;
}

static void tell_quote(struct run *run, struct attest_facts *facts)
{
	facts->clock = run->quote.clock;
	facts->reset_count = run->quote.reset_count;
	facts->restart_count = run->quote.restart_count;
	facts->clock_safe = run->quote.clock_safe;
	facts->firmware_version = run->quote.firmware_version;
	facts->nonce = copied_hex(run, slice_of(run->quote.extra, run->quote.extra_len));
}

/* A CA's whole text is measured; of any other certificate only the key is, so only the key is told. */
static void tell_tls(struct run *run, struct attest_facts *facts)
{
	bool ca = run->proof.tls_binding == TLS_CA_IN_PCR;
	char pin[ATTEST_PIN_SIZE];
	struct attest_error e = {0};

	if (spki_pin(run->tls_spki, pin, &e) == ATTEST_OK) {
		facts->tls_kind = ca ? "ca" : "key";
		facts->tls_pin = copied(run, pin);
		facts->tls_pem = ca ? pem_encode(&run->result->arena, "CERTIFICATE", run->proof.tls_der)
				    : pem_encode(&run->result->arena, "PUBLIC KEY", run->tls_spki);
	}
	if (e.status != ATTEST_OK || facts->tls_pem == NULL)
		run->findings->internal = ATTEST_E_NO_MEMORY;
}

static void tell_spki(struct run *run, struct attest_facts *facts)
{
	struct attest_error e = {0};
	uint8_t digest[32];

	if (run->chain.n_certificates > 0)
		memcpy(digest, run->chain.certificates[0]->spki_sha256, sizeof(digest));
	else if (key_spki_sha256(run->key, digest, &e) != ATTEST_OK)
		run->findings->internal = e.status;
	if (e.status == ATTEST_OK)
		facts->ak_spki = copied_hex(run, slice_of(digest, sizeof(digest)));
}

static const char *pcr_state(const struct run *run, size_t i, const char **ret_name)
{
	static const char *const states[] = {"unexplained", "initial", "explained", "contradicted"};
	enum pin_match match = PIN_SAYS_NOTHING;
	enum pcr_state state = run->replay.states == NULL ? PCR_UNEXPLAINED : run->replay.states[i];

	*ret_name = NULL;
	for (size_t k = 0; k < run->verifier->n_policies; k++) {
		const char *name;
		enum pin_match m = policy_match_pin(run->verifier->policies[k], &run->pcrs.values[i], &name);

		if (m > match) {
			match = m;
			*ret_name = name;
		}
	}
	if (state == PCR_CONTRADICTED)
		return "contradicted";
	if (match == PIN_DIFFERS)
		return "differs";
	if (state == PCR_EXPLAINED)
		return match == PIN_MATCHES ? "pinned, explained" : "explained";
	return match == PIN_MATCHES ? "pinned" : match == PIN_IGNORED ? "ignored" : states[state];
}

static void tell_pcrs(struct run *run)
{
	attest_result *r = run->result;

	r->pcrs = arena_alloc(&r->arena, run->pcrs.n, sizeof(*r->pcrs));
	r->pin_names = arena_alloc(&r->arena, run->pcrs.n, sizeof(*r->pin_names));
	if (r->pcrs == NULL || r->pin_names == NULL) {
		run->findings->internal = ATTEST_E_NO_MEMORY;
		return;
	}
	for (size_t i = 0; i < run->pcrs.n; i++) {
		const struct pcr_value *from = &run->pcrs.values[i];
		const char *name;

		r->pcrs[i] = (struct attest_pcr){
			.bank = from->value.alg,
			.index = from->index,
			.size = from->value.size,
			.value = arena_copy(&r->arena, from->value.bytes, from->value.size),
			.state = pcr_state(run, i, &name),
		};
		r->pin_names[i] = copied(run, name);
		if (r->pcrs[i].value == NULL)
			run->findings->internal = ATTEST_E_NO_MEMORY;
	}
	r->n_pcrs = run->pcrs.n;
}

static uint16_t first_bank(const struct run *run, const struct log *log, uint8_t pcr)
{
	for (size_t i = 0; i < run->pcrs.n; i++)
		if (run->pcrs.values[i].index == pcr &&
		    (log->only_bank == 0 || log->only_bank == run->pcrs.values[i].value.alg))
			return run->pcrs.values[i].value.alg;
	return ALG_SHA256;
}

static void tell_event(struct run *run, size_t log, size_t number, struct attest_error *e)
{
	enum { SHOWN = 4096 }; /* of an event's text, in bytes */
	const struct event *event = &run->proof.logs[log].events[number];
	struct arena *arena = &run->result->arena;
	DEFER(json_decref_deferred) json_t *object = NULL;
	struct attest_event *to = &run->result->events[run->result->n_events];
	const char *type;
	struct digest digest;

	if (event_object(event, &object, e) != ATTEST_OK ||
	    event_digest(event, first_bank(run, &run->proof.logs[log], event->pcr), &digest, e) != ATTEST_OK)
		return;
	type = event_type(event, object);
	*to = (struct attest_event){
		.pcr = event->pcr,
		.number = (uint32_t)number,
		.log = (uint32_t)log,
		.type = printable(arena, slice_of_string(type == NULL ? "" : type), 128),
		.text = event->text.data == NULL ? NULL : printable(arena, event->text, SHOWN),
		.digest = hex_string(arena, digest_slice(&digest)),
	};
	if (to->type == NULL || to->digest == NULL || (event->text.data != NULL && to->text == NULL))
		(void)fail_memory(e);
	else
		run->result->n_events++;
}

static void tell_events(struct run *run)
{
	struct attest_error e = {0};
	size_t n = 0;

	for (size_t i = 0; i < run->proof.n_logs; i++)
		n += run->proof.logs[i].n_events;
	run->result->events = arena_alloc(&run->result->arena, n, sizeof(*run->result->events));
	if (run->result->events == NULL)
		(void)fail_memory(&e);
	for (size_t i = 0; i < run->proof.n_logs; i++)
		for (size_t k = 0; e.status == ATTEST_OK && k < run->proof.logs[i].n_events; k++)
			if (run->replay.proven[run->proof.logs[i].events[k].pcr])
				tell_event(run, i, k, &e);
	if (e.status != ATTEST_OK)
		run->findings->internal = e.status;
}

/* "A quoted PCR that is neither explained by a log nor pinned by the policy is reported." */
static void note_unexplained(struct run *run)
{
	struct attest_error e = {0};
	char list[sizeof(e.where)] = "";
	size_t used = 0, n = 0, n_listed = 0;

	for (size_t i = 0; i < run->result->n_pcrs; i++) {
		if (strcmp(run->result->pcrs[i].state, "unexplained") != 0)
			continue;
		n++;
		if (used + 32 < sizeof(list)) {
			n_listed++;
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s:%u", used == 0 ? "" : " ",
						 digest_name(run->result->pcrs[i].bank), run->result->pcrs[i].index);
		}
	}
	if (n == 0)
		return;
	if (n > n_listed)
		(void)snprintf(list + used, sizeof(list) - used, " and %zu more", n - n_listed);
	error_where(&e, "%s", list);
	(void)fail(&e, ATTEST_E_PIN_MISSING, NULL,
		   "these quoted PCRs are neither explained by a log nor pinned by a policy");
	finding_note(run->findings, ATTEST_STEP_LOG, &e, NULL);
}

static void tell(struct run *run)
{
	struct attest_facts *facts = &run->result->facts;

	facts->format = run->proof.format;
	if (passed(run, ATTEST_STEP_CHAIN))
		tell_chain(run, facts);
	if (passed(run, ATTEST_STEP_SIGNATURE))
		tell_spki(run, facts);
	if (authentic(run))
		tell_quote(run, facts);
	if (passed(run, ATTEST_STEP_TLS))
		tell_tls(run, facts);
	if (passed(run, ATTEST_STEP_PCRS)) {
		tell_pcrs(run);
		tell_events(run);
		note_unexplained(run);
	}
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
	return run->options->nonce == NULL || passed(run, ATTEST_STEP_NONCE);
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
		r->verdict = passed(run, ATTEST_STEP_POLICY) ? ATTEST_VERIFIED : ATTEST_INCONCLUSIVE;
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
	tell(run);
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
	const struct attest_bytes *const all[] = {&parts->quote, &parts->signature, &parts->pcrs,
						  &parts->ak,    &parts->ak_chain,  &parts->log};

	if (parts->size != sizeof(*parts))
		return fail(error, ATTEST_E_USAGE, NULL, "struct attest_parts was not set up with ATTEST_PARTS_INIT");
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->data == NULL && all[i]->len != 0)
			return fail(error, ATTEST_E_USAGE, NULL,
				    "a part of struct attest_parts has a length and no data");
	return ATTEST_OK;
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

/* The verifier. */

attest_status attest_verifier_new(attest_verifier **ret_verifier)
{
	attest_verifier *verifier = calloc(1, sizeof(*verifier));
	attest_status status = verifier == NULL ? ATTEST_E_NO_MEMORY : trust_store_init(&verifier->store);

	if (status != ATTEST_OK) {
		free(verifier);
		return status;
	}
	*ret_verifier = verifier;
	return ATTEST_OK;
}

void attest_verifier_free(attest_verifier *verifier)
{
	if (verifier == NULL)
		return;
	for (size_t i = 0; i < verifier->n_policies; i++)
		policy_free(verifier->policies[i]);
	trust_store_clear(&verifier->store);
	free(verifier);
}

static attest_status check_unused(attest_verifier *verifier, struct attest_error *error)
{
	return atomic_load(&verifier->in_use) ? fail(error, ATTEST_E_STATE, NULL,
						     "the verifier has verified already and cannot be changed any more")
					      : ATTEST_OK;
}

static attest_status given(attest_status status, const struct attest_error *from, struct attest_error *error)
{
	if (status != ATTEST_OK && error != NULL)
		*error = *from;
	return status;
}

attest_status attest_verifier_add_roots(attest_verifier *verifier, const void *pem_or_der, size_t len,
					const char *leaf_purpose, struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status = check_unused(verifier, &e);

	ERR_clear_error();
	if (status == ATTEST_OK)
		status = trust_store_add(&verifier->store, slice_of(pem_or_der, len), leaf_purpose, &e);
	return given(status, &e, error);
}

attest_status attest_verifier_use_default_roots(attest_verifier *verifier, int use)
{
	struct attest_error e = {0};
	attest_status status = check_unused(verifier, &e);

	if (status == ATTEST_OK)
		verifier->store.use_defaults = use != 0;
	return status;
}

attest_status attest_verifier_add_policy(attest_verifier *verifier, const void *json, size_t len, const char *name,
					 struct attest_error *error)
{
	struct attest_error e = {0};
	attest_status status = check_unused(verifier, &e);

	if (status == ATTEST_OK && verifier->n_policies == LIMIT_POLICIES)
		status = fail(&e, ATTEST_E_LIMIT, NULL, "more than %u policies (LIMIT_POLICIES)", LIMIT_POLICIES);
	if (status == ATTEST_OK)
		status = policy_parse(slice_of(json, len), name, &verifier->policies[verifier->n_policies], &e);
	if (status == ATTEST_OK)
		verifier->n_policies++;
	return given(status, &e, error);
}

attest_status attest_pin_of(const void *pem_or_der, size_t len, char ret_pin[ATTEST_PIN_SIZE],
			    struct attest_error *error)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice text = slice_of(pem_or_der, len), der = text, spki = {NULL, 0};
	bool is_key = false;
	attest_status status = ATTEST_OK;
	static const char key_begin[] = "-----BEGIN PUBLIC KEY-----";

	if (pem_find(&text)) {
		is_key = slice_equal(slice_sub(text, 0, sizeof(key_begin) - 1), slice_of_string(key_begin));
		status = pem_next(&arena, &text, is_key ? "PUBLIC KEY" : "CERTIFICATE", &der, &e);
	}
	if (status == ATTEST_OK && is_key) {
		spki = der;
		status = spki_check(spki, &e);
	} else if (status == ATTEST_OK) {
		status = spki_of_certificate(der, &spki, &e);
	}
	if (status == ATTEST_OK)
		status = spki_pin(spki, ret_pin, &e);
	arena_free(&arena);
	return given(status, &e, error);
}
