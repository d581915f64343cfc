/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tls.h - the attested TLS key: docs/proof-format.md, "TLS key".
 */
#ifndef TRUST_TLS_H
#define TRUST_TLS_H

#include "formats/proof.h"
#include "trust/replay.h"

enum { TLS_EXPORTER_SIZE = 32 };

/*
 * SHA-256("libattest quote v1" 0x00 || u16be length of nonce || nonce || spki_sha256 || exporter): what extraData must
 * be. The exporter value of the TLS session has TLS_EXPORTER_SIZE bytes, or none where no session is bound.
 */
attest_status tls_quote_binding(struct slice nonce, struct slice spki_sha256, struct slice exporter,
				struct digest *ret_binding, struct attest_error *error);
/* The proof's TLS key, as SubjectPublicKeyInfo, and its digest. */
attest_status tls_key(const struct proof *proof, struct slice *ret_spki, struct digest *ret_digest,
		      struct attest_error *error);
/* What the quote is to bind besides the key (TLS_IN_QUOTE). */
struct tls_freshness {
	struct slice nonce, exporter;
};
/* Is the key bound, and the session where there is one to bind? ATTEST_E_TLS_BINDING. */
attest_status tls_check_binding(const struct proof *proof, const struct quote *quote, const struct pcr_values *pcrs,
				const struct replay *replay, const struct tls_freshness *fresh,
				struct slice spki_sha256, struct attest_error *error);

#endif
