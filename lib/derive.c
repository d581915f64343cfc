/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_derive(): what known-good proofs have in common, as a policy.
 */
#include "derive.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "run.h"

/* The bank that a verifier without policies believes. */
#define BANK "sha256"
enum { PCR_IMA = 10 };

static const char *name_of(const struct known *source, size_t i, char text[100])
{
	char name[80];

	if (source->document->name == NULL)
		(void)snprintf(text, 100, "proof %zu", i);
	else
		(void)snprintf(text, 100, "%s",
			       printable_to(slice_of_string(source->document->name), name, sizeof(name)));
	return text;
}

/* Verify. */

/* The first error of a result, as an error of the caller's. */
static attest_status refuse(const attest_result *result, const char *name, struct attest_error *error)
{
	error_clear(error);
	for (size_t i = 0; i < attest_result_n_findings(result); i++) {
		const struct attest_finding *f = attest_result_finding(result, i);

		if (!f->is_error)
			continue;
		error_where(error, "%s%s%s", name, f->where == NULL ? "" : ", ", f->where == NULL ? "" : f->where);
		error_expected(error, "%s", f->expected == NULL ? "" : f->expected);
		error_found(error, "%s", f->found == NULL ? "" : f->found);
		return fail(error, f->status, f->clause,
			    "this proof does not verify, so nothing is derived from it: %s", f->message);
	}
	error_where(error, "%s", name);
	return fail(error, attest_result_status(result), NULL,
		    "this proof does not verify, so nothing is derived from it");
}

static attest_status read_known(attest_verifier *verifier, const struct attest_options *options, struct known *source,
				size_t i, struct attest_error *error)
{
	const struct attest_document *d = source->document;
	char name[100];
	attest_status status = attest_verify(verifier, options, d->data, d->len, &source->result, error);

	(void)name_of(source, i, name);
	if (source->result == NULL)
		return status;
	error_clear(error);
	if (attest_result_verdict(source->result) == ATTEST_REFUSED)
		return refuse(source->result, name, error);
	return digest_sha256(slice_of(d->data, d->len), source->sha256, error);
}

static attest_status read_history(struct derivation *d, struct known *source, struct attest_error *error)
{
	size_t n = attest_result_n_events(source->result);

	for (size_t i = 0; i < n; i++)
		source->pcrs[attest_result_event(source->result, i)->pcr].n++;
	for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		struct history *history = &source->pcrs[pcr];

		history->events = arena_alloc(&d->arena, history->n, sizeof(void *));
		if (history->events == NULL)
			return fail_memory(error);
		history->n = 0;
	}
	for (size_t i = 0; i < n; i++) {
		const struct attest_event *event = attest_result_event(source->result, i);
		struct history *history = &source->pcrs[event->pcr];

		history->events[history->n++] = event;
	}
	return ATTEST_OK;
}

/* As the verification did, which has found no fault. */
static attest_status replay_again(struct derivation *d, struct known *source, struct attest_error *error)
{
	struct slice text = slice_of(source->document->data, source->document->len);
	struct quote quote;
	attest_status status = proof_parse(&source->proof, &d->arena, text, error);

	if (status == ATTEST_OK)
		status = quote_parse(source->proof.attest, &quote, error);
	if (status == ATTEST_OK)
		status = pcrs_select(&d->arena, &quote, &source->proof.pcrs, &source->values, error);
	if (status == ATTEST_OK)
		status = replay_logs(&source->replay, &source->values, source->proof.logs, source->proof.n_logs, NULL,
				     error);
	if (status == ATTEST_OK)
		replay_demand(&source->replay, (uint8_t)(1u << digest_index(ALG_SHA256)));
	return status;
}

/* PCRs. */

static const struct attest_pcr *find_pcr(const struct known *source, uint8_t index)
{
	for (size_t i = 0; i < attest_result_n_pcrs(source->result); i++) {
		const struct attest_pcr *pcr = attest_result_pcr(source->result, i);

		if (pcr->index == index && pcr->bank == ALG_SHA256)
			return pcr;
	}
	return NULL;
}

static bool is_quoted_by_all(const struct derivation *d, uint8_t index)
{
	for (size_t i = 0; i < d->n; i++)
		if (find_pcr(&d->sources[i], index) == NULL)
			return false;
	return true;
}

static bool is_quoted_by_some(const struct derivation *d, uint8_t index)
{
	for (size_t i = 0; i < d->n; i++)
		if (find_pcr(&d->sources[i], index) != NULL)
			return true;
	return false;
}

static bool is_equal_in_all(const struct derivation *d, uint8_t index)
{
	const struct attest_pcr *first = find_pcr(&d->sources[0], index);

	for (size_t i = 1; i < d->n; i++)
		if (memcmp(find_pcr(&d->sources[i], index)->value, first->value, first->size) != 0)
			return false;
	return true;
}

