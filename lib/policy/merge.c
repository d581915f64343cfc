/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attest_policy_merge(): two policies as the releases of one, for the time in which machines of both run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alternatives.h"
#include "base/json_write.h"
#include "base/text.h"

struct merge {
	const struct reading *old, *new;
	int64_t until;
	json_t *root;
	json_t *releases; /* first whole, then without what the root says */
	bool ok;
};

static attest_status must_be_equal(const struct merge *m, const char *member, struct attest_error *error)
{
	json_t *a = json_object_get(m->old->root, member), *b = json_object_get(m->new->root, member);

	if (a == b || (a != NULL && b != NULL && json_equal(a, b)))
		return ATTEST_OK;
	error_where(error, "$.%s", member);
	error_expected(error, "the same in both: a release cannot have its own");
	return fail(error, ATTEST_E_POLICY_INVALID, NULL, "the two policies differ in \"%s\"", member);
}

static attest_status check_bank(const struct merge *m, struct attest_error *error)
{
	uint16_t a = m->old->policy->bank, b = m->new->policy->bank;

	if (a == b)
		return ATTEST_OK;
	error_where(error, "$.bank");
	error_expected(error, "%s, as in the old one", digest_name(a));
	error_found(error, "%s", digest_name(b));
	return fail(error, ATTEST_E_POLICY_INVALID, NULL, "the two policies have different banks");
}

static bool allows(const struct policy *policy, const char *platform)
{
	for (size_t i = 0; i < policy->n_platforms; i++)
		if (strcmp(policy->platforms[i], platform) == 0)
			return true;
	return false;
}

/* Platforms hold for all releases, so neither those of the one nor of the other would be right for both. */
static attest_status check_platforms(const struct merge *m, struct attest_error *error)
{
	const struct policy *a = m->old->policy, *b = m->new->policy;
	bool equal = (a->n_platforms == 0) == (b->n_platforms == 0);

	for (size_t i = 0; i < a->n_platforms; i++)
		equal = equal && allows(b, a->platforms[i]);
	for (size_t i = 0; i < b->n_platforms; i++)
		equal = equal && allows(a, b->platforms[i]);
	return equal ? ATTEST_OK : must_be_equal(m, "platforms", error);
}

static attest_status check_mergeable(const struct merge *m, struct attest_error *error)
{
	char text[TIME_SIZE];
	int64_t again;
	attest_status status;

	if (!time_parse(slice_of_string(time_text(m->until, text)), false, &again))
		return fail(error, ATTEST_E_USAGE, NULL, "the end is not a time of the years 1 to 9999");
	status = check_bank(m, error);
	if (status == ATTEST_OK)
		status = check_platforms(m, error);
	if (status == ATTEST_OK && m->old->policy->accept_resettable != m->new->policy->accept_resettable)
		status = must_be_equal(m, "resettable_pcrs", error);
	return status;
}

/* How a release is called that had no name: as its policy, or else as its file. */
static const char *release_name(const struct reading *reading, bool by_file)
{
	const char *name = json_string_value(json_object_get(reading->root, "name"));

	if (name != NULL && !by_file)
		return name;
	return reading->file != NULL ? reading->file : name;
}

