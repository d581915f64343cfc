/* SPDX-License-Identifier: Apache-2.0 */
#include "ak.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "base/limits.h"
#include "base/text.h"
#include "files.h"

enum {
	AZURE_HANDLE = (int)0x81000003,
	AZURE_CERTIFICATE = 0x01C101D0,
	GOOGLE_RSA_CERTIFICATE = 0x01C10000, /* the template stands in the index that follows */
	GOOGLE_ECC_CERTIFICATE = 0x01C10002,
	PERSISTENT_FIRST = (int)0x81000000, /* Part 2, 7.5 */
};

static const char options_there_are[] =
	"--ak HANDLE with --ak-cert nv:INDEX or FILE; --ca-cert and --ca-key, to certify a key made here; --demo";

/* One certificate in DER, with whatever stands behind it: NV areas are padded. */
static attest_status add_der(struct ak *ak, struct slice der, const char *where, struct attest_error *error)
{
	const uint8_t *end = der.data;
	DEFER(X509_free_deferred) X509 *certificate = d2i_X509(NULL, &end, (long)der.len);

	error_where(error, "%s", where);
	if (certificate == NULL)
		return fail_openssl(error, ATTEST_E_CERTIFICATE, NULL, "this is no DER X.509 certificate");
	if (ak->n_certificates == AK_CERTIFICATES_MAX)
		return fail(error, ATTEST_E_LIMIT, NULL, "a proof holds at most %d certificates", AK_CERTIFICATES_MAX);
	der.len = (size_t)(end - der.data);
	ak->certificates[ak->n_certificates++] = der;
	error_clear(error);
	return ATTEST_OK;
}

/* PEM certificates with any text between them, or one in DER. */
static attest_status add_file(struct ak *ak, const char *path, struct attest_error *error)
{
	struct slice text, der;
	size_t before = ak->n_certificates;
	attest_status status = file_read(&ak->arena, path, LIMIT_CHAIN_BYTES, &text, error);

	if (status == ATTEST_OK && text.len > 0 && text.data[0] == 0x30) /* SEQUENCE */
		return add_der(ak, text, path, error);
	while (status == ATTEST_OK && pem_find(&text)) {
		status = pem_next(&ak->arena, &text, "CERTIFICATE", &der, error);
		if (status == ATTEST_OK)
			status = add_der(ak, der, path, error);
	}
	if (status == ATTEST_OK && ak->n_certificates > before)
		return ATTEST_OK;
	error_where(error, "%s", path);
	return status != ATTEST_OK ? status : fail(error, ATTEST_E_CERTIFICATE, NULL, "the file holds no certificate");
}

static bool parse_number(const char *text, uint32_t *ret_number)
{
	char *end;
	unsigned long number = strtoul(text, &end, 0);

	if (*text == '\0' || *end != '\0' || number > UINT32_MAX)
		return false;
	*ret_number = (uint32_t)number;
	return true;
}

/* *ret_there is false where the index is not defined. */
static attest_status add_nv(struct tpm *tpm, struct ak *ak, uint32_t index, bool *ret_there, struct attest_error *error)
{
	char where[32];
	struct slice data;
	attest_status status = tpm_nv_read(tpm, index, &ak->arena, &data, error);

	(void)snprintf(where, sizeof(where), "NV 0x%08X", index);
	if (status == ATTEST_OK && data.len > 0)
		status = add_der(ak, data, where, error);
	if (status == ATTEST_OK)
		*ret_there = data.len > 0;
	return status;
}

static attest_status from_handle(struct tpm *tpm, struct ak *ak, uint32_t handle, bool *ret_there,
				 struct attest_error *error)
{
	attest_status status = tpm_persistent(tpm, handle, &ak->key, &ak->public, error);

	if (status == ATTEST_OK)
		*ret_there = ak->key != ESYS_TR_NONE;
	return status;
}

static attest_status try_azure(struct tpm *tpm, struct ak *ak, bool *ret_there, struct attest_error *error)
{
	attest_status status = from_handle(tpm, ak, (uint32_t)AZURE_HANDLE, ret_there, error);

	if (status == ATTEST_OK && *ret_there)
		status = add_nv(tpm, ak, AZURE_CERTIFICATE, ret_there, error);
	ak->origin = "Azure vTPM";
	return status;
}

