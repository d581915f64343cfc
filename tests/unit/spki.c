/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/spki.h"

#include <glob.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "base/text.h"
#include "unit.h"

/* As libcrypto writes it. */
static struct slice libcrypto_s(struct arena *arena, struct slice der)
{
	const unsigned char *at = der.data;
	unsigned char *spki = NULL;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	int len = x509 == NULL ? 0 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &spki);
	struct slice copy = slice_of(arena_copy(arena, spki, (size_t)len), (size_t)len);

	OPENSSL_free(spki);
	X509_free(x509);
	return copy;
}

static void check_file(const char *path, size_t *n_rsa)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice der = unit_certificate(&arena, path), spki = {NULL, 0}, key = {NULL, 0};
	struct slice want = libcrypto_s(&arena, der);

	CHECK_STATUS(spki_of_certificate(der, &spki, &e), ATTEST_OK);
	CHECK(want.len > 0 && slice_equal(spki, want));
	CHECK_STATUS(spki_check(spki, &e), ATTEST_OK);
	if (spki_is_rsa(spki, &key)) {
		(*n_rsa)++;
		CHECK(key.len > 256 && key.data + key.len == spki.data + spki.len);
	}
	arena_free(&arena);
}

void spki_is_libcrypto_s(void)
{
	size_t n_rsa = 0;
	glob_t files;

	CHECK(glob("testdata/*/*.pem", 0, NULL, &files) == 0 && files.gl_pathc > 5);
	for (size_t i = 0; i < files.gl_pathc; i++)
		check_file(files.gl_pathv[i], &n_rsa);
	CHECK(n_rsa > 0 && n_rsa < files.gl_pathc);
	globfree(&files);
}

void spki_truncated(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice der = unit_certificate(&arena, "testdata/ca/p384-root.pem"), spki = {NULL, 0}, got;
	uint8_t *exact;

	CHECK_STATUS(spki_of_certificate(der, &spki, &e), ATTEST_OK);
	for (size_t len = 0; len < der.len; len++) {
		exact = unit_exact(slice_sub(der, 0, len));
		CHECK_STATUS(spki_of_certificate(slice_of(exact, len), &got, &e), ATTEST_E_CERTIFICATE);
		free(exact);
	}
	for (size_t len = 0; len < spki.len; len++) {
		exact = unit_exact(slice_sub(spki, 0, len));
		CHECK_STATUS(spki_check(slice_of(exact, len), &e), ATTEST_E_ENCODING);
		free(exact);
	}
	exact = arena_alloc(&arena, der.len + 1, 1);
	memcpy(exact, der.data, der.len);
	CHECK_STATUS(spki_of_certificate(slice_of(exact, der.len + 1), &got, &e), ATTEST_E_CERTIFICATE);
	memcpy(exact, spki.data, spki.len);
	exact[spki.len] = 0;
	CHECK_STATUS(spki_check(slice_of(exact, spki.len + 1), &e), ATTEST_E_ENCODING);
	arena_free(&arena);
}

/* A certificate with an element more at its end, and lengths that are longer than they need be: X.690, 10.1. */
void spki_not_der(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice der = unit_certificate(&arena, "testdata/ca/p384-root.pem"), spki = {NULL, 0}, got;
	uint8_t *other = arena_alloc(&arena, der.len + 4, 1);

	CHECK_STATUS(spki_of_certificate(der, &spki, &e), ATTEST_OK);
	CHECK(der.data[1] == 0x82 && spki.len < 0x80 && spki.data[1] == spki.len - 2);
	memcpy(other, der.data, der.len);
	memcpy(other + der.len, "\x05\x00", 2);
	other[2] = (uint8_t)((der.len - 2) >> 8); /* of the contents, which are two bytes longer now */
	other[3] = (uint8_t)(der.len - 2);
	CHECK_STATUS(spki_of_certificate(slice_of(other, der.len + 2), &got, &e), ATTEST_E_CERTIFICATE);
	memcpy(other, "\x30\x83\x00", 3);
	memcpy(other + 3, der.data + 2, der.len - 2);
	CHECK_STATUS(spki_of_certificate(slice_of(other, der.len + 1), &got, &e), ATTEST_E_CERTIFICATE);
	memcpy(other, "\x30\x81", 2);
	memcpy(other + 2, spki.data + 1, spki.len - 1);
	CHECK_STATUS(spki_check(slice_of(other, spki.len + 1), &e), ATTEST_E_ENCODING);
	memcpy(other, spki.data, spki.len);
	memcpy(other + spki.len, "\x05\x00", 2);
	other[1] = (uint8_t)(other[1] + 2);
	CHECK_STATUS(spki_check(slice_of(other, spki.len + 2), &e), ATTEST_E_ENCODING);
	arena_free(&arena);
}

