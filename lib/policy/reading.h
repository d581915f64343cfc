/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading.h - a policy as its file says it, for those who read, question or rewrite it. Whatever kind of file it was,
 * it is read as libattest-policy-v1. The JSON is that of a policy that policy_parse() has found sound.
 */
#ifndef POLICY_READING_H
#define POLICY_READING_H

#include <jansson.h>

#include "policy.h"

struct reading {
	struct policy *policy;
	json_t *root;     /* an object with "format"; names and comments in it are not yet printable */
	const char *file; /* the document's name without its folders, or NULL */
};

/* As attest_verifier_add_policy(). */
attest_status reading_open(const struct attest_document *document, struct reading *ret_reading,
			   struct attest_error *error);
/* The same of one of two: the message begins with `what`. */
attest_status reading_open_as(const struct attest_document *document, const char *what, struct reading *ret_reading,
			      struct attest_error *error);
void reading_close(struct reading *reading);
/* How it calls itself: printable. */
const char *reading_name(const struct reading *reading);
/* The policy that was made: as pages, if policy_parse() takes it too. Takes over `root`. */
attest_status reading_write(json_t *root, bool ok, char **ret_json, struct attest_error *error);

/* As json_dumps(), which does not always tell when it has no memory: then this gives NULL. */
char *json_text(const json_t *value, size_t flags);
/* As json_copy(), which leaves out what it has no memory for: then this gives NULL. */
json_t *json_shallow(const json_t *value);
/* What the root or a release says of a PCR; NULL where it says nothing. `member` is "pcrs" or "events". */
json_t *scope_pcr(const json_t *scope, const char *member, unsigned pcr);
json_t *ruled_rules(const json_t *ruled); /* its list of rules */
/* They name something that must be there, or nothing else may. */
bool rules_say_something(const json_t *rules);
/* It has golden values: something that software is compared with. */
bool scope_compares(const json_t *scope);
bool pin_is_ignored(const json_t *pin, const char **ret_reason);
/* A digest in hex, or "zero": at least one of its values is not all zeros. */
bool values_say_something(json_t *values);

/* "hex" | ["hex", …] | {"name": "hex", …}, one after the other. Zero `at` and `iter` to start. */
struct values {
	json_t *values;
	size_t at;
	void *iter;
};
size_t values_count(const json_t *values);
bool values_next(struct values *v, const char **ret_name, const char **ret_hex);
/* The values as keys in lower-case hex of an object, "zero" too, with their names. NULL without memory. */
json_t *values_set(json_t *values, uint16_t bank);

/* The member that says what a rule's event is: "digest", "cmdline", … */
const char *rule_matcher(const json_t *rule);
const char *rule_count(const json_t *rule);
/* The digests of a rule with "digest" or "set", of its release or the root; NULL for other rules. */
json_t *rule_values(const json_t *root, const json_t *release, const json_t *rule);

#endif
