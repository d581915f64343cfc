/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weights.h - SHA-256 of a file, or of a folder: then of the text of a manifest in the form that OpenSSF Model Signing
 * signs (an in-toto Statement v1 with the predicate https://model_signing/signature/v1.0).
 */
#ifndef SERVER_WEIGHTS_H
#define SERVER_WEIGHTS_H

#include "base/error.h"
#include "base/memory.h"

struct weights {
	uint8_t sha256[32];
	struct slice manifest; /* of a folder: its text; else empty */
	uint64_t n_bytes;
	size_t n_files;
};

/*
 * `threads`: 0 is one for each processor. Shows progress on standard error where that is a terminal. Symbolic links
 * and special files in a folder, and files that change meanwhile, are ATTEST_E_IO. The manifest lives in the arena.
 */
attest_status weights_measure(struct arena *arena, const char *path, const char *name, unsigned threads,
			      struct weights *ret_weights, struct attest_error *error);

#endif
