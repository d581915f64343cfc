/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include <openssl/sha.h>

#include "base/text.h"
#include "unit.h"

/* FIPS 180-2, appendices: the digests of "abc" */
static const struct {
	uint16_t alg;
	uint8_t size;
	const char *name, *abc;
} known[] = {
	{ALG_SHA1,   20, "sha1",   "a9993e364706816aba3e25717850c26c9cd0d89d"                              },
	{ALG_SHA256, 32, "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"      },
	{ALG_SHA384, 48, "sha384",
	 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
	{ALG_SHA512, 64, "sha512",
	 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce"
	 "80e2a9ac9"
	 "4fa54ca49f"										      },
};

void digest_names(void)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		CHECK(digest_size(known[i].alg) == known[i].size);
		CHECK_TEXT(digest_name(known[i].alg), known[i].name);
		CHECK(digest_alg(known[i].name) == known[i].alg);
		CHECK(digest_openssl_name(known[i].alg) != NULL);
	}
	CHECK(digest_size(0) == 0 && digest_size(0x0012) == 0 && digest_size(0xffff) == 0);
	CHECK(digest_name(0x0010) == NULL && digest_openssl_name(0x0010) == NULL);
	CHECK(digest_alg("SHA256") == 0 && digest_alg("") == 0 && digest_alg("sha256 ") == 0 &&
	      digest_alg("sm3_256") == 0);
}

void digest_vectors(void)
{
	struct slice whole[] = {slice_of_string("abc")};
	struct slice parts[] = {slice_of_string("a"), slice_of(NULL, 0), slice_of_string("bc")};
	struct attest_error e = {0};
	struct digest d = {0};
	char hex[HEX_SIZE(DIGEST_MAX)];

	for (size_t i = 0; i < COUNT(known); i++) {
		CHECK_STATUS(digest_compute(known[i].alg, whole, 1, &d, &e), ATTEST_OK);
		hex_encode(digest_slice(&d), hex);
		CHECK_TEXT(hex, known[i].abc);
		CHECK(d.alg == known[i].alg && d.size == known[i].size);
		CHECK_STATUS(digest_compute(known[i].alg, parts, 3, &d, &e), ATTEST_OK);
		hex_encode(digest_slice(&d), hex);
		CHECK_TEXT(hex, known[i].abc);
	}
	CHECK_STATUS(digest_compute(ALG_SHA256, NULL, 0, &d, &e), ATTEST_OK);
	hex_encode(digest_slice(&d), hex);
	CHECK_TEXT(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_STATUS(digest_compute(0x0012, whole, 1, &d, &e), ATTEST_E_INTERNAL);
}

void digest_extends(void)
{
	static const uint8_t event[32] = {1, 2, 3};
	struct digest pcr = {.alg = ALG_SHA256, .size = 32};
	struct hasher hasher = {{NULL}};
	struct attest_error e = {0};
	uint8_t both[64] = {0}, want[32];

	memcpy(both + 32, event, 32);
	(void)SHA256(both, sizeof(both), want);
	CHECK_STATUS(digest_extend(&hasher, &pcr, slice_of(event, 32), &e), ATTEST_OK);
	CHECK(slice_equal(digest_slice(&pcr), slice_of(want, 32)) && pcr.alg == ALG_SHA256);
	memcpy(both, want, 32);
	(void)SHA256(both, sizeof(both), want);
	CHECK_STATUS(digest_extend(&hasher, &pcr, slice_of(event, 32), &e), ATTEST_OK);
	CHECK(slice_equal(digest_slice(&pcr), slice_of(want, 32)));
	hasher_free(&hasher);
}

/* One hasher for all algorithms in turn: nothing is left over from one digest to the next. */
void digest_hasher(void)
{
	struct slice parts[] = {slice_of_string("a"), slice_of_string("bc")}, other = slice_of_string("other");
	struct hasher hasher = {{NULL}};
	struct attest_error e = {0};
	struct digest d;
	char hex[HEX_SIZE(DIGEST_MAX)];

	for (size_t i = 0; i < 3 * COUNT(known); i++) {
		size_t k = i % COUNT(known);

		CHECK_STATUS(hasher_compute(&hasher, known[k].alg, &other, 1, &d, &e), ATTEST_OK);
		CHECK_STATUS(hasher_compute(&hasher, known[k].alg, parts, 2, &d, &e), ATTEST_OK);
		hex_encode(digest_slice(&d), hex);
		CHECK_TEXT(hex, known[k].abc);
		CHECK(d.alg == known[k].alg && d.size == known[k].size);
	}
	CHECK_STATUS(hasher_compute(&hasher, 0x0012, &other, 1, &d, &e), ATTEST_E_INTERNAL);
	hasher_free(&hasher);
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		CHECK(digest_size(digest_at(i)) > 0 && digest_index(digest_at(i)) == i);
	CHECK(digest_index(0x0012) == N_ALGORITHMS && digest_index(0) == N_ALGORITHMS);
}
