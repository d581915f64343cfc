/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff of what IMA may have measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_write.h"
#include "diff.h"

enum { PATH_SIZE = 160 };

static void add_name(struct diff *d, bool is_b, const char *name)
{
	struct words w = {NULL, 0, 0, 0, false};
	char *text;

	say_text(&w, name, 300);
	text = words_take(&w);
	diff_added(d, is_b, text);
	free(text);
}

/* Names with digests that `of` has and `other` has not, or not all of them. */
static size_t add_lacking(struct diff *d, bool is_b, json_t *of, const json_t *other, uint16_t bank)
{
	const char *name, *hex;
	json_t *digests, *set, *there, *ignored;
	size_t n = 0;

	json_object_foreach (of, name, digests) {
		bool lacks = false;

		if (json_equal(digests, json_object_get(other, name)))
			continue;
		set = values_set(digests, bank);
		there = values_set(json_object_get(other, name), bank);
		d->ok = d->ok && set != NULL && there != NULL;
		json_object_foreach (set, hex, ignored)
			lacks = lacks || json_object_get(there, hex) == NULL;
		json_decref(set);
		json_decref(there);
		if (!lacks)
			continue;
		n++;
		add_name(d, is_b, name);
	}
	return n;
}

static void diff_names(struct diff *d, json_t *a, json_t *b, const char *what, const char *path, uint16_t bank)
{
	size_t removed = add_lacking(d, false, a, b, bank), added = add_lacking(d, true, b, a, bank);

	if (added == 0 && removed == 0)
		return;
	say(&d->words, "IMA: of %s, %zu in all, %zu are new or have a new digest, %zu have lost one", what,
	    json_object_size(b), added, removed);
	diff_add(d, effect_of(added > 0, removed > 0), path);
}

static size_t add_absent(struct diff *d, bool is_b, const json_t *of, const json_t *other)
{
	json_t *known = json_object();
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(other); i++)
		json_put(known, json_string_value(json_array_get(other, i)), json_null(), &d->ok);
	for (size_t i = 0; i < json_array_size(of); i++) {
		const char *text = json_string_value(json_array_get(of, i));

		if (json_object_get(known, text) != NULL)
			continue;
		n++;
		add_name(d, is_b, text);
	}
	json_decref(known);
	return n;
}

static json_int_t pcr_of(const json_t *ima)
{
	const json_t *pcr = json_object_get(ima, "pcr");

	return pcr == NULL ? 10 : json_integer_value(pcr);
}

static bool needs_aggregate(const json_t *ima)
{
	const char *text = json_string_value(json_object_get(ima, "boot_aggregate"));

	return text == NULL || strcmp(text, "required") == 0;
}

static bool takes_violations(const json_t *ima)
{
	const char *text = json_string_value(json_object_get(ima, "violations"));

	return text != NULL && strcmp(text, "excluded") == 0;
}

static void diff_choices(struct diff *d, const json_t *a, const json_t *b, const char *path)
{
	if (pcr_of(a) != pcr_of(b)) {
		say(&d->words, "IMA measures into PCR %u instead of %u", (unsigned)pcr_of(b), (unsigned)pcr_of(a));
		diff_add(d, OTHERWISE, path);
	}
	if (needs_aggregate(a) != needs_aggregate(b)) {
		say(&d->words, "IMA: the boot aggregate is %s", needs_aggregate(b) ? "required now" : "optional now");
		diff_add(d, needs_aggregate(b) ? LESS : MORE, path);
	}
	if (takes_violations(a) != takes_violations(b)) {
		say(&d->words, "IMA: violations of excluded paths are %s",
		    takes_violations(b) ? "accepted now" : "refused now");
		diff_add(d, takes_violations(b) ? MORE : LESS, path);
	}
}

static void diff_both(struct diff *d, json_t *a, json_t *b, const char *path, uint16_t bank)
{
	size_t removed, added;
	char at[PATH_SIZE];

	diff_choices(d, a, b, path);
	(void)snprintf(at, sizeof(at), "%.100s.files", path);
	diff_names(d, json_object_get(a, "files"), json_object_get(b, "files"), "files", at, bank);
	(void)snprintf(at, sizeof(at), "%.100s.keyrings", path);
	diff_names(d, json_object_get(a, "keyrings"), json_object_get(b, "keyrings"), "keyrings", at, bank);
	removed = add_absent(d, false, json_object_get(a, "exclude"), json_object_get(b, "exclude"));
	added = add_absent(d, true, json_object_get(b, "exclude"), json_object_get(a, "exclude"));
	if (added == 0 && removed == 0)
		return;
	(void)snprintf(at, sizeof(at), "%.100s.exclude", path);
	say(&d->words, "IMA: %s paths are excluded", removed == 0 ? "more" : added == 0 ? "fewer" : "other");
	diff_add(d, effect_of(added > 0, removed > 0), at);
}

void diff_ima(struct diff *d, json_t *a, json_t *b, const char *path, uint16_t bank)
{
	if (a != NULL && b != NULL) {
		diff_both(d, a, b, path, bank);
		return;
	}
	if (a == b)
		return;
	say(&d->words, b == NULL ? "IMA may have measured any files" : "what IMA measured is restricted to a list now");
	diff_add(d, b == NULL ? MORE : LESS, path);
}
