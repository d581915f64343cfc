/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/signed.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "base/text.h"
#include "policy/policy.h"
#include "unit.h"

static const char policy[] = "{\"format\":\"libattest-policy-v1\",\"tls\":\"required\" }\n";

enum { ED25519, P256, P384, RSA_2048, N_GOOD, P521 = N_GOOD, RSA_1024, RSA_PSS, ED448, SECP256K1, N_KINDS };

/* Made once: RSA keys take their time. */
struct pair {
	char *private, *public;
};

static EVP_PKEY *make_key(int kind)
{
	EVP_PKEY_CTX *ctx = NULL;
	EVP_PKEY *key = NULL;

	switch (kind) {
	case ED25519:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	case ED448:
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
	case P256:
		return EVP_EC_gen("P-256");
	case P384:
		return EVP_EC_gen("P-384");
	case P521:
		return EVP_EC_gen("P-521");
	case SECP256K1:
		return EVP_EC_gen("secp256k1");
	case RSA_PSS:
		ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
		CHECK(EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_keygen(ctx, &key) == 1);
		EVP_PKEY_CTX_free(ctx);
		return key;
	default:
		return EVP_RSA_gen(kind == RSA_1024 ? 1024 : 2048);
	}
}

static char *bio_text(BIO *bio)
{
	char *data, *text;
	long len = BIO_get_mem_data(bio, &data);

	text = strndup(data, (size_t)len);
	BIO_free(bio);
	return text;
}

static struct pair make_pair(int kind)
{
	EVP_PKEY *key = make_key(kind);
	BIO *private = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());

	CHECK(key != NULL && PEM_write_bio_PrivateKey(private, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	      PEM_write_bio_PUBKEY(public, key) == 1);
	EVP_PKEY_free(key);
	return (struct pair){bio_text(private), bio_text(public)};
}

static void free_pair(struct pair *pair)
{
	free(pair->private);
	free(pair->public);
}

static attest_status sign(const char *text, const char *private, char **ret_json, struct attest_error *e)
{
	struct attest_document document = {text, strlen(text), "p"};

	*ret_json = NULL;
	*e = (struct attest_error){0};
	return attest_policy_sign(&document, private, strlen(private), ret_json, e);
}

/* The text is freed; what it opens to must be `want`. */
static attest_status open_text(const char *json, size_t len, const char *public, const char *want)
{
	struct attest_document document = {json, len, "p"};
	struct attest_error e = {0};
	char *text = NULL;
	attest_status status = attest_policy_open(&document, public, strlen(public), &text, &e);

	CHECK(e.status == status && (text != NULL) == (status == ATTEST_OK));
	if (text != NULL)
		CHECK_TEXT(text, want);
	attest_string_free(text);
	return status;
}

static attest_status open_json(const json_t *root, const char *public)
{
	char *json = json_dumps(root, 0);
	attest_status status = open_text(json, strlen(json), public, policy);

	free(json);
	return status;
}

static json_t *signed_by(const struct pair *pair)
{
	struct attest_error e;
	char *json;
	json_t *root;

	CHECK_STATUS(sign(policy, pair->private, &json, &e), ATTEST_OK);
	CHECK_STATUS(open_text(json, strlen(json), pair->public, policy), ATTEST_OK);
	root = json_loads(json, 0, NULL);
	attest_string_free(json);
	return root;
}

static void set_base64(json_t *root, const char *name, struct slice bytes)
{
	char text[8192];

	CHECK(bytes.len < 6000);
	base64_encode(bytes, text);
	CHECK(json_object_set_new(root, name, json_string(text)) == 0);
}

static struct slice get_base64(struct arena *arena, const json_t *root, const char *name)
{
	struct attest_error e = {0};
	struct slice bytes = {NULL, 0};

	CHECK_STATUS(base64_decode(arena, slice_of_string(json_string_value(json_object_get(root, name))), &bytes, &e),
		     ATTEST_OK);
	return bytes;
}

