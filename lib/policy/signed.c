/* SPDX-License-Identifier: Apache-2.0 */
#include "signed.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <string.h>

#include "base/crypto.h"
#include "base/text.h"
#include "evidence/key.h"
#include "evidence/spki.h"

enum { SIGNATURE_MAX = LIMIT_RSA_BITS / 8 };

static const char domain[] = "libattest policy v1"; /* with its NUL */

DEFINE_DEFER(EVP_PKEY, EVP_PKEY_free);
DEFINE_DEFER(EVP_MD_CTX, EVP_MD_CTX_free);

static bool is_curve(EVP_PKEY *key, const char *want)
{
	char group[64] = "";
	size_t len = 0;

	return EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 && strcmp(group, want) == 0;
}

static attest_status another_kind(struct attest_error *error)
{
	error_expected(error, "Ed25519, ECC on P-256 or P-384, or RSA of 2048 to %u bits", LIMIT_RSA_BITS);
	return fail(error, ATTEST_E_ALGORITHM, NULL, "the kind of key may not sign a policy");
}

attest_status policy_key_check(EVP_PKEY *key, const char **ret_hash, struct attest_error *error)
{
	int kind = EVP_PKEY_get_base_id(key);

	if (kind == EVP_PKEY_ED25519) {
		*ret_hash = NULL;
	} else if (kind == EVP_PKEY_RSA && EVP_PKEY_get_bits(key) <= (int)LIMIT_RSA_BITS) {
		*ret_hash = "SHA256";
		return key_check_strength(key, error);
	} else if (kind == EVP_PKEY_EC && is_curve(key, "prime256v1")) {
		*ret_hash = "SHA256";
	} else if (kind == EVP_PKEY_EC && is_curve(key, "secp384r1")) {
		*ret_hash = "SHA384";
	} else {
		return another_kind(error);
	}
	return ATTEST_OK;
}

attest_status policy_key_id(EVP_PKEY *key, uint8_t ret_id[KEY_ID_SIZE], struct attest_error *error)
{
	return key_spki_sha256(key, ret_id, error);
}

bool policy_key_set_padding(EVP_PKEY *key, EVP_PKEY_CTX *ctx)
{
	return EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ||
	       (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1);
}

struct slice policy_signed_bytes(struct arena *arena, struct slice policy)
{
	uint8_t *bytes = arena_alloc(arena, sizeof(domain) + policy.len, 1);

	if (bytes == NULL)
		return (struct slice){NULL, 0};
	memcpy(bytes, domain, sizeof(domain));
	if (policy.len > 0)
		memcpy(bytes + sizeof(domain), policy.data, policy.len);
	return slice_of(bytes, sizeof(domain) + policy.len);
}

