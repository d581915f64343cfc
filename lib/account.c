/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a verification has learnt, for the result: only what a passed step proves.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "evidence/key.h"
#include "evidence/spki.h"
#include "logs/describe.h"
#include "logs/software.h"
#include "run.h"
#include "trust/aggregate.h"

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

static enum pin_match match_pins(const struct run *run, size_t i, const char **ret_name)
{
	enum pin_match match = PIN_SAYS_NOTHING;

	*ret_name = NULL;
	for (size_t k = 0; k < run->verifier->n_policies; k++) {
		const char *name;
		enum pin_match m = policy_match_pin(run->verifier->policies[k], &run->pcrs.values[i], &name);

		if (m > match) {
			match = m;
			*ret_name = name;
		}
	}
	return match;
}

static bool is_ruled(const struct run *run, size_t i)
{
	for (size_t k = 0; run_passed(run, ATTEST_STEP_POLICY) && k < run->verifier->n_policies; k++)
		if (policy_holds_pcr(run->verifier->policies[k], &run->pcrs.values[i]))
			return true;
	return false;
}

static const char *pcr_state(const struct run *run, size_t i, const char **ret_name)
{
	static const char *const states[] = {"unexplained", "initial", "explained", "contradicted"};
	enum pin_match match = match_pins(run, i, ret_name);
	enum pcr_state state = replay_state(&run->replay, &run->pcrs.values[i]);

	if (state == PCR_CONTRADICTED)
		return "contradicted";
	if (match == PIN_DIFFERS)
		return "differs";
	if (match == PIN_MATCHES)
		return state == PCR_EXPLAINED ? "pinned, explained" : "pinned";
	if (is_ruled(run, i))
		return state == PCR_EXPLAINED ? "ruled, explained" : "ruled";
	return match == PIN_IGNORED && state != PCR_EXPLAINED ? "ignored" : states[state];
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

/* One walk over the logs, to tell what the events of proven PCRs say. */
struct telling {
	struct run *run;
	struct software_reader software;
	size_t room, n_of_log; /* events that fit; told of this log */
};

static attest_status make_room(struct telling *t, struct attest_error *error)
{
	attest_result *r = t->run->result;
	size_t room = t->room == 0 ? 64 : 2 * t->room;
	struct attest_event *grown;

	if (r->n_events < t->room)
		return ATTEST_OK;
	grown = arena_alloc(&r->arena, room, sizeof(*grown));
	if (grown == NULL)
		return fail_memory(error);
	if (r->n_events > 0)
		memcpy(grown, r->events, r->n_events * sizeof(*grown));
	r->events = grown;
	t->room = room;
	return ATTEST_OK;
}

static attest_status tell_event(struct telling *t, size_t log, const struct event *event, uint16_t bank, size_t number,
				struct attest_error *error)
{
	attest_result *r = t->run->result;
	DEFER(json_decref_deferred) json_t *object = NULL;
	struct arena scratch = {NULL};
	struct description description;
	struct digest digest;
	const char *type, *text = NULL;
	attest_status status = make_room(t, error);

	if (status == ATTEST_OK)
		status = event_object(event, &object, error);
	if (status == ATTEST_OK)
		status = event_digest(event, bank, &digest, error);
	if (status == ATTEST_OK)
		status = event_describe(event, bank, &scratch, &description, error);
	if (status == ATTEST_OK && event->kind != EVENT_BARE) {
		text = arena_string(&r->arena, slice_of_string(description.summary));
		status = text == NULL ? fail_memory(error) : ATTEST_OK;
	}
	arena_free(&scratch);
	if (status != ATTEST_OK)
		return status;
	type = event_type(event, object);
	r->events[r->n_events] = (struct attest_event){
		.pcr = event->pcr,
		.number = (uint32_t)number,
		.log = (uint32_t)log,
		.type = printable(&r->arena, slice_of_string(type == NULL ? "" : type), 128),
		.text = text,
		.proven = event->kind != EVENT_BARE && description.proven,
		.digest = hex_string(&r->arena, digest_slice(&digest)),
	};
	if (r->events[r->n_events].type == NULL || r->events[r->n_events].digest == NULL)
		return fail_memory(error);
	r->n_events++;
	return ATTEST_OK;
}

/* Any PCR of the log, or all of them. */
static bool log_is_proven(const struct run *run, size_t i, bool all)
{
	for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
		if ((run->replay.logs[i].pcrs >> pcr & 1) != 0 && run->replay.proven[pcr] != all)
			return !all;
	return all;
}

/* It holds nothing but the kernel's entries. */
static bool is_file_log(const struct log *log)
{
	return log->walker == &walk_ima || log->walker == &walk_ima_ascii;
}

static attest_status tell_log(struct telling *t, size_t i, struct attest_error *error)
{
	const struct log *log = &t->run->proof.logs[i];
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, log, error);

	t->n_of_log = 0;
	while (status == ATTEST_OK) {
		uint16_t bank;

		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		if (!event.measured || !t->run->replay.proven[event.pcr])
			continue;
		if (is_file_log(log) && t->n_of_log == LIMIT_EVENTS_TOLD && log_is_proven(t->run, i, true)) {
			t->run->result->n_events_omitted += t->run->replay.logs[i].n_measured - t->n_of_log;
			break; /* its other entries say nothing that is told */
		}
		bank = replay_bank(&t->run->replay, &t->run->pcrs, &event);
		status = software_read(&t->software, &event, bank, i, cursor.number - 1, error);
		if (status == ATTEST_OK && t->n_of_log < LIMIT_EVENTS_TOLD)
			status = tell_event(t, i, &event, bank, cursor.number - 1, error);
		else
			t->run->result->n_events_omitted++;
		t->n_of_log++;
	}
	log_end(&cursor);
	return status;
}