/* Every bit of a member, flipped. */
static void flip_bits(json_t *root, const char *name, const char *public)
{
	struct arena arena = {NULL};
	struct slice bytes = get_base64(&arena, root, name);
	uint8_t *copy = arena_copy(&arena, bytes.data, bytes.len);
	char *kept = strdup(json_string_value(json_object_get(root, name)));

	for (size_t i = 0; i < 8 * bytes.len; i++) {
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
		set_base64(root, name, slice_of(copy, bytes.len));
		CHECK_STATUS(open_json(root, public), ATTEST_E_SIGNATURE);
		copy[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	set_base64(root, name, slice_of(copy, bytes.len - 1)); /* too short, too long */
	CHECK_STATUS(open_json(root, public), ATTEST_E_SIGNATURE);
	copy = arena_alloc(&arena, bytes.len + 1, 1);
	memcpy(copy, bytes.data, bytes.len);
	set_base64(root, name, slice_of(copy, bytes.len + 1));
	CHECK_STATUS(open_json(root, public), ATTEST_E_SIGNATURE);
	CHECK(json_object_set_new(root, name, json_string(kept)) == 0);
	CHECK_STATUS(open_json(root, public), ATTEST_OK);
	free(kept);
	arena_free(&arena);
}

void policy_signed_bits(void)
{
	struct pair pairs[N_GOOD];

	for (int i = 0; i < N_GOOD; i++)
		pairs[i] = make_pair(i);
	for (int i = 0; i < N_GOOD; i++) {
		json_t *root = signed_by(&pairs[i]), *other = signed_by(&pairs[(i + 1) % N_GOOD]);
		char *both = malloc(strlen(pairs[0].public) + strlen(pairs[i].public) + 16);

		flip_bits(root, "signature", pairs[i].public);
		flip_bits(root, "policy", pairs[i].public);
		CHECK_STATUS(open_json(root, pairs[(i + 1) % N_GOOD].public), ATTEST_E_KEY_MISMATCH);
		(void)sprintf(both, "text\n%s\n%s", pairs[0].public, pairs[i].public);
		CHECK_STATUS(open_json(root, both), ATTEST_OK);
		/* Another key's signature, under the name of the first. */
		CHECK(json_object_set(other, "key", json_object_get(root, "key")) == 0);
		CHECK_STATUS(open_json(other, pairs[i].public), ATTEST_E_SIGNATURE);
		free(both);
		json_decref(root);
		json_decref(other);
	}
	for (int i = 0; i < N_GOOD; i++)
		free_pair(&pairs[i]);
}

void policy_signed_keys(void)
{
	static const struct {
		int kind;
		attest_status want;
	} kinds[] = {
		{P521,      ATTEST_E_ALGORITHM},
                {RSA_1024,  ATTEST_E_WEAK     },
                {RSA_PSS,   ATTEST_E_ALGORITHM},
		{SECP256K1, ATTEST_E_ALGORITHM},
                {ED448,     ATTEST_E_ALGORITHM},
	};
	struct pair good = make_pair(ED25519);
	json_t *root = signed_by(&good);
	struct attest_error e;
	char *json, *both;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct pair pair = make_pair(kinds[i].kind);

		CHECK_STATUS(sign(policy, pair.private, &json, &e), kinds[i].want);
		CHECK(json == NULL && e.status == kinds[i].want);
		CHECK_TEXT(e.where, "key");
		CHECK_STATUS(open_json(root, pair.public), kinds[i].want);
		/* One that cannot be used is not passed over, though another could. */
		both = malloc(strlen(pair.public) + strlen(good.public) + 1);
		(void)sprintf(both, "%s%s", good.public, pair.public);
		CHECK_STATUS(open_json(root, both), kinds[i].want);
		free(both);
		free_pair(&pair);
	}
	CHECK_STATUS(open_json(root, good.private), ATTEST_E_ENCODING);
	CHECK_STATUS(open_json(root, ""), ATTEST_E_ENCODING);
	CHECK_STATUS(open_json(root, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
		     ATTEST_E_ENCODING);
	CHECK_STATUS(sign(policy, good.public, &json, &e), ATTEST_E_ENCODING);
	CHECK_STATUS(sign(policy, "", &json, &e), ATTEST_E_ENCODING);
	CHECK_STATUS(sign("{}", good.private, &json, &e), ATTEST_E_POLICY_INVALID);
	CHECK_STATUS(sign("{\"format\":\"libattest-signed-policy-v1\"}", good.private, &json, &e),
		     ATTEST_E_POLICY_INVALID);
	json_decref(root);
	free_pair(&good);
}

/* PKCS #8 and the older form: nobody is asked for the password. */
void policy_signed_encrypted(void)
{
	for (int traditional = 0; traditional < 2; traditional++) {
		EVP_PKEY *key = make_key(P256);
		BIO *bio = BIO_new(BIO_s_mem());
		unsigned char password[] = "secret";
		struct attest_error e;
		char *pem, *json;
		int ok = traditional ? PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(), password, 6,
									    NULL, NULL)
				     : PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), password, 6, NULL, NULL);

		CHECK(ok == 1);
		pem = bio_text(bio);
		CHECK_STATUS(sign(policy, pem, &json, &e), ATTEST_E_ENCODING);
		CHECK(strstr(e.message, "is encrypted") != NULL);
		free(pem);
		EVP_PKEY_free(key);
	}
}