static attest_status create_primary(struct tpm *tpm, const TPMT_PUBLIC *template, struct ak *ak,
				    struct attest_error *error)
{
	attest_status status = tpm_create_primary(tpm, template, &ak->key, &ak->public, error);

	ak->is_transient = status == ATTEST_OK;
	return status;
}

static attest_status google_key(struct tpm *tpm, struct ak *ak, uint32_t index, struct attest_error *error)
{
	struct slice data;
	TPMT_PUBLIC template = {0};
	size_t offset = 0;
	attest_status status = tpm_nv_read(tpm, index, &ak->arena, &data, error);

	if (status != ATTEST_OK)
		return status;
	if (data.len == 0 ||
	    Tss2_MU_TPMT_PUBLIC_Unmarshal(data.data, data.len, &offset, &template) != TSS2_RC_SUCCESS) {
		error_where(error, "NV 0x%08X", index);
		return fail(error, ATTEST_E_TPM_STRUCTURE, NULL,
			    "the template of Google's attestation key is missing "
			    "or no TPMT_PUBLIC");
	}
	return create_primary(tpm, &template, ak, error);
}

static attest_status try_google(struct tpm *tpm, struct ak *ak, bool *ret_there, struct attest_error *error)
{
	uint32_t index = GOOGLE_RSA_CERTIFICATE;
	attest_status status = add_nv(tpm, ak, index, ret_there, error);

	if (status == ATTEST_OK && !*ret_there) {
		index = GOOGLE_ECC_CERTIFICATE;
		status = add_nv(tpm, ak, index, ret_there, error);
	}
	if (status == ATTEST_OK && *ret_there)
		status = google_key(tpm, ak, index + 1, error);
	ak->origin = "Google Compute Engine vTPM";
	return status;
}

/* A restricted signing key. In the endorsement hierarchy the clock of its quotes is not scrambled: Part 1, 36.7. */
static TPMT_PUBLIC template_of(bool is_ecc)
{
	TPMT_PUBLIC template = {
		.type = is_ecc ? TPM2_ALG_ECC : TPM2_ALG_RSA,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_FIXEDTPM |
				    TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_NODA, /* or each power cut would count as a wrong password */
	};

	if (is_ecc) {
		template.parameters.eccDetail.symmetric.algorithm = TPM2_ALG_NULL;
		template.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
		template.parameters.eccDetail.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
		template.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
		template.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
	} else {
		template.parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
		template.parameters.rsaDetail.scheme.scheme = TPM2_ALG_RSASSA;
		template.parameters.rsaDetail.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
		template.parameters.rsaDetail.keyBits = 2048;
	}
	return template;
}

