/* SPDX-License-Identifier: Apache-2.0 */
#include "digest.h"

#include <openssl/evp.h>
#include <string.h>

#include "memory.h"

static const struct {
	uint16_t alg;
	uint8_t size;
	const char *name, *openssl_name;
	const EVP_MD *(*md)(void);
} algorithms[] = {
	{ALG_SHA1,   20, "sha1",   "SHA1",   EVP_sha1  },
	{ALG_SHA256, 32, "sha256", "SHA256", EVP_sha256},
	{ALG_SHA384, 48, "sha384", "SHA384", EVP_sha384},
	{ALG_SHA512, 64, "sha512", "SHA512", EVP_sha512},
};
enum { N_ALGORITHMS = sizeof(algorithms) / sizeof(algorithms[0]) };

DEFINE_DEFER(EVP_MD_CTX, EVP_MD_CTX_free);

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

attest_status digest_compute(uint16_t alg, const struct slice *parts, size_t n, struct digest *ret_digest,
			     struct attest_error *error)
{
	DEFER(EVP_MD_CTX_free_deferred) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t a = find(alg);
	unsigned size = 0;
	struct digest d = {0};
	bool ok;

	if (a == N_ALGORITHMS)
		return fail(error, ATTEST_E_INTERNAL, NULL, "unknown hash algorithm 0x%04x", alg);
	ok = ctx != NULL && EVP_DigestInit_ex(ctx, algorithms[a].md(), NULL) == 1;
	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(ctx, d.bytes, &size) == 1 && size == algorithms[a].size;
	if (!ok)
		return ctx == NULL ? fail_memory(error)
				   : fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto cannot compute %s",
						  algorithms[a].name);
	d.alg = alg;
	d.size = algorithms[a].size;
	*ret_digest = d;
	return ATTEST_OK;
}

attest_status digest_sha256(struct slice data, uint8_t ret_bytes[32], struct attest_error *error)
{
	struct digest digest;
	attest_status status = digest_compute(ALG_SHA256, &data, 1, &digest, error);

	if (status == ATTEST_OK)
		memcpy(ret_bytes, digest.bytes, 32);
	return status;
}

attest_status digest_extend(struct digest *pcr, struct slice event, struct attest_error *error)
{
	struct slice parts[] = {digest_slice(pcr), event};

	return digest_compute(pcr->alg, parts, 2, pcr, error);
}
