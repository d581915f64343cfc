/* SPDX-License-Identifier: Apache-2.0 */
/*
 * common.h - how the command line tools speak: messages on standard error, colours, exit codes.
 */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

#include <stdbool.h>
#include <stdio.h>

#include "attest.h"

/* Usage, input or output. What 1 and 3 mean is the command's own. */
enum { EXIT_USAGE = 2 };

/* The command's name. Each command defines it, and starts with common_start(). */
extern const char program[];
void common_start(void);

/* A name as it is typed, but for what would move the cursor. */
void put_name(FILE *out, const char *name);
/* "program: name: " on standard error. */
void print_name(const char *name);

/* Messages on standard error. They return EXIT_USAGE. */
int failed(const char *name, const struct attest_error *error);
int wrong(const char *option, const char *value, const char *expected);
int unreadable(const char *name, int error); /* an errno, or what input_read() makes of it */

/* The value of --nonce, which is given once. 0 or EXIT_USAGE. */
enum { NONCE_SIZE = 64 };
int take_nonce(const char *hex, uint8_t ret_nonce[NONCE_SIZE], struct attest_options *options);

bool is_color_word(const char *when); /* auto, always or never */
bool want_color(const char *when);    /* on standard output */

/* All that was printed has arrived: 0 or EXIT_USAGE. */
int finish_output(void);

#endif
