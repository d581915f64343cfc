/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A policy with 10^5 files: how long it takes to load, and to hold a file log of as many entries against it, beside the
 * replay of that log in the one bank of the policy.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"

enum { ENTRIES = 100000, ROUNDS = 7, ENTRY_MAX = 256, PCR = 10 };

struct blob {
	unsigned char *data;
	size_t len, room;
};

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

static double seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put(struct blob *b, const void *data, size_t len)
{
	need(len <= b->room - b->len, "room");
	(void)memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void put_le(struct blob *b, size_t n)
{
	const unsigned char bytes[4] = {(unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16),
					(unsigned char)(n >> 24)};

	put(b, bytes, 4);
}

static struct blob room_for(size_t size)
{
	struct blob b = {malloc(size), 0, size};

	need(b.data != NULL, "memory");
	return b;
}

static void path_of(size_t n, char path[96])
{
	if (n == 0)
		(void)strcpy(path, "boot_aggregate");
	else
		(void)snprintf(path, 96, "/usr/lib/python3/dist-packages/package_%04zu/module_%07zu/__init__.py",
			       n / 1000, n);
}

/* One entry of template ima-ng, as the kernel writes it. */
static void put_entry(struct blob *log, size_t n)
{
	unsigned char digest[32], template[ENTRY_MAX], hash[20];
	struct blob t = {template, 0, sizeof(template)};
	char path[96];

	path_of(n, path);
	need(EVP_Digest(&n, sizeof(n), digest, NULL, EVP_sha256(), NULL) == 1, "digest");
	put_le(&t, 8 + 32);
	put(&t, "sha256:", 8);
	put(&t, digest, 32);
	put_le(&t, strlen(path) + 1);
	put(&t, path, strlen(path) + 1);
	need(EVP_Digest(t.data, t.len, hash, NULL, EVP_sha1(), NULL) == 1, "digest");
	put_le(log, PCR);
	put(log, hash, 20);
	put_le(log, 6);
	put(log, "ima-ng", 6);
	put_le(log, t.len);
	put(log, t.data, t.len);
}

static void put_file(struct blob *json, size_t n)
{
	unsigned char digest[32];
	char path[96], line[ENTRY_MAX];
	int len;

	path_of(n, path);
	need(EVP_Digest(&n, sizeof(n), digest, NULL, EVP_sha256(), NULL) == 1, "digest");
	len = snprintf(line, sizeof(line), "%s\n      \"%s\": \"sha256:", n == 1 ? "" : ",", path);
	for (size_t i = 0; i < sizeof(digest); i++)
		len += snprintf(line + len, sizeof(line) - (size_t)len, "%02x", digest[i]);
	line[len++] = '"';
	put(json, line, (size_t)len);
}

static struct blob make_policy(void)
{
	static const char head[] = "{\n  \"format\": \"libattest-policy-v1\",\n  \"ima\": {\n"
				   "    \"boot_aggregate\": \"optional\",\n    \"files\": {";
	static const char end[] = "\n    }\n  }\n}\n";
	struct blob json = room_for((size_t)ENTRIES * ENTRY_MAX);

	put(&json, head, sizeof(head) - 1);
	for (size_t i = 1; i < ENTRIES; i++)
		put_file(&json, i);
	put(&json, end, sizeof(end) - 1);
	return json;
}

static struct policy *load(struct blob json, double *ret_best)
{
	struct policy *policy = NULL;
	struct attest_error e = {0};

	*ret_best = 1e9;
	for (size_t i = 0; i < ROUNDS; i++) {
		double begin = seconds(), took;

		policy_free(policy);
		policy = NULL;
		begin = seconds();
		(void)policy_parse(slice_of(json.data, json.len), "bench", &policy, &e);
		took = seconds() - begin;
		need(policy != NULL, e.message);
		*ret_best = took < *ret_best ? took : *ret_best;
	}
	return policy;
}

/* What the log makes of the register: the quote. */
static struct digest replay_once(const struct log *log)
{
	static struct replay replay;
	struct attest_error e = {0};

	need(replay_logs(&replay, NULL, log, 1, NULL, &e) == ATTEST_OK, e.message);
	return replay.tracks[PCR][digest_index(ALG_SHA256)].now;
}

static void measure(const char *name, const struct policy *policy, const struct log *log)
{
	static struct replay replay;
	static struct proof proof;
	struct pcr_value value = {PCR, replay_once(log)};
	struct pcr_values quoted = {&value, 1};
	struct evidence evidence = {&proof, &quoted, &replay, NULL, 0};
	struct arena arena = {NULL};
	double replayed = 1e9, checked = 1e9;

	proof.logs[0] = *log;
	proof.n_logs = 1;
	for (size_t i = 0; i < ROUNDS; i++) {
		struct findings findings = {.arena = &arena};
		struct attest_error e = {0};
		double begin = seconds(), between, end;

		need(replay_logs(&replay, &quoted, log, 1, &findings, &e) == ATTEST_OK, e.message);
		between = seconds();
		need(policy_evaluate(policy, &evidence, &findings, &e) == ATTEST_OK && findings.n == 0,
		     findings.n == 0 ? e.message : findings.items[0].message);
		end = seconds();
		replayed = between - begin < replayed ? between - begin : replayed;
		checked = end - between < checked ? end - between : checked;
	}
	arena_free(&arena);
	(void)printf("%-6s 10^5 entries against 10^5 files: %5.1f ms, their replay %5.1f ms: %.2fx\n", name,
		     checked * 1e3, replayed * 1e3, checked / replayed);
}

int main(void)
{
	struct blob json = make_policy(), bytes = room_for((size_t)ENTRIES * ENTRY_MAX), text;
	struct log log = {.format = "ima", .place = "log", .walker = &walk_ima, .pcr = -1};
	struct attest_error e = {0};
	struct policy *policy;
	double took;

	for (size_t i = 0; i < ENTRIES; i++)
		put_entry(&bytes, i);
	policy = load(json, &took);
	(void)printf("policy of 10^5 files, %zu MB: loads in %.0f ms\n", json.len / 1000000, took * 1e3);
	log.source = source_raw(slice_of(bytes.data, bytes.len));
	measure("raw", policy, &log);
	text = room_for(bytes.len * 4 / 3 + 64);
	text.len = (size_t)EVP_EncodeBlock(text.data, bytes.data, (int)bytes.len);
	need(source_base64(slice_of(text.data, text.len), &log.source, &e) == ATTEST_OK, e.message);
	measure("base64", policy, &log);
	policy_free(policy);
	free(text.data);
	free(bytes.data);
	free(json.data);
	return 0;
}