static bool is_replayed_in_all(const struct derivation *d, uint8_t index)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(find_pcr(&d->sources[i], index)->state, "explained") != 0)
			return false;
	return true;
}

/* Rules need every event: a result lists only so many, and none of a PCR that another quoted bank does not explain. */
static bool is_explained_in_all(const struct derivation *d, uint8_t index)
{
	for (size_t i = 0; i < d->n; i++) {
		size_t n = d->sources[i].pcrs[index].n;

		if (n == 0 || n != d->sources[i].replay.tracks[index][digest_index(ALG_SHA256)].n_events)
			return false;
	}
	return is_replayed_in_all(d, index);
}

/* Against the proofs. */

/* "first.json, $.logs[1], event 12, PCR 10: what is wrong, found /path" */
static void tell_why(const struct known *source, size_t i, const struct attest_finding *f, char ret_why[DERIVE_WHY])
{
	const char *end = strstr(f->message, " (policy \"");
	char name[100];

	(void)snprintf(ret_why, DERIVE_WHY, "%s, %s: %.*s%s%s", name_of(source, i, name),
		       f->where == NULL ? "" : f->where,
		       (int)(end == NULL ? strlen(f->message) : (size_t)(end - f->message)), f->message,
		       f->found == NULL ? "" : ", found ", f->found == NULL ? "" : f->found);
}

static bool holds_for(struct derivation *d, const struct policy *policy, size_t i, char ret_why[DERIVE_WHY])
{
	const struct known *source = &d->sources[i];
	struct evidence evidence = {&source->proof, &source->values, &source->replay, NULL, 0};
	struct findings findings = {.arena = &d->arena};
	struct attest_error e = {0};

	if (policy_check_values(policy, &evidence, &findings, &e) != ATTEST_OK || findings.internal != ATTEST_OK)
		d->ok = false;
	else if (findings.n > 0)
		tell_why(source, i, &findings.items[0], ret_why);
	return d->ok && findings.n == 0;
}

static bool parse_derived(struct derivation *d, const char *text, struct policy **ret_policy, char ret_why[DERIVE_WHY])
{
	struct attest_error e = {0};
	attest_status status = policy_parse(slice_of_string(text), NULL, ret_policy, &e);

	if (status_is_internal(status))
		d->ok = false;
	if (status != ATTEST_OK)
		(void)snprintf(ret_why, DERIVE_WHY, "%s: %s", e.where, e.message);
	return status == ATTEST_OK;
}

bool derive_holds(struct derivation *d, const char *member, json_t *value, char ret_why[DERIVE_WHY])
{
	DEFER(policy_free_deferred) struct policy *policy = NULL;
	json_t *document = json_object();
	char *text;
	bool holds;

	json_put_text(document, "format", "libattest-policy-v1", &d->ok);
	json_put(document, member, json_incref(value), &d->ok);
	text = d->ok ? json_line(document) : NULL;
	json_decref(document);
	d->ok = text != NULL;
	holds = d->ok && parse_derived(d, text, &policy, ret_why);
	free(text);
	for (size_t i = 0; holds && i < d->n; i++)
		holds = holds_for(d, policy, i, ret_why);
	return holds;
}

/* What each PCR becomes. */

static void ignore(struct derivation *d, const char *key, const char *reason)
{
	json_t *pin = json_object();

	json_put_text(pin, "ignore", reason, &d->ok);
	json_put(d->pins, key, pin, &d->ok);
}

static void ignore_varying(struct derivation *d, uint8_t pcr, const char *key, bool explained)
{
	size_t front = derive_common_front(d, pcr);
	const struct attest_event *event = explained ? derive_event_at(d, 0, pcr, front) : NULL;
	char reason[240], text[100];

	if (event == NULL)
		(void)snprintf(reason, sizeof(reason), "its value differs between the proofs%s",
			       explained ? "" : ", and not all of them hold its events");
	else
		(void)snprintf(reason, sizeof(reason), "its value differs between the proofs, first at event %zu: %s",
			       front,
			       printable_to(slice_of_string(event->text == NULL ? event->digest : event->text), text,
					    sizeof(text)));
	ignore(d, key, reason);
}

static void ignore_for(struct derivation *d, const char *key, const char *what, const char *why)
{
	char reason[DERIVE_WHY + 120], text[DERIVE_WHY];

	(void)snprintf(reason, sizeof(reason), "%s: %s", what, printable_to(slice_of_string(why), text, sizeof(text)));
	ignore(d, key, reason);
}

