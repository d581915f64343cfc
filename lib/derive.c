/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_derive(): what known-good proofs have in common, as a policy. Each is verified first; what is made of
 * them is only what their results prove.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"
#include "logs/hashed.h"
#include "policy/policy.h"
#include "run.h"

/* The bank that a verifier without policies believes. */
#define BANK "sha256"
enum { NAME_MOST = 72 };

/* The events of one PCR of one proof, as its result tells them. */
struct history {
	const struct attest_event **events;
	size_t n;
};

struct known {
	const struct attest_document *document;
	attest_result *result;
	uint8_t sha256[32];
	struct history pcrs[LIMIT_PCRS];
};

struct derivation {
	struct arena arena;
	struct known *sources;
	size_t n;
	unsigned flags;
	json_t *policy, *pins, *events; /* the last two are borrowed from the first */
	bool ok;                        /* no allocation has failed */
};

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

static bool read_history(struct derivation *d, struct known *source)
{
	size_t n = attest_result_n_events(source->result);

	for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		source->pcrs[pcr].events = arena_alloc(&d->arena, n + 1, sizeof(void *));
		if (source->pcrs[pcr].events == NULL)
			return false;
	}
	for (size_t i = 0; i < n; i++) {
		const struct attest_event *event = attest_result_event(source->result, i);
		struct history *history = &source->pcrs[event->pcr];

		history->events[history->n++] = event;
	}
	return true;
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

/* Rules need every event: a result lists only so many, and none of a PCR that another quoted bank does not explain. */
static bool is_explained_in_all(const struct derivation *d, uint8_t index)
{
	for (size_t i = 0; i < d->n; i++)
		if (strcmp(find_pcr(&d->sources[i], index)->state, "explained") != 0 ||
		    d->sources[i].pcrs[index].n == 0 || attest_result_n_events_omitted(d->sources[i].result) > 0)
			return false;
	return true;
}

static const struct attest_event *event_at(const struct derivation *d, size_t source, uint8_t pcr, size_t i)
{
	const struct history *history = &d->sources[source].pcrs[pcr];

	return i < history->n ? history->events[i] : NULL;
}

static bool same_digest(const struct attest_event *a, const struct attest_event *b)
{
	return a != NULL && b != NULL && strcmp(a->digest, b->digest) == 0;
}

/* How many events all proofs have in common at the front. */
static size_t common_front(const struct derivation *d, uint8_t pcr)
{
	size_t n = 0;

	for (;; n++)
		for (size_t i = 0; i < d->n; i++)
			if (!same_digest(event_at(d, 0, pcr, n), event_at(d, i, pcr, n)))
				return n;
}

static bool same_length(const struct derivation *d, uint8_t pcr)
{
	for (size_t i = 1; i < d->n; i++)
		if (d->sources[i].pcrs[pcr].n != d->sources[0].pcrs[pcr].n)
			return false;
	return true;
}

/* And at the end, behind `front`. */
static size_t common_end(const struct derivation *d, uint8_t pcr, size_t front)
{
	size_t n = 0;

	for (;; n++)
		for (size_t i = 0; i < d->n; i++) {
			const struct history *a = &d->sources[0].pcrs[pcr], *b = &d->sources[i].pcrs[pcr];

			if (front + n >= a->n || front + n >= b->n ||
			    !same_digest(a->events[a->n - 1 - n], b->events[b->n - 1 - n]))
				return n;
		}
}

/* Rules. */

static json_t *text_of(const char *text)
{
	char name[NAME_MOST + 4];

	return json_string(printable_to(slice_of_string(text == NULL ? "an event" : text), name, sizeof(name)));
}

/* The policy's matcher "text" computes this very digest of it. */
static bool is_text(struct derivation *d, const struct attest_event *event)
{
	size_t len = event->text == NULL ? 0 : strlen(event->text);
	uint8_t *wide = arena_alloc(&d->arena, len + 1, 2);
	struct attest_error e = {0};
	bool found = false;

	if (wide == NULL) {
		d->ok = false;
		return false;
	}
	for (size_t i = 0; i < len; i++)
		wide[2 * i] = (uint8_t)event->text[i];
	for (size_t form = 0; len > 0 && form < 3; form++) {
		struct slice bytes = form < 2 ? slice_of(event->text, len + form) : slice_of(wide, 2 * (len + 1));
		struct digest digest;
		char hex[HEX_SIZE(DIGEST_MAX)];

		if (digest_compute(ALG_SHA256, &bytes, 1, &digest, &e) != ATTEST_OK)
			d->ok = false;
		hex_encode(digest_slice(&digest), hex);
		found = found || strcmp(hex, event->digest) == 0;
	}
	return found;
}

