/* SPDX-License-Identifier: Apache-2.0 */
#include "signature.h"

#include <string.h>
#include <tss2/tss2_mu.h>

static const char clause[] = "TPM 2.0 Part 2, 11.3.4 (TPMT_SIGNATURE)";

const char *signature_scheme_name(uint16_t scheme)
{
	switch (scheme) {
	case SCHEME_RSASSA:
		return "RSASSA";
	case SCHEME_RSAPSS:
		return "RSAPSS";
	case SCHEME_ECDSA:
		return "ECDSA";
	default:
		return "unknown";
	}
}

static bool is_scheme(uint16_t alg)
{
	return alg == SCHEME_RSASSA || alg == SCHEME_RSAPSS || alg == SCHEME_ECDSA;
}

static bool is_strong_hash(uint16_t alg)
{
	return alg == ALG_SHA256 || alg == ALG_SHA384 || alg == ALG_SHA512;
}

/* TPMT_SIGNATURE begins with the scheme and, for the schemes allowed here, the hash: both u16. */
static attest_status check_algorithms(struct slice raw, struct attest_error *error)
{
	struct reader r = reader_of(raw);
	uint16_t scheme = reader_u16be(&r), hash = reader_u16be(&r);

	if (r.failed)
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "TPMT_SIGNATURE is only %zu bytes long", raw.len);
	if (!is_scheme(scheme)) {
		error_expected(error, "RSASSA, RSAPSS or ECDSA");
		error_found(error, "algorithm 0x%04x", scheme);
		return fail(error, ATTEST_E_ALGORITHM, clause, "a signature scheme that may not sign a quote");
	}
	if (!is_strong_hash(hash)) {
		error_expected(error, "SHA-256, SHA-384 or SHA-512");
		error_found(error, "algorithm 0x%04x%s", hash, hash == ALG_SHA1 ? " (SHA-1)" : "");
		return fail(error, ATTEST_E_ALGORITHM, clause, "a hash that is too weak for a signature, or unknown");
	}
	return ATTEST_OK;
}

static void take(const uint8_t *from, size_t len, uint8_t *to, size_t size, size_t *ret_len)
{
	*ret_len = len < size ? len : size;
	memcpy(to, from, *ret_len);
}

attest_status tpm_signature_parse(struct slice raw, struct tpm_signature *ret_signature, struct attest_error *error)
{
	struct tpm_signature s = {0};
	TPMT_SIGNATURE t = {0};
	size_t offset = 0;
	attest_status status = check_algorithms(raw, error);

	if (status != ATTEST_OK)
		return status;
	if (Tss2_MU_TPMT_SIGNATURE_Unmarshal(raw.data, raw.len, &offset, &t) != TSS2_RC_SUCCESS)
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "TPMT_SIGNATURE does not unmarshal");
	if (offset != raw.len) {
		error_where(error, "offset %zu", offset);
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "%zu bytes follow TPMT_SIGNATURE", raw.len - offset);
	}
	s.scheme = t.sigAlg;
	s.hash = t.signature.any.hashAlg;
	if (s.scheme == SCHEME_ECDSA) {
		take(t.signature.ecdsa.signatureR.buffer, t.signature.ecdsa.signatureR.size, s.a, sizeof(s.b),
		     &s.a_len);
		take(t.signature.ecdsa.signatureS.buffer, t.signature.ecdsa.signatureS.size, s.b, sizeof(s.b),
		     &s.b_len);
		if (s.a_len != t.signature.ecdsa.signatureR.size || s.b_len != t.signature.ecdsa.signatureS.size)
			return fail(error, ATTEST_E_LIMIT, clause, "an ECDSA number longer than any known curve's");
	} else { /* RSASSA and RSAPSS share TPMS_SIGNATURE_RSA */
		take(t.signature.rsassa.sig.buffer, t.signature.rsassa.sig.size, s.a, sizeof(s.a), &s.a_len);
	}
	*ret_signature = s;
	return ATTEST_OK;
}
