/* SPDX-License-Identifier: Apache-2.0 */
#include "cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/text.h"

/* The directory's file for a URL: hex of its SHA-256. */
static char *file_of(struct arena *arena, const char *directory, const char *url)
{
	struct attest_error ignored = {0};
	char hex[HEX_SIZE(32)];
	uint8_t digest[32];

	if (directory == NULL || digest_sha256(slice_of_string(url), digest, &ignored) != ATTEST_OK)
		return NULL;
	hex_encode(slice_of(digest, sizeof(digest)), hex);
	return arena_printf(arena, "%s/%s", directory, hex);
}

static bool read_whole(int file, size_t limit, struct body *ret_body)
{
	struct body body = {NULL, 0};
	struct stat st;
	size_t size;
	ssize_t n = 1;

	if (fstat(file, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || (uintmax_t)st.st_size > limit)
		return false;
	size = (size_t)st.st_size;
	body.data = malloc(size);
	while (body.data != NULL && n > 0 && body.len < size) {
		n = read(file, body.data + body.len, size - body.len);
		if (n > 0)
			body.len += (size_t)n;
	}
	if (body.data == NULL || body.len != size) {
		free(body.data);
		return false;
	}
	*ret_body = body;
	return true;
}

bool cache_read(const char *directory, const char *url, size_t limit, struct body *ret_body)
{
	struct arena arena = {NULL};
	const char *path = file_of(&arena, directory, url);
	int file = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool found = file >= 0 && read_whole(file, limit, ret_body);

	if (file >= 0)
		(void)close(file);
	arena_free(&arena);
	return found;
}

static void make_directories(struct arena *arena, const char *directory)
{
	char *path = arena_string(arena, slice_of_string(directory));

	for (char *c = path; c != NULL && *c != '\0'; c++) {
		if (*c != '/' || c == path)
			continue;
		*c = '\0';
		(void)mkdir(path, 0700);
		*c = '/';
	}
	if (path != NULL)
		(void)mkdir(path, 0700);
}

static bool write_whole(int file, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = write(file, data.data, data.len);

		if (n < 0 && errno != EINTR)
			return false;
		if (n > 0)
			data = slice_sub(data, (size_t)n, data.len);
	}
	return true;
}

void cache_write(const char *directory, const char *url, struct slice data)
{
	struct arena arena = {NULL};
	const char *path = file_of(&arena, directory, url);
	char *partial = path == NULL ? NULL : arena_printf(&arena, "%s.XXXXXX", path);
	int file = -1;

	if (partial != NULL) {
		make_directories(&arena, directory);
		file = mkostemp(partial, O_CLOEXEC);
	}
	if (file >= 0) {
		bool written = write_whole(file, data);

		if (close(file) != 0 || !written || rename(partial, path) != 0)
			(void)unlink(partial);
	}
	arena_free(&arena);
}