static attest_status certify(struct ak *ak, const struct issuer *issuer, struct attest_error *error)
{
	DEFER(EVP_PKEY_free_deferred) EVP_PKEY *key = NULL;
	DEFER(X509_free_deferred) X509 *certificate = NULL;
	uint8_t *der = NULL;
	int len;
	attest_status status = issue_public_key(&ak->public, &key, error);

	if (status == ATTEST_OK)
		status = issue_leaf(issuer, key, "attest-server AK", &certificate, error);
	if (status != ATTEST_OK)
		return status;
	len = i2d_X509(certificate, &der);
	if (len <= 0)
		return fail_openssl(error, ATTEST_E_INTERNAL, NULL, "libcrypto could not write a certificate");
	ak->certificates[0] = slice_of(arena_copy(&ak->arena, der, (size_t)len), (size_t)len);
	ak->n_certificates = 1;
	OPENSSL_free(der);
	return ak->certificates[0].data == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status read_issuer(const struct ak_options *options, struct issuer *ret_issuer,
				 struct attest_error *error)
{
	FILE *certificate_file = fopen(options->ca_cert, "re");
	FILE *key_file = certificate_file == NULL ? NULL : fopen(options->ca_key, "re");
	attest_status status = ATTEST_OK;

	if (certificate_file == NULL)
		status = file_fail(error, options->ca_cert, "cannot be opened");
	else if (key_file == NULL)
		status = file_fail(error, options->ca_key, "cannot be opened");
	if (status == ATTEST_OK) {
		ret_issuer->certificate = PEM_read_X509(certificate_file, NULL, NULL, NULL);
		ret_issuer->key = PEM_read_PrivateKey(key_file, NULL, NULL, (void *)"");
		if (ret_issuer->certificate == NULL)
			status = fail_openssl(error, ATTEST_E_CERTIFICATE, NULL, "--ca-cert holds no PEM certificate");
		else if (ret_issuer->key == NULL)
			status = fail_openssl(error, ATTEST_E_ENCODING, NULL,
					      "--ca-key holds no PEM private key, or an encrypted one");
	}
	if (certificate_file != NULL)
		(void)fclose(certificate_file);
	if (key_file != NULL)
		(void)fclose(key_file);
	return status;
}

static attest_status add_issuer(struct ak *ak, const struct issuer *issuer, struct attest_error *error)
{
	uint8_t *der = NULL;
	int len = i2d_X509(issuer->certificate, &der);
	struct slice copy = {NULL, 0};

	if (len > 0)
		copy = slice_of(arena_copy(&ak->arena, der, (size_t)len), (size_t)len);
	OPENSSL_free(der);
	return copy.data == NULL ? fail_memory(error) : add_der(ak, copy, "the demo CA", error);
}

static attest_status create(struct tpm *tpm, const struct ak_options *options, struct ak *ak,
			    struct attest_error *error)
{
	bool is_ecc = options->algorithm != NULL && strcmp(options->algorithm, "ecc256") == 0;
	TPMT_PUBLIC template = template_of(is_ecc);
	struct issuer read = {0};
	attest_status status = ATTEST_OK;

	if (options->demo == NULL && (options->ca_cert == NULL || options->ca_key == NULL))
		return fail(error, ATTEST_E_USAGE, NULL,
			    "a key made here needs a CA that certifies it: give --ca-cert and --ca-key");
	if (options->demo == NULL)
		status = read_issuer(options, &read, error);
	if (status == ATTEST_OK)
		status = create_primary(tpm, &template, ak, error);
	if (status == ATTEST_OK)
		status = certify(ak, options->demo != NULL ? options->demo : &read, error);
	if (status == ATTEST_OK)
		status = options->demo != NULL ? add_issuer(ak, options->demo, error)
					       : add_file(ak, options->ca_cert, error);
	X509_free(read.certificate);
	EVP_PKEY_free(read.key);
	ak->origin = options->demo != NULL ? "DEMO: software TPM, no hardware stands behind this proof"
					   : "TPM, attestation key certified by the operator's CA";
	return status;
}

static attest_status named(struct tpm *tpm, const struct ak_options *options, struct ak *ak, struct attest_error *error)
{
	uint32_t handle = 0, index = 0;
	bool there = false;
	attest_status status;

	if (!parse_number(options->key, &handle) || handle < (uint32_t)PERSISTENT_FIRST) {
		error_expected(error, "auto, azure, google, create, or a persistent handle such as 0x81000003");
		error_found(error, "%s", options->key);
		return fail(error, ATTEST_E_USAGE, NULL, "--ak names no key");
	}
	if (options->certificate == NULL)
		return fail(error, ATTEST_E_USAGE, NULL,
			    "--ak HANDLE needs its certificate: --ak-cert nv:INDEX or FILE");
	status = from_handle(tpm, ak, handle, &there, error);
	if (status == ATTEST_OK && !there)
		status = fail(error, ATTEST_E_IO, NULL, "the TPM has no persistent key at 0x%08X", handle);
	if (status != ATTEST_OK)
		return status;
	ak->origin = "TPM, attestation key named by the operator";
	if (strncmp(options->certificate, "nv:", 3) != 0)
		return add_file(ak, options->certificate, error);
	if (!parse_number(options->certificate + 3, &index))
		return fail(error, ATTEST_E_USAGE, NULL, "--ak-cert nv: needs an NV index such as 0x01C101D0");
	status = add_nv(tpm, ak, index, &there, error);
	return status == ATTEST_OK && !there ? fail(error, ATTEST_E_IO, NULL, "the TPM has no NV area 0x%08X", index)
					     : status;
}

/* What was tried and not found leaves nothing behind. */
static void forget(struct ak *ak)
{
	ak->key = ESYS_TR_NONE;
	ak->n_certificates = 0;
}

static attest_status find(struct tpm *tpm, const struct ak_options *options, struct ak *ak, struct attest_error *error)
{
	const char *key = options->key == NULL ? "auto" : options->key;
	bool is_auto = strcmp(key, "auto") == 0, there = false;
	attest_status status = ATTEST_OK;

	if (options->demo != NULL || strcmp(key, "create") == 0 || (is_auto && options->ca_cert != NULL))
		return create(tpm, options, ak, error);
	if (!is_auto && strcmp(key, "azure") != 0 && strcmp(key, "google") != 0)
		return named(tpm, options, ak, error);
	if (is_auto || strcmp(key, "azure") == 0)
		status = try_azure(tpm, ak, &there, error);
	if (status == ATTEST_OK && !there && strcmp(key, "azure") != 0) {
		forget(ak);
		status = try_google(tpm, ak, &there, error);
	}
	if (status != ATTEST_OK || there)
		return status;
	error_expected(error, "%s", options_there_are);
	error_found(error, "neither key 0x81000003 with NV 0x01C101D0 nor NV 0x01C10000 or 0x01C10002");
	return fail(error, ATTEST_E_IO, NULL, "the TPM has no attestation key as Azure or Google put one there");
}

/* A key that signs anything could sign a quote that no TPM made: Part 1, 31.4.2. */
static attest_status check_key(const struct ak *ak, struct attest_error *error)
{
	const TPMA_OBJECT wanted = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_FIXEDTPM |
				   TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN;
	const uint8_t *der = ak->certificates[0].data;
	DEFER(X509_free_deferred) X509 *certificate = d2i_X509(NULL, &der, (long)ak->certificates[0].len);
	DEFER(EVP_PKEY_free_deferred) EVP_PKEY *key = NULL;
	attest_status status;

	if ((ak->public.objectAttributes & wanted) != wanted) {
		error_expected(error, "sign, restricted, fixedTPM, fixedParent, sensitiveDataOrigin");
		error_found(error, "attributes 0x%08x", ak->public.objectAttributes);
		return fail(error, ATTEST_E_AK_ATTRIBUTES, "TPM 2.0 Part 1, 31.4.2", "the key is no attestation key");
	}
	status = issue_public_key(&ak->public, &key, error);
	if (status != ATTEST_OK || (certificate != NULL && EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1))
		return status;
	return fail_openssl(error, ATTEST_E_KEY_MISMATCH, NULL,
			    "the certificate is not the attestation key's; see --ak and --ak-cert");
}

static attest_status marshal_public(struct ak *ak, struct attest_error *error)
{
	uint8_t bytes[sizeof(TPMT_PUBLIC)];
	size_t len = 0;

	if (Tss2_MU_TPMT_PUBLIC_Marshal(&ak->public, bytes, sizeof(bytes), &len) != TSS2_RC_SUCCESS)
		return fail(error, ATTEST_E_INTERNAL, NULL, "the attestation key's public area cannot be written");
	ak->public_bytes = slice_of(arena_copy(&ak->arena, bytes, len), len);
	return ak->public_bytes.data == NULL ? fail_memory(error) : ATTEST_OK;
}

attest_status ak_open(struct tpm *tpm, const struct ak_options *options, struct ak *ret_ak, struct attest_error *error)
{
	struct ak ak = {.key = ESYS_TR_NONE};
	attest_status status = find(tpm, options, &ak, error);

	if (status == ATTEST_OK && options->chain != NULL)
		status = add_file(&ak, options->chain, error);
	if (status == ATTEST_OK)
		status = check_key(&ak, error);
	if (status == ATTEST_OK)
		status = marshal_public(&ak, error);
	if (status != ATTEST_OK) {
		ak_clear(tpm, &ak);
		return status;
	}
	*ret_ak = ak;
	return ATTEST_OK;
}

void ak_clear(struct tpm *tpm, struct ak *ak)
{
	if (ak->is_transient)
		tpm_flush(tpm, ak->key);
	arena_free(&ak->arena);
	memset(ak, 0, sizeof(*ak));
}
