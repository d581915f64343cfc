/* SPDX-License-Identifier: Apache-2.0 */
#include "common.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void common_start(void)
{
	/* A verdict depends on no openssl.cnf. Reading it, and naming every old algorithm, would be half of the
	 * start-up. */
	(void)OPENSSL_init_crypto(
		OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS | OPENSSL_INIT_NO_ADD_ALL_DIGESTS, NULL);
	(void)setenv("TSS2_LOG", "all+NONE", 0); /* libattest says what is wrong with a TPM structure */
}

void put_name(FILE *out, const char *name)
{
	for (; *name != '\0'; name++) {
		unsigned char c = (unsigned char)*name;

		if (c < 0x20 || c >= 0x7f)
			(void)fprintf(out, "\\x%02x", c);
		else
			(void)fputc(c, out);
	}
}

void print_name(const char *name)
{
	(void)fprintf(stderr, "%s: ", program);
	put_name(stderr, name);
	(void)fputs(": ", stderr);
}

int failed(const char *name, const struct attest_error *error)
{
	print_name(name);
	(void)fprintf(stderr, "%s%s%s\n", error->where, error->where[0] == '\0' ? "" : ": ", error->message);
	if (error->expected[0] != '\0')
		(void)fprintf(stderr, "  expected  %s\n", error->expected);
	if (error->found[0] != '\0')
		(void)fprintf(stderr, "  found     %s\n", error->found);
	return EXIT_USAGE;
}

int wrong(const char *option, const char *value, const char *expected)
{
	(void)fprintf(stderr, "%s: %s \"", program, option);
	put_name(stderr, value);
	(void)fprintf(stderr, "\": expected %s\nTry '%s --help'.\n", expected, program);
	return EXIT_USAGE;
}

int unreadable(const char *name, int error)
{
	print_name(name);
	(void)fprintf(stderr, "%s\n",
		      error == EFBIG      ? "larger than 384 MiB"
		      : error == EALREADY ? "standard input can be read only once"
					  : strerror(error));
	return EXIT_USAGE;
}

int take_nonce(const char *hex, uint8_t ret_nonce[NONCE_SIZE], struct attest_options *options)
{
	size_t len = strlen(hex);

	if (options->nonce != NULL)
		return wrong("--nonce", hex, "one nonce");
	if (len == 0 || len % 2 != 0 || len / 2 > NONCE_SIZE || strspn(hex, "0123456789abcdefABCDEF") != len)
		return wrong("--nonce", hex, "1 to 64 bytes of hex");
	for (size_t i = 0; i < len / 2; i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		ret_nonce[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	options->nonce = ret_nonce;
	options->nonce_len = len / 2;
	return 0;
}

bool is_color_word(const char *when)
{
	return strcmp(when, "auto") == 0 || strcmp(when, "always") == 0 || strcmp(when, "never") == 0;
}

bool want_color(const char *when)
{
	const char *no_color = getenv("NO_COLOR");

	if (strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0');
}

int finish_output(void)
{
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return 0;
	(void)fprintf(stderr, "%s: standard output: %s\n", program, strerror(errno));
	return EXIT_USAGE;
}
