/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_ROOM = 64 << 10, PATH_ROOM = 4096 };

attest_status file_fail(struct attest_error *error, const char *path, const char *what)
{
	int code = errno;

	error_where(error, "%s", path);
	return fail(error, ATTEST_E_IO, NULL, "%s: %s", what, strerror(code));
}

/* A kernel's file does not tell its size: read until there is no more. */
attest_status file_read_fd(struct arena *arena, int fd, const char *name, size_t max, struct slice *ret_bytes,
			   struct attest_error *error)
{
	size_t room = 0, len = 0;
	uint8_t *bytes = NULL;
	ssize_t got = 1;

	while (got > 0) {
		if (len == room) { /* old blocks stay in the arena: at most as much again */
			uint8_t *more = arena_alloc(arena, room == 0 ? FIRST_ROOM : 2 * room, 1);

			if (more == NULL)
				return fail_memory(error);
			room = room == 0 ? FIRST_ROOM : 2 * room;
			if (len > 0)
				memcpy(more, bytes, len);
			bytes = more;
		}
		do
			got = pread(fd, bytes + len, room - len - (room - len > 1), (off_t)len);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return file_fail(error, name, "cannot be read");
		len += (size_t)got;
		if (len > max) {
			error_where(error, "%s", name);
			return fail(error, ATTEST_E_LIMIT, NULL, "the file has more than %zu bytes", max);
		}
	}
	*ret_bytes = slice_of(bytes, len);
	return ATTEST_OK;
}

attest_status file_read(struct arena *arena, const char *path, size_t max, struct slice *ret_bytes,
			struct attest_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	attest_status status;

	if (fd < 0)
		return file_fail(error, path, "cannot be opened");
	status = file_read_fd(arena, fd, path, max, ret_bytes, error);
	(void)close(fd);
	return status;
}

bool write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t done = write(fd, bytes.data, bytes.len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		bytes = slice_sub(bytes, (size_t)done, bytes.len);
	}
	return true;
}

attest_status file_write(const char *path, struct slice bytes, unsigned mode, struct attest_error *error)
{
	char temporary[PATH_ROOM];
	int len = snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path), fd;
	bool ok;

	if (len < 0 || (size_t)len >= sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return file_fail(error, path, "cannot be written");
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return file_fail(error, path, "cannot be written");
	ok = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	if (ok && rename(temporary, path) == 0)
		return ATTEST_OK;
	{
		int code = errno;

		(void)unlink(temporary);
		errno = code;
	}
	return file_fail(error, path, "cannot be written");
}