static json_t *sign_bytes(const struct pair *pair, const char *padding, const char *hash, struct slice bytes)
{
	BIO *bio = BIO_new_mem_buf(pair->private, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pkey_ctx = NULL;
	json_t *root = signed_by(pair);
	uint8_t signature[1024];
	size_t len = sizeof(signature);

	CHECK(EVP_DigestSignInit_ex(ctx, &pkey_ctx, hash, NULL, NULL, key, NULL) == 1);
	if (strcmp(padding, "pkcs1") == 0)
		CHECK(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PADDING) == 1);
	else if (strcmp(padding, "") != 0)
		CHECK(EVP_PKEY_CTX_set_rsa_padding(pkey_ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		      EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey_ctx, atoi(padding)) == 1);
	CHECK(EVP_DigestSign(ctx, signature, &len, bytes.data, bytes.len) == 1);
	set_base64(root, "signature", slice_of(signature, len));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	BIO_free(bio);
	return root;
}

/* The right key over other words, or by another algorithm than its own. */
void policy_signed_words(void)
{
	static const struct {
		const char *domain;
		size_t len;
		attest_status want;
	} domains[] = {
		{"libattest policy v1",   20, ATTEST_OK         }, /* with its NUL */
		{"libattest policy v1",   19, ATTEST_E_SIGNATURE},
		{"libattest policy v2",   20, ATTEST_E_SIGNATURE},
		{"libattest policy v1\n", 20, ATTEST_E_SIGNATURE},
		{"",		      0,  ATTEST_E_SIGNATURE},
	};
	static const struct {
		int kind;
		const char *padding, *hash;
		attest_status want;
	} algorithms[] = {
		{RSA_2048, "32",    "SHA256", ATTEST_OK         },
		{RSA_2048, "0",     "SHA256", ATTEST_E_SIGNATURE},
		{RSA_2048, "64",    "SHA256", ATTEST_E_SIGNATURE},
		{RSA_2048, "20",    "SHA1",   ATTEST_E_SIGNATURE},
		{RSA_2048, "48",    "SHA384", ATTEST_E_SIGNATURE},
		{RSA_2048, "pkcs1", "SHA256", ATTEST_E_SIGNATURE},
		{P256,     "",      "SHA256", ATTEST_OK         },
		{P256,     "",      "SHA1",   ATTEST_E_SIGNATURE},
		{P256,     "",      "SHA384", ATTEST_E_SIGNATURE},
		{P384,     "",      "SHA384", ATTEST_OK         },
		{P384,     "",      "SHA256", ATTEST_E_SIGNATURE},
	};
	struct pair pairs[N_GOOD];
	uint8_t bytes[200];

	for (int i = 0; i < N_GOOD; i++)
		pairs[i] = make_pair(i);
	for (size_t i = 0; i < COUNT(domains); i++) {
		json_t *root;

		memcpy(bytes, domains[i].domain, domains[i].len);
		memcpy(bytes + domains[i].len, policy, sizeof(policy) - 1);
		root = sign_bytes(&pairs[ED25519], "", NULL, slice_of(bytes, domains[i].len + sizeof(policy) - 1));
		CHECK_STATUS(open_json(root, pairs[ED25519].public), domains[i].want);
		json_decref(root);
	}
	memcpy(bytes, "libattest policy v1", 20);
	memcpy(bytes + 20, policy, sizeof(policy) - 1);
	for (size_t i = 0; i < COUNT(algorithms); i++) {
		struct pair *pair = &pairs[algorithms[i].kind];
		json_t *root = sign_bytes(pair, algorithms[i].padding, algorithms[i].hash,
					  slice_of(bytes, 20 + sizeof(policy) - 1));

		CHECK_STATUS(open_json(root, pair->public), algorithms[i].want);
		json_decref(root);
	}
	for (int i = 0; i < N_GOOD; i++)
		free_pair(&pairs[i]);
}

