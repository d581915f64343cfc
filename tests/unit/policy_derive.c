/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is derived of machines that do not exist: their file logs, and histories that no test machine has.
 */
#include <stdio.h>

#include "../forge.h"
#include "base/limits.h"
#include "base/text.h"
#include "unit.h"

enum { PCR_IMA = 10, MOST_PROOFS = 3 };

struct fixture {
	struct forge forge;
	struct attest_options options;
	struct attest_error e;
	/* a file log in the making */
	FILE *log;
	char *bytes;
	size_t len;
	uint8_t pcr[32];
	/* what was made of it */
	char *proofs[MOST_PROOFS];
	size_t n;
	char *policy;
};

static void set_up(struct fixture *f)
{
	*f = (struct fixture){.options = ATTEST_OPTIONS_INIT};
	f->options.time = 1780272000;
	forge_init(&f->forge);
}

static void forget(struct fixture *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->proofs[i]);
	f->n = 0;
	attest_string_free(f->policy);
	f->policy = NULL;
}

static void tear_down(struct fixture *f)
{
	forget(f);
	forge_clear(&f->forge);
}

static void put_le(struct fixture *f, size_t value)
{
	for (size_t i = 0; i < 4; i++)
		(void)fputc((int)(value >> 8 * i & 0xff), f->log);
}

static void put_sized(struct fixture *f, const void *data, size_t len)
{
	put_le(f, len);
	(void)fwrite(data, 1, len, f->log);
}

/* An entry; its hash is left out where it is a violation. */
static void add_data(struct fixture *f, const char *template, const uint8_t *data, size_t len, bool violation)
{
	uint8_t hash[SHA_DIGEST_LENGTH] = {0}, both[64];

	if (!violation)
		(void)SHA1(data, len, hash);
	put_le(f, PCR_IMA);
	(void)fwrite(hash, 1, sizeof(hash), f->log);
	put_sized(f, template, strlen(template));
	put_sized(f, data, len);
	memset(both, 0xff, sizeof(both));
	memcpy(both, f->pcr, 32);
	if (!violation)
		(void)SHA256(data, len, both + 32);
	(void)SHA256(both, sizeof(both), f->pcr);
}

static void add_entry(struct fixture *f, const char *alg, const uint8_t digest[32], const char *name,
		      const char *buffer, bool violation)
{
	const char *template = strchr(alg, ':') != NULL ? "ima-ngv2" : buffer != NULL ? "ima-buf" : "ima-ng";
	FILE *log = f->log;
	char *data = NULL;
	size_t len = 0;

	f->log = open_memstream(&data, &len);
	put_le(f, strlen(alg) + 2 + 32);
	(void)fprintf(f->log, "%s:%c", alg, '\0');
	(void)fwrite(digest, 1, 32, f->log);
	put_sized(f, name, strlen(name) + 1);
	if (buffer != NULL)
		put_sized(f, buffer, strlen(buffer));
	(void)fclose(f->log);
	f->log = log;
	add_data(f, template, (const uint8_t *)data, len, violation);
	free(data);
}

static void add_file(struct fixture *f, const char *name, uint8_t byte)
{
	uint8_t digest[32];

	memset(digest, byte, sizeof(digest));
	add_entry(f, "sha256", digest, name, NULL, false);
}

static void add_buffer(struct fixture *f, const char *name, const char *buffer)
{
	uint8_t digest[32];

	(void)SHA256((const uint8_t *)buffer, strlen(buffer), digest);
	add_entry(f, "sha256", digest, name, buffer, false);
}

/* A log that begins as it should: PCR 0 to 9 are zeros. */
static void begin(struct fixture *f)
{
	static const uint8_t zeros[320];
	uint8_t digest[32];

	memset(f->pcr, 0, sizeof(f->pcr));
	f->log = open_memstream(&f->bytes, &f->len);
	(void)SHA256(zeros, sizeof(zeros), digest);
	add_entry(f, "sha256", digest, "boot_aggregate", NULL, false);
}

