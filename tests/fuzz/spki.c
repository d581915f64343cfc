/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SubjectPublicKeyInfo cut out of a certificate: the one that libcrypto finds, wherever libcrypto reads the
 * certificate as DER, and its pin.
 */
#include <openssl/x509.h>

#include "evidence/spki.h"
#include "fuzz.h"

/* libcrypto's, if it takes the certificate whole and writes it again as it was; NULL otherwise. */
static X509 *read_der(const uint8_t *data, size_t size)
{
	const unsigned char *end = data;
	unsigned char *again = NULL;
	X509 *x509 = d2i_X509(NULL, &end, (long)size);
	bool same;
	int len;

	if (x509 == NULL)
		return NULL;
	len = i2d_re_X509_tbs(x509, &again); /* encoded anew, not what was kept of the input */
	OPENSSL_free(again);
	again = NULL;
	len = len > 0 ? i2d_X509(x509, &again) : 0;
	same = len > 0 && end == data + size && slice_equal(slice_of(data, size), slice_of(again, (size_t)len));
	OPENSSL_free(again);
	if (same)
		return x509;
	X509_free(x509);
	return NULL;
}

static void check_pin(struct slice spki, struct slice certificate)
{
	char pin[ATTEST_PIN_SIZE], public_pin[ATTEST_PIN_SIZE];
	struct attest_error e = {0};

	REQUIRE(spki_check(spki, &e) == ATTEST_OK);
	REQUIRE(spki_pin(spki, pin, &e) == ATTEST_OK && strlen(pin) == ATTEST_PIN_SIZE - 1);
	if (attest_pin_of(certificate.data, certificate.len, public_pin, NULL) == ATTEST_OK)
		REQUIRE(strcmp(pin, public_pin) == 0);
}

/* libcrypto keeps names as they came; whether this one begins as DER would have it: X.690, 8.1.2 and 10.1. */
static bool is_der(const X509_NAME *name)
{
	const unsigned char *der = NULL;
	size_t len = 0, head;

	REQUIRE(X509_NAME_get0_der(name, &der, &len) == 1 && len >= 2);
	head = len < 130 ? 2 : len < 259 ? 3 : 4;
	if (der[0] != 0x30 || len > 0xffff)
		return false;
	if (head == 2)
		return der[1] == len - 2;
	return der[1] == 0x80 + head - 2 && der[head - 1] == ((len - head) & 0xff) &&
	       (head == 3 || der[2] == (len - head) >> 8);
}

static void compare(X509 *x509, attest_status status, struct slice spki)
{
	unsigned char *want = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &want);

	REQUIRE(len > 0);
	/* libcrypto reads some that are no DER, such as a SEQUENCE that says it is primitive. */
	if (X509_get_version(x509) == X509_VERSION_3 && is_der(X509_get_subject_name(x509)) &&
	    is_der(X509_get_issuer_name(x509)))
		REQUIRE(status == ATTEST_OK);
	if (status == ATTEST_OK)
		REQUIRE(slice_equal(spki, slice_of(want, (size_t)len)));
	OPENSSL_free(want);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_error e = {0};
	struct slice spki = {NULL, 0};
	X509 *x509 = read_der(data, size);
	attest_status status = spki_of_certificate(slice_of(data, size), &spki, &e);

	fuzz_check_error(status, &e);
	if (status == ATTEST_OK)
		check_pin(spki, slice_of(data, size));
	if (x509 != NULL)
		compare(x509, status, spki);
	X509_free(x509);
	error_clear(&e);
	fuzz_check_error(spki_check(slice_of(data, size), &e), &e);
	return 0;
}
