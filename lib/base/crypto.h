/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto.h - the one place where libcrypto verifies a signature.
 */
#ifndef BASE_CRYPTO_H
#define BASE_CRYPTO_H

#include <openssl/evp.h>

#include "error.h"

/*
 * `key` made `signature` over `message` with this hash (libcrypto's name of it), RSA with PKCS #1 v1.5 padding or,
 * where `pss`, with PSS of any salt length. False also where that could not be found out: then openssl_out_of_memory()
 * is true.
 */
bool crypto_verify(EVP_PKEY *key, const char *hash, bool pss, struct slice signature, struct slice message);
/* Leave a note for openssl_out_of_memory(), where libcrypto has left none. */
void crypto_note_failure(void);

#endif
