/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_diff(): what one policy accepts and another does not, member by member.
 */
#include "diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "base/text.h"

enum { MOST_LISTED = 1000, MOST_VALUES_LISTED = 16, PATH_SIZE = 160 };

static const char *effect_name(enum effect effect)
{
	static const char *const names[] = {"more", "less", "otherwise", "same"};

	return names[effect];
}

enum effect effect_of(bool added, bool removed)
{
	return added && removed ? OTHERWISE : added ? MORE : removed ? LESS : SAME;
}

static json_t *take_list(json_t **list)
{
	json_t *taken = *list;

	*list = NULL;
	return taken;
}

void diff_add(struct diff *d, enum effect effect, const char *path)
{
	char *message = words_take(&d->words);
	json_t *added = take_list(&d->added), *removed = take_list(&d->removed), *entry;

	if (message == NULL)
		d->ok = false;
	if (d->ok && ++d->n <= MOST_LISTED) {
		entry = json_object();
		json_put_text(entry, "member", path, &d->ok);
		json_put_text(entry, "effect", effect_name(effect), &d->ok);
		json_put_text(entry, "message", message, &d->ok);
		json_put(entry, "added", added == NULL ? json_array() : json_incref(added), &d->ok);
		json_put(entry, "removed", removed == NULL ? json_array() : json_incref(removed), &d->ok);
		json_add(d->list, entry, &d->ok);
	}
	json_decref(added);
	json_decref(removed);
	free(message);
}

bool diff_is_full(struct diff *d)
{
	if (d->n < MOST_LISTED)
		return false;
	d->n++;
	return true;
}

void diff_added(struct diff *d, bool is_b, const char *text)
{
	json_t **list = is_b ? &d->added : &d->removed;

	if (*list == NULL)
		*list = json_array();
	if (*list == NULL || text == NULL)
		d->ok = false;
	else if (json_array_size(*list) < MOST_VALUES_LISTED)
		json_add(*list, json_string(text), &d->ok);
	else if (json_array_size(*list) == MOST_VALUES_LISTED)
		json_add(*list, json_string("and more"), &d->ok);
}

/* hex, or hex with a name. */
static void add_value(struct diff *d, bool is_b, const char *hex, const json_t *name)
{
	struct words w = {NULL, 0, 0, 0, false};
	char *text;

	say(&w, "%.128s", hex);
	if (json_is_string(name)) {
		say(&w, " ");
		say_quoted(&w, json_string_value(name));
	}
	text = words_take(&w);
	diff_added(d, is_b, text);
	free(text);
}

/* What is in `of` and not in `other`. */
static size_t add_missing(struct diff *d, bool is_b, json_t *of, const json_t *other)
{
	const char *hex;
	json_t *name;
	size_t n = 0;

	json_object_foreach (of, hex, name) {
		if (json_object_get(other, hex) != NULL)
			continue;
		n++;
		add_value(d, is_b, hex, name);
	}
	return n;
}

enum effect diff_values(struct diff *d, json_t *a, json_t *b, uint16_t bank)
{
	json_t *of_a = values_set(a, bank), *of_b = values_set(b, bank);
	size_t removed = 0, added = 0;

	if (of_a == NULL || of_b == NULL) {
		d->ok = false;
	} else {
		removed = add_missing(d, false, of_a, of_b);
		added = add_missing(d, true, of_b, of_a);
	}
	json_decref(of_a);
	json_decref(of_b);
	return effect_of(added > 0, removed > 0);
}

static bool is_fixed(const json_t *pin)
{
	const char *reason;

	return pin != NULL && !pin_is_ignored(pin, &reason);
}

static void diff_pin(struct diff *d, const struct side *a, const struct side *b, unsigned pcr, const char *path)
{
	json_t *of_a = scope_pcr(a->scope, "pcrs", pcr), *of_b = scope_pcr(b->scope, "pcrs", pcr);
	enum effect effect;

	if (is_fixed(of_a) && is_fixed(of_b)) {
		effect = diff_values(d, of_a, of_b, a->reading->policy->bank);
		if (effect == SAME)
			return;
		say_pcr(&d->words, pcr);
		say(&d->words, effect == MORE   ? " may have more values"
			       : effect == LESS ? " may have fewer values"
						: " must have other values");
		diff_add(d, effect, path);
		return;
	}
	if (!is_fixed(of_a) && !is_fixed(of_b) && (of_a == NULL) == (of_b == NULL))
		return;
	(void)diff_values(d, is_fixed(of_a) ? of_a : NULL, is_fixed(of_b) ? of_b : NULL, a->reading->policy->bank);
	say_pcr(&d->words, pcr);
	if (is_fixed(of_a))
		say(&d->words, of_b == NULL ? " is not pinned any more" : " is ignored now");
	else if (is_fixed(of_b))
		say(&d->words, " is pinned now");
	else
		say(&d->words, of_b == NULL ? " is no longer listed as ignored" : " is listed as ignored");
	diff_add(d, is_fixed(of_a) ? MORE : is_fixed(of_b) ? LESS : SAME, path);
}