static bool is_separator(const struct attest_event *event)
{
	return strcmp(event->digest, "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119") == 0;
}

/* The digests that stand at place `i` of any proof, each once. */
static json_t *digests_at(struct derivation *d, uint8_t pcr, size_t i)
{
	json_t *list = json_array();

	for (size_t k = 0; k < d->n; k++) {
		const struct attest_event *event = event_at(d, k, pcr, i);
		bool seen = false;

		for (size_t j = 0; j < k; j++)
			seen = seen || same_digest(event_at(d, j, pcr, i), event);
		if (!seen)
			json_add(list, json_string(event->digest), &d->ok);
	}
	if (json_array_size(list) == 1) {
		json_t *only = json_incref(json_array_get(list, 0));

		json_decref(list);
		return only;
	}
	return list;
}

static bool is_equal_at(const struct derivation *d, uint8_t pcr, size_t i)
{
	for (size_t k = 1; k < d->n; k++)
		if (!same_digest(event_at(d, 0, pcr, i), event_at(d, k, pcr, i)))
			return false;
	return true;
}

/* A text event of this type, whatever its other members are. */
static bool is_text_event(const struct attest_event *event, const char *type)
{
	return event->proven && event->type != NULL && event->text != NULL && event->text[0] == '{' &&
	       strcmp(event->type, type) == 0;
}

/* The event that holds the TLS key: the step `tls` compares it, and each start makes another. */
static json_t *tls_key_rule(struct derivation *d)
{
	json_t *rule = json_object(), *type = json_object();

	json_put_text(type, "type", "tls-key", &d->ok);
	json_put_text(rule, "name", "TLS key", &d->ok);
	json_put_text(rule, "comment", "each start makes another; the step tls compares it with the proof's", &d->ok);
	json_put(rule, "json", type, &d->ok);
	return rule;
}

/* What stands at place `i` of every proof. */
static json_t *rule_at(struct derivation *d, uint8_t pcr, size_t i)
{
	const struct attest_event *event = event_at(d, 0, pcr, i);
	bool equal = is_equal_at(d, pcr, i);
	json_t *rule;

	if (pcr == PCR_TLS && is_text_event(event, "tls-key"))
		return tls_key_rule(d);
	rule = json_object();
	if (equal && is_separator(event)) {
		json_put(rule, "separator", json_true(), &d->ok);
	} else if (equal && pcr == 7 && event->proven && strcmp(event->text, "SecureBoot: enabled") == 0) {
		json_put_text(rule, "secure_boot", "enabled", &d->ok);
	} else if (equal && is_text(d, event)) {
		json_put_text(rule, "text", event->text, &d->ok);
	} else {
		json_put(rule, "name", text_of(event->text), &d->ok);
		json_put(rule, "digest", digests_at(d, pcr, i), &d->ok);
	}
	return rule;
}

/* "section name .linux", and the contents behind it. */
static bool is_section(const struct derivation *d, uint8_t pcr, size_t i)
{
	for (size_t k = 0; k < d->n; k++) {
		const struct attest_event *name = event_at(d, k, pcr, i);

		if (pcr != 11 || name == NULL || event_at(d, k, pcr, i + 1) == NULL || !name->proven ||
		    name->text == NULL || strncmp(name->text, "section name .", 14) != 0)
			return false;
	}
	return is_equal_at(d, pcr, i);
}

static json_t *section_rule(struct derivation *d, uint8_t pcr, size_t i)
{
	json_t *rule = json_object();

	json_put_text(rule, "section", event_at(d, 0, pcr, i)->text + strlen("section name "), &d->ok);
	json_put(rule, "digest", digests_at(d, pcr, i + 1), &d->ok);
	return rule;
}

static void add_rules(struct derivation *d, uint8_t pcr, json_t *rules, size_t begin, size_t end)
{
	for (size_t i = begin; i < end; i++) {
		bool section = i + 1 < end && is_section(d, pcr, i);

		json_add(rules, section ? section_rule(d, pcr, i) : rule_at(d, pcr, i), &d->ok);
		i += section;
	}
}

