/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.h - small files, whole: read into an arena, or written so that they are there whole or not at all.
 */
#ifndef SERVER_FILES_H
#define SERVER_FILES_H

#include "base/error.h"
#include "base/memory.h"

/* At most `max` bytes, with a NUL behind them. ATTEST_E_IO, ATTEST_E_LIMIT. */
attest_status file_read(struct arena *arena, const char *path, size_t max, struct slice *ret_bytes,
			struct attest_error *error);
/* The same from an open file, from its beginning; `name` is for messages. */
attest_status file_read_fd(struct arena *arena, int fd, const char *name, size_t max, struct slice *ret_bytes,
			   struct attest_error *error);
/* Into a temporary file beside it, then renamed; `mode` as for open(2). */
attest_status file_write(const char *path, struct slice bytes, unsigned mode, struct attest_error *error);
/* ATTEST_E_IO with the path and what errno says. */
attest_status file_fail(struct attest_error *error, const char *path, const char *what);
/* All bytes, however often write(2) has to be asked. */
bool write_all(int fd, struct slice bytes);

#endif