static bool same_names(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void name_release(struct merge *m, json_t *release, bool is_new)
{
	bool by_file = same_names(release_name(m->old, false), release_name(m->new, false));
	const char *name = release_name(is_new ? m->new : m->old, by_file);

	if (by_file && same_names(release_name(m->old, true), release_name(m->new, true)))
		name = NULL;
	if (json_object_get(release, "name") == NULL)
		json_put_text(release, "name", name != NULL ? name : is_new ? "new" : "old", &m->ok);
}

/* The earlier of the end that it has and the end that is given. */
static void end_release(struct merge *m, json_t *release)
{
	const char *has = json_string_value(json_object_get(release, "until"));
	int64_t until = 0;

	if (has == NULL || !time_parse(slice_of_string(has), false, &until) || until > m->until)
		json_put_time(release, "until", m->until, &m->ok);
}

/* Of a release, its own members first: people read them so. */
static json_t *in_order(struct merge *m, json_t *release)
{
	static const char *const first[] = {"name", "until", "comment"};
	json_t *to = json_object(), *value;
	const char *key;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (json_object_get(release, first[i]) != NULL)
			json_put(to, first[i], json_incref(json_object_get(release, first[i])), &m->ok);
	json_object_foreach (release, key, value)
		if (json_object_get(to, key) == NULL)
			json_put(to, key, json_incref(value), &m->ok);
	return to;
}

static json_t *find_release(const struct merge *m, const char *name)
{
	for (size_t i = 0; i < json_array_size(m->releases); i++) {
		json_t *release = json_array_get(m->releases, i);

		if (same_names(json_string_value(json_object_get(release, "name")), name))
			return release;
	}
	return NULL;
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

/* A release of the new policy. One that the old one has too stays once, for as long as the new one says. */
static attest_status add_new(struct merge *m, json_t *release, struct attest_error *error)
{
	const char *name = json_string_value(json_object_get(release, "name"));
	json_t *old = find_release(m, name);
	char text[80];

	if (old == NULL) {
		json_add(m->releases, in_order(m, release), &m->ok);
		return ATTEST_OK;
	}
	if (!says_the_same(old, release)) {
		error_where(error, "$.releases");
		error_found(error, "\"%s\" twice",
			    name == NULL ? "" : printable_to(slice_of_string(name), text, sizeof(text)));
		return fail(error, ATTEST_E_POLICY_INVALID, NULL,
			    "two releases of one name differ: give the policies names of their own");
	}
	(void)json_object_del(old, "until");
	if (json_object_get(release, "until") != NULL)
		json_put(old, "until", json_incref(json_object_get(release, "until")), &m->ok);
	return ATTEST_OK;
}

static attest_status collect(struct merge *m, bool is_new, struct attest_error *error)
{
	const struct reading *reading = is_new ? m->new : m->old;
	json_t *alternatives = NULL, *comment = json_object_get(reading->root, "comment");
	attest_status status = alternatives_of(reading, &alternatives, error);

	for (size_t i = 0; status == ATTEST_OK && i < json_array_size(alternatives); i++) {
		json_t *release = json_array_get(alternatives, i);

		if (json_object_get(release, "name") == NULL && comment != NULL)
			json_put(release, "comment", json_incref(comment), &m->ok);
		name_release(m, release, is_new);
		if (is_new) {
			status = add_new(m, release, error);
			continue;
		}
		end_release(m, release);
		json_add(m->releases, in_order(m, release), &m->ok);
	}
	json_decref(alternatives);
	return status;
}

/* All releases have this, and it is equal. key NULL: the member itself. */
static json_t *common_value(const struct merge *m, const char *member, const char *key)
{
	json_t *first = NULL;

	for (size_t i = 0; i < json_array_size(m->releases); i++) {
		json_t *value = json_object_get(json_array_get(m->releases, i), member);

		if (key != NULL)
			value = json_object_get(value, key);
		if (value == NULL || (i > 0 && !json_equal(first, value)))
			return NULL;
		if (i == 0)
			first = value;
	}
	return first;
}

/* The sets that these rules use are common to all releases: then the rules may stand in the root. */
static bool uses_common_sets(const struct merge *m, const json_t *ruled)
{
	const json_t *rules = ruled_rules(ruled);

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const char *set = json_string_value(json_object_get(json_array_get(rules, i), "set"));

		if (set != NULL && common_value(m, "sets", set) == NULL)
			return false;
	}
	return true;
}

/* A member, or one key of it, that all releases have. */
static void hoist(struct merge *m, const char *member, const char *key, json_t *value)
{
	json_t *to = m->root;

	if (key != NULL && json_object_get(m->root, member) == NULL)
		json_put(m->root, member, json_object(), &m->ok);
	if (key != NULL)
		to = json_object_get(m->root, member);
	json_put(to, key == NULL ? member : key, json_incref(value), &m->ok);
	for (size_t i = 0; i < json_array_size(m->releases); i++) {
		json_t *release = json_array_get(m->releases, i), *from = json_object_get(release, member);

		if (key != NULL)
			(void)json_object_del(from, key);
		if (key == NULL || json_object_size(from) == 0)
			(void)json_object_del(release, member);
	}
}

static void hoist_keys(struct merge *m, const char *member)
{
	json_t *of_first = json_object_get(json_array_get(m->releases, 0), member), *keys = json_shallow(of_first),
	       *value;
	const char *key;

	m->ok = m->ok && (keys != NULL || of_first == NULL);
	json_object_foreach (keys, key, value)
		if (common_value(m, member, key) != NULL &&
		    (strcmp(member, "events") != 0 || uses_common_sets(m, value)))
			hoist(m, member, key, value);
	json_decref(keys);
}

static void hoist_all(struct merge *m)
{
	static const char *const keyed[] = {"pcrs", "events", "sets"};
	static const char *const whole[] = {"application_disk_roothash", "containers", "ima"};

	for (size_t i = 0; i < 3; i++) {
		json_t *value = common_value(m, whole[i], NULL);

		hoist_keys(m, keyed[i]);
		if (value != NULL)
			hoist(m, whole[i], NULL, json_incref(value));
		json_decref(value);
	}
}

static attest_status check_releases(const struct merge *m, struct attest_error *error)
{
	for (size_t i = 0; i < json_array_size(m->releases); i++) {
		if (scope_compares(json_array_get(m->releases, i)))
			continue;
		return fail(error, ATTEST_E_POLICY_INVALID, NULL,
			    "one of the policies knows no software: there is nothing to choose between");
	}
	if (json_array_size(m->releases) > 1 &&
	    says_the_same(json_array_get(m->releases, 0), json_array_get(m->releases, 1)) &&
	    json_array_size(m->releases) == 2)
		return fail(error, ATTEST_E_POLICY_INVALID, NULL,
			    "the two policies let the same software run: there is nothing to merge");
	return ATTEST_OK;
}

/* Without what the root says; but where a release would be left with nothing, all stays in the releases. */
static void split(struct merge *m)
{
	json_t *whole = json_deep_copy(m->releases), *root = json_shallow(m->root);
	bool empty = false;

	m->ok = m->ok && whole != NULL && root != NULL && json_equal(whole, m->releases);
	if (m->ok)
		hoist_all(m);
	for (size_t i = 0; i < json_array_size(m->releases); i++)
		empty = empty || !scope_compares(json_array_get(m->releases, i));
	if (empty) {
		json_t *swap = m->releases;

		m->releases = whole;
		whole = swap;
		swap = m->root;
		m->root = root;
		root = swap;
	}
	json_decref(whole);
	json_decref(root);
}

static void put_stricter(struct merge *m, const char *member, enum requirement a, enum requirement b)
{
	enum requirement stricter = a > b ? a : b;

	if (stricter != UNSAID)
		json_put_text(m->root, member, stricter == REQUIRED ? "required" : "optional", &m->ok);
}

static void put_head(struct merge *m)
{
	static const char *const taken[] = {"name", "platforms", "bank", "resettable_pcrs"};
	json_t *origin = json_object(), *merged = json_array();
	char comment[160], until[TIME_SIZE];

	(void)snprintf(comment, sizeof(comment),
		       "For a rolling update: old and new releases are both allowed until %s.",
		       time_text(m->until, until));
	json_put_text(m->root, "format", "libattest-policy-v1", &m->ok);
	json_put_text(m->root, "comment", comment, &m->ok);
	for (size_t i = 0; i < json_array_size(m->releases); i++)
		json_add(merged, json_incref(json_object_get(json_array_get(m->releases, i), "name")), &m->ok);
	json_put(origin, "merged", merged, &m->ok);
	json_put(m->root, "origin", origin, &m->ok);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (json_object_get(m->new->root, taken[i]) != NULL)
			json_put(m->root, taken[i], json_incref(json_object_get(m->new->root, taken[i])), &m->ok);
	put_stricter(m, "tls", m->old->policy->tls, m->new->policy->tls);
	put_stricter(m, "nonce", m->old->policy->nonce, m->new->policy->nonce);
}

static attest_status merge(struct merge *m, char **ret_json, struct attest_error *error)
{
	attest_status status = check_mergeable(m, error);

	if (status == ATTEST_OK)
		status = collect(m, false, error);
	if (status == ATTEST_OK)
		status = collect(m, true, error);
	if (status == ATTEST_OK && m->ok)
		status = check_releases(m, error);
	if (status != ATTEST_OK)
		return status;
	put_head(m);
	if (m->ok)
		split(m);
	json_put(m->root, "releases", json_incref(m->releases), &m->ok);
	return reading_write(json_incref(m->root), m->ok, ret_json, error);
}

attest_status attest_policy_merge(const struct attest_document *old_release, const struct attest_document *new_release,
				  int64_t until, char **ret_json, struct attest_error *error)
{
	struct attest_error e = {0};
	struct reading old = {NULL, NULL, NULL}, new = {NULL, NULL, NULL};
	struct merge m = {&old, &new, until, json_object(), json_array(), true};
	attest_status status = reading_open_as(old_release, "the old policy", &old, &e);

	if (status == ATTEST_OK)
		status = reading_open_as(new_release, "the new policy", &new, &e);
	if (status == ATTEST_OK && (m.root == NULL || m.releases == NULL))
		status = fail_memory(&e);
	if (status == ATTEST_OK)
		status = merge(&m, ret_json, &e);
	json_decref(m.root);
	json_decref(m.releases);
	reading_close(&old);
	reading_close(&new);
	if (error != NULL)
		*error = e;
	return status;
}
