/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* One byte more than libattest's limit, so that a file at the limit is told from one past it. */
enum { MOST = (384 << 20) + 1, FIRST = 64 << 10 };

static int read_all(FILE *file, struct input *ret_input)
{
	size_t size = FIRST, len = 0, got;
	char *data = malloc(size), *grown;

	while (data != NULL && (got = fread(data + len, 1, size - len, file)) > 0) {
		len += got;
		if (len < size)
			continue;
		if (size >= MOST) {
			free(data);
			return EFBIG;
		}
		size = size * 2 < MOST ? size * 2 : MOST;
		grown = realloc(data, size);
		if (grown == NULL)
			free(data);
		data = grown;
	}
	if (data == NULL)
		return ENOMEM;
	if (ferror(file) != 0) {
		free(data);
		return errno != 0 ? errno : EIO;
	}
	*ret_input = (struct input){data, len};
	return 0;
}

int input_read(const char *path, struct input *ret_input)
{
	static atomic_bool stdin_was_read;
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	int rc;

	if (file == stdin && atomic_exchange(&stdin_was_read, true))
		return EALREADY;
	if (file == NULL)
		return errno;
	errno = 0;
	rc = read_all(file, ret_input);
	if (file != stdin)
		(void)fclose(file);
	return rc;
}

void input_free(struct input *input)
{
	free(input->data);
	input->data = NULL;
}

bool input_is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int input_each(const char *directory, int (*fn)(const char *path, void *arg), void *arg)
{
	struct dirent **entries = NULL;
	int n = scandir(directory, &entries, NULL, alphasort), rc = n < 0 ? -errno : 0;

	for (int i = 0; i < n; i++) {
		char path[4096];
		struct stat st;

		(void)snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (rc == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode))
			rc = fn(path, arg);
		free(entries[i]);
	}
	free(entries);
	return rc;
}
