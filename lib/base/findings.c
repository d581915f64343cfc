/* SPDX-License-Identifier: Apache-2.0 */
#include "findings.h"

#include <string.h>

/* NULL for an empty text; `*ok` is cleared without memory. */
static const char *kept(struct arena *arena, const char *text, bool *ok)
{
	const char *copy;

	if (text[0] == '\0')
		return NULL;
	copy = arena_string(arena, slice_of_string(text));
	if (copy == NULL)
		*ok = false;
	return copy;
}

static void add(struct findings *findings, attest_step step, int is_error, const struct attest_error *error,
		const char *hint)
{
	struct attest_finding *item = &findings->items[findings->n];
	bool ok = true;

	if (status_is_internal(error->status)) {
		findings->internal = error->status;
		return;
	}
	if (findings->n == LIMIT_FINDINGS) {
		findings->n_dropped++;
		return;
	}
	*item = (struct attest_finding){.step = step,
					.status = error->status,
					.is_error = is_error,
					.message = kept(findings->arena, error->message, &ok),
					.where = kept(findings->arena, error->where, &ok),
					.expected = kept(findings->arena, error->expected, &ok),
					.found = kept(findings->arena, error->found, &ok),
					.clause = error->clause,
					.hint = hint};
	if (ok)
		findings->n++;
	else
		findings->internal = ATTEST_E_NO_MEMORY;
}

void finding_error(struct findings *findings, attest_step step, const struct attest_error *error, const char *hint)
{
	findings->step_failed[step] = true;
	add(findings, step, 1, error, hint);
}

void finding_note(struct findings *findings, attest_step step, const struct attest_error *error, const char *hint)
{
	add(findings, step, 0, error, hint);
}
