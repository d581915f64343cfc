/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every truncation and every flip of a single bit of good proofs, and of each of their decoded fields, is refused; but
 * for the bits that no check can see. Those are listed here with the reason, and counted: an accepted flip that no line
 * of the list explains is a failure.
 *
 * Usage: mutate [STEP [PART PARTS]]; with a STEP of k only every k-th flip is tried (for slow builds); PART of PARTS
 * shares the proofs out to several processes.
 */
#include <openssl/evp.h>

#include "case.inc.c"

static unsigned long n_tried, n_unseen, n_failed, stride = 1;

static bool accepted(struct test_case *c, const char *proof, size_t len)
{
	attest_status status = attest_verify(c->verifier, &c->options, proof, len, NULL, NULL);

	n_tried++;
	return status == ATTEST_OK || status == ATTEST_E_INCONCLUSIVE;
}

static void failure(const char *name, const char *what, size_t at, int bit)
{
	n_failed++;
	(void)printf("FAILED %s: %s, byte %zu, bit %d: still accepted\n", name, what, at, bit);
}

static bool is_hex_letter_case(char was, int bit)
{
	return bit == 5 && ((was >= 'a' && was <= 'f') || (was >= 'A' && was <= 'F'));
}

static json_t *find(json_t *root, const char *path)
{
	char copy[128], *rest = copy, *name;

	(void)snprintf(copy, sizeof(copy), "%s", path);
	while (root != NULL && (name = strsep(&rest, "/")) != NULL)
		root = json_is_array(root) ? json_array_get(root, strtoul(name, NULL, 10))
					   : json_object_get(root, name);
	return root;
}

/* Where the root's PEM stands in the file, as JSON text: the caller has the root himself, so the proof's copy is not
 * used. */
static const char *root_in_file(const struct test_case *c, json_t *root, size_t *ret_len)
{
	static const char *const paths[] = {"ak/certificates/2", "cert_chain/2",
					    "remote_attestation/cert_chain/2/base64"};
	json_t *value = NULL;
	const char *at;
	char *text;

	for (size_t i = 0; value == NULL && i < sizeof(paths) / sizeof(paths[0]); i++)
		value = find(root, paths[i]);
	if (value == NULL)
		return NULL;
	text = json_dumps(value, JSON_ENCODE_ANY);
	*ret_len = strlen(text);
	at = memmem(c->proof.data, c->proof.len, text, *ret_len);
	free(text);
	return at;
}

/* The six characters with the objectAttributes of ak.public, bytes 4 to 7: see unseen_public(). */
static const char *attributes_in_file(const struct test_case *c, json_t *root)
{
	const char *text = json_string_value(find(root, "ak/public"));
	const char *at = text == NULL ? NULL : memmem(c->proof.data, c->proof.len, text, strlen(text));

	return at == NULL ? NULL : at + 5;
}

/* The whole file. Unseen: the case of hex letters, a copy of the caller's own root, attributes of the AK. */
static void flip_file(struct test_case *c, json_t *root, const char *name)
{
	unsigned long unseen = 0;
	size_t copy_len = 0;
	const char *copy = root_in_file(c, root, &copy_len), *attributes = attributes_in_file(c, root);

	for (size_t i = 0; i < c->proof.len * 8; i += stride) {
		char *at = &c->proof.data[i / 8], was = *at;
		int bit = (int)(i % 8);

		*at = (char)(was ^ (1 << bit));
		if (accepted(c, c->proof.data, c->proof.len)) {
			if (is_hex_letter_case(was, bit) || (copy != NULL && at >= copy && at < copy + copy_len) ||
			    (attributes != NULL && at >= attributes && at < attributes + 6))
				unseen++;
			else
				failure(name, "file", i / 8, bit);
		}
		*at = was;
	}
	n_unseen += unseen;
	(void)printf("  %-28s file: %zu bits, %lu unseen (letter case of hex, copy of the root, AK attributes)\n", name,
		     c->proof.len * 8, unseen);
}

static void truncate_file(struct test_case *c, const char *name)
{
	size_t end = c->proof.len;

	/* White space at the end is no part of the JSON text: RFC 8259, 2. */
	while (end > 0 && strchr(" \t\r\n", c->proof.data[end - 1]) != NULL)
		end--;
	for (size_t i = 0; i < end; i++)
		if (accepted(c, c->proof.data, i))
			failure(name, "truncated", i, 0);
}

/* Decoded fields. */

enum coding { BASE64, HEX, PEM };

/* The bits of a field that no check can see, and why. */
typedef const char *(*unseen_fn)(const unsigned char *bytes, size_t len, size_t byte, int bit);