static void derive_files(struct derivation *d, const char *key)
{
	char why[DERIVE_WHY] = "";

	if ((d->flags & ATTEST_DERIVE_PINS) != 0)
		ignore(d, key,
		       "the kernel's file log grows while the machine runs: a list of files (\"ima\") can rule it");
	else if (!is_replayed_in_all(d, PCR_IMA))
		ignore(d, key, "the kernel's file log grows while the machine runs, and not all of the proofs hold it");
	else if (!derive_ima(d, why))
		ignore_for(d, key,
			   "the kernel's file log grows while the machine runs, and no list of files would hold", why);
}

static void pin(struct derivation *d, uint8_t index, const char *key)
{
	const struct attest_pcr *pcr = find_pcr(&d->sources[0], index);

	if (slice_is_zero(slice_of(pcr->value, pcr->size)))
		json_put_text(d->pins, key, "zero", &d->ok);
	else
		json_put_hex(d->pins, key, slice_of(pcr->value, pcr->size), &d->ok);
}

static void derive_pcr(struct derivation *d, uint8_t pcr)
{
	bool explained = is_explained_in_all(d, pcr), equal = is_equal_in_all(d, pcr);
	bool changes = derive_holds_tls_key(d, pcr) || !equal;
	bool ruled = explained && (d->flags & ATTEST_DERIVE_PINS) == 0 &&
		     (changes || (d->flags & ATTEST_DERIVE_EVENTS) != 0);
	char key[4], why[DERIVE_WHY] = "";

	(void)snprintf(key, sizeof(key), "%u", pcr);
	if (pcr_is_resettable(pcr))
		ignore(d, key, "any software can reset this PCR: its value proves nothing");
	else if (pcr == PCR_IMA)
		derive_files(d, key);
	else if (ruled && derive_rules(d, pcr, key, why))
		return;
	else if (equal && !changes)
		pin(d, pcr, key);
	else if (ruled)
		ignore_for(d, key, "its value differs between the proofs, and rules for its events would not hold",
			   why);
	else if (equal)
		ignore(d, key, "it holds the TLS key, which each start makes anew: the step tls compares it");
	else
		ignore_varying(d, pcr, key, explained);
}

static void ignore_unquoted(struct derivation *d, uint8_t pcr)
{
	char key[4];

	(void)snprintf(key, sizeof(key), "%u", pcr);
	ignore(d, key, "not all of the proofs have quoted it");
}

/* The policy around the PCRs. */

static void put_platforms(struct derivation *d)
{
	json_t *platforms = json_array();

	for (size_t i = 0; i < d->n; i++) {
		const char *platform = attest_result_facts(d->sources[i].result)->platform;
		bool seen = platform == NULL;

		for (size_t k = 0; !seen && k < json_array_size(platforms); k++)
			seen = strcmp(json_string_value(json_array_get(platforms, k)), platform) == 0;
		if (!seen)
			json_add(platforms, json_string(platform), &d->ok);
	}
	json_put(d->policy, "platforms", platforms, &d->ok);
}

static void put_origin(struct derivation *d, int64_t time)
{
	json_t *origin = json_object(), *proofs = json_array();

	for (size_t i = 0; i < d->n; i++) {
		json_t *proof = json_object();
		char name[100];

		json_put_text(proof, "name", name_of(&d->sources[i], i, name), &d->ok);
		json_put_hex(proof, "sha256", slice_of(d->sources[i].sha256, 32), &d->ok);
		json_put_text(proof, "ak", attest_result_facts(d->sources[i].result)->ak_subject, &d->ok);
		json_add(proofs, proof, &d->ok);
	}
	json_put_text(origin, "tool", "libattest " ATTEST_VERSION ", derived", &d->ok);
	json_put_time(origin, "time", time, &d->ok);
	json_put(origin, "proofs", proofs, &d->ok);
	json_put(d->policy, "origin", origin, &d->ok);
}

static bool all_attest_tls(const struct derivation *d)
{
	for (size_t i = 0; i < d->n; i++)
		if (attest_result_facts(d->sources[i].result)->tls_pin == NULL)
			return false;
	return true;
}

static void build(struct derivation *d, int64_t time)
{
	d->ok = true;
	d->policy = json_object();
	json_put_text(d->policy, "format", "libattest-policy-v1", &d->ok);
	json_put_text(d->policy, "comment",
		      "as good as what you know of the machines it was derived from: read it before you rely on it",
		      &d->ok);
	put_origin(d, time);
	put_platforms(d);
	json_put_text(d->policy, "bank", BANK, &d->ok);
	json_put(d->policy, "pcrs", json_object(), &d->ok);
	json_put(d->policy, "events", json_object(), &d->ok);
	d->pins = json_object_get(d->policy, "pcrs");
	d->events = json_object_get(d->policy, "events");
	for (uint8_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		if (is_quoted_by_all(d, pcr))
			derive_pcr(d, pcr);
		else if (is_quoted_by_some(d, pcr))
			ignore_unquoted(d, pcr);
	}
	if (json_object_size(d->events) == 0)
		(void)json_object_del(d->policy, "events");
	if (all_attest_tls(d))
		json_put_text(d->policy, "tls", "required", &d->ok);
}

