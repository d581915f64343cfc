/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading.h - an event on its way to statements; for software.c and software_text.c alone.
 */
#ifndef LOGS_READING_H
#define LOGS_READING_H

#include "line.h"
#include "software.h"

struct reading {
	struct software_reader *reader;
	const struct event *event;
	uint16_t bank;
	struct hashing hashing; /* of event and bank */
	size_t log, number;
	struct software_pcr *pcr;
	attest_status status;
	struct attest_error *error;
};

/* Add a statement. A value that was cut is never proven: another could be cut to the same. */
void software_state(struct reading *x, const char *what, bool proven, const struct line *value);
/* Those of a text event. */
void software_read_text(struct reading *x);

#endif
