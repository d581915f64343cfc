/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <string.h>

static const struct {
	uint16_t alg;
	uint8_t size;
	const char *name, *openssl_name;
} algorithms[] = {
	{ALG_SHA1,   20, "sha1",   "SHA1"  },
	{ALG_SHA256, 32, "sha256", "SHA256"},
	{ALG_SHA384, 48, "sha384", "SHA384"},
	{ALG_SHA512, 64, "sha512", "SHA512"},
};
_Static_assert(sizeof(algorithms) / sizeof(algorithms[0]) == N_ALGORITHMS, "every algorithm has its row");

static size_t find(uint16_t alg)
{
	size_t i = 0;

	while (i < N_ALGORITHMS && algorithms[i].alg != alg)
		i++;
	return i;
}

uint8_t digest_size(uint16_t alg)
{
	size_t i = find(alg);

	return i < N_ALGORITHMS ? algorithms[i].size : 0;
}

const char *digest_name(uint16_t alg)
{
	size_t i = find(alg);

	return i < N_ALGORITHMS ? algorithms[i].name : NULL;
}

const char *digest_openssl_name(uint16_t alg)
{
	size_t i = find(alg);

	return i < N_ALGORITHMS ? algorithms[i].openssl_name : NULL;
}

uint16_t digest_alg(const char *name)
{
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return algorithms[i].alg;
	return 0;
}

struct slice digest_slice(const struct digest *d)
{
	return slice_of(d->bytes, d->size);
}

size_t digest_index(uint16_t alg)
{
	return find(alg);
}

uint16_t digest_at(size_t index)
{
	return algorithms[index].alg;
}

/* Fetched once and kept: fetching costs more than hashing a short text. */
static EVP_MD_CTX *hasher_context(struct hasher *hasher, size_t a)
{
	EVP_MD *md;

	if (hasher->contexts[a] != NULL)
		return EVP_DigestInit_ex2(hasher->contexts[a], NULL, NULL) == 1 ? hasher->contexts[a] : NULL;
	md = EVP_MD_fetch(NULL, algorithms[a].openssl_name, NULL);
	hasher->contexts[a] = EVP_MD_CTX_new();
	if (md == NULL || hasher->contexts[a] == NULL || EVP_DigestInit_ex2(hasher->contexts[a], md, NULL) != 1) {
		EVP_MD_CTX_free(hasher->contexts[a]);
		hasher->contexts[a] = NULL;
	}
	EVP_MD_free(md); /* the context holds it */
	return hasher->contexts[a];
}

attest_status hasher_compute(struct hasher *hasher, uint16_t alg, const struct slice *parts, size_t n,
			     struct digest *ret_digest, struct attest_error *error)
{
	size_t a = find(alg);
	unsigned size = 0;
	struct digest d = {.alg = alg};
	EVP_MD_CTX *ctx;
	bool ok;

	if (a == N_ALGORITHMS)
		return fail(error, ATTEST_E_INTERNAL, NULL, "unknown hash algorithm 0x%04x", alg);
	ctx = hasher_context(hasher, a);
	ok = ctx != NULL;
	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, d.bytes, &size) == 1 && size == algorithms[a].size;
	if (!ok)
		return ctx == NULL ? fail_memory(error)
				   : fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto cannot compute %s",
						  algorithms[a].name);
	d.size = algorithms[a].size;
	*ret_digest = d;
	return ATTEST_OK;
}

void hasher_free(struct hasher *hasher)
{
	for (size_t a = 0; a < N_ALGORITHMS; a++)
		EVP_MD_CTX_free(hasher->contexts[a]);
}

attest_status digest_compute(uint16_t alg, const struct slice *parts, size_t n, struct digest *ret_digest,
			     struct attest_error *error)
{
	struct hasher hasher = {{NULL}};
	attest_status status = hasher_compute(&hasher, alg, parts, n, ret_digest, error);

	hasher_free(&hasher);
	return status;
}

attest_status digest_sha256(struct slice data, uint8_t ret_bytes[32], struct attest_error *error)
{
	struct digest digest;
	attest_status status = digest_compute(ALG_SHA256, &data, 1, &digest, error);

	if (status == ATTEST_OK)
		memcpy(ret_bytes, digest.bytes, 32);
	return status;
}

attest_status digest_extend(struct hasher *hasher, struct digest *pcr, struct slice event, struct attest_error *error)
{
	struct slice parts[] = {digest_slice(pcr), event};

	return hasher_compute(hasher, pcr->alg, parts, 2, pcr, error);
}