/* A proof with the log, of a machine that has this value in PCR 11. */
static void end_of(struct fixture *f, const uint8_t kernel[32])
{
	json_t *proof = json_pack("{s:s}", "format", "libattest-proof-v1");
	uint8_t pcrs[FORGE_PCRS][32];
	char *text;

	(void)fclose(f->log);
	text = malloc(4 * ((f->len + 2) / 3) + 1);
	forge_need(text != NULL, "malloc");
	base64_encode(slice_of(f->bytes, f->len), text);
	forge_measure(proof, pcrs);
	memcpy(pcrs[PCR_IMA], f->pcr, 32);
	memcpy(pcrs[11], kernel, 32);
	forge_quote(&f->forge, proof, pcrs, "nonce", 5);
	(void)json_object_set_new(proof, "logs", json_pack("[{s:s, s:s}]", "format", "ima", "data", text));
	f->proofs[f->n++] = json_dumps(proof, 0);
	json_decref(proof);
	free(text);
	free(f->bytes);
}

static void end(struct fixture *f)
{
	static const uint8_t kernel[32] = {0x11};

	end_of(f, kernel);
}

/* Of the first n proofs. */
static attest_status try_derive(struct fixture *f, size_t n, unsigned flags)
{
	struct attest_document documents[MOST_PROOFS];
	attest_verifier *verifier = NULL;
	attest_status status;

	attest_string_free(f->policy);
	f->policy = NULL;
	for (size_t i = 0; i < n; i++)
		documents[i] = (struct attest_document){f->proofs[i], strlen(f->proofs[i]), NULL};
	CHECK_STATUS(attest_verifier_new(&verifier), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_roots(verifier, f->forge.root, strlen(f->forge.root), NULL, &f->e), ATTEST_OK);
	status = attest_policy_derive(verifier, &f->options, documents, n, flags, &f->policy, &f->e);
	attest_verifier_free(verifier);
	return status;
}

static void derive(struct fixture *f, size_t n, unsigned flags)
{
	CHECK_STATUS(try_derive(f, n, flags), ATTEST_OK);
}

static attest_status verify(struct fixture *f, size_t i)
{
	attest_verifier *verifier = NULL;
	attest_status status;

	if (f->policy == NULL)
		return ATTEST_E_POLICY_INVALID;
	CHECK_STATUS(attest_verifier_new(&verifier), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_roots(verifier, f->forge.root, strlen(f->forge.root), NULL, &f->e), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_policy(verifier, f->policy, strlen(f->policy), NULL, &f->e), ATTEST_OK);
	status = attest_verify(verifier, &f->options, f->proofs[i], strlen(f->proofs[i]), NULL, &f->e);
	attest_verifier_free(verifier);
	return status;
}

static bool says(const struct fixture *f, const char *text)
{
	return f->policy != NULL && strstr(f->policy, text) != NULL;
}

void policy_derive_files(void)
{
	static const uint8_t root[32] = {1};
	struct fixture f;

	set_up(&f);
	for (size_t i = 0; i < 2; i++) {
		begin(&f);
		add_file(&f, "/bin/a", 0x11);
		add_file(&f, "/bin/b", i == 0 ? 0x22 : 0x33);
		add_file(&f, i == 0 ? "/bin/\xc3\xa9" : "/bin/d", 0x44);
		add_entry(&f, "verity:sha256", root, "/bin/e", NULL, false);
		add_buffer(&f, ".ima", "key");
		end(&f);
	}
	begin(&f);
	add_file(&f, "/bin/a", 0x11);
	end(&f);
	for (unsigned flags = 0; flags <= ATTEST_DERIVE_EVENTS; flags += ATTEST_DERIVE_EVENTS) {
		derive(&f, 2, flags);
		CHECK(says(&f, "\"keyrings\"") && says(&f, "\"verity:sha256:01") && says(&f, "/bin/\\u00E9"));
		for (size_t i = 0; i < f.n; i++)
			CHECK_STATUS(verify(&f, i), ATTEST_OK);
		derive(&f, 1, flags);
		CHECK_STATUS(verify(&f, 1), ATTEST_E_EVENT);
		CHECK_STATUS(verify(&f, 2), ATTEST_OK);
	}
	derive(&f, 2, ATTEST_DERIVE_PINS);
	CHECK(!says(&f, "\"ima\": {") && says(&f, "log grows"));
	forget(&f);
	for (size_t i = 0; i < 3; i++) { /* one other file, one other digest */
		begin(&f);
		add_file(&f, i == 1 ? "/bin/b" : "/bin/a", i == 2 ? 0x22 : 0x11);
		end(&f);
	}
	derive(&f, 1, 0);
	CHECK_STATUS(verify(&f, 0), ATTEST_OK);
	CHECK_STATUS(verify(&f, 1), ATTEST_E_EVENT);
	CHECK_STATUS(verify(&f, 2), ATTEST_E_EVENT);
	tear_down(&f);
}

