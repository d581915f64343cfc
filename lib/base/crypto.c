/* SPDX-License-Identifier: Apache-2.0 */
#include "crypto.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "memory.h"

DEFINE_DEFER(EVP_MD_CTX, EVP_MD_CTX_free);

void crypto_note_failure(void)
{
	ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
}

static bool set_padding(EVP_PKEY *key, EVP_PKEY_CTX *ctx, bool pss)
{
	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA)
		return true;
	if (!pss)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	/* A TPM's salt is the largest that fits, or as long as the hash: TPM 2.0 Part 1, B.7. */
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_AUTO) == 1;
}

bool crypto_verify(EVP_PKEY *key, const char *hash, bool pss, struct slice signature, struct slice message)
{
	DEFER(EVP_MD_CTX_free_deferred) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL; /* ctx owns it */

	if (ctx != NULL) /* it is used once, so libcrypto need not copy it first */
		EVP_MD_CTX_set_flags(ctx, EVP_MD_CTX_FLAG_FINALISE);
	/* Keys and hashes that get here are known to libcrypto: if this fails, it is for want of memory. */
	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, &pkey_ctx, hash, NULL, NULL, key, NULL) != 1 ||
	    !set_padding(key, pkey_ctx, pss)) {
		crypto_note_failure();
		return false;
	}
	return EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) == 1;
}