/* TPMT_PUBLIC: type and nameAlg take 4 bytes, then objectAttributes, big-endian. The area is not signed. */
static const char *unseen_public(const unsigned char *bytes, size_t len, size_t byte, int bit)
{
	unsigned number = (unsigned)(7 - byte) * 8 + (unsigned)bit;

	(void)bytes;
	(void)len;
	if (byte < 4 || byte > 7)
		return NULL;
	/* stClear, userWithAuth, adminWithPolicy, 8, 9, noDA, encryptedDuplication, x509sign; all others are checked */
	return (1U << number & (1U << 2 | 0xfc0U | 1U << 19)) != 0
		       ? "attributes of the public area that an AK may have either way"
		       : NULL;
}

/* Behind the DER of an AK certificate zero bytes are accepted, and none of these is one; before it every bit counts. */
static const char *unseen_none(const unsigned char *bytes, size_t len, size_t byte, int bit)
{
	(void)bytes;
	(void)len;
	(void)byte;
	(void)bit;
	return NULL;
}

/* Of a TLS certificate only the key is bound: find its SubjectPublicKeyInfo, here always 91 bytes of P-256. */
static const char *unseen_certificate(const unsigned char *bytes, size_t len, size_t byte, int bit)
{
	static const unsigned char p256[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a,
					     0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
	const unsigned char *spki = memmem(bytes, len, p256, sizeof(p256));
	size_t at = spki == NULL ? 0 : (size_t)(spki - bytes);

	(void)bit;
	return spki != NULL && (byte < at || byte >= at + 91) ? "of a TLS certificate only the key is bound" : NULL;
}

/* The caller has the root himself. */
static const char *unseen_root(const unsigned char *bytes, size_t len, size_t byte, int bit)
{
	(void)bytes;
	(void)len;
	(void)byte;
	(void)bit;
	return "the proof's copy of a root that the caller has is not used";
}

/* tpm2-tools' PCR file: byte 6 is the selection's sizeofSelect; one byte less selects the same where the last is zero.
 */
static const char *unseen_pcr_file(const unsigned char *bytes, size_t len, size_t byte, int bit)
{
	(void)len;
	(void)bit;
	return byte == 6 && bytes[9] == 0 ? "a shorter selection of the same PCRs" : NULL;
}

static const struct field {
	const char *path; /* members, separated by '/' */
	enum coding coding;
	const char *label;
	unseen_fn unseen;
} fields[] = {
	{"quote/attest",			      BASE64, NULL,          unseen_none       },
	{"quote/signature",                           BASE64, NULL,          unseen_none       },
	{"quote/message",			     BASE64, NULL,          unseen_none       },
	{"quote/pcr",				 BASE64, NULL,          unseen_pcr_file   },
	{"quote/pcrs/sha256/0",                       HEX,    NULL,          unseen_none       },
	{"quote/pcrs/sha256/15",                      HEX,    NULL,          unseen_none       },
	{"ak/public",				 BASE64, NULL,          unseen_public     },
	{"ak/certificates/0",                         PEM,    "CERTIFICATE", unseen_none       },
	{"ak/certificates/1",                         PEM,    "CERTIFICATE", unseen_none       },
	{"ak/certificates/2",                         PEM,    "CERTIFICATE", unseen_root       },
	{"cert_chain/0",			      PEM,    "CERTIFICATE", unseen_none       },
	{"cert_chain/1",			      PEM,    "CERTIFICATE", unseen_none       },
	{"cert_chain/2",			      PEM,    "CERTIFICATE", unseen_root       },
	{"webserver_rootca",                          PEM,    "CERTIFICATE", unseen_none       },
	{"application_disk_roothash",                 HEX,    NULL,          unseen_none       },
	{"tls/public_key",			    PEM,    "PUBLIC KEY",  unseen_none       },
	{"tls/certificate",                           PEM,    "CERTIFICATE", unseen_certificate},
	{"nonce",				     HEX,    NULL,          unseen_none       },
	{"ca_cert",				   PEM,    "CERTIFICATE", unseen_none       },
	{"remote_attestation/quote/message/base64",   BASE64, NULL,          unseen_none       },
	{"remote_attestation/quote/signature/base64", BASE64, NULL,          unseen_none       },
	{"remote_attestation/quote/pcr/base64",       BASE64, NULL,          unseen_pcr_file   },
	{"remote_attestation/cert_chain/0/base64",    BASE64, NULL,          unseen_none       },
	{"remote_attestation/cert_chain/1/base64",    BASE64, NULL,          unseen_none       },
	{"remote_attestation/cert_chain/2/base64",    BASE64, NULL,          unseen_root       },
};

static size_t decode_base64(const char *text, unsigned char *bytes)
{
	char clean[8192];
	size_t len = 0, pad = 0;
	int n;

	for (; *text != '\0' && *text != '-' && len < sizeof(clean) - 1; text++)
		if (*text != '\n')
			clean[len++] = *text;
	clean[len] = '\0';
	n = EVP_DecodeBlock(bytes, (const unsigned char *)clean, (int)len);
	while (len > pad && clean[len - 1 - pad] == '=')
		pad++;
	return n < 0 ? 0 : (size_t)n - pad;
}

static size_t decode(const struct field *f, const char *text, unsigned char *bytes)
{
	size_t len = 0;

	if (f->coding == BASE64)
		return decode_base64(text, bytes);
	if (f->coding == PEM)
		return decode_base64(strchr(text, '\n') + 1, bytes);
	for (; text[2 * len] != '\0'; len++) {
		char digits[3] = {text[2 * len], text[2 * len + 1], '\0'};

		bytes[len] = (unsigned char)strtoul(digits, NULL, 16);
	}
	return len;
}

static void encode(const struct field *f, const unsigned char *bytes, size_t len, char *text, size_t size)
{
	char base64[8192];
	size_t used = 0;

	if (f->coding == HEX) {
		for (size_t i = 0; i < len; i++)
			(void)snprintf(text + 2 * i, size - 2 * i, "%02x", bytes[i]);
		return;
	}
	(void)EVP_EncodeBlock((unsigned char *)base64, bytes, (int)len);
	if (f->coding == BASE64) {
		(void)snprintf(text, size, "%s", base64);
		return;
	}
	used += (size_t)snprintf(text, size, "-----BEGIN %s-----\n", f->label);
	for (size_t i = 0; i < strlen(base64); i += 64)
		used += (size_t)snprintf(text + used, size - used, "%.64s\n", base64 + i);
	(void)snprintf(text + used, size - used, "-----END %s-----\n", f->label);
}

static bool accepted_with(struct test_case *c, json_t *root, json_t *value, const char *text)
{
	char *dump;
	bool is;

	(void)json_string_set(value, text);
	dump = json_dumps(root, JSON_COMPACT);
	is = accepted(c, dump, strlen(dump));
	free(dump);
	return is;
}

static void flip_field(struct test_case *c, json_t *root, const struct field *f, const char *name)
{
	json_t *value = find(root, f->path);
	unsigned char bytes[6144];
	char *was, text[12288];
	const char *why = NULL;
	unsigned long unseen = 0;
	size_t len;

	if (value == NULL)
		return;
	was = strdup(json_string_value(value));
	len = decode(f, was, bytes);
	encode(f, bytes, len, text, sizeof(text));
	if (len == 0 || !accepted_with(c, root, value, text))
		failure(name, "the field's own bytes are refused", len, 0);
	for (size_t i = 0; i < len * 8; i += stride) {
		const char *reason = f->unseen(bytes, len, i / 8, (int)(i % 8));

		bytes[i / 8] ^= (unsigned char)(1 << i % 8);
		encode(f, bytes, len, text, sizeof(text));
		bytes[i / 8] ^= (unsigned char)(1 << i % 8);
		if (!accepted_with(c, root, value, text))
			continue;
		unseen += reason != NULL;
		why = reason != NULL ? reason : why;
		if (reason == NULL)
			failure(name, f->path, i / 8, (int)(i % 8));
	}
	for (size_t i = 0; i < len; i++) {
		encode(f, bytes, i, text, sizeof(text));
		if (accepted_with(c, root, value, text))
			failure(name, f->path, i, -1);
	}
	n_unseen += unseen;
	(void)printf("  %-28s %s: %zu bits, %lu unseen%s%s\n", name, f->path, len * 8, unseen, why == NULL ? "" : ": ",
		     why == NULL ? "" : why);
	(void)json_string_set(value, was);
	free(was);
}

static void mutate(const char *name)
{
	struct test_case c;
	json_t *root;

	case_load(&c, "tests/cases", name);
	if (!accepted(&c, c.proof.data, c.proof.len))
		failure(name, "the proof itself is refused", 0, 0);
	root = json_loadb(c.proof.data, c.proof.len, 0, NULL);
	truncate_file(&c, name);
	if (find(root, "tls/certificate") == NULL) /* there, most bits of the file are unseen: see the field */
		flip_file(&c, root, name);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		flip_field(&c, root, &fields[i], name);
	json_decref(root);
	case_free(&c);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {
		"good-tls-pcr",         "good-tls-quote",           "good-public-p384",
		"good-chain-with-root", "good-tls-pcr-certificate", "good-blindllama-v2-golden",
		"good-aicert-build-ca"};

	(void)setenv("TSS2_LOG", "all+NONE", 0);
	stride = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	for (size_t i = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	     i<sizeof(names) / sizeof(names[0]); i += argc> 3 ? strtoul(argv[3], NULL, 10) : 1)
		mutate(names[i]);
	(void)printf("mutations: %lu tried, %lu unseen as listed, %lu accepted that must not be\n", n_tried, n_unseen,
		     n_failed);
	(void)printf("mutations: %lu passed, %lu failed\n", n_tried - n_failed, n_failed);
	return n_failed != 0;
}
