/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ak.h - the attestation key: its signature over the quote, and its public area.
 */
#ifndef TRUST_AK_H
#define TRUST_AK_H

#include <openssl/evp.h>

#include "evidence/signature.h"
#include "evidence/tpm_public.h"

/* The key signed exactly these bytes. ATTEST_E_ALGORITHM: scheme and key do not fit; ATTEST_E_SIGNATURE. */
attest_status ak_check_signature(EVP_PKEY *key, const struct tpm_signature *signature, struct slice message,
				 struct attest_error *error);
/* The public area is an AK's, and its key is `certified`; its scheme is that of `signature` (may be NULL). */
attest_status ak_check_public(struct slice raw, const EVP_PKEY *certified, const struct tpm_signature *signature,
			      struct attest_error *error);

#endif
