/* SPDX-License-Identifier: Apache-2.0 */
#include "spki.h"

#include <string.h>

#include "base/text.h"

/* Identifier octets: X.690, 8.1.2. */
enum { SEQUENCE = 0x30, INTEGER = 0x02, BIT_STRING = 0x03, VERSION = 0xa0 };

/* X.690, 10.1: the shortest definite form. */
static size_t read_length(struct reader *r)
{
	uint8_t first = reader_u8(r);
	size_t n = first & 0x7f, length = 0;

	if ((first & 0x80) == 0)
		return first;
	if (n == 0 || n > 4)
		r->failed = true;
	for (size_t i = 0; !r->failed && i < n; i++)
		length = length << 8 | reader_u8(r);
	if (length < 0x80 || length >> (8 * (n - 1)) == 0)
		r->failed = true;
	return length;
}

/* The element with its header; the contents go to *ret_contents. */
static struct slice read_element(struct reader *r, uint8_t tag, struct slice *ret_contents)
{
	struct slice before = r->rest;

	if (reader_u8(r) != tag)
		r->failed = true;
	*ret_contents = reader_bytes(r, read_length(r));
	return slice_sub(before, 0, before.len - r->rest.len);
}

/* Algorithm identifier and key bits, the latter with their first byte: the number of unused bits. */
static bool split(struct slice der, struct slice *ret_algorithm, struct slice *ret_bits)
{
	struct reader outer = reader_of(der), inner;
	struct slice contents = {NULL, 0};

	(void)read_element(&outer, SEQUENCE, &contents);
	inner = reader_of(contents);
	(void)read_element(&inner, SEQUENCE, ret_algorithm);
	(void)read_element(&inner, BIT_STRING, ret_bits);
	return reader_done(&outer) && reader_done(&inner);
}

static bool is_spki(struct slice der)
{
	struct slice algorithm, bits;

	return split(der, &algorithm, &bits);
}

/* The key bits, which come in whole bytes, where the algorithm is this one. */
static bool has_algorithm(struct slice spki, const uint8_t *want, size_t len, struct slice *ret_key)
{
	struct slice algorithm, bits;
	struct reader r;

	if (!split(spki, &algorithm, &bits) || !slice_equal(algorithm, slice_of(want, len)))
		return false;
	r = reader_of(bits);
	if (reader_u8(&r) != 0)
		return false;
	*ret_key = r.rest;
	return true;
}

bool spki_is_rsa(struct slice spki, struct slice *ret_key)
{
	/* 1.2.840.113549.1.1.1 and NULL: RFC 3279, 2.3.1 */
	static const uint8_t rsa_encryption[] = {0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7,
						 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};

	return has_algorithm(spki, rsa_encryption, sizeof(rsa_encryption), ret_key);
}

bool spki_is_ec(struct slice spki, const char **ret_group, struct slice *ret_point)
{
	/* 1.2.840.10045.2.1, then the curve */
	static const struct {
		const char *group;
		size_t len;
		uint8_t algorithm[19];
	} curves[] = {
		{"prime256v1",
		 19, {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03,
		  0x01, 0x07}								    },
		{"secp384r1",
		 16, {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22}},
		{"secp521r1",
		 16, {0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23}},
	};

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (!has_algorithm(spki, curves[i].algorithm, curves[i].len, ret_point))
			continue;
		*ret_group = curves[i].group;
		return true;
	}
	return false;
}

attest_status spki_of_certificate(struct slice der, struct slice *ret_spki, struct attest_error *error)
{
	static const uint8_t before_key[] = {VERSION, INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE};
	struct reader outer = reader_of(der), certificate, tbs;
	struct slice contents = {NULL, 0}, spki;

	(void)read_element(&outer, SEQUENCE, &contents);
	certificate = reader_of(contents);
	(void)read_element(&certificate, SEQUENCE, &contents);
	tbs = reader_of(contents);
	/* version, serialNumber, signature, issuer, validity, subject: RFC 5280, 4.1 */
	for (size_t i = 0; i < sizeof(before_key); i++)
		(void)read_element(&tbs, before_key[i], &contents);
	spki = read_element(&tbs, SEQUENCE, &contents);
	(void)read_element(&certificate, SEQUENCE, &contents);
	(void)read_element(&certificate, BIT_STRING, &contents);
	if (!reader_done(&outer) || !reader_done(&certificate) || tbs.failed || !is_spki(spki))
		return fail(error, ATTEST_E_CERTIFICATE, "RFC 5280, 4.1", "not a DER X.509 v3 certificate");
	*ret_spki = spki;
	return ATTEST_OK;
}

attest_status spki_check(struct slice der, struct attest_error *error)
{
	return is_spki(der) ? ATTEST_OK
			    : fail(error, ATTEST_E_ENCODING, "RFC 5280, 4.1.2.7", "not a DER SubjectPublicKeyInfo");
}

attest_status spki_pin(struct slice spki, char ret_pin[ATTEST_PIN_SIZE], struct attest_error *error)
{
	struct digest digest;
	attest_status status = digest_compute(ALG_SHA256, &spki, 1, &digest, error);

	if (status != ATTEST_OK)
		return status;
	memcpy(ret_pin, "sha256//", 9);
	base64_encode(digest_slice(&digest), ret_pin + 8);
	return ATTEST_OK;
}
