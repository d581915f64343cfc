/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/certificate.h"

#include <openssl/x509v3.h>

#include "evidence/key.h"
#include "formats/proof.h"
#include "unit.h"

#define ROOT         "testdata/ca/azure-like-root.pem"
#define INTERMEDIATE "testdata/ca/azure-like-intermediate.pem"

static attest_status parse(struct slice der, bool allow_padding, struct certificate **ret, struct attest_error *e)
{
	void *exact = unit_exact(der);
	attest_status status;

	error_clear(e);
	status = certificate_parse(slice_of(exact, der.len), allow_padding, ret, e);
	free(exact);
	return status;
}

static struct certificate *load(struct arena *arena, const char *path)
{
	struct attest_error e;
	struct certificate *c = NULL;

	CHECK_STATUS(parse(unit_certificate(arena, path), false, &c, &e), ATTEST_OK);
	if (c == NULL)
		exit(2);
	return c;
}

/* The AK certificate of a good case. */
static struct slice leaf_der(struct arena *arena, const char *path)
{
	struct attest_error e = {0};
	struct proof proof;
	struct slice der = {NULL, 0};

	CHECK_STATUS(proof_parse(&proof, arena, unit_file(arena, path), &e), ATTEST_OK);
	if (proof.n_certificates > 0)
		der = proof.certificates[0]; /* decoded into the arena */
	proof_free(&proof);
	return der;
}

void certificate_fields(void)
{
	struct arena arena = {NULL};
	struct attest_error e;
	struct certificate *root = load(&arena, ROOT), *leaf = NULL;

	CHECK(root->is_ca && root->self_issued && root->has_key_usage && (root->key_usage & KU_KEY_CERT_SIGN) != 0);
	CHECK(root->not_before == 1577836800 && root->not_after > 3700000000);
	CHECK_TEXT(root->subject, "CN=libattest test Azure-like root,O=libattest test");
	CHECK(root->purposes == NULL && root->unknown_critical == NULL && root->signature_hash == NID_sha384);
	CHECK_STATUS(parse(leaf_der(&arena, "tests/cases/good-azure-like-rsassa/proof.json"), false, &leaf, &e),
		     ATTEST_OK);
	CHECK(!leaf->is_ca && !leaf->self_issued && leaf->path_length == CERTIFICATE_NO_PATHLEN);
	CHECK((leaf->key_usage & KU_DIGITAL_SIGNATURE) != 0 && (leaf->key_usage & KU_KEY_CERT_SIGN) == 0);
	CHECK(certificate_has_purpose(leaf, "2.23.133.8.3") && leaf->key != NULL);
	certificate_unref(leaf);
	leaf = NULL; /* an empty subject, and the name in a critical subjectAltName */
	CHECK_STATUS(parse(leaf_der(&arena, "tests/cases/good-google-old-rsassa/proof.json"), false, &leaf, &e),
		     ATTEST_OK);
	CHECK(leaf->subject[0] != '\0' && leaf->unknown_critical == NULL &&
	      certificate_has_purpose(leaf, "2.23.133.8.1"));
	CHECK(certificate_ref(leaf) == leaf);
	certificate_unref(leaf);
	certificate_unref(leaf);
	certificate_unref(NULL);
	certificate_unref(root);
	arena_free(&arena);
}

void certificate_padding(void)
{
	struct arena arena = {NULL};
	struct attest_error e;
	struct slice der = unit_certificate(&arena, ROOT);
	struct certificate *plain = load(&arena, ROOT), *padded = NULL;
	uint8_t *longer = arena_alloc(&arena, der.len + 5000, 1);

	memcpy(longer, der.data, der.len);
	for (size_t n = 1; n <= 5000; n = n * 3 + 1) {
		CHECK_STATUS(parse(slice_of(longer, der.len + n), false, &padded, &e), ATTEST_E_CERTIFICATE);
		CHECK_STATUS(parse(slice_of(longer, der.len + n), true, &padded, &e), ATTEST_OK);
		CHECK(padded != NULL && memcmp(padded->der_sha256, plain->der_sha256, 32) == 0);
		certificate_unref(padded);
		padded = NULL;
		longer[der.len + n - 1] = 1;
		CHECK_STATUS(parse(slice_of(longer, der.len + n), true, &padded, &e), ATTEST_E_CERTIFICATE);
		longer[der.len + n - 1] = 0;
	}
	certificate_unref(plain);
	arena_free(&arena);
}

void certificate_truncated(void)
{
	struct arena arena = {NULL};
	struct attest_error e;
	struct slice der = unit_certificate(&arena, INTERMEDIATE);
	struct certificate *c = NULL;

	for (size_t len = 0; len < der.len; len++)
		CHECK_STATUS(parse(slice_sub(der, 0, len), true, &c, &e), ATTEST_E_CERTIFICATE);
	CHECK(c == NULL);
	arena_free(&arena);
}

