/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <string.h>

#include "policy.h"

static const char usage[] =
	"Usage: attest-policy sign --key KEY POLICY\n"
	"Sign a policy, so that attest-verify --policy-key can tell who made it. The signed policy goes to standard\n"
	"output. POLICY may be - for standard input.\n\n"
	"  -k, --key KEY   the private key in PEM, not encrypted: Ed25519, ECC on P-256 or P-384, or RSA of 2048 bits\n"
	"                  and more\n"
	"  -h, --help      this text\n";

static const struct option options[] = {
	{"key",  required_argument, NULL, 'k'},
	{"help", no_argument,       NULL, 'h'},
	{NULL,   0,                 NULL, 0  },
};

static int print_text(char *text)
{
	(void)fputs(text, stdout);
	attest_string_free(text);
	return finish_output();
}

static int use_key(const char *name, const struct input *in, const char *key_name, key_fn use, exit_fn refused)
{
	struct attest_document policy = {in->data, in->len, name};
	struct attest_error e = {0};
	struct input key;
	char *text = NULL;
	int rc = input_read(key_name, &key);
	attest_status status;

	if (rc != 0)
		return unreadable(key_name, rc);
	status = use(&policy, key.data, key.len, &text, &e);
	if (key.len > 0) /* it may be a private one */
		explicit_bzero(key.data, key.len);
	input_free(&key);
	if (status == ATTEST_OK)
		return print_text(text);
	(void)failed(name, &e);
	return refused(status);
}

int policy_with_key(int argc, char **argv, const char *text, key_fn use, exit_fn refused)
{
	const char *key = NULL;
	struct input in;
	int option, rc;

	while ((option = getopt_long(argc, argv, "k:h", options, NULL)) != -1) {
		if (option == 'h')
			(void)fputs(text, stdout);
		if (option != 'k')
			return option == 'h' ? finish_output() : EXIT_USAGE;
		if (key != NULL)
			return wrong("--key", optarg, "one key");
		key = optarg;
	}
	if (key == NULL)
		return wrong("--key", "", "the key");
	if (argc - optind != 1)
		return wrong("POLICY", argc == optind ? "" : argv[optind + 1], "one file");
	rc = input_read(argv[optind], &in);
	if (rc != 0)
		return unreadable(argv[optind], rc);
	rc = use_key(argv[optind], &in, key, use, refused);
	input_free(&in);
	return rc;
}

static int is_wrong(attest_status status)
{
	(void)status;
	return EXIT_USAGE;
}

int policy_sign(int argc, char **argv)
{
	return policy_with_key(argc, argv, usage, attest_policy_sign, is_wrong);
}
