/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speed, as ratios to the crypto floor measured in the same run: the bare libcrypto verifications of the same
 * signatures with parsed keys.
 *
 *   first  a new verifier, nothing seen: its policy and one proof; floor: quote, AK certificate, intermediate
 *   fleet  the same verifier, an AK certificate never seen; floor: quote, AK certificate
 *   same   the same AK certificate, another nonce; floor: quote
 *
 * The proofs are twins of testdata/demo/blindllama.json: its attest structure, PCRs, disk and CA, with certificates and
 * quotes signed here, so that there can be as many as it takes.
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "attest.h"

enum { ROUNDS = 400 };
static const int64_t now = 1780272000;

struct blob {
	unsigned char *data;
	size_t len;
};

/* A signature with what it signs, for the floor. */
struct signed_bytes {
	EVP_PKEY *key;
	struct blob message, signature;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "bench: %s\n", what);
	exit(2);
}

static void need(bool ok, const char *what)
{
	if (!ok)
		die(what);
}

static double microseconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct blob base64_to_blob(const char *text)
{
	size_t len = strlen(text);
	struct blob b = {malloc(len), 0};
	int n = EVP_DecodeBlock(b.data, (const unsigned char *)text, (int)len);

	need(n >= 0, "bad base64");
	b.len = (size_t)n - (len > 0 && text[len - 1] == '=') - (len > 1 && text[len - 2] == '=');
	return b;
}

static char *blob_to_base64(struct blob b)
{
	char *text = malloc(b.len * 4 / 3 + 8);

	(void)EVP_EncodeBlock((unsigned char *)text, b.data, (int)b.len);
	return text;
}

/* Certificates. */

static void add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	need(e != NULL && X509_add_ext(x, e, -1) == 1, "extension");
	X509_EXTENSION_free(e);
}

static X509 *make_certificate(EVP_PKEY *key, const char *name, EVP_PKEY *issuer_key, const char *issuer, bool ca,
			      uint64_t serial, const EVP_MD *md)
{
	X509 *x = X509_new();
	X509_NAME *n = X509_NAME_new(), *in = X509_NAME_new();

	(void)X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	(void)X509_NAME_add_entry_by_txt(in, "CN", MBSTRING_ASC, (const unsigned char *)issuer, -1, -1, 0);
	(void)X509_set_version(x, 2);
	(void)ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial);
	(void)X509_set_subject_name(x, n);
	(void)X509_set_issuer_name(x, in);
	(void)ASN1_TIME_set(X509_getm_notBefore(x), (time_t)now - 86400);
	(void)ASN1_TIME_set(X509_getm_notAfter(x), (time_t)now + 86400);
	(void)X509_set_pubkey(x, key);
	if (ca)
		add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(x, NID_key_usage, ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	if (!ca)
		add_extension(x, NID_ext_key_usage, "2.23.133.8.3,1.3.6.1.4.1.311.10.3.12");
	need(X509_sign(x, issuer_key, md) > 0, "signing a certificate");
	X509_NAME_free(n);
	X509_NAME_free(in);
	return x;
}

static char *certificate_pem(X509 *x)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text;
	long len;

	need(PEM_write_bio_X509(bio, x) == 1, "PEM");
	len = BIO_get_mem_data(bio, &data);
	text = strndup(data, (size_t)len);
	(void)BIO_free(bio);
	return text;
}

static struct signed_bytes certificate_floor(X509 *x, EVP_PKEY *issuer)
{
	struct signed_bytes s = {.key = issuer};
	const ASN1_BIT_STRING *signature;
	unsigned char *tbs = NULL;
	int len = i2d_re_X509_tbs(x, &tbs);

	X509_get0_signature(&signature, NULL, x);
	s.message = (struct blob){tbs, (size_t)len};
	s.signature =
		(struct blob){malloc((size_t)ASN1_STRING_length(signature)), (size_t)ASN1_STRING_length(signature)};
	(void)memcpy(s.signature.data, ASN1_STRING_get0_data(signature), s.signature.len);
	return s;
}

/* Quotes. */

