/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replay of a kernel's file log of 10^6 entries in two banks, against its floor in the same run: the same digests,
 * bare, over the same bytes. And the memory that it takes.
 *
 * The quote is signed here by a key without certificate: the proof is refused, but its log must have passed.
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest.h"

enum { ENTRIES = 1000000, ROUNDS = 5, ENTRY_MAX = 256 };

struct blob {
	unsigned char *data;
	size_t len;
};

struct banks {
	unsigned char sha1[20], sha256[32];
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

/* Writing. */

static void put(struct blob *b, const void *data, size_t len)
{
	(void)memcpy(b->data + b->len, data, len);
	b->len += len;
}

static void put_le(struct blob *b, size_t n)
{
	const unsigned char bytes[4] = {(unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16),
					(unsigned char)(n >> 24)};

	put(b, bytes, 4);
}

static void put_be16(struct blob *b, size_t n)
{
	const unsigned char bytes[2] = {(unsigned char)(n >> 8), (unsigned char)n};

	put(b, bytes, 2);
}

/* One entry of template ima-ng, as the kernel writes it. */
static void put_entry(struct blob *log, size_t n)
{
	unsigned char digest[32], template[ENTRY_MAX], hash[20];
	struct blob t = {template, 0};
	char path[96];
	int len = snprintf(path, sizeof(path), "/usr/lib/python3/dist-packages/package_%04zu/module_%07zu/__init__.py",
			   n / 1000, n);

	need(EVP_Digest(&n, sizeof(n), digest, NULL, EVP_sha256(), NULL) == 1, "digest");
	put_le(&t, 8 + 32);
	put(&t, "sha256:", 8);
	put(&t, digest, 32);
	put_le(&t, (size_t)len + 1);
	put(&t, path, (size_t)len + 1);
	need(EVP_Digest(t.data, t.len, hash, NULL, EVP_sha1(), NULL) == 1, "digest");
	put_le(log, 10);
	put(log, hash, 20);
	put_le(log, 6);
	put(log, "ima-ng", 6);
	put_le(log, t.len);
	put(log, t.data, t.len);
}

static struct blob make_log(void)
{
	struct blob log = {malloc((size_t)ENTRIES * ENTRY_MAX), 0};

	need(log.data != NULL, "memory");
	for (size_t i = 0; i < ENTRIES; i++)
		put_entry(&log, i);
	return log;
}

static struct blob as_json(struct blob log)
{
	struct blob json = {malloc(log.len * 4 / 3 + 64), 0};

	need(json.data != NULL, "memory");
	put(&json, "{\"format\":\"ima\",\"data\":\"", 24);
	json.len += (size_t)EVP_EncodeBlock(json.data + json.len, log.data, (int)log.len);
	put(&json, "\"}", 2);
	return json;
}

/* The floor: what must be hashed whoever does it. The bare loop knows where the entries are. */

static void extend(EVP_MD_CTX *ctx, const EVP_MD *md, unsigned char *pcr, const unsigned char *event, size_t size)
{
	need(EVP_DigestInit_ex2(ctx, md, NULL) == 1 && EVP_DigestUpdate(ctx, pcr, size) == 1 &&
		     EVP_DigestUpdate(ctx, event, size) == 1 && EVP_DigestFinal_ex(ctx, pcr, NULL) == 1,
	     "extend");
}

static struct banks replay_bare(struct blob log)
{
	EVP_MD *sha1 = EVP_MD_fetch(NULL, "SHA1", NULL), *sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MD_CTX *ctx1 = EVP_MD_CTX_new(), *ctx256 = EVP_MD_CTX_new();
	struct banks pcr = {{0}, {0}};
	unsigned char digest[32];

	for (size_t at = 0; at < log.len;) {
		const unsigned char *entry = log.data + at;
		size_t len = entry[34] | (size_t)entry[35] << 8;

		need(EVP_DigestInit_ex2(ctx256, sha256, NULL) == 1 && EVP_DigestUpdate(ctx256, entry + 38, len) == 1 &&
			     EVP_DigestFinal_ex(ctx256, digest, NULL) == 1,
		     "digest");
		extend(ctx256, sha256, pcr.sha256, digest, 32);
		extend(ctx1, sha1, pcr.sha1, entry + 4, 20);
		at += 38 + len;
	}
	EVP_MD_CTX_free(ctx1);
	EVP_MD_CTX_free(ctx256);
	EVP_MD_free(sha1);
	EVP_MD_free(sha256);
	return pcr;
}

/* The quote. */

static struct blob make_attest(const struct banks *pcr)
{
	static unsigned char bytes[256];
	unsigned char digest[32], zeros[34] = {0, 0x0b}, both[52];
	struct blob b = {bytes, 0};

