/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Releases: alternatives of a policy, one of which must hold whole, so that no machine passes with the kernel of one
 * and the command line of another.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "parsing.h"

static attest_status parse_release_name(struct policy *release, const struct json_node *node,
					struct attest_error *error)
{
	return parse_reason(release, node, &release->release, error);
}

static attest_status parse_until(struct policy *release, const struct json_node *node, struct attest_error *error)
{
	struct slice text = {NULL, 0};
	char found[60];
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	release->ends = true;
	if (time_parse(text, false, &release->until))
		return ATTEST_OK;
	error_expected(error, "a time such as 2026-11-20T10:15:00Z");
	error_found(error, "\"%s\"", printable_to(text, found, sizeof(found)));
	return parse_invalid(node, error, "not a time");
}

static attest_status check_name(const struct policy *policy, const struct policy *release, const struct json_node *node,
				struct attest_error *error)
{
	if (release->release == NULL)
		return parse_invalid(node, error, "a release needs a name");
	for (const struct policy *other = policy->releases; other < release; other++)
		if (strcmp(other->release, release->release) == 0)
			return parse_invalid(node, error, "another release has this name");
	return ATTEST_OK;
}

static attest_status parse_release(struct policy *policy, struct policy *release, const struct json_node *node,
				   struct attest_error *error)
{
	static const struct member members[] = {
		{"name",                      parse_release_name},
		{"until",                     parse_until       },
		{"comment",                   parse_comment     },
		{"pcrs",                      parse_pins        },
		{"application_disk_roothash", parse_disk        },
		{"containers",                parse_containers  },
		{"sets",                      parse_sets        },
		{"events",                    parse_events      },
		{"ima",                       parse_ima         },
	};
	attest_status status = json_node_object(node, error);

	release->root = policy;
	release->bank = policy->bank;
	release->accept_resettable = policy->accept_resettable;
	if (status == ATTEST_OK)
		status = parse_members(release, node, members, sizeof(members) / sizeof(members[0]), error);
	if (status == ATTEST_OK)
		status = check_name(policy, release, node, error);
	if (status == ATTEST_OK && !policy_has_own_values(release))
		return parse_invalid(node, error, "the release has no golden value: it would allow every machine");
	return status;
}

attest_status parse_releases(struct policy *policy, const struct json_node *node, struct attest_error *error)
{
	size_t n = 0;
	attest_status status = json_node_array(node, LIMIT_RELEASES, "LIMIT_RELEASES", &n, error);

	if (status != ATTEST_OK)
		return status;
	if (n == 0)
		return parse_invalid(node, error, "allows no release at all");
	policy->releases = arena_alloc(&policy->arena, n, sizeof(*policy->releases));
	if (policy->releases == NULL)
		return fail_memory(error);
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node element = json_node_element(node, i);

		policy->n_releases++; /* also where it fails: policy_free() looks at it */
		status = parse_release(policy, &policy->releases[i], &element, error);
	}
	return status;
}

static bool is_over(const struct policy *release, const struct evidence *evidence)
{
	return release->ends && evidence->time >= release->until;
}

static void note_other(const struct policy *policy, const struct policy *release, const struct evidence *evidence,
		       size_t n, struct findings *findings)
{
	struct attest_error e = {0};
	char until[TIME_SIZE];

	if (is_over(release, evidence))
		(void)fail(&e, ATTEST_E_EVENT, NULL, "release \"%.80s\" has ended at %s (policy \"%.80s\")",
			   release->release, time_text(release->until, until), policy->name);
	else
		(void)fail(&e, ATTEST_E_EVENT, NULL,
			   "release \"%.80s\" does not hold either: %zu finding%s (policy \"%.80s\")", release->release,
			   n, n == 1 ? "" : "s", policy->name);
	finding_note(findings, ATTEST_STEP_POLICY, &e,
		     is_over(release, evidence)
			     ? "a machine that runs it must be brought to a release that is in use"
			     : "the machine need hold one release alone: the one told of is the nearest");
}

