/* SPDX-License-Identifier: Apache-2.0 */
#include "policy_checking.h"

#include <time.h>

int checking_begin(struct checking *c)
{
	*c = (struct checking){.options = ATTEST_OPTIONS_INIT};
	c->options.time = time(NULL);
	if (attest_verifier_new(&c->verifier) == ATTEST_OK)
		return 0;
	(void)fprintf(stderr, "%s: out of memory\n", program);
	return EXIT_USAGE;
}

void checking_end(struct checking *c)
{
	attest_verifier_free(c->verifier);
}

static int take_root_file(const char *path, void *arg)
{
	struct checking *c = arg;
	struct attest_error e;
	struct input in;
	int rc = input_read(path, &in);

	if (rc != 0)
		return unreadable(path, rc);
	rc = attest_verifier_add_roots(c->verifier, in.data, in.len, c->root_purpose, &e) == ATTEST_OK
		     ? 0
		     : failed(path, &e);
	input_free(&in);
	return rc;
}

static int take_root(struct checking *c, const char *path)
{
	int rc = input_is_directory(path) ? input_each(path, take_root_file, c) : take_root_file(path, c);

	return rc < 0 ? unreadable(path, -rc) : rc;
}

int checking_take(struct checking *c, int option, const char *value)
{
	if (option == OPT_ROOT)
		return take_root(c, value);
	if (option == OPT_ROOT_PURPOSE) {
		c->root_purpose = value;
		return 0;
	}
	return attest_time_parse(value, &c->options.time) == ATTEST_OK
		       ? 0
		       : wrong("--at", value, "a time such as 2026-11-20T10:15:00Z, a date, or seconds since 1970");
}

int checking_add_policy(struct checking *c, const char *path)
{
	struct attest_error e;
	struct input in;
	int rc = input_read(path, &in);

	if (rc != 0)
		return unreadable(path, rc);
	rc = attest_verifier_add_policy(c->verifier, in.data, in.len, path, &e) == ATTEST_OK ? 0 : failed(path, &e);
	input_free(&in);
	return rc;
}
