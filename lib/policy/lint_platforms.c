/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lint of the platforms that a policy names, by what the table of built-in anchors says of them.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "lint.h"
#include "trust/anchors.h"

enum { SOON = 90 * 86400 };

static int64_t end_of(const struct anchor *anchor)
{
	int64_t end = INT64_MAX;

	(void)time_parse(slice_of_string(anchor->not_after), true, &end);
	return end;
}

static bool is_of(const struct anchor *anchor, const char *platform)
{
	return strcmp(anchor->platform, platform) == 0;
}

static void lint_anchors(struct lint *l, const char *platform, const char *where)
{
	size_t n = 0, n_past = 0;

	for (size_t i = 0; i < n_anchors; i++) {
		n += is_of(&anchors[i], platform);
		n_past += is_of(&anchors[i], platform) && end_of(&anchors[i]) <= l->time;
	}
	if (n > 0 && n_past == n) {
		lint_say(l, LINT_PLATFORM_EXPIRED, where, "all built-in certificates of \"%s\" have expired", platform);
		return;
	}
	for (size_t i = 0; i < n_anchors; i++) {
		const struct anchor *anchor = &anchors[i];
		int64_t end = end_of(anchor);
		const char *what = anchor->is_root ? "root" : "intermediate certificate";

		if (!is_of(anchor, platform) || end - SOON > l->time)
			continue;
		if (end <= l->time)
			lint_say(l, LINT_ANCHOR_EXPIRED, where, "the built-in %s \"%s\" has expired on %s", what,
				 anchor->name, anchor->not_after);
		else
			lint_say(l, LINT_ANCHOR_EXPIRES, where, "the built-in %s \"%s\" expires on %s", what,
				 anchor->name, anchor->not_after);
	}
}

void lint_platforms(struct lint *l)
{
	const struct policy *policy = l->reading->policy;
	bool only_aws = policy->n_platforms > 0;
	char where[PATH_SIZE];

	if (policy->n_platforms == 0)
		lint_say(l, LINT_PLATFORM_UNSAID, "$", "no platform is named");
	for (size_t i = 0; i < policy->n_platforms; i++) {
		(void)snprintf(where, sizeof(where), "$.platforms[%zu]", i);
		only_aws = only_aws && strcmp(policy->platforms[i], "aws") == 0;
		if (strcmp(policy->platforms[i], "vendor") == 0)
			lint_say(l, LINT_PLATFORM_VENDOR, where, "keys of any manufacturer's TPM are accepted");
		lint_anchors(l, policy->platforms[i], where);
	}
	if (only_aws)
		lint_say(l, LINT_PLATFORM_VOID, "$.platforms", "only \"aws\" is named");
}
