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

int main(int argc, char **argv)
{
	const char *twin = argc > 1 ? argv[1] : "testdata/demo/blindllama.json";
	struct text policy = read_file(argc > 2 ? argv[2] : "testdata/demo/blindllama-golden.json");
	struct factory f = make_factory(twin);
	char *root = certificate_pem(f.root);
	static double ours[ROUNDS], floor[ROUNDS];
	attest_verifier *shared = new_verifier(root);
	static const struct {
		const char *name, *what;
		size_t n_signatures;
	} kinds[] = {
		{"first", "a new verifier, policy and one proof",   3},
		{"fleet", "an AK certificate never seen",           2},
		{"same",  "the same AK certificate, another nonce", 1}
        };

	need(attest_verifier_add_policy(shared, policy.data, policy.len, NULL, NULL) == ATTEST_OK, "policy");
	for (size_t k = 0; k < 3; k++) {
		for (size_t i = 0; i < ROUNDS; i++) {
			struct sample s = make_sample(&f, k == 2 ? 7 : 1000 * (k + 1) + i, kinds[k].n_signatures);
			attest_verifier *v = k == 0 ? new_verifier(root) : shared;
			double begin;

			verify_bare(&s); /* warm */
			begin = microseconds();
			verify_bare(&s);
			floor[i] = microseconds() - begin;
			begin = microseconds();
			if (k == 0)
				need(attest_verifier_add_policy(v, policy.data, policy.len, NULL, NULL) == ATTEST_OK,
				     "policy");
			verify_proof(v, s.proof);
			ours[i] = microseconds() - begin;
			if (k == 0)
				attest_verifier_free(v);
			free(s.proof);
		}
		report(kinds[k].name, kinds[k].what, ours, floor);
	}
	attest_verifier_free(shared);
	return 0;
}