/* The twin's TPMS_ATTEST with 32 random bytes as extraData: magic 4, type 2, qualifiedSigner, extraData. */
static struct blob attest_with_nonce(struct blob attest)
{
	size_t at = 6 + 2 + (size_t)(attest.data[6] << 8 | attest.data[7]);
	size_t old = 2 + (size_t)(attest.data[at] << 8 | attest.data[at + 1]);
	struct blob b = {malloc(attest.len + 34), attest.len - old + 34};

	(void)memcpy(b.data, attest.data, at);
	b.data[at] = 0;
	b.data[at + 1] = 32;
	need(RAND_bytes(b.data + at + 2, 32) == 1, "random");
	(void)memcpy(b.data + at + 34, attest.data + at + old, attest.len - at - old);
	return b;
}

static struct signed_bytes sign_quote(EVP_PKEY *ak, struct blob attest)
{
	struct signed_bytes s = {
		ak, attest, {malloc(512), 512}
        };
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	need(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, ak) == 1 &&
		     EVP_DigestSign(ctx, s.signature.data, &s.signature.len, attest.data, attest.len) == 1,
	     "signing a quote");
	EVP_MD_CTX_free(ctx);
	return s;
}

/* TPMT_SIGNATURE: RSASSA 0x0014, SHA-256 0x000b, TPM2B. */
static char *tpmt_signature(struct blob signature)
{
	struct blob b = {malloc(signature.len + 6), signature.len + 6};
	char *text;

	(void)memcpy(b.data,
		     (const unsigned char[]){0, 0x14, 0, 0x0b, (unsigned char)(signature.len >> 8),
					     (unsigned char)signature.len},
		     6);
	(void)memcpy(b.data + 6, signature.data, signature.len);
	text = blob_to_base64(b);
	free(b.data);
	return text;
}

struct factory {
	json_t *twin;
	EVP_PKEY *root_key, *ca_key, *ak_key;
	X509 *root, *ca;
	struct blob attest;
};

static char *make_proof(const struct factory *f, X509 *leaf, const struct signed_bytes *quote)
{
	json_t *proof = json_deep_copy(f->twin), *chain = json_array(), *q = json_object_get(proof, "quote");
	X509 *const path[] = {leaf, f->ca, f->root};
	char *text = blob_to_base64(quote->message);

	for (size_t i = 0; i < 3; i++) {
		char *pem = certificate_pem(path[i]);

		(void)json_array_append_new(chain, json_string(pem));
		free(pem);
	}
	(void)json_object_set_new(proof, "cert_chain", chain);
	(void)json_object_set_new(q, "message", json_string(text));
	free(text);
	text = tpmt_signature(quote->signature);
	(void)json_object_set_new(q, "signature", json_string(text));
	free(text);
	text = json_dumps(proof, 0);
	json_decref(proof);
	return text;
}

/* Measuring. */

struct sample {
	char *proof;
	struct signed_bytes signatures[3];
	size_t n;
};

static void verify_bare(const struct sample *s)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct signed_bytes *b = &s->signatures[i];
		EVP_MD_CTX *ctx = EVP_MD_CTX_new();
		const EVP_MD *md = i == 2 ? EVP_sha384() : EVP_sha256();

		need(EVP_DigestVerifyInit(ctx, NULL, md, NULL, b->key) == 1 &&
			     EVP_DigestVerify(ctx, b->signature.data, b->signature.len, b->message.data,
					      b->message.len) == 1,
		     "the floor's own verification");
		EVP_MD_CTX_free(ctx);
	}
}

static void verify_proof(attest_verifier *v, const char *proof)
{
	struct attest_options options = ATTEST_OPTIONS_INIT;
	struct attest_error error;
	attest_result *result = NULL;

	options.time = now;
	if (attest_verify(v, &options, proof, strlen(proof), &result, &error) != ATTEST_OK)
		die(error.message);
	attest_result_free(result);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

static void report(const char *name, const char *what, double *ours, double *floor)
{
	double o = median(ours), f = median(floor);

	(void)printf("%-6s %-44s %7.1f us, floor %6.1f us: %.1fx\n", name, what, o, f, o / f);
}

struct text {
	char *data;
	size_t len;
};

static struct text read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	struct text t = {malloc(1 << 20), 0};

	need(file != NULL && t.data != NULL, path);
	t.len = fread(t.data, 1, 1 << 20, file);
	(void)fclose(file);
	return t;
}

