/* SPDX-License-Identifier: Apache-2.0 */
/* Included by the programs that run case folders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"

static void broken(const char *path, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", path, why);
	exit(2);
}

struct file file_read(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct file f = {malloc(1 << 20), 0};

	if (file == NULL || f.data == NULL)
		broken(path, "cannot be read");
	f.len = fread(f.data, 1, 1 << 20, file);
	(void)fclose(file);
	return f;
}

static struct file read_member(const struct test_case *c, const char *name)
{
	char path[1024];

	(void)snprintf(path, sizeof(path), "%s/%s", c->path, name);
	return file_read(path);
}

static void load_nonce(struct test_case *c)
{
	const char *hex = json_string_value(json_object_get(c->json, "nonce"));

	for (size_t i = 0; hex != NULL && hex[2 * i] != '\0' && i < sizeof(c->nonce); i++) {
		char digits[3] = {hex[2 * i], hex[2 * i + 1], '\0'};

		c->nonce[i] = (unsigned char)strtoul(digits, NULL, 16);
		c->options.nonce = c->nonce;
		c->options.nonce_len = i + 1;
	}
}

static bool configure(struct test_case *c)
{
	const char *purpose = json_string_value(json_object_get(c->json, "root_purpose"));
	json_t *name;
	size_t i;
	bool ok = true;

	json_array_foreach(json_object_get(c->json, "roots"), i, name)
	{
		struct file f = read_member(c, json_string_value(name));

		ok = ok && attest_verifier_add_roots(c->verifier, f.data, f.len, purpose, NULL) == ATTEST_OK;
		free(f.data);
	}
	json_array_foreach(json_object_get(c->json, "policies"), i, name)
	{
		struct file f = read_member(c, json_string_value(name));

		ok = ok &&
		     attest_verifier_add_policy(c->verifier, f.data, f.len, json_string_value(name), NULL) == ATTEST_OK;
		free(f.data);
	}
	json_array_foreach(json_object_get(c->json, "references"), i, name)
	{
		struct file f = read_member(c, json_string_value(name));

		ok = ok && attest_verifier_add_reference(c->verifier, f.data, f.len, json_string_value(name), NULL) ==
				   ATTEST_OK;
		free(f.data);
	}
	return ok;
}

/* One name, or a list of names. */
static void load_logs(struct test_case *c, const json_t *names)
{
	size_t n = json_is_array(names) ? json_array_size(names) : names != NULL;

	if (n > CASE_LOGS)
		broken(c->path, "too many logs");
	for (size_t i = 0; i < n; i++) {
		c->logs[i] = read_member(c, json_string_value(json_is_array(names) ? json_array_get(names, i) : names));
		c->log_bytes[i] = (struct attest_bytes){c->logs[i].data, c->logs[i].len};
	}
	c->parts.logs = c->log_bytes;
	c->parts.n_logs = n;
}

static void load_evidence(struct test_case *c)
{
	static const char *const names[CASE_PARTS] = {"quote", "signature", "pcrs", "ak", "ak_cert"};
	json_t *parts = json_object_get(c->json, "parts");
	struct attest_bytes *const to[CASE_PARTS] = {&c->parts.quote, &c->parts.signature, &c->parts.pcrs, &c->parts.ak,
						     &c->parts.ak_chain};

	c->has_parts = parts != NULL;
	if (!c->has_parts)
		c->proof = read_member(c, json_string_value(json_object_get(c->json, "proof")));
	load_logs(c, json_object_get(parts, "log"));
	for (size_t i = 0; i < CASE_PARTS; i++) {
		const char *name = json_string_value(json_object_get(parts, names[i]));

		if (name == NULL)
			continue;
		c->files[i] = read_member(c, name);
		*to[i] = (struct attest_bytes){c->files[i].data, c->files[i].len};
	}
}

void case_load(struct test_case *c, const char *directory, const char *name)
{
	char path[1024];

	*c = (struct test_case){.options = ATTEST_OPTIONS_INIT, .parts = ATTEST_PARTS_INIT};
	(void)snprintf(c->path, sizeof(c->path), "%s/%s", directory, name);
	(void)snprintf(path, sizeof(path), "%s/case.json", c->path);
	c->json = json_load_file(path, 0, NULL);
	if (c->json == NULL)
		broken(path, "no case");
	c->options.time = json_integer_value(json_object_get(c->json, "at"));
	c->options.tls_pin = json_string_value(json_object_get(c->json, "pin"));
	load_nonce(c);
	load_evidence(c);
	if (attest_verifier_new(&c->verifier) != ATTEST_OK)
		broken(path, "out of memory");
	if (!configure(c)) {
		attest_verifier_free(c->verifier);
		c->verifier = NULL;
	}
}

void case_free(struct test_case *c)
{
	attest_verifier_free(c->verifier);
	free(c->proof.data);
	for (size_t i = 0; i < CASE_PARTS; i++)
		free(c->files[i].data);
	for (size_t i = 0; i < CASE_LOGS; i++)
		free(c->logs[i].data);
	json_decref(c->json);
}

attest_status case_verify(struct test_case *c, attest_result **ret_result, struct attest_error *error)
{
	if (c->has_parts)
		return attest_verify_parts(c->verifier, &c->options, &c->parts, ret_result, error);
	return attest_verify(c->verifier, &c->options, c->proof.data, c->proof.len, ret_result, error);
}
