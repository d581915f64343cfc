/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check.h - libattest's verdict on a proof of our own: never a proof that does not verify.
 */
#ifndef SERVER_SELF_CHECK_H
#define SERVER_SELF_CHECK_H

#include "ak.h"

struct self_check {
	struct slice nonce, exporter; /* that the proof was asked with; may be empty */
	bool has_tls;
};

/* ATTEST_E_… of the first finding that refuses it. *ret_anchored is false where only the anchor of the chain is not
 * known here: a verifier may have it. */
attest_status self_check(const struct ak *ak, const struct self_check *expected, struct slice proof, bool *ret_anchored,
			 struct attest_error *error);

#endif