static attest_verifier *new_verifier(const char *root)
{
	attest_verifier *v = NULL;

	need(attest_verifier_new(&v) == ATTEST_OK, "verifier");
	need(attest_verifier_add_roots(v, root, strlen(root), "2.23.133.8.3", NULL) == ATTEST_OK, "root");
	return v;
}

static struct factory make_factory(const char *path)
{
	struct text text = read_file(path);
	struct factory f = {.twin = json_loadb(text.data, text.len, 0, NULL)};

	need(f.twin != NULL, path);
	f.attest = base64_to_blob(json_string_value(json_object_get(json_object_get(f.twin, "quote"), "message")));
	f.root_key = EVP_RSA_gen(4096);
	f.ca_key = EVP_RSA_gen(2048);
	f.ak_key = EVP_RSA_gen(2048);
	f.root = make_certificate(f.root_key, "bench root", f.root_key, "bench root", true, 1, EVP_sha384());
	f.ca = make_certificate(f.ca_key, "bench CA", f.root_key, "bench root", true, 2, EVP_sha384());
	free(text.data);
	return f;
}

static struct sample make_sample(const struct factory *f, uint64_t serial, size_t n_signatures)
{
	X509 *leaf = make_certificate(f->ak_key, "bench AK", f->ca_key, "bench CA", false, serial, EVP_sha256());
	struct sample s = {.n = n_signatures};

	s.signatures[0] = sign_quote(f->ak_key, attest_with_nonce(f->attest));
	s.signatures[1] = certificate_floor(leaf, f->ca_key);
	s.signatures[2] = certificate_floor(f->ca, f->root_key);
	s.proof = make_proof(f, leaf, &s.signatures[0]);
	X509_free(leaf);
	return s;
}

/* Samples for tests/bench/python.py: proofs of each kind, a line each; and one whose log is long. */

static const struct {
	const char *name, *what;
	size_t n_signatures;
} kinds[] = {
	{"first", "a new verifier, policy and one proof",   3},
	{"fleet", "an AK certificate never seen",           2},
	{"same",  "the same AK certificate, another nonce", 1}
};
enum { N_KINDS = 3, SAME = 2, SAMPLES = 200, EVENTS = 50000 };

