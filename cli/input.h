/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.h - what the command line tools share: files and standard input.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>

struct input {
	void *data;
	size_t len;
};

/* A whole file, or standard input for "-". 0, or an errno; EFBIG past what a proof may have, EALREADY for
 * standard input a second time. */
int input_read(const char *path, struct input *ret_input);
void input_free(struct input *input);
bool input_is_directory(const char *path);
/* Call fn for every regular file, in the order of their names, until it returns other than 0. Its result, or -errno. */
int input_each(const char *directory, int (*fn)(const char *path, void *arg), void *arg);

#endif