/* The certificate with a text in an extension that nobody knows. */
static struct slice with_text(struct arena *arena, struct slice der, const char *text)
{
	const unsigned char *at = der.data;
	unsigned char *bytes = NULL;
	X509 *x509 = d2i_X509(NULL, &at, (long)der.len);
	ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.4.1.32473.1.1", 1);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension;
	struct slice copy;
	int len;

	(void)ASN1_OCTET_STRING_set(octets, (const unsigned char *)text, (int)strlen(text));
	extension = X509_EXTENSION_create_by_OBJ(NULL, kind, 0, octets);
	(void)X509_add_ext(x509, extension, -1);
	(void)i2d_re_X509_tbs(x509, NULL);
	len = i2d_X509(x509, &bytes);
	copy = slice_of(arena_copy(arena, bytes, (size_t)len), (size_t)len);
	OPENSSL_free(bytes);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(octets);
	ASN1_OBJECT_free(kind);
	X509_free(x509);
	return copy;
}

/* A certificate in DER has its own key, whatever PEM stands in it. */
void spki_pin_of_der(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice der = unit_certificate(&arena, "testdata/ca/azure-like-root.pem"), spki, disguised;
	struct slice other = unit_certificate(&arena, "testdata/ca/google-new-root.pem");
	char pin[ATTEST_PIN_SIZE] = "", want[ATTEST_PIN_SIZE] = "";
	const char *labels[] = {"PUBLIC KEY", "CERTIFICATE"};

	CHECK_STATUS(attest_pin_of(der.data, der.len, want, &e), ATTEST_OK);
	for (size_t i = 0; i < COUNT(labels); i++) {
		spki = i == 0 ? libcrypto_s(&arena, other) : other;
		disguised = with_text(&arena, der, arena_printf(&arena, "\n%s\n", pem_encode(&arena, labels[i], spki)));
		CHECK(disguised.len > der.len);
		CHECK_STATUS(attest_pin_of(disguised.data, disguised.len, pin, &e), ATTEST_OK);
		CHECK_TEXT(pin, want);
	}
	arena_free(&arena);
}

void spki_pin_of(void)
{
	struct arena arena = {NULL};
	struct attest_error e = {0};
	struct slice pem = unit_file(&arena, "testdata/ca/azure-like-root.pem"), spki, rest = pem;
	struct slice der = unit_certificate(&arena, "testdata/ca/azure-like-root.pem");
	char pin[ATTEST_PIN_SIZE] = "", want[ATTEST_PIN_SIZE] = "sha256//", *key;
	uint8_t digest[32];

	spki = libcrypto_s(&arena, der);
	(void)SHA256(spki.data, spki.len, digest);
	base64_encode(slice_of(digest, 32), want + 8);
	CHECK_STATUS(spki_pin(spki, pin, &e), ATTEST_OK);
	CHECK_TEXT(pin, want);
	key = pem_encode(&arena, "PUBLIC KEY", spki);
	memset(pin, 0, sizeof(pin));
	CHECK_STATUS(attest_pin_of(pem.data, pem.len, pin, &e), ATTEST_OK);
	CHECK_TEXT(pin, want);
	memset(pin, 0, sizeof(pin));
	CHECK_STATUS(attest_pin_of(der.data, der.len, pin, NULL), ATTEST_OK);
	CHECK_TEXT(pin, want);
	memset(pin, 0, sizeof(pin));
	CHECK_STATUS(attest_pin_of(key, strlen(key), pin, NULL), ATTEST_OK);
	CHECK_TEXT(pin, want);
	memset(pin, 0, sizeof(pin));
	CHECK_STATUS(attest_pin_of("", 0, pin, &e), ATTEST_E_CERTIFICATE);
	CHECK_STATUS(attest_pin_of(der.data, der.len - 1, pin, NULL), ATTEST_E_CERTIFICATE);
	CHECK_STATUS(attest_pin_of(pem.data, rest.len - 40, pin, NULL), ATTEST_E_ENCODING);
	key = pem_encode(&arena, "PUBLIC KEY", der);
	CHECK_STATUS(attest_pin_of(key, strlen(key), pin, NULL), ATTEST_E_ENCODING);
	CHECK_TEXT(pin, "");
	arena_free(&arena);
}