void policy_derive_no_files(void)
{
	static const uint8_t ones[32] = {0x11};
	static const struct {
		const char *alg, *name, *buffer;
		bool violation;
		const char *why;
	} bad[] = {
		{"sha256",   "/bin/a",         NULL,  true,  "a violation"                          },
		{"sha256",   "/bin/\xff",      NULL,  false, "does not list"                        },
		{"sha256",   "memfd",          NULL,  false, "does not list"                        },
		{"sha256",   "boot_aggregate", NULL,  false, "is not the first entry"               },
		{"sha256",   ".ima",           "key", false, "not what the digest of its entry says"},
		{"sha3-256", "/bin/a",         NULL,  false, "does not list"                        },
	};
	struct fixture f;

	set_up(&f);
	for (size_t i = 0; i < COUNT(bad); i++) {
		begin(&f);
		add_file(&f, "/bin/b", 0x22);
		end(&f);
		begin(&f);
		add_entry(&f, bad[i].alg, ones, bad[i].name, bad[i].buffer, bad[i].violation);
		end(&f);
		derive(&f, 2, 0);
		CHECK(!says(&f, "\"ima\": {") &&
		      says(&f, "no list of files would hold: proof 1, $.logs[0], event 1, PCR 10"));
		CHECK(says(&f, bad[i].why));
		CHECK_STATUS(verify(&f, 0), ATTEST_OK);
		CHECK_STATUS(verify(&f, 1), ATTEST_OK);
		forget(&f);
	}
	tear_down(&f);
}

/* A proof with a history, of a machine with this byte in PCR 12, of which it has no log. */
static void add_texts(struct fixture *f, uint8_t pcr, json_t *texts, uint8_t other)
{
	json_t *proof = json_pack("{s:s, s:[{s:s, s:i, s:o}]}", "format", "libattest-proof-v1", "logs", "format",
				  "text-events", "pcr", pcr, "events", texts);
	uint8_t pcrs[FORGE_PCRS][32];

	forge_measure(proof, pcrs);
	memset(pcrs[12], other, 32);
	forge_quote(&f->forge, proof, pcrs, "nonce", 5);
	f->proofs[f->n++] = json_dumps(proof, 0);
	json_decref(proof);
}

/* Files are what a kernel says: without a word about the kernel they are no policy. Nor is an open TLS key. */
void policy_derive_files_alone(void)
{
	static const uint8_t separator[4], zero[32], one[32] = {1}, two[32] = {2};
	uint8_t firmware[32] = {0};
	const uint8_t *const kernels[][2] = {
		{one,      two     },
		{zero,     zero    },
		{firmware, firmware},
	};
	struct fixture f;

	forge_extend(firmware, separator, sizeof(separator));
	set_up(&f);
	for (size_t i = 0; i < COUNT(kernels); i++) {
		for (size_t k = 0; k < 2; k++) {
			begin(&f);
			add_file(&f, "/bin/a", 0x11);
			end_of(&f, kernels[i][k]);
		}
		for (unsigned flags = 0; flags <= ATTEST_DERIVE_EVENTS; flags++) {
			CHECK_STATUS(try_derive(&f, 2, flags), ATTEST_E_POLICY_INVALID);
			CHECK(f.policy == NULL && strstr(f.e.message, "nothing in these proofs can be pinned") != NULL);
		}
		forget(&f);
	}
	add_texts(&f, 15, json_loads("[\"{\\\"type\\\":\\\"tls-key\\\"}\"]", 0, NULL), 0);
	CHECK_STATUS(try_derive(&f, 1, 0), ATTEST_E_POLICY_INVALID);
	tear_down(&f);
}

