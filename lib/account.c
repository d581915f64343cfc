/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verification has learnt, for the result: only what a passed step proves.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "evidence/key.h"
#include "evidence/spki.h"
#include "run.h"

DEFINE_DEFER(json_t, json_decref);

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
	if (run->result->events == NULL) {
		run->findings->internal = ATTEST_E_NO_MEMORY;
		return;
	}
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

void account_tell(struct run *run)
{
	struct attest_facts *facts = &run->result->facts;

	facts->format = run->proof.format;
	if (run_passed(run, ATTEST_STEP_CHAIN))
		tell_chain(run, facts);
	if (run_passed(run, ATTEST_STEP_SIGNATURE))
		tell_spki(run, facts);
	if (run_is_authentic(run))
		tell_quote(run, facts);
	if (run_passed(run, ATTEST_STEP_TLS))
		tell_tls(run, facts);
	if (run_passed(run, ATTEST_STEP_PCRS)) {
		tell_pcrs(run);
		tell_events(run);
		note_unexplained(run);
	}
}