/* RFC 8410, 4 */
static attest_status read_ed25519(struct slice spki, EVP_PKEY **ret_key, struct attest_error *error)
{
	static const uint8_t head[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
	struct slice key = slice_sub(spki, sizeof(head) < spki.len ? sizeof(head) : spki.len, spki.len);

	if (!slice_equal(slice_sub(spki, 0, sizeof(head)), slice_of(head, sizeof(head))) || key.len != 32)
		return another_kind(error);
	*ret_key = EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key.data, key.len);
	return *ret_key == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status read_key(struct slice spki, struct policy_key *ret_key, struct attest_error *error)
{
	DEFER(EVP_PKEY_free_deferred) EVP_PKEY *key = NULL;
	attest_status status = spki_check(spki, error);
	struct slice point;
	const char *name;

	if (status == ATTEST_OK)
		status = spki_is_rsa(spki, &point) || spki_is_ec(spki, &name, &point) ? key_from_spki(spki, &key, error)
										      : read_ed25519(spki, &key, error);
	if (status == ATTEST_OK)
		status = policy_key_check(key, &name, error);
	if (status == ATTEST_OK)
		status = digest_sha256(spki, ret_key->id, error);
	if (status == ATTEST_OK)
		ret_key->key = TRANSFER(key);
	return status;
}

static attest_status add_key(struct policy_keys *keys, struct slice *pem, struct attest_error *error)
{
	struct arena arena = {NULL};
	struct slice der = {NULL, 0};
	attest_status status;

	if (keys->n == LIMIT_POLICY_KEYS)
		return fail(error, ATTEST_E_LIMIT, NULL, "more than %u keys (LIMIT_POLICY_KEYS)", LIMIT_POLICY_KEYS);
	status = pem_next(&arena, pem, "PUBLIC KEY", &der, error);
	if (status == ATTEST_OK)
		status = read_key(der, &keys->items[keys->n], error);
	if (status == ATTEST_OK)
		keys->n++;
	arena_free(&arena);
	return status;
}

attest_status policy_keys_add(struct policy_keys *keys, struct slice pem, struct attest_error *error)
{
	size_t before = keys->n;
	attest_status status = ATTEST_OK;

	while (status == ATTEST_OK && pem_find(&pem))
		status = add_key(keys, &pem, error);
	if (status == ATTEST_OK && keys->n == before) {
		error_expected(error, "-----BEGIN PUBLIC KEY-----");
		status = fail(error, ATTEST_E_ENCODING, "RFC 7468, 13", "no public key in PEM");
	}
	while (status != ATTEST_OK && keys->n > before)
		EVP_PKEY_free(keys->items[--keys->n].key);
	return status;
}

void policy_keys_clear(struct policy_keys *keys)
{
	while (keys->n > 0)
		EVP_PKEY_free(keys->items[--keys->n].key);
}

attest_status policy_key_verify(EVP_PKEY *key, struct slice message, struct slice signature, struct attest_error *error)
{
	DEFER(EVP_MD_CTX_free_deferred) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL; /* ctx owns it */
	const char *hash = NULL;
	attest_status status = policy_key_check(key, &hash, error);

	if (status != ATTEST_OK)
		return status;
	if (ctx == NULL || EVP_DigestVerifyInit_ex(ctx, &pkey_ctx, hash, NULL, NULL, key, NULL) != 1 ||
	    !policy_key_set_padding(key, pkey_ctx)) {
		ERR_clear_error();
		return fail_memory(error); /* the key was checked: nothing else is left */
	}
	if (EVP_DigestVerify(ctx, signature.data, signature.len, message.data, message.len) != 1)
		return fail_openssl(error, ATTEST_E_SIGNATURE, NULL, "the policy's signature does not hold");
	ERR_clear_error();
	return ATTEST_OK;
}

bool policy_is_signed(const struct json_node *root)
{
	const char *format = json_string_value(json_object_get(root->value, "format"));

	return format != NULL && strcmp(format, SIGNED_POLICY_FORMAT) == 0;
}

/* The key is only named, so that the right one is asked; what counts is its signature. */
static attest_status find_key(const struct policy_keys *keys, const struct json_node *node,
			      const struct policy_key **ret_key, struct attest_error *error)
{
	struct slice id = {NULL, 0};
	char hex[HEX_SIZE(KEY_ID_SIZE)];
	attest_status status = json_node_hex(node, KEY_ID_SIZE, &id, error);

	if (status != ATTEST_OK)
		return status;
	for (size_t i = 0; i < keys->n; i++)
		if (slice_equal(id, slice_of(keys->items[i].id, KEY_ID_SIZE))) {
			*ret_key = &keys->items[i];
			return ATTEST_OK;
		}
	hex_encode(slice_of(keys->items[0].id, KEY_ID_SIZE), hex);
	error_expected(error, "%s%s", hex, keys->n > 1 ? " or another that was given" : "");
	hex_encode(id, hex);
	error_found(error, "%s", hex);
	return json_node_fail(
		node, fail(error, ATTEST_E_KEY_MISMATCH, NULL, "the policy is signed with another key than given"),
		error);
}

static attest_status open_root(struct arena *arena, const struct json_node *root, const struct policy_keys *keys,
			       struct slice *ret_policy, struct attest_error *error)
{
	static const char *const members[] = {"format", "policy", "signature", "key", NULL};
	struct slice policy = {NULL, 0}, signature = {NULL, 0}, message;
	struct json_node inside, by, name;
	const struct policy_key *key = NULL;
	attest_status status = json_node_object(root, error);

	if (status == ATTEST_OK && !policy_is_signed(root)) {
		error_expected(error, "\"format\": \"%s\"", SIGNED_POLICY_FORMAT);
		status = fail(error, ATTEST_E_POLICY_INVALID, NULL,
			      "only signed policies are accepted here, and this one is not signed");
	}
	if (status == ATTEST_OK)
		status = json_node_only(root, members, error);
	if (status != ATTEST_OK)
		return status;
	inside = json_node_member(root, "policy");
	by = json_node_member(root, "signature");
	name = json_node_member(root, "key");
	status = find_key(keys, &name, &key, error);
	if (status == ATTEST_OK)
		status = json_node_base64(&by, SIGNATURE_MAX, &signature, error);
	if (status == ATTEST_OK)
		status = json_node_base64(&inside, LIMIT_POLICY_BYTES, &policy, error);
	if (status != ATTEST_OK)
		return status;
	if (key == NULL) /* for those who read this function alone */
		return fail(error, ATTEST_E_INTERNAL, NULL, "no key");
	message = policy_signed_bytes(arena, policy);
	if (message.data == NULL)
		return fail_memory(error);
	status = policy_key_verify(key->key, message, signature, error);
	if (status == ATTEST_OK)
		*ret_policy = slice_sub(message, sizeof(domain), policy.len);
	return json_node_fail(&by, status, error);
}

attest_status signed_policy_open(struct arena *arena, struct slice json, const struct policy_keys *keys,
				 struct slice *ret_policy, struct attest_error *error)
{
	struct json_doc doc;
	struct json_node root;
	attest_status status;

	if (json.len > LIMIT_SIGNED_POLICY_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL,
			    "a signed policy of more than %u bytes (LIMIT_SIGNED_POLICY_BYTES)",
			    LIMIT_SIGNED_POLICY_BYTES);
	status = json_doc_parse_policy(&doc, arena, json, error);
	if (status != ATTEST_OK)
		return status;
	root = json_doc_root(&doc);
	status = open_root(arena, &root, keys, ret_policy, error);
	json_doc_free(&doc);
	return status;
}