/* Quoted by all: in each proof something was measured into it, and more than the firmware's separator. */
static bool is_used_in_all(const struct derivation *d, uint8_t index, struct slice separator)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct attest_pcr *pcr = find_pcr(&d->sources[i], index);
		struct slice value = slice_of(pcr->value, pcr->size);

		if (slice_is_zero(value) || slice_equal(value, separator))
			return false;
	}
	return true;
}

/*
 * A pin or rules of a PCR that is used. Not a list of files alone, which any kernel can measure, and not the TLS key,
 * which the rules leave open.
 */
static bool says_what_runs(const struct derivation *d, struct slice separator)
{
	const json_t *events = json_object_get(d->policy, "events");

	for (unsigned pcr = 0; pcr < PCR_TLS; pcr++) {
		char key[4];

		(void)snprintf(key, sizeof(key), "%u", pcr);
		if ((json_is_string(json_object_get(d->pins, key)) || json_object_get(events, key) != NULL) &&
		    is_used_in_all(d, (uint8_t)pcr, separator))
			return true;
	}
	return false;
}

/* What is made must be a policy, or it is not handed out. */
static attest_status finish(const struct derivation *d, char **ret_json, struct attest_error *error)
{
	struct policy *policy = NULL;
	struct digest separator;
	char *text = d->ok ? json_pages(d->policy) : NULL;
	attest_status status;

	if (text == NULL)
		return fail_memory(error);
	status = policy_parse(slice_of_string(text), NULL, &policy, error);
	if (status == ATTEST_OK)
		status = pcr_with_separator(ALG_SHA256, &separator, error);
	if (status == ATTEST_OK && !(policy_has_golden_values(policy) && says_what_runs(d, digest_slice(&separator)))) {
		error_expected(error,
			       "a quote in the bank sha256 over PCR 0 to 14, of which one that was measured into "
			       "stays the same, or has its log in each proof");
		status = fail(error, ATTEST_E_POLICY_INVALID, NULL, "nothing in these proofs can be pinned");
	}
	policy_free(policy);
	if (status == ATTEST_OK)
		*ret_json = text;
	else
		free(text);
	return status;
}

static attest_status derive(struct derivation *d, attest_verifier *verifier, const struct attest_options *options,
			    const struct attest_document *proofs, char **ret_json, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	d->sources = arena_alloc(&d->arena, d->n, sizeof(*d->sources));
	if (d->sources == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < d->n; i++)
		d->sources[i].document = &proofs[i];
	for (size_t i = 0; status == ATTEST_OK && i < d->n; i++) {
		status = read_known(verifier, options, &d->sources[i], i, error);
		if (status == ATTEST_OK)
			status = read_history(d, &d->sources[i], error);
		if (status == ATTEST_OK)
			status = replay_again(d, &d->sources[i], error);
	}
	if (status == ATTEST_OK) {
		build(d, options->time);
		status = finish(d, ret_json, error);
	}
	json_decref(d->policy);
	for (size_t i = 0; i < d->n; i++) {
		attest_result_free(d->sources[i].result);
		proof_free(&d->sources[i].proof);
	}
	return status;
}

attest_status attest_policy_derive(attest_verifier *verifier, const struct attest_options *options,
				   const struct attest_document *proofs, size_t n, unsigned flags, char **ret_json,
				   struct attest_error *error)
{
	struct attest_error ignored;
	struct derivation d = {.n = n, .flags = flags};
	attest_status status;

	error = error != NULL ? error : &ignored;
	error_clear(error);
	if (verifier == NULL || options == NULL || proofs == NULL || ret_json == NULL || n == 0 ||
	    (flags & ~(ATTEST_DERIVE_PINS | ATTEST_DERIVE_EVENTS)) != 0 ||
	    flags == (ATTEST_DERIVE_PINS | ATTEST_DERIVE_EVENTS))
		return fail(error, ATTEST_E_USAGE, NULL, "a verifier, options, 1 to %u proofs and one tier are needed",
			    LIMIT_DERIVED_PROOFS);
	if (verifier->n_policies > 0)
		return fail(error, ATTEST_E_STATE, NULL,
			    "this verifier has policies already: derive with one that has none");
	if (n > LIMIT_DERIVED_PROOFS)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u proofs (LIMIT_DERIVED_PROOFS)",
			    LIMIT_DERIVED_PROOFS);
	status = derive(&d, verifier, options, proofs, ret_json, error);
	arena_free(&d.arena);
	return status;
}