static attest_status keep_software(struct telling *t, struct attest_error *error)
{
	attest_result *r = t->run->result;

	r->software = arena_alloc(&r->arena, t->software.n, sizeof(*r->software));
	if (r->software == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < t->software.n; i++) {
		const struct software *from = &t->software.items[i];

		r->software[i] = (struct attest_software){.what = from->what,
							  .value = from->value,
							  .pcr = from->pcr,
							  .log = (uint32_t)from->log,
							  .number = (uint32_t)from->number,
							  .proven = from->proven};
	}
	r->n_software = t->software.n;
	r->n_software_omitted = t->software.n_dropped;
	return ATTEST_OK;
}

static attest_status check_aggregates(struct telling *t, struct attest_error *error)
{
	int pcr = -1;
	struct attest_error e = {0};
	attest_status status = aggregate_check(&t->software, &t->run->replay, t->run->proof.logs, &pcr, error);

	if (status != ATTEST_OK || pcr < 0)
		return status;
	error_where(&e, "PCR %d", pcr);
	(void)fail(&e, ATTEST_E_LOG_MISMATCH, NULL,
		   "boot_aggregate, the first entry of the file log, fits neither PCR 0-7 nor PCR 0-9 of this quote: "
		   "these "
		   "registers were extended later, or the kernel saw no TPM when it began");
	finding_note(t->run->findings, ATTEST_STEP_LOG, &e, NULL);
	return ATTEST_OK;
}

static void tell_events(struct run *run)
{
	struct telling t = {.run = run, .software = {.arena = &run->result->arena}};
	struct attest_error e = {0};

	for (size_t i = 0; e.status == ATTEST_OK && i < run->proof.n_logs; i++)
		if (log_is_proven(run, i, false))
			(void)tell_log(&t, i, &e);
	if (e.status == ATTEST_OK)
		(void)check_aggregates(&t, &e);
	if (e.status == ATTEST_OK)
		(void)keep_software(&t, &e);
	/* The logs were walked before: what is malformed only now is libjansson's parser without memory. */
	if (e.status != ATTEST_OK)
		run->findings->internal = status_is_internal(e.status) ? e.status : ATTEST_E_INTERNAL;
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
