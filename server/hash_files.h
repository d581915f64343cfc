/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_files.h - SHA-256 of many files at once.
 */
#ifndef SERVER_HASH_FILES_H
#define SERVER_HASH_FILES_H

#include "base/error.h"

struct hashed_file {
	const char *path; /* to open it */
	const char *name; /* in the manifest */
	uint64_t size;    /* when it was listed */
	uint8_t sha256[32];
};

/* `threads`: 0 is one for each processor. The largest file is begun first, so that none is left alone at the end. */
attest_status hash_files(struct hashed_file *files, size_t n, unsigned threads, struct attest_error *error);

#endif