static struct sample sample_of_kind(const struct factory *f, size_t kind, size_t i)
{
	return make_sample(f, kind == SAME ? 7 : 1000 * (kind + 1) + i, kinds[kind].n_signatures);
}

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[512];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "a");
	need(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

/* The events of PCR 14, which holds `pcr` after them. */
static json_t *long_log(unsigned char pcr[32])
{
	json_t *events = json_array();
	unsigned char both[64] = {0};
	char text[96];

	for (size_t i = 0; i < EVENTS; i++) {
		int len = snprintf(text, sizeof(text),
				   "{\"type\": \"input\", \"name\": \"file %06zu\", \"digest\": \"sha256:00\"}", i);

		(void)json_array_append_new(events, json_string(text));
		need(EVP_Digest(text, (size_t)len, both + 32, NULL, EVP_sha256(), NULL) == 1 &&
			     EVP_Digest(both, sizeof(both), both, NULL, EVP_sha256(), NULL) == 1,
		     "digest");
	}
	(void)memcpy(pcr, both, 32);
	return json_pack("{s:s, s:i, s:o}", "format", "text-events", "pcr", 14, "events", events);
}

/* TPMS_ATTEST of a quote of PCR 14 alone: 42 bytes up to extraData, clock and firmware version, selection, digest. */
static struct blob quote_of(const unsigned char pcr[32])
{
	static const unsigned char head[] = {0xff, 'T', 'C', 'G', 0x80, 0x18, 0, 34, 0, 0x0b};
	static const unsigned char selection[] = {0, 0, 0, 1, 0, 0x0b, 3, 0, 0x40, 0, 0, 32};
	struct blob b = {calloc(1, 256), 42 + 2 + 25 + sizeof(selection) + 32};

	(void)memcpy(b.data, head, sizeof(head));
	(void)memcpy(b.data + 42 + 2 + 25, selection, sizeof(selection));
	need(EVP_Digest(pcr, 32, b.data + b.len - 32, NULL, EVP_sha256(), NULL) == 1, "digest");
	return b;
}

static void write_long(const struct factory *f, const char *folder)
{
	X509 *leaf = make_certificate(f->ak_key, "bench AK", f->ca_key, "bench CA", false, 8, EVP_sha256());
	unsigned char pcr[32];
	json_t *log = long_log(pcr), *values;
	struct signed_bytes quote = sign_quote(f->ak_key, quote_of(pcr));
	char hex[65], *attest = blob_to_base64(quote.message), *signature = tpmt_signature(quote.signature), *text;

	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", pcr[i]);
	values = json_pack("{s:s}", "14", hex);
	text = json_dumps(json_pack("{s:s, s:s, s:s, s:O}", "format", "libattest-policy-v1", "name", "bench", "bank",
				    "sha256", "pcrs", values),
			  0);
	write_file(folder, "long-policy.json", text);
	text = json_dumps(json_pack("{s:s, s:{s:s, s:s, s:{s:o}}, s:{s:[s, s, s]}, s:[o]}", "format",
				    "libattest-proof-v1", "quote", "attest", attest, "signature", signature, "pcrs",
				    "sha256", values, "ak", "certificates", certificate_pem(leaf),
				    certificate_pem(f->ca), certificate_pem(f->root), "logs", log),
			  0);
	write_file(folder, "long.jsonl", text);
}

static int write_samples(const struct factory *f, const char *policy, const char *folder)
{
	char name[32];

	write_file(folder, "root.pem", certificate_pem(f->root));
	write_file(folder, "policy.json", policy);
	for (size_t k = 0; k < N_KINDS; k++) {
		(void)snprintf(name, sizeof(name), "%s.jsonl", kinds[k].name);
		for (size_t i = 0; i < SAMPLES; i++) {
			struct sample s = sample_of_kind(f, k, i);

			write_file(folder, name, s.proof);
			write_file(folder, name, "\n");
		}
	}
	write_long(f, folder);
	return 0;
}

static void measure(const struct factory *f, struct text policy, size_t kind, attest_verifier *shared, const char *root)
{
	static double ours[ROUNDS], floor[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		struct sample s = sample_of_kind(f, kind, i);
		attest_verifier *v = kind == 0 ? new_verifier(root) : shared;
		double begin;

		verify_bare(&s); /* warm */
		begin = microseconds();
		verify_bare(&s);
		floor[i] = microseconds() - begin;
		begin = microseconds();
		if (kind == 0)
			need(attest_verifier_add_policy(v, policy.data, policy.len, NULL, NULL) == ATTEST_OK, "policy");
		verify_proof(v, s.proof);
		ours[i] = microseconds() - begin;
		if (kind == 0)
			attest_verifier_free(v);
		free(s.proof);
	}
	report(kinds[kind].name, kinds[kind].what, ours, floor);
}

/* bench [--samples FOLDER]: from the root of the source tree. */
int main(int argc, char **argv)
{
	struct text policy = read_file("testdata/demo/blindllama-golden.json");
	struct factory f = make_factory("testdata/demo/blindllama.json");
	char *root = certificate_pem(f.root);
	attest_verifier *shared = new_verifier(root);

	if (argc == 3 && strcmp(argv[1], "--samples") == 0) {
		policy.data[policy.len] = '\0';
		return write_samples(&f, policy.data, argv[2]);
	}
	need(attest_verifier_add_policy(shared, policy.data, policy.len, NULL, NULL) == ATTEST_OK, "policy");
	for (size_t k = 0; k < N_KINDS; k++)
		measure(&f, policy, k, shared, root);
	attest_verifier_free(shared);
	return 0;
}