void policy_signed_members(void)
{
	static const char *const names[] = {"format", "policy", "signature", "key"};
	struct pair pair = make_pair(ED25519);
	json_t *root = signed_by(&pair);
	char *json, nul[] = "\0";

	for (size_t i = 0; i < COUNT(names); i++) {
		json_t *copy = json_deep_copy(root);

		CHECK(json_object_set_new(copy, names[i], json_string("")) == 0);
		CHECK(open_json(copy, pair.public) != ATTEST_OK);
		CHECK(json_object_set_new(copy, names[i], json_integer(1)) == 0);
		CHECK(open_json(copy, pair.public) != ATTEST_OK);
		CHECK(json_object_del(copy, names[i]) == 0);
		CHECK_STATUS(open_json(copy, pair.public), i == 0 ? ATTEST_E_POLICY_INVALID : ATTEST_E_STRUCTURE);
		json_decref(copy);
	}
	CHECK(json_object_set_new(root, "comment", json_string("")) == 0);
	CHECK_STATUS(open_json(root, pair.public), ATTEST_E_STRUCTURE);
	CHECK(json_object_del(root, "comment") == 0);
	json = json_dumps(root, 0);
	CHECK_STATUS(open_text(json, strlen(json) + 1, pair.public, policy), ATTEST_E_JSON); /* a NUL behind it */
	CHECK_STATUS(open_text(json, strlen(json) - 1, pair.public, policy), ATTEST_E_JSON);
	CHECK_STATUS(open_text("[]", 2, pair.public, policy), ATTEST_E_STRUCTURE);
	CHECK_STATUS(open_text(policy, strlen(policy), pair.public, policy), ATTEST_E_POLICY_INVALID);
	CHECK_STATUS(open_text(nul, 1, pair.public, policy), ATTEST_E_JSON);
	free(json);
	json_decref(root);
	free_pair(&pair);
}

static attest_status demand(attest_verifier *v, const char *pem)
{
	return attest_verifier_demand_signed(v, pem, strlen(pem), NULL);
}

static attest_status add(attest_verifier *v, const char *json, struct attest_error *e)
{
	*e = (struct attest_error){0};
	return attest_verifier_add_policy(v, json, strlen(json), "p", e);
}

void policy_signed_demanded(void)
{
	struct pair first = make_pair(ED25519), second = make_pair(P256), third = make_pair(P384);
	attest_verifier *v = NULL;
	struct attest_error e;
	char *by_first, *by_second, *by_third, *twice;

	CHECK_STATUS(sign(policy, first.private, &by_first, &e), ATTEST_OK);
	CHECK_STATUS(sign(policy, second.private, &by_second, &e), ATTEST_OK);
	CHECK_STATUS(sign(policy, third.private, &by_third, &e), ATTEST_OK);
	CHECK_STATUS(sign(by_first, first.private, &twice, &e), ATTEST_E_POLICY_INVALID);
	/* Without a key none is taken out of its signature. */
	CHECK_STATUS(attest_verifier_new(&v), ATTEST_OK);
	CHECK_STATUS(add(v, by_first, &e), ATTEST_E_POLICY_INVALID);
	CHECK(strstr(e.message, "--policy-key") != NULL);
	CHECK_STATUS(demand(v, "no key"), ATTEST_E_ENCODING);
	CHECK_STATUS(add(v, policy, &e), ATTEST_OK); /* that had not demanded anything */
	CHECK_STATUS(demand(v, first.public), ATTEST_E_STATE);
	attest_verifier_free(v);
	CHECK_STATUS(attest_verifier_new(&v), ATTEST_OK);
	CHECK_STATUS(demand(v, first.public), ATTEST_OK);
	CHECK_STATUS(add(v, policy, &e), ATTEST_E_POLICY_INVALID);
	CHECK(strstr(e.message, "not signed") != NULL);
	CHECK_STATUS(add(v, by_second, &e), ATTEST_E_KEY_MISMATCH);
	CHECK_STATUS(demand(v, second.public), ATTEST_OK);
	CHECK_STATUS(add(v, by_first, &e), ATTEST_OK);
	CHECK_STATUS(add(v, by_second, &e), ATTEST_OK);
	CHECK_STATUS(add(v, by_third, &e), ATTEST_E_KEY_MISMATCH);
	CHECK_STATUS(demand(v, third.public), ATTEST_E_STATE);
	attest_verifier_free(v);
	CHECK_STATUS(attest_verifier_new(&v), ATTEST_OK);
	for (size_t i = 0; i < LIMIT_POLICY_KEYS; i++)
		CHECK_STATUS(demand(v, first.public), ATTEST_OK);
	CHECK_STATUS(demand(v, first.public), ATTEST_E_LIMIT);
	attest_verifier_free(v);
	attest_string_free(by_first);
	attest_string_free(by_second);
	attest_string_free(by_third);
	free_pair(&first);
	free_pair(&second);
	free_pair(&third);
}
