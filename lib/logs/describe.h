/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describe.h - what an event says, decoded for people and for facts.
 */
#ifndef LOGS_DESCRIBE_H
#define LOGS_DESCRIBE_H

#include "log.h"

enum { DESCRIBE_FIELDS = 48 };

/* One decoded value, for people: of at most 1024 characters (a summary: 4096), then "...". Text is printable (line.h),
 * in the arena. */
struct field {
	const char *name; /* static: "path", "sha256", "subject", … */
	const char *value;
	bool proven; /* follows from bytes whose digest was recomputed; else only claimed */
};

struct description {
	const char *summary; /* one line; never NULL */
	bool proven;         /* all of the summary follows from bytes whose digest was recomputed */
	struct field fields[DESCRIBE_FIELDS];
	size_t n_fields;
	size_t n_omitted; /* fields for which there was no room */
};

/*
 * What the words that are not the event's own say (that something is a section's name, or a boot option) goes by the
 * type that the log claims. A description costs up to a millisecond: some events hold certificates.
 *
 * `bank`: the one whose digest decides what is proven. Malformed data is described as such: ATTEST_OK, or out of
 * memory.
 */
attest_status event_describe(const struct event *event, uint16_t bank, struct arena *arena,
			     struct description *ret_description, struct attest_error *error);

#endif
