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

/* How many bytes of hex were read; 0 without any. */
static size_t load_hex(const struct test_case *c, const char *member, unsigned char *to, size_t size)
{
	const char *hex = json_string_value(json_object_get(c->json, member));
	size_t n = 0;

	for (; hex != NULL && hex[2 * n] != '\0' && n < size; n++) {
		char digits[3] = {hex[2 * n], hex[2 * n + 1], '\0'};

		to[n] = (unsigned char)strtoul(digits, NULL, 16);
	}
	return n;
}

static size_t load_given(const struct test_case *c, const char *member, struct file *files, struct attest_bytes *bytes)
{
	const json_t *names = json_object_get(c->json, member);
	size_t n = json_array_size(names);

	if (n > CASE_GIVEN)
		broken(c->path, "too many certificates or CRLs");
	for (size_t i = 0; i < n; i++) {
		files[i] = read_member(c, json_string_value(json_array_get(names, i)));
		bytes[i] = (struct attest_bytes){files[i].data, files[i].len};
	}
	return n;
}

static void load_options(struct test_case *c)
{
	struct attest_options *o = &c->options;

	o->time = json_integer_value(json_object_get(c->json, "at"));
	o->tls_pin = json_string_value(json_object_get(c->json, "pin"));
	o->nonce_len = load_hex(c, "nonce", c->nonce, sizeof(c->nonce));
	o->nonce = o->nonce_len == 0 ? NULL : c->nonce;
	if (load_hex(c, "tls_exporter", c->exporter, CASE_EXPORTER) == CASE_EXPORTER)
		o->tls_exporter = c->exporter;
	o->certificates = c->certificate_bytes;
	o->n_certificates = load_given(c, "certificates", c->certificates, c->certificate_bytes);
	o->crls = c->crl_bytes;
	o->n_crls = load_given(c, "crls", c->crls, c->crl_bytes);
	o->require_crls = json_is_true(json_object_get(c->json, "require_crls"));
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

		ok = ok && attest_verifier_add_roots(c->verifier, f.data, f.len, purpose, &c->refusal) == ATTEST_OK;
		free(f.data);
	}
	json_array_foreach(json_object_get(c->json, "policies"), i, name)
	{
		struct file f = read_member(c, json_string_value(name));

		ok = ok && attest_verifier_add_policy(c->verifier, f.data, f.len, json_string_value(name),
						      &c->refusal) == ATTEST_OK;
		free(f.data);
	}
	json_array_foreach(json_object_get(c->json, "references"), i, name)
	{
		struct file f = read_member(c, json_string_value(name));

		ok = ok && attest_verifier_add_reference(c->verifier, f.data, f.len, json_string_value(name),
							 &c->refusal) == ATTEST_OK;
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
	load_options(c);
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
	for (size_t i = 0; i < CASE_GIVEN; i++) {
		free(c->certificates[i].data);
		free(c->crls[i].data);
	}
	json_decref(c->json);
}

attest_status case_verify(struct test_case *c, attest_result **ret_result, struct attest_error *error)
{
	if (c->has_parts)
		return attest_verify_parts(c->verifier, &c->options, &c->parts, ret_result, error);
	return attest_verify(c->verifier, &c->options, c->proof.data, c->proof.len, ret_result, error);
}