/* Events that come and go between the front and the end: any of those that were seen there, any number of times. */
static json_t *varying_rule(struct derivation *d, uint8_t pcr, size_t front, size_t end)
{
	json_t *rule = json_object(), *digests = json_object();

	for (size_t k = 0; k < d->n; k++)
		for (size_t i = front; i + end < d->sources[k].pcrs[pcr].n; i++)
			json_put(digests, event_at(d, k, pcr, i)->digest, json_true(), &d->ok);
	json_put_text(rule, "name", "events that differ between the proofs", &d->ok);
	json_put_text(rule, "count", "any", &d->ok);
	json_put_text(rule, "comment", "their number and order differ: any of those that were seen there", &d->ok);
	json_put(rule, "digest", json_array(), &d->ok);
	for (void *i = json_object_iter(digests); i != NULL; i = json_object_iter_next(digests, i))
		json_add(json_object_get(rule, "digest"), json_string(json_object_iter_key(i)), &d->ok);
	json_decref(digests);
	return rule;
}

static void put_rules(struct derivation *d, uint8_t pcr, const char *key)
{
	json_t *ruled = json_object(), *rules = json_array();
	size_t n = d->sources[0].pcrs[pcr].n, front = common_front(d, pcr), end;

	if (same_length(d, pcr)) {
		add_rules(d, pcr, rules, 0, n);
	} else {
		end = common_end(d, pcr, front);
		add_rules(d, pcr, rules, 0, front);
		json_add(rules, varying_rule(d, pcr, front, end), &d->ok);
		add_rules(d, pcr, rules, n - end, n);
	}
	json_put_text(ruled, "comment", pcr_meaning(pcr), &d->ok);
	json_put(ruled, "rules", rules, &d->ok);
	json_put(d->events, key, ruled, &d->ok);
}

static void ignore(struct derivation *d, const char *key, const char *reason)
{
	json_t *pin = json_object();

	json_put_text(pin, "ignore", reason, &d->ok);
	json_put(d->pins, key, pin, &d->ok);
}

static void ignore_varying(struct derivation *d, uint8_t pcr, const char *key, bool explained)
{
	size_t front = common_front(d, pcr);
	const struct attest_event *event = explained ? event_at(d, 0, pcr, front) : NULL;
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

/* In the PCR that the step `tls` looks at. */
static bool holds_tls_key(const struct derivation *d, uint8_t pcr)
{
	for (size_t k = 0; pcr == PCR_TLS && k < d->n; k++)
		for (size_t i = 0; i < d->sources[k].pcrs[pcr].n; i++)
			if (is_text_event(event_at(d, k, pcr, i), "tls-key"))
				return true;
	return false;
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
	bool changes = holds_tls_key(d, pcr) || !equal;
	char key[4];

	(void)snprintf(key, sizeof(key), "%u", pcr);
	if (pcr_is_resettable(pcr))
		ignore(d, key, "any software can reset this PCR: its value proves nothing");
	else if (pcr == 10)
		ignore(d, key,
		       "the kernel's file log grows while the machine runs: a list of files (\"ima\") can rule it");
	else if (explained && (d->flags & ATTEST_DERIVE_PINS) == 0 &&
		 (changes || (d->flags & ATTEST_DERIVE_EVENTS) != 0))
		put_rules(d, pcr, key);
	else if (equal && !changes)
		pin(d, pcr, key);
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

/* What is made must be a policy, or it is not handed out. */
static attest_status finish(const struct derivation *d, char **ret_json, struct attest_error *error)
{
	struct policy *policy = NULL;
	char *text = d->ok ? json_pages(d->policy) : NULL;
	attest_status status;

	if (text == NULL)
		return fail_memory(error);
	status = policy_parse(slice_of_string(text), NULL, &policy, error);
	if (status == ATTEST_OK && !policy_has_golden_values(policy)) {
		error_expected(error, "a quote in the bank sha256 over PCRs that stay the same");
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
		if (status == ATTEST_OK && !read_history(d, &d->sources[i]))
			status = fail_memory(error);
	}
	if (status == ATTEST_OK) {
		build(d, options->time);
		status = finish(d, ret_json, error);
	}
	json_decref(d->policy);
	for (size_t i = 0; i < d->n; i++)
		attest_result_free(d->sources[i].result);
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
