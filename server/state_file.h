/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_file.h - the text of the state file, parsed.
 */
#ifndef SERVER_STATE_FILE_H
#define SERVER_STATE_FILE_H

#include "measure.h"
#include "tpm.h"

struct state_file {
	struct pcr_table base; /* PCRs without a line are not in it */
	struct measurements events;
	size_t length, without_last; /* bytes up to the end of the last whole line; and up to its beginning */
};

/* A last line without an end was never extended, and is left out. `events.arena` is to be set before. */
attest_status state_file_parse(struct slice text, struct state_file *file, struct attest_error *error);
/* The head of a new file. Lives in the arena. */
attest_status state_file_head(struct arena *arena, const struct pcr_table *base, struct slice *ret_text,
			      struct attest_error *error);

#endif
