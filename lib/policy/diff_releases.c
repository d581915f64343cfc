/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff of the releases. Where only one of the policies has releases, the other one as a whole is held against the
 * release that it became, or was.
 */
#include <stdio.h>
#include <string.h>

#include "alternatives.h"
#include "base/json_write.h"
#include "base/text.h"
#include "diff.h"

enum { PATH_SIZE = 160 };

static const char *name_of(const json_t *release)
{
	const char *name = json_string_value(json_object_get(release, "name"));

	return name == NULL ? "" : name;
}

static const json_t *find(const json_t *releases, const char *name)
{
	for (size_t i = 0; i < json_array_size(releases); i++)
		if (strcmp(name_of(json_array_get(releases, i)), name) == 0)
			return json_array_get(releases, i);
	return NULL;
}

static int64_t end_of(const json_t *release)
{
	const char *until = json_string_value(json_object_get(release, "until"));
	int64_t end = INT64_MAX;

	if (until != NULL)
		(void)time_parse(slice_of_string(until), false, &end);
	return end;
}

static void say_end_of(struct diff *d, const json_t *release)
{
	char text[TIME_SIZE];

	if (end_of(release) == INT64_MAX)
		say(&d->words, "for ever");
	else
		say(&d->words, "until %s", time_text(end_of(release), text));
}

static void say_release(struct diff *d, const json_t *release)
{
	say(&d->words, "release ");
	say_quoted(&d->words, name_of(release));
}

static void diff_end(struct diff *d, const json_t *a, const json_t *b, const char *path)
{
	if (end_of(a) == end_of(b))
		return;
	say_release(d, b);
	say(&d->words, " is allowed ");
	say_end_of(d, b);
	say(&d->words, " instead of ");
	say_end_of(d, a);
	diff_add(d, end_of(b) > end_of(a) ? MORE : LESS, path);
}

static void diff_lone(struct diff *d, bool is_b, const json_t *release, size_t i)
{
	char path[PATH_SIZE];

	(void)snprintf(path, sizeof(path), "$.releases[%zu]", i);
	say_release(d, release);
	say(&d->words, is_b ? " is allowed too, " : " is not allowed any more, which was allowed ");
	say_end_of(d, release);
	diff_add(d, is_b ? MORE : LESS, path);
}

/* Releases of one name are one. `lone` NULL, or the release of a policy without any, that has no name. */
static void diff_lists(struct diff *d, const struct side *a, const struct side *b, const json_t *of_a,
		       const json_t *of_b)
{
	char path[PATH_SIZE];

	for (size_t i = 0; i < json_array_size(of_a); i++)
		if (find(of_b, name_of(json_array_get(of_a, i))) == NULL)
			diff_lone(d, false, json_array_get(of_a, i), i);
	for (size_t i = 0; i < json_array_size(of_b); i++) {
		const json_t *release = json_array_get(of_b, i), *old = find(of_a, name_of(release));
		struct side side_a = {a->reading, a->root, old, NULL}, side_b = {b->reading, b->root, release, NULL};

		if (old == NULL) {
			diff_lone(d, true, release, i);
			continue;
		}
		(void)snprintf(path, sizeof(path), "$.releases[%zu]", i);
		diff_end(d, old, release, path);
		diff_scope(d, &side_a, &side_b, path);
	}
}

static bool says_the_same(const json_t *a, const json_t *b)
{
	for (size_t i = 0; i < N_SOFTWARE_MEMBERS; i++) {
		json_t *of_a = json_object_get(a, software_members[i]), *of_b = json_object_get(b, software_members[i]);

		if (of_a != of_b && (of_a == NULL || of_b == NULL || !json_equal(of_a, of_b)))
			return false;
	}
	return true;
}

/* The lone alternative gets the name of the release that it is: the same, else of its policy's name, else the first. */
static void name_lone(struct diff *d, json_t *lone, const char *policy_name, const json_t *releases)
{
	const json_t *is = NULL;

	for (size_t i = 0; i < json_array_size(releases) && is == NULL; i++)
		if (says_the_same(lone, json_array_get(releases, i)))
			is = json_array_get(releases, i);
	if (is == NULL && policy_name != NULL)
		is = find(releases, policy_name);
	if (is == NULL)
		is = json_array_get(releases, 0);
	json_put_text(lone, "name", name_of(is), &d->ok);
}

static void diff_one_sided(struct diff *d, const struct side *a, const struct side *b, json_t *of_a, json_t *of_b)
{
	bool a_is_lone = json_object_get(a->root, "releases") == NULL;
	const struct side *lone = a_is_lone ? a : b;

	name_lone(d, json_array_get(a_is_lone ? of_a : of_b, 0), json_string_value(json_object_get(lone->root, "name")),
		  a_is_lone ? of_b : of_a);
	diff_lists(d, a, b, of_a, of_b);
}

/* Only one of them has releases, and they stand beside values of its root that they do not replace. */
static void diff_demand(struct diff *d, bool is_b)
{
	say(&d->words, is_b ? "one of the releases must hold now, besides the root"
			    : "no release must hold any more, but the root alone");
	diff_add(d, is_b ? LESS : MORE, "$.releases");
}

void diff_releases(struct diff *d, const struct reading *a, const struct reading *b)
{
	struct side side_a = {a, a->root, a->root, NULL}, side_b = {b, b->root, b->root, NULL};
	const json_t *of_a = json_object_get(a->root, "releases"), *of_b = json_object_get(b->root, "releases");
	json_t *all_of_a = NULL, *all_of_b = NULL;
	struct attest_error e = {0};

	if ((of_a == NULL) != (of_b == NULL) && alternatives_of(a, &all_of_a, &e) == ATTEST_OK &&
	    alternatives_of(b, &all_of_b, &e) == ATTEST_OK) {
		diff_one_sided(d, &side_a, &side_b, all_of_a, all_of_b);
	} else {
		d->ok = d->ok && e.status != ATTEST_E_NO_MEMORY;
		diff_scope(d, &side_a, &side_b, "$");
		if ((of_a == NULL) != (of_b == NULL))
			diff_demand(d, of_a == NULL);
		else
			diff_lists(d, &side_a, &side_b, of_a, of_b);
	}
	json_decref(all_of_a);
	json_decref(all_of_b);
}
