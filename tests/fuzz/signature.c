/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPMT_SIGNATURE. What was accepted, written again (TPM 2.0 Part 2, 11.3.4), gives the same bytes; and no key of a test
 * authority made it for a message of ours.
 */
#include <openssl/pem.h>

#include "fuzz.h"
#include "trust/ak.h"

static EVP_PKEY *rsa_key, *ec_key;

static EVP_PKEY *key_of(const char *path)
{
	FILE *file = fopen(path, "r");
	X509 *x509 = file == NULL ? NULL : PEM_read_X509(file, NULL, NULL, NULL);
	EVP_PKEY *key;

	REQUIRE(x509 != NULL);
	key = X509_get_pubkey(x509);
	X509_free(x509);
	(void)fclose(file);
	REQUIRE(key != NULL);
	return key;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	rsa_key = key_of("testdata/ca/azure-like-intermediate.pem");
	ec_key = key_of("testdata/ca/p384-intermediate.pem");
	return 0;
}

static size_t put_u16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return 2;
}

static size_t put_2b(uint8_t *to, const uint8_t *from, size_t len)
{
	size_t at = put_u16(to, len);

	memcpy(to + at, from, len);
	return at + len;
}

static void check_again(struct slice raw, const struct tpm_signature *s)
{
	uint8_t again[8 + sizeof(s->a) + sizeof(s->b)];
	size_t len = put_u16(again, s->scheme);

	len += put_u16(again + len, s->hash);
	len += put_2b(again + len, s->a, s->a_len);
	if (s->scheme == SCHEME_ECDSA)
		len += put_2b(again + len, s->b, s->b_len);
	REQUIRE(slice_equal(raw, slice_of(again, len)));
}

static void check_unverified(EVP_PKEY *key, const struct tpm_signature *s)
{
	struct attest_error e = {0};
	attest_status status = ak_check_signature(key, s, slice_of_string("message"), &e);

	REQUIRE(status == ATTEST_E_SIGNATURE || status == ATTEST_E_ALGORITHM);
	fuzz_check_error(status, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct attest_error e = {0};
	struct tpm_signature signature;
	attest_status status = tpm_signature_parse(slice_of(data, size), &signature, &e);

	fuzz_check_error(status, &e);
	if (status != ATTEST_OK)
		return 0;
	check_again(slice_of(data, size), &signature);
	check_unverified(rsa_key, &signature);
	check_unverified(ec_key, &signature);
	return 0;
}