	(void)memcpy(both, pcr->sha1, 20);
	(void)memcpy(both + 20, pcr->sha256, 32);
	need(EVP_Digest(both, sizeof(both), digest, NULL, EVP_sha256(), NULL) == 1, "digest");
	put(&b, "\xffTCG\x80\x18", 6);
	put_be16(&b, 34); /* qualifiedSigner */
	put(&b, zeros, 34);
	put_be16(&b, 0); /* extraData */
	zeros[1] = 0;
	put(&b, zeros, 17 + 8); /* clockInfo, firmwareVersion */
	put(&b, "\0\0\0\2\0\x04\3\0\4\0\0\x0b\3\0\4\0", 16);
	put_be16(&b, 32);
	put(&b, digest, 32);
	return b;
}

static struct blob make_signature(EVP_PKEY *ak, struct blob attest)
{
	static unsigned char bytes[512];
	struct blob b = {bytes, 0};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = 256;

	put(&b, "\0\x14\0\x0b\1\0", 6); /* RSASSA, SHA-256, 256 bytes */
	need(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, ak) == 1 &&
		     EVP_DigestSign(ctx, b.data + 6, &len, attest.data, attest.len) == 1 && len == 256,
	     "signing");
	EVP_MD_CTX_free(ctx);
	b.len += len;
	return b;
}

static struct blob make_ak(EVP_PKEY *ak)
{
	BIO *bio = BIO_new(BIO_s_mem());
	struct blob b;

	need(PEM_write_bio_PUBKEY(bio, ak) == 1, "PEM");
	b.len = (size_t)BIO_get_mem_data(bio, &b.data);
	return b;
}

/* Measuring. */

static long status_kib(const char *name)
{
	char line[160];
	FILE *file = fopen("/proc/self/status", "r");
	long kib = -1;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kib = strtol(line + strlen(name) + 1, NULL, 10);
	if (file != NULL)
		(void)fclose(file);
	return kib;
}

/* From here on VmHWM counts anew. */
static void forget_peak(void)
{
	FILE *file = fopen("/proc/self/clear_refs", "w");

	if (file == NULL)
		return;
	(void)fputs("5", file);
	(void)fclose(file);
}

static void verify(const struct attest_parts *parts)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	attest_verifier *v = NULL;
	attest_result *r = NULL;

	options.time = 1780272000;
	need(attest_verifier_new(&v) == ATTEST_OK, "verifier");
	(void)attest_verify_parts(v, &options, parts, &r, NULL);
	need(r != NULL && attest_result_step(r, ATTEST_STEP_LOG) == ATTEST_PASSED, "the log did not pass");
	attest_result_free(r);
	attest_verifier_free(v);
}

static void measure(const char *name, const struct attest_parts *parts, size_t size, double floor)
{
	double best = 1e9;
	long before, peak;

	forget_peak();
	before = status_kib("VmRSS:");
	for (size_t i = 0; i < ROUNDS; i++) {
		double begin = seconds(), took;

		verify(parts);
		took = seconds() - begin;
		best = took < best ? took : best;
	}
	peak = status_kib("VmHWM:");
	(void)printf("%-6s 10^6 entries of a file log, %3zu MB, two banks %6.2f s, floor %5.2f s: %.1fx, %.1f MiB more "
		     "memory\n",
		     name, size / 1000000, best, floor, best / floor, (double)(peak - before) / 1024);
}

int main(void)
{
	struct blob log = make_log(), json = as_json(log), attest, signature, key;
	struct attest_parts parts = ATTEST_PARTS_INIT;
	struct attest_bytes raw = {log.data, log.len}, text = {json.data, json.len};
	EVP_PKEY *ak = EVP_RSA_gen(2048);
	struct banks pcr;
	double floor = 1e9;

	for (size_t i = 0; i < ROUNDS; i++) {
		double begin = seconds(), took;

		pcr = replay_bare(log);
		took = seconds() - begin;
		floor = took < floor ? took : floor;
	}
	attest = make_attest(&pcr);
	signature = make_signature(ak, attest);
	key = make_ak(ak);
	parts.quote = (struct attest_bytes){attest.data, attest.len};
	parts.signature = (struct attest_bytes){signature.data, signature.len};
	parts.pcrs = (struct attest_bytes){&pcr, sizeof(pcr)};
	parts.ak = (struct attest_bytes){key.data, key.len};
	parts.n_logs = 1;
	parts.logs = &raw;
	measure("raw", &parts, log.len, floor);
	parts.logs = &text;
	measure("base64", &parts, json.len, floor);
	return 0;
}
