/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs every unit test, from the root of the repository, and ends with "N passed, N failed". An argument: only the
 * tests whose names begin with it.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/text.h"
#include "unit.h"

/* A test that never ends would say nothing; this many seconds are enough for all of them under any sanitizer. */
enum { GUARD = 900 };

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
#define UNIT_ROW(name) {#name, name},
	UNIT_TESTS(UNIT_ROW)};

static const char *running;
static size_t n_bad; /* checks of the test that is running */

void unit_check(bool ok, const char *file, int line, const char *what)
{
	if (ok)
		return;
	n_bad++;
	(void)printf("FAILED  %s: %s:%d: %s\n", running, file, line, what);
}

void unit_check_text(const char *got, const char *want, const char *file, int line)
{
	if (got != NULL && strcmp(got, want) == 0)
		return;
	n_bad++;
	(void)printf("FAILED  %s: %s:%d: \"%s\" instead of \"%s\"\n", running, file, line, got == NULL ? "(NULL)" : got,
		     want);
}

void unit_check_status(attest_status got, attest_status want, const char *file, int line, const char *what)
{
	if (got == want)
		return;
	n_bad++;
	(void)printf("FAILED  %s: %s:%d: %s instead of %s: %s\n", running, file, line, attest_status_name(got),
		     attest_status_name(want), what);
}

struct slice unit_file(struct arena *arena, const char *path)
{
	enum { MOST = 1 << 20 };
	FILE *file = fopen(path, "rb");
	char *data = arena_alloc(arena, MOST + 1, 1);
	size_t len;

	if (file == NULL || data == NULL) {
		(void)printf("%s cannot be read; the tests run from the root of the repository\n0 passed, 1 failed\n",
			     path);
		exit(2);
	}
	len = fread(data, 1, MOST, file);
	(void)fclose(file);
	return slice_of(data, len);
}

struct slice unit_certificate(struct arena *arena, const char *path)
{
	struct attest_error e = {0};
	struct slice text = unit_file(arena, path), der = {NULL, 0};

	CHECK_STATUS(pem_next(arena, &text, "CERTIFICATE", &der, &e), ATTEST_OK);
	return der;
}

void *unit_exact(struct slice s)
{
	void *copy = malloc(s.len == 0 ? 1 : s.len);

	if (copy == NULL)
		exit(2);
	if (s.len > 0)
		memcpy(copy, s.data, s.len);
	return copy;
}

int main(int argc, char **argv)
{
	size_t n_passed = 0, n_failed = 0;

	(void)setenv("TSS2_LOG", "all+NONE", 1);
	(void)alarm(GUARD);
	for (size_t i = 0; i < COUNT(tests); i++) {
		if (argc > 1 && strncmp(tests[i].name, argv[1], strlen(argv[1])) != 0)
			continue;
		running = tests[i].name;
		n_bad = 0;
		(void)fflush(stdout);
		tests[i].run();
		(*(n_bad == 0 ? &n_passed : &n_failed))++;
	}
	(void)printf("%zu passed, %zu failed\n", n_passed, n_failed);
	return n_failed == 0 && n_passed > 0 ? 0 : 1;
}
