/* SPDX-License-Identifier: Apache-2.0 */
#include "tpm_public.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#include "evidence/key.h"

static const char clause[] = "TPM 2.0 Part 2, 12.2.4 (TPMT_PUBLIC)";

static const char *curve_group(TPM2_ECC_CURVE curve)
{
	switch (curve) {
	case TPM2_ECC_NIST_P256:
		return "prime256v1";
	case TPM2_ECC_NIST_P384:
		return "secp384r1";
	case TPM2_ECC_NIST_P521:
		return "secp521r1";
	default:
		return NULL;
	}
}

static attest_status take_rsa(const TPMT_PUBLIC *t, struct tpm_public *p, struct attest_error *error)
{
	const TPMS_RSA_PARMS *parameters = &t->parameters.rsaDetail;

	if (t->unique.rsa.size > sizeof(p->x))
		return fail(error, ATTEST_E_LIMIT, clause, "RSA modulus of %u bytes", t->unique.rsa.size);
	if (parameters->keyBits != t->unique.rsa.size * 8)
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "keyBits is %u and the modulus has %u bits",
			    parameters->keyBits, t->unique.rsa.size * 8U);
	p->scheme = parameters->scheme.scheme;
	p->scheme_hash = parameters->scheme.details.anySig.hashAlg;
	p->exponent = parameters->exponent == 0 ? 65537 : parameters->exponent; /* 0 is the default: Part 2, 12.2.3.5 */
	p->x_len = t->unique.rsa.size;
	memcpy(p->x, t->unique.rsa.buffer, p->x_len);
	return ATTEST_OK;
}

static attest_status take_ecc(const TPMT_PUBLIC *t, struct tpm_public *p, struct attest_error *error)
{
	const TPMS_ECC_PARMS *parameters = &t->parameters.eccDetail;

	p->group = curve_group(parameters->curveID);
	if (p->group == NULL || t->unique.ecc.x.size > sizeof(p->y) || t->unique.ecc.y.size > sizeof(p->y))
		return fail(error, ATTEST_E_ALGORITHM, clause, "unknown curve 0x%04x", parameters->curveID);
	p->scheme = parameters->scheme.scheme;
	p->scheme_hash = parameters->scheme.details.anySig.hashAlg;
	p->x_len = t->unique.ecc.x.size;
	memcpy(p->x, t->unique.ecc.x.buffer, p->x_len);
	p->y_len = t->unique.ecc.y.size;
	memcpy(p->y, t->unique.ecc.y.buffer, p->y_len);
	return ATTEST_OK;
}

attest_status tpm_public_parse(struct slice raw, struct tpm_public *ret_public, struct attest_error *error)
{
	struct tpm_public p = {0};
	TPMT_PUBLIC t = {0}; /* mu leaves members alone that it does not read */
	size_t offset = 0;
	attest_status status;

	if (Tss2_MU_TPMT_PUBLIC_Unmarshal(raw.data, raw.len, &offset, &t) != TSS2_RC_SUCCESS)
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "TPMT_PUBLIC does not unmarshal");
	if (offset != raw.len) {
		error_where(error, "offset %zu", offset);
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "%zu bytes follow TPMT_PUBLIC", raw.len - offset);
	}
	if (digest_size(t.nameAlg) == 0)
		return fail(error, ATTEST_E_ALGORITHM, clause, "nameAlg 0x%04x is no known hash", t.nameAlg);
	p.type = t.type;
	p.attributes = t.objectAttributes;
	if (p.type == TPM_KEY_RSA)
		status = take_rsa(&t, &p, error);
	else if (p.type == TPM_KEY_ECC)
		status = take_ecc(&t, &p, error);
	else
		status = fail(error, ATTEST_E_ALGORITHM, clause, "key type 0x%04x is neither RSA nor ECC", p.type);
	if (status == ATTEST_OK)
		*ret_public = p;
	return status;
}

/* SEC 1, 2.3.3: 4, then x and y at the length of the field. */
static attest_status key_of_ecc(const struct tpm_public *public, EVP_PKEY **ret_key, struct attest_error *error)
{
	size_t field = strcmp(public->group, "prime256v1") == 0  ? 32
		       : strcmp(public->group, "secp384r1") == 0 ? 48
								 : 66;
	uint8_t point[1 + 2 * 66] = {4};

	if (public->x_len > field || public->y_len > field)
		return fail(error, ATTEST_E_TPM_STRUCTURE, clause, "a coordinate is longer than the curve's field");
	memcpy(point + 1 + field - public->x_len, public->x, public->x_len);
	memcpy(point + 1 + 2 * field - public->y_len, public->y, public->y_len);
	return key_from_point(public->group, slice_of(point, 1 + 2 * field), ret_key, error);
}

attest_status tpm_public_key(const struct tpm_public *public, EVP_PKEY **ret_key, struct attest_error *error)
{
	if (public->type == TPM_KEY_RSA)
		return key_from_modulus(slice_of(public->x, public->x_len), public->exponent, ret_key, error);
	return key_of_ecc(public, ret_key, error);
}

/* Bits 0, 3, 12-15 and 20-31: "Reserved: shall be zero". Later revisions use 8 and 9. */
static const uint32_t RESERVED = 0xfff0f009;

attest_status tpm_public_check_ak(const struct tpm_public *public, struct attest_error *error)
{
	static const struct {
		uint32_t bit;
		bool want;
		const char *name;
	} rules[] = {
		{TPMA_OBJECT_SIGN_ENCRYPT,        true,  "sign"               },
		{TPMA_OBJECT_RESTRICTED,          true,  "restricted"         },
		{TPMA_OBJECT_FIXEDTPM,            true,  "fixedTPM"           },
		{TPMA_OBJECT_FIXEDPARENT,         true,  "fixedParent"        },
		{TPMA_OBJECT_SENSITIVEDATAORIGIN, true,  "sensitiveDataOrigin"},
		{TPMA_OBJECT_DECRYPT,             false, "decrypt"            },
	};

	if ((public->attributes & RESERVED) != 0) {
		error_found(error, "objectAttributes 0x%08x", public->attributes);
		return fail(error, ATTEST_E_AK_ATTRIBUTES, "TPM 2.0 Part 2, 8.3 (TPMA_OBJECT)",
			    "reserved attributes of the key are set");
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (((public->attributes & rules[i].bit) != 0) == rules[i].want)
			continue;
		error_expected(error, "%s %s", rules[i].name, rules[i].want ? "set" : "clear");
		error_found(error, "objectAttributes 0x%08x", public->attributes);
		return fail(error, ATTEST_E_AK_ATTRIBUTES, "TPM 2.0 Part 2, 8.3 (TPMA_OBJECT)",
			    "the key is no attestation key: %s is %s", rules[i].name, rules[i].want ? "clear" : "set");
	}
	return ATTEST_OK;
}
