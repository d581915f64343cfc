/* SPDX-License-Identifier: Apache-2.0 */
/*
 * describing.h - a description in the making; for describe.c and describe_tcg.c alone.
 */
#ifndef LOGS_DESCRIBING_H
#define LOGS_DESCRIBING_H

#include "describe.h"
#include "hashed.h"
#include "line.h"

struct describing {
	const struct event *event;
	uint16_t bank;
	struct hashing hashing; /* of event and bank */
	struct arena *arena;
	struct description *d;
	struct line summary;
	attest_status status; /* out of memory; else ATTEST_OK */
	struct attest_error *error;
};

void add_field(struct describing *x, const char *name, bool proven, const struct line *value);
void add_text_field(struct describing *x, const char *name, bool proven, struct slice bytes);
void add_field_printf(struct describing *x, const char *name, bool proven, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Instead of all that was said: "EV_…: malformed (…)". */
void describe_malformed(struct describing *x, const struct line *problem);
/* "EV_…, 12 bytes". */
void describe_size(struct describing *x);

void describe_tcg(struct describing *x);

#endif