static void report_none(const struct policy *policy, struct findings *findings)
{
	struct attest_error e = {0};
	char until[TIME_SIZE];
	const struct policy *last = &policy->releases[0];

	for (size_t i = 1; i < policy->n_releases; i++)
		if (policy->releases[i].until > last->until)
			last = &policy->releases[i];
	error_found(&e, "release \"%.80s\" has ended at %s%s", last->release, time_text(last->until, until),
		    policy->n_releases > 1 ? ", the others before" : "");
	policy_error(findings, policy, &e, ATTEST_E_EVENT, "get a policy of today, with the release that is in use",
		     "every release of the policy has ended");
}

/* Into a place of their own; *ret_n: how many findings. */
static attest_status try_release(const struct policy *release, const struct evidence *evidence,
				 struct findings *scratch, size_t *ret_n, struct attest_error *error)
{
	attest_status status;

	*scratch = (struct findings){.arena = scratch->arena};
	status = policy_check_values(release, evidence, scratch, error);
	*ret_n = scratch->n + scratch->n_dropped;
	return status == ATTEST_OK && scratch->internal != ATTEST_OK ? fail_memory(error) : status;
}

static void report_ended(const struct policy *policy, const struct policy *release, struct findings *findings)
{
	struct attest_error e = {0};
	char until[TIME_SIZE];

	error_found(&e, "release \"%.80s\" has ended at %s", release->release, time_text(release->until, until));
	policy_error(findings, policy, &e, ATTEST_E_EVENT, "bring the machine to a release that is in use",
		     "the machine runs a release that has ended");
}

/* Where none holds. counts: how many findings each release has. */
static size_t find_nearest(const struct policy *policy, const struct evidence *evidence, const size_t *counts)
{
	size_t nearest = policy->n_releases;

	for (size_t i = 0; i < policy->n_releases; i++)
		if (!is_over(&policy->releases[i], evidence) &&
		    (nearest == policy->n_releases || counts[i] < counts[nearest]))
			nearest = i;
	return nearest;
}

/* The findings of the nearest release, or that one holds which has ended, and for each other one a note. */
static attest_status report(const struct policy *policy, const struct evidence *evidence, const size_t *counts,
			    struct findings *findings, struct attest_error *error)
{
	size_t told = find_nearest(policy, evidence, counts);
	attest_status status = ATTEST_OK;

	if (told == policy->n_releases) {
		report_none(policy, findings);
		return ATTEST_OK;
	}
	for (size_t i = 0; i < policy->n_releases; i++)
		if (counts[i] == 0)
			told = i;
	if (counts[told] == 0)
		report_ended(policy, &policy->releases[told], findings);
	else
		status = policy_check_values(&policy->releases[told], evidence, findings, error);
	for (size_t i = 0; status == ATTEST_OK && i < policy->n_releases; i++)
		if (i != told)
			note_other(policy, &policy->releases[i], evidence, counts[i], findings);
	return status;
}

attest_status policy_check_releases(const struct policy *policy, const struct evidence *evidence,
				    struct findings *findings, struct attest_error *error)
{
	size_t counts[LIMIT_RELEASES] = {0};
	struct arena arena = {NULL};
	struct findings *scratch;
	attest_status status = ATTEST_OK;
	bool holds = policy->n_releases == 0;

	if (holds)
		return ATTEST_OK;
	scratch = calloc(1, sizeof(*scratch));
	if (scratch == NULL)
		return fail_memory(error);
	scratch->arena = &arena;
	for (size_t i = 0; status == ATTEST_OK && !holds && i < policy->n_releases; i++) {
		status = try_release(&policy->releases[i], evidence, scratch, &counts[i], error);
		holds = status == ATTEST_OK && !scratch->step_failed[ATTEST_STEP_POLICY] &&
			!is_over(&policy->releases[i], evidence);
	}
	arena_free(&arena);
	free(scratch);
	return status == ATTEST_OK && !holds ? report(policy, evidence, counts, findings, error) : status;
}