/* More entries than a result tells; and more digests of one path than a policy takes. */
void policy_derive_many_files(void)
{
	struct fixture f;
	char name[32];

	set_up(&f);
	begin(&f);
	for (size_t i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "/bin/%zu", i);
		add_file(&f, name, 0x11);
	}
	end(&f);
	begin(&f);
	for (uint16_t i = 0; i <= LIMIT_PIN_VALUES; i++) {
		uint8_t digest[32] = {0x11, (uint8_t)(i >> 8), (uint8_t)i};

		add_entry(&f, "sha256", digest, "/bin/\xc3\xa9", NULL, false);
	}
	end(&f);
	derive(&f, 1, ATTEST_DERIVE_EVENTS);
	CHECK(says(&f, "\"/bin/9999\": \"sha256:11"));
	CHECK_STATUS(verify(&f, 0), ATTEST_OK);
	CHECK_STATUS(verify(&f, 1), ATTEST_E_EVENT);
	derive(&f, 2, 0);
	CHECK(!says(&f, "\"ima\": {") && says(&f, "(LIMIT_PIN_VALUES)"));
	tear_down(&f);
}

/* Histories that rules could take wrongly; those of the last pair are pinned or ignored instead. */
void policy_derive_rules(void)
{
	static const struct {
		uint8_t pcr;
		const char *a, *b;
	} pairs[] = {
		{14, "[\"a\",\"b\",\"s\",\"s\",\"e\"]",            "[\"a\",\"s\",\"e\"]"                       },
		{14, "[\"a\",\"e\"]",                              "[\"a\",\"b\",\"c\",\"d\",\"e\"]"           },
		{14, "[\"a\"]",				    "[\"a\",\"a\",\"a\"]"                       },
		{14, "[\" \",\"a\"]",                              "[\"b\",\" \"]"                             },
		{11, "[\"section name .linux\",\"a\"]",            "[\"section name .linux\",\"b\"]"           },
		{11, "[\".linux\",\"a\"]",                         "[\".linux\",\"b\",\"c\"]"                  },
		{7,  "[\"SecureBoot: enabled\",\"a\"]",            "[\"SecureBoot: enabled\",\"b\"]"           },
		{15, "[\"{\\\"type\\\":\\\"tls-key\\\"}\",\"a\"]", "[\"b\",\"c\"]"                             },
		{15, "[\"b\",\"c\"]",                              "[\"{\\\"type\\\":\\\"tls-key\\\"}\",\"a\"]"},
		{15, "[\"{\\\"event_type\\\":\\\"tls-key\\\"}\"]",
		 "[\"{\\\"event_type\\\":\\\"tls-key\\\",\\\"a\\\":1}\"]"                                      },
	};
	struct fixture f;
	json_t *many = json_array();
	bool ruled;

	set_up(&f);
	for (size_t i = 0; i < COUNT(pairs); i++) {
		add_texts(&f, pairs[i].pcr, json_loads(pairs[i].a, 0, NULL), 0x11);
		add_texts(&f, pairs[i].pcr, json_loads(pairs[i].b, 0, NULL), 0x11);
		add_texts(&f, pairs[i].pcr, json_loads("[\"x\"]", 0, NULL), 0x11);
		for (unsigned flags = 0; flags <= ATTEST_DERIVE_EVENTS; flags++) {
			derive(&f, 2, flags);
			CHECK_STATUS(verify(&f, 0), ATTEST_OK);
			CHECK_STATUS(verify(&f, 1), ATTEST_OK);
			ruled = flags != ATTEST_DERIVE_PINS && i + 1 < COUNT(pairs);
			CHECK(says(&f, "\"events\": {") == ruled);
			CHECK((verify(&f, 2) == ATTEST_E_EVENT) == ruled);
		}
		forget(&f);
	}
	for (size_t i = 0; i <= LIMIT_RULES; i++)
		(void)json_array_append_new(many, json_sprintf("%zu", i));
	add_texts(&f, 14, many, 0x11);
	derive(&f, 1, ATTEST_DERIVE_EVENTS);
	CHECK(!says(&f, "\"events\": {"));
	CHECK_STATUS(verify(&f, 0), ATTEST_OK);
	tear_down(&f);
}
