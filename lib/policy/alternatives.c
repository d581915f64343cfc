/* SPDX-License-Identifier: Apache-2.0 */
#include "alternatives.h"

#include <string.h>

#include "base/json_write.h"
#include "base/text.h"

const char *const software_members[] = {"pcrs", "application_disk_roothash", "containers", "sets", "events", "ima"};

static attest_status both_say(const char *member, const char *key, struct attest_error *error)
{
	char text[60];

	error_where(error, "$.%s%s%s", member, key == NULL ? "" : ".",
		    key == NULL ? "" : printable_to(slice_of_string(key), text, sizeof(text)));
	error_expected(error, "it in the root or in the releases");
	error_found(error, "it in both, and they differ");
	return fail(error, ATTEST_E_POLICY_INVALID, NULL, "root and release cannot be written as one");
}

/* "pcrs", "events" and "sets": key by key. A PCR that one of them ignores is as the other says. */
static attest_status add_keys(json_t *to, const char *member, json_t *from, struct attest_error *error)
{
	const char *key, *reason;
	json_t *value;
	bool ok = true;

	json_object_foreach (from, key, value) {
		json_t *old = json_object_get(to, key);

		if (old != NULL && !json_equal(old, value) && !pin_is_ignored(old, &reason)) {
			if (pin_is_ignored(value, &reason))
				continue;
			return both_say(member, key, error);
		}
		json_put(to, key, json_incref(value), &ok);
	}
	return ok ? ATTEST_OK : fail_memory(error);
}

static bool is_keyed(const char *member)
{
	return strcmp(member, "pcrs") == 0 || strcmp(member, "events") == 0 || strcmp(member, "sets") == 0;
}

static attest_status add_member(json_t *to, const char *member, json_t *value, struct attest_error *error)
{
	json_t *old = json_object_get(to, member);
	bool ok = true;

	if (value == NULL)
		return ATTEST_OK;
	if (old != NULL && !is_keyed(member))
		return json_equal(old, value) ? ATTEST_OK : both_say(member, NULL, error);
	if (!is_keyed(member))
		json_put(to, member, json_incref(value), &ok);
	else if (old == NULL)
		json_put(to, member, json_shallow(value), &ok);
	else
		return add_keys(old, member, value, error);
	return ok ? ATTEST_OK : fail_memory(error);
}

/* What the root says, and the release, if there is one. */
static attest_status flatten(const json_t *root, const json_t *release, json_t *to, struct attest_error *error)
{
	static const char *const own[] = {"name", "until", "comment"};
	attest_status status = ATTEST_OK;
	bool ok = to != NULL;

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		json_t *value = json_object_get(release, own[i]);

		if (value != NULL)
			json_put(to, own[i], json_incref(value), &ok);
	}
	for (size_t i = 0; ok && status == ATTEST_OK && i < N_SOFTWARE_MEMBERS; i++) {
		const char *member = software_members[i];

		status = add_member(to, member, json_object_get(root, member), error);
		if (status == ATTEST_OK)
			status = add_member(to, member, json_object_get(release, member), error);
	}
	return ok ? status : fail_memory(error);
}

attest_status alternatives_of(const struct reading *reading, json_t **ret_alternatives, struct attest_error *error)
{
	const json_t *releases = json_object_get(reading->root, "releases");
	size_t n = json_array_size(releases);
	json_t *alternatives = json_array();
	attest_status status = alternatives == NULL ? fail_memory(error) : ATTEST_OK;
	bool ok = true;

	for (size_t i = 0; status == ATTEST_OK && i < (n == 0 ? 1 : n); i++) {
		json_t *alternative = json_object();

		status = flatten(reading->root, json_array_get(releases, i), alternative, error);
		json_add(alternatives, alternative, &ok);
		if (!ok)
			status = fail_memory(error);
	}
	if (status == ATTEST_OK)
		*ret_alternatives = alternatives;
	else
		json_decref(alternatives);
	return status;
}