void certificate_not_der(void)
{
	struct arena arena = {NULL};
	struct attest_error e;
	struct slice der = unit_certificate(&arena, ROOT);
	struct certificate *c = NULL;
	uint8_t *other = arena_alloc(&arena, der.len + 4, 1);

	/* The outer length, two bytes long, in three; then in the indefinite form: X.690, 8.1.3 */
	CHECK(der.data[0] == 0x30 && der.data[1] == 0x82);
	memcpy(other, "\x30\x83\x00", 3);
	memcpy(other + 3, der.data + 2, der.len - 2);
	CHECK_STATUS(parse(slice_of(other, der.len + 1), false, &c, &e), ATTEST_E_CERTIFICATE);
	memcpy(other, "\x30\x80", 2);
	memcpy(other + 2, der.data + 4, der.len - 4);
	memcpy(other + der.len - 2, "\0\0", 2);
	CHECK_STATUS(parse(slice_of(other, der.len), false, &c, &e), ATTEST_E_CERTIFICATE);
	CHECK_STATUS(parse(slice_of_string("-----BEGIN CERTIFICATE-----\n"), false, &c, &e), ATTEST_E_CERTIFICATE);
	CHECK_STATUS(parse(slice_of(NULL, 0), false, &c, &e), ATTEST_E_CERTIFICATE);
	CHECK(c == NULL);
	arena_free(&arena);
}

void certificate_signature(void)
{
	struct arena arena = {NULL};
	struct attest_error e;
	struct certificate *root = load(&arena, ROOT), *middle = load(&arena, INTERMEDIATE), *changed = NULL;
	struct certificate *other = load(&arena, "testdata/ca/p384-root.pem");
	struct slice der = unit_certificate(&arena, INTERMEDIATE);
	uint8_t *bytes = unit_exact(der);
	size_t n_read = 0;
	char issuer[80];

	CHECK(certificate_is_signed_by(root, root->key) && certificate_is_signed_by(middle, root->key));
	CHECK(!certificate_is_signed_by(root, middle->key) && !certificate_is_signed_by(middle, middle->key));
	CHECK(!certificate_is_signed_by(middle, other->key) && !certificate_is_signed_by(middle, NULL));
	CHECK(certificate_names_issuer(middle, root) && certificate_names_issuer(root, root));
	CHECK(!certificate_names_issuer(root, middle) && !certificate_names_issuer(middle, other));
	CHECK_STATUS(certificate_issuer_text(middle, issuer, sizeof(issuer), &e), ATTEST_OK);
	CHECK_TEXT(issuer, "CN=libattest test Azure-like root,O=libattest test");
	for (size_t i = 0; i < der.len; i++) { /* one bit of each byte: unreadable, or not signed */
		bytes[i] ^= (uint8_t)(1 << i % 8);
		if (parse(slice_of(bytes, der.len), false, &changed, &e) == ATTEST_OK) {
			n_read++;
			CHECK(!certificate_is_signed_by(changed, root->key));
			certificate_unref(changed);
		}
		bytes[i] ^= (uint8_t)(1 << i % 8);
	}
	CHECK(n_read > 100);
	free(bytes);
	certificate_unref(root);
	certificate_unref(middle);
	certificate_unref(other);
	arena_free(&arena);
}

void certificate_purposes(void)
{
	char list[] = " 2.23.133.8.3 1.3.6.1.4.1.311.10.3.12 ";
	struct certificate c = {.purposes = list};

	CHECK(certificate_has_purpose(&c, "2.23.133.8.3") && certificate_has_purpose(&c, "1.3.6.1.4.1.311.10.3.12"));
	CHECK(!certificate_has_purpose(&c, "2.23.133.8") && !certificate_has_purpose(&c, "23.133.8.3"));
	CHECK(!certificate_has_purpose(&c, "1.3.6.1.4.1.311.10.3.1") && !certificate_has_purpose(&c, "2.23.133.8.1"));
	CHECK(!certificate_has_purpose(&c, "2.23.133.8.3 1.3.6"));
	c.purposes = NULL;
	CHECK(!certificate_has_purpose(&c, "2.23.133.8.3"));
}

static void check_strength(EVP_PKEY *key, attest_status want)
{
	struct attest_error e = {0};

	CHECK_STATUS(key_check_strength(key, &e), want);
	EVP_PKEY_free(key);
}

/* Read from its SubjectPublicKeyInfo, it is the same key; or of a kind that is not accepted. */
static void check_kind(EVP_PKEY *key, attest_status want)
{
	struct attest_error e = {0};
	unsigned char *spki = NULL;
	int len = i2d_PUBKEY(key, &spki);
	EVP_PKEY *read = NULL;

	CHECK(len > 0);
	CHECK_STATUS(key_from_spki(slice_of(spki, (size_t)len), &read, &e), want);
	CHECK((read != NULL) == (want == ATTEST_OK));
	if (read != NULL)
		CHECK(EVP_PKEY_eq(read, key) == 1);
	CHECK(key_from_spki(slice_of(spki, (size_t)len - 1), &read, &e) != ATTEST_OK);
	OPENSSL_free(spki);
	EVP_PKEY_free(read);
	EVP_PKEY_free(key);
}

void certificate_strength(void)
{
	check_strength(EVP_RSA_gen(2048), ATTEST_OK);
	check_strength(EVP_RSA_gen(1024), ATTEST_E_WEAK);
	check_strength(EVP_EC_gen("P-256"), ATTEST_OK);
	check_strength(EVP_EC_gen("P-521"), ATTEST_OK);
	check_strength(NULL, ATTEST_E_ALGORITHM);
	check_kind(EVP_RSA_gen(2048), ATTEST_OK);
	check_kind(EVP_EC_gen("P-256"), ATTEST_OK);
	check_kind(EVP_EC_gen("P-384"), ATTEST_OK);
	check_kind(EVP_EC_gen("P-521"), ATTEST_OK);
	check_kind(EVP_EC_gen("P-224"), ATTEST_E_ALGORITHM);
	check_kind(EVP_EC_gen("secp256k1"), ATTEST_E_ALGORITHM);
	check_kind(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), ATTEST_E_ALGORITHM);
}
