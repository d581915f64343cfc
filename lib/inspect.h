/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.h - evidence that is only looked at: read, replayed, not believed. What attest_inspect() and attest_compare()
 * share.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include "base/json_write.h"
#include "evidence/signature.h"
#include "formats/proof.h"
#include "logs/describe.h"
#include "logs/software.h"
#include "trust/replay.h"

struct look {
	struct arena arena;
	struct proof proof;
	bool has_quote; /* it could be read, and so could the claimed values, which fit its selection */
	struct quote quote;
	struct tpm_signature signature;
	struct pcr_values values;
	struct attest_error quote_error;
	struct replay replay;
	struct software_reader software;
};

/* The caller ends it with look_close(), also after a failure. */
attest_status look_open(struct look *look, struct slice bytes, struct attest_error *error);
void look_close(struct look *look);
attest_status inspect_check_options(const struct attest_inspect_options *options, struct attest_error *error);
enum { LOOK_ERROR_SIZE = 640 };
/* What is wrong and where, in one line; NULL where nothing is. */
const char *look_error_text(const struct attest_error *e, char text[LOOK_ERROR_SIZE]);
/* The claimed values hash to the quote's pcrDigest. */
bool look_matches(const struct look *look, bool *ok);
/* As replay_bank(). */
uint16_t look_bank(const struct look *look, const struct event *event);
json_t *inspect_event(const struct look *look, size_t log, size_t number, const struct event *event, bool *ok);
/* The end of both: hand the document over as text, or say why not. */
attest_status inspect_finish(json_t *root, bool ok, char **ret_json, struct attest_error *error);

#endif
