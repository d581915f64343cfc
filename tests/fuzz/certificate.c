/* SPDX-License-Identifier: Apache-2.0 */
/*
 * X.509. What is accepted fills its input to the byte, libcrypto's own reader takes it too and reads the same, and no
 * path leads from it to an authority of testdata/ca: their keys are gone, so only a certificate that they signed has
 * one.
 */
#include <openssl/x509v3.h>

#include "base/text.h"
#include "evidence/certificate.h"
#include "evidence/key.h"
#include "fuzz.h"
#include "trust/chain.h"

static struct trust_store store;
static struct slice intermediates[2];

static struct slice load_der(const char *path, struct trust_store *into)
{
	static struct arena kept;
	struct attest_error e = {0};
	size_t len;
	uint8_t *pem = fuzz_file(path, &len);
	struct slice text = slice_of(pem, len), der;

	if (into != NULL)
		REQUIRE(trust_store_add(into, text, NULL, &e) == ATTEST_OK);
	REQUIRE(pem_next(&kept, &text, "CERTIFICATE", &der, &e) == ATTEST_OK);
	free(pem);
	return der;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	REQUIRE(trust_store_init(&store) == ATTEST_OK);
	(void)load_der("testdata/ca/azure-like-root.pem", &store);
	(void)load_der("testdata/ca/p384-root.pem", &store);
	intermediates[0] = load_der("testdata/ca/azure-like-intermediate.pem", NULL);
	intermediates[1] = load_der("testdata/ca/p384-intermediate.pem", NULL);
	return 0;
}

static void check_whole(const struct certificate *c, struct slice der)
{
	struct attest_error e = {0};
	struct certificate *same = NULL;
	uint8_t *longer = malloc(der.len + 2);

	REQUIRE(longer != NULL);
	memcpy(longer, der.data, der.len);
	longer[der.len] = 0;
	longer[der.len + 1] = 0;
	REQUIRE(certificate_parse(slice_of(longer, der.len + 2), false, &same, &e) == ATTEST_E_CERTIFICATE);
	error_clear(&e);
	REQUIRE(certificate_parse(slice_of(longer, der.len + 2), true, &same, &e) == ATTEST_OK);
	REQUIRE(memcmp(same->der_sha256, c->der_sha256, 32) == 0);
	certificate_unref(same);
	longer[der.len + 1] = 1;
	REQUIRE(certificate_parse(slice_of(longer, der.len + 2), true, &same, &e) == ATTEST_E_CERTIFICATE);
	free(longer);
}

/* What libcrypto's own reader of certificates makes of the same extensions. */
static void check_extensions(const struct certificate *c, X509 *x509)
{
	uint32_t flags = X509_get_extension_flags(x509);
	EXTENDED_KEY_USAGE *purposes = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);

	REQUIRE((purposes != NULL) == (c->purposes != NULL));
	EXTENDED_KEY_USAGE_free(purposes);
	REQUIRE(((flags & EXFLAG_SI) != 0) == c->self_issued);
	if ((flags & EXFLAG_INVALID) != 0) /* it knows more extensions that can be malformed */
		return;
	REQUIRE(((flags & EXFLAG_CA) != 0) == c->is_ca);
	REQUIRE(X509_get_pathlen(x509) == c->path_length);
	REQUIRE(((flags & EXFLAG_KUSAGE) != 0) == c->has_key_usage);
	if (c->has_key_usage)
		REQUIRE((X509_get_key_usage(x509) & 0xffff) == c->key_usage);
	if (((flags & EXFLAG_XKUSAGE) != 0))
		REQUIRE(((X509_get_extended_key_usage(x509) & XKU_SSL_SERVER) != 0) ==
			certificate_has_purpose(c, "1.3.6.1.5.5.7.3.1"));
}

static void check_time(const ASN1_TIME *want, int64_t have)
{
	REQUIRE(ASN1_TIME_cmp_time_t(want, (time_t)have) == 0);
}

/* libcrypto reads it too, and the same; unless its key is of no use. */
static void compare(const struct certificate *c, struct slice der)
{
	const unsigned char *end = der.data;
	X509 *x509 = d2i_X509(NULL, &end, (long)der.len);
	EVP_PKEY *key;

	if (x509 == NULL) {
		REQUIRE(c->key == NULL);
		return;
	}
	REQUIRE(end == der.data + der.len);
	check_extensions(c, x509);
	check_time(X509_get0_notBefore(x509), c->not_before);
	check_time(X509_get0_notAfter(x509), c->not_after);
	key = X509_get_pubkey(x509);
	if (c->key != NULL) { /* it reads more kinds of keys */
		REQUIRE(key != NULL && EVP_PKEY_eq(key, c->key) == 1);
		REQUIRE(!certificate_is_signed_by(c, c->key) || X509_verify(x509, key) == 1);
	}
	EVP_PKEY_free(key);
	X509_free(x509);
}

static void check_fields(const struct certificate *c)
{
	struct attest_error e = {0};

	REQUIRE(c->subject != NULL);
	REQUIRE(c->purposes == NULL || c->purposes[0] == ' ');
	REQUIRE(!certificate_has_purpose(c, "2.23.133.8"));
	fuzz_check_error(key_check_strength(c->key, &e), &e);
}

/* By a root or intermediate of testdata/ca. */
static bool is_signed_by_us(const struct certificate *c)
{
	for (size_t i = 0; i < store.n_added; i++)
		if (certificate_is_signed_by(c, store.added[i].certificate->key))
			return true;
	for (size_t i = 0; i < 2; i++) {
		struct attest_error e = {0};
		struct certificate *issuer = NULL;
		bool ours;

		REQUIRE(certificate_parse(intermediates[i], false, &issuer, &e) == ATTEST_OK);
		ours = certificate_is_signed_by(c, issuer->key);
		certificate_unref(issuer);
		if (ours)
			return true;
	}
	return false;
}

static void check_chain(struct slice der, const struct certificate *c)
{
	struct slice ders[3] = {der, intermediates[0], intermediates[1]};
	struct arena arena = {NULL};
	struct findings findings = {.arena = &arena};
	struct chain chain = {.n_path = 0};
	bool valid;

	chain_read(&chain, &store, ders, 3, &findings);
	valid = chain_validate(&chain, &store, FUZZ_TIME, &findings);
	REQUIRE(findings.internal == ATTEST_OK);
	REQUIRE(valid != findings.step_failed[ATTEST_STEP_CHAIN]);
	if (valid)
		REQUIRE(is_signed_by_us(c));
	for (size_t i = 0; i < findings.n; i++) {
		fuzz_check_printable(findings.items[i].message, false);
		fuzz_check_printable(findings.items[i].where, false);
	}
	chain_clear(&chain);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_error e = {0};
	struct certificate *c = NULL;
	attest_status status = certificate_parse(slice_of(data, size), false, &c, &e);

	fuzz_check_error(status, &e);
	REQUIRE((c != NULL) == (status == ATTEST_OK));
	if (c == NULL)
		return 0;
	check_fields(c);
	check_whole(c, slice_of(data, size));
	compare(c, slice_of(data, size));
	check_chain(slice_of(data, size), c);
	certificate_unref(c);
	return 0;
}