static void diff_events(struct diff *d, const struct side *a, const struct side *b, unsigned pcr, const char *path)
{
	const json_t *of_a = scope_pcr(a->scope, "events", pcr), *of_b = scope_pcr(b->scope, "events", pcr);

	if (of_a != NULL && of_b != NULL) {
		diff_rules(d, a, b, pcr, path);
		return;
	}
	if (of_a == of_b)
		return;
	say_pcr(&d->words, pcr);
	say(&d->words, of_b == NULL ? " has no rules any more: its events may be any" : " has rules now");
	diff_add(d, of_b == NULL ? MORE : LESS, path);
}

static void diff_disk(struct diff *d, const struct side *a, const struct side *b, const char *path)
{
	json_t *of_a = json_object_get(a->scope, "application_disk_roothash");
	json_t *of_b = json_object_get(b->scope, "application_disk_roothash");
	enum effect effect = diff_values(d, of_a, of_b, ALG_SHA256);

	if (effect == SAME)
		return;
	say(&d->words, "the application disk's root hash ");
	say(&d->words, of_a == NULL ? "is demanded now" : of_b == NULL ? "is not demanded any more" : "is another");
	diff_add(d, of_a == NULL ? LESS : of_b == NULL ? MORE : OTHERWISE, path);
}

static void add_container(struct diff *d, bool is_b, const char *image, const json_t *id)
{
	struct words w = {NULL, 0, 0, 0, false};
	char *text;

	say_text(&w, image, 300);
	say(&w, " ");
	say_text(&w, json_string_value(id), 200);
	text = words_take(&w);
	diff_added(d, is_b, text);
	free(text);
}

/* Images that `of` has and `other` has not, or not with this id. */
static size_t add_containers(struct diff *d, bool is_b, json_t *of, const json_t *other)
{
	const char *image;
	json_t *id;
	size_t n = 0;

	json_object_foreach (of, image, id) {
		const json_t *there = json_object_get(other, image);

		if (there != NULL && json_equal(id, there))
			continue;
		n++;
		add_container(d, is_b, image, id);
	}
	return n;
}

static void diff_containers(struct diff *d, const struct side *a, const struct side *b, const char *path)
{
	json_t *of_a = json_object_get(a->scope, "containers"), *of_b = json_object_get(b->scope, "containers");
	size_t removed = add_containers(d, false, of_a, of_b), added = add_containers(d, true, of_b, of_a);
	enum effect effect = of_a == NULL && of_b != NULL   ? LESS
			     : of_a != NULL && of_b == NULL ? MORE
							    : effect_of(added > 0, removed > 0);

	if (effect == SAME)
		return;
	say(&d->words, of_a == NULL     ? "container images are restricted to a list now"
		       : of_b == NULL   ? "container images may be any"
		       : effect == MORE ? "more container images are allowed"
		       : effect == LESS ? "fewer container images are allowed"
					: "other container images are allowed");
	diff_add(d, effect, path);
}

void diff_scope(struct diff *d, const struct side *a, const struct side *b, const char *path)
{
	char at[PATH_SIZE];

	for (unsigned pcr = 0; pcr < LIMIT_PCRS; pcr++) {
		(void)snprintf(at, sizeof(at), "%.100s.pcrs.%u", path, pcr);
		diff_pin(d, a, b, pcr, at);
		(void)snprintf(at, sizeof(at), "%.100s.events.%u", path, pcr);
		diff_events(d, a, b, pcr, at);
	}
	(void)snprintf(at, sizeof(at), "%.100s.ima", path);
	diff_ima(d, json_object_get(a->scope, "ima"), json_object_get(b->scope, "ima"), at, a->reading->policy->bank);
	(void)snprintf(at, sizeof(at), "%.100s.application_disk_roothash", path);
	diff_disk(d, a, b, at);
	(void)snprintf(at, sizeof(at), "%.100s.containers", path);
	diff_containers(d, a, b, at);
}

/* Who is accepted without being named: all but vendors. */
static bool allows(const struct policy *policy, const char *platform)
{
	if (policy->n_platforms == 0)
		return strcmp(platform, "vendor") != 0;
	for (size_t i = 0; i < policy->n_platforms; i++)
		if (strcmp(policy->platforms[i], platform) == 0)
			return true;
	return false;
}

static void diff_platforms(struct diff *d, const struct policy *a, const struct policy *b)
{
	static const char *const platforms[] = {"azure", "gcp", "aws", "vendor", "added"};
	bool added = false, removed = false;

	for (size_t i = 0; i < sizeof(platforms) / sizeof(platforms[0]); i++) {
		bool in_a = allows(a, platforms[i]), in_b = allows(b, platforms[i]);

		added = added || (in_b && !in_a);
		removed = removed || (in_a && !in_b);
		if (in_a != in_b)
			diff_added(d, in_b, platforms[i]);
	}
	if (!added && !removed)
		return;
	say(&d->words, "machines of %s platforms are accepted", !removed ? "more" : !added ? "fewer" : "other");
	diff_add(d, effect_of(added, removed), "$.platforms");
}

static void diff_requirement(struct diff *d, enum requirement a, enum requirement b, const char *what, const char *path)
{
	if (a == b)
		return;
	if ((a == REQUIRED) == (b == REQUIRED)) {
		say(&d->words, "%s is not required in either: the step is told otherwise", what);
		diff_add(d, SAME, path);
		return;
	}
	say(&d->words, "%s is %s", what, b == REQUIRED ? "required now" : "not required any more");
	diff_add(d, b == REQUIRED ? LESS : MORE, path);
}

static void diff_root(struct diff *d, const struct reading *a, const struct reading *b)
{
	if (a->policy->bank != b->policy->bank) {
		say(&d->words, "values and digests are of the bank %s instead of %s", digest_name(b->policy->bank),
		    digest_name(a->policy->bank));
		diff_add(d, OTHERWISE, "$.bank");
	}
	diff_platforms(d, a->policy, b->policy);
	diff_requirement(d, a->policy->tls, b->policy->tls, "a TLS key", "$.tls");
	diff_requirement(d, a->policy->nonce, b->policy->nonce, "a nonce", "$.nonce");
	if (a->policy->accept_resettable != b->policy->accept_resettable) {
		say(&d->words, "PCR 16 and 23, which any software can reset, %s",
		    b->policy->accept_resettable ? "count now" : "do not count any more");
		diff_add(d, b->policy->accept_resettable ? MORE : LESS, "$.resettable_pcrs");
	}
	diff_releases(d, a, b);
}

static json_t *document(struct diff *d)
{
	json_t *root = json_object();

	json_put(root, "equal", json_boolean(d->n == 0), &d->ok);
	json_put(root, "differences", json_incref(d->list), &d->ok);
	if (d->n > MOST_LISTED)
		json_put_size(root, "not_listed", d->n - MOST_LISTED, &d->ok);
	return root;
}

static attest_status diff(const struct reading *a, const struct reading *b, char **ret_json, struct attest_error *error)
{
	struct diff d = {.list = json_array(), .ok = true};
	json_t *root = NULL;
	char *text = NULL;

	d.ok = d.list != NULL;
	if (d.ok)
		diff_root(&d, a, b);
	if (d.ok)
		root = document(&d);
	if (d.ok && root != NULL)
		text = json_line(root);
	json_decref(root);
	json_decref(d.list);
	json_decref(d.added);
	json_decref(d.removed);
	words_free(&d.words);
	if (text == NULL)
		return fail_memory(error);
	*ret_json = text;
	return ATTEST_OK;
}

attest_status attest_policy_diff(const struct attest_document *a, const struct attest_document *b, char **ret_json,
				 struct attest_error *error)
{
	struct attest_error e = {0};
	struct reading of_a = {NULL, NULL, NULL}, of_b = {NULL, NULL, NULL};
	attest_status status = reading_open_as(a, "the first policy", &of_a, &e);

	if (status == ATTEST_OK)
		status = reading_open_as(b, "the second policy", &of_b, &e);
	if (status == ATTEST_OK)
		status = diff(&of_a, &of_b, ret_json, &e);
	reading_close(&of_a);
	reading_close(&of_b);
	if (error != NULL)
		*error = e;
	return status;
}
