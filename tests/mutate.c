/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every truncation and every flip of a single bit of good proofs, and of each of their decoded fields, is refused; but
 * for the bits that no check can see. Those are listed here with the reason, and counted: an accepted flip that no line
 * of the list explains is a failure.
 *
 * Of an event log only digests are measured. A flip in what else it says may be accepted, but then whatever the account
 * calls proven is what it calls so of the good log.
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
enum { MOST_BYTES = 1 << 17, MOST_TEXT = 2 * MOST_BYTES };

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
	char clean[MOST_TEXT];
	size_t len = 0, pad = 0;
	int n;

	if (strlen(text) >= sizeof(clean))
		broken("a field", "too long");
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
	char base64[MOST_TEXT];
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
	unsigned char bytes[MOST_BYTES];
	char *was, text[MOST_TEXT];
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

/* Logs. */

/* Whether the good account has the same statement, proven; the path that it adds to an image is a claim. */
static bool is_said(const attest_result *good, const struct attest_software *s)
{
	for (size_t i = 0; i < attest_result_n_software(good); i++) {
		const struct attest_software *other = attest_result_software(good, i);
		bool claims = strstr(s->value, " (path claimed)") != NULL || strstr(s->value, " (no path)") != NULL;
		size_t len = claims ? strcspn(s->value, " ") : strlen(s->value) + 1;

		if (other->proven && other->pcr == s->pcr && strcmp(other->what, s->what) == 0 &&
		    strncmp(other->value, s->value, len) == 0)
			return true;
	}
	return false;
}

/* An event that is proven has its text from bytes that were measured; its type is the log's word. */
static bool is_told(const attest_result *good, const struct attest_event *event)
{
	for (size_t i = 0; i < attest_result_n_events(good); i++) {
		const struct attest_event *other = attest_result_event(good, i);

		if (other->pcr == event->pcr && strcmp(other->digest, event->digest) == 0)
			return true;
	}
	return false;
}

static bool lies(const attest_result *good, const attest_result *r, char *what, size_t size)
{
	for (size_t i = 0; i < attest_result_n_software(r); i++) {
		const struct attest_software *s = attest_result_software(r, i);

		if (!s->proven || is_said(good, s))
			continue;
		(void)snprintf(what, size, "%s is %s", s->what, s->value);
		return true;
	}
	for (size_t i = 0; i < attest_result_n_events(r); i++) {
		const struct attest_event *event = attest_result_event(r, i);

		if (is_told(good, event))
			continue;
		(void)snprintf(what, size, "PCR %u has an event %s", event->pcr, event->digest);
		return true;
	}
	return false;
}

static attest_result *account_of(struct test_case *c, const json_t *root)
{
	char *dump = json_dumps(root, JSON_COMPACT);
	attest_result *result = NULL;

	(void)attest_verify(c->verifier, &c->options, dump, strlen(dump), &result, NULL);
	free(dump);
	n_tried++;
	return result;
}

/* Nothing that holds a digest of the bank that was quoted is among what was not seen. */
static bool is_in_digest(const attest_result *good, const unsigned char *bytes, size_t len, size_t at)
{
	for (size_t i = 0; i < attest_result_n_events(good); i++) {
		const char *hex = attest_result_event(good, i)->digest;
		unsigned char digest[64];
		size_t size = strlen(hex) / 2;

		for (size_t k = 0; k < size; k++) {
			char digits[3] = {hex[2 * k], hex[2 * k + 1], '\0'};

			digest[k] = (unsigned char)strtoul(digits, NULL, 16);
		}
		for (size_t from = at >= size ? at - size + 1 : 0; from <= at && from + size <= len; from++)
			if (memcmp(bytes + from, digest, size) == 0)
				return true;
	}
	return false;
}

static void check_account(const attest_result *good, const attest_result *r, const char *name, size_t i,
			  unsigned long *unseen)
{
	char what[512];

	if (attest_result_verdict(r) == ATTEST_REFUSED)
		return;
	(*unseen)++;
	if (!lies(good, r, what, sizeof(what)))
		return;
	n_failed++;
	(void)printf("FAILED %s: byte %zu, bit %zu of a log: %s\n", name, i / 8, i % 8, what);
}

static void flip_log(struct test_case *c, json_t *root, json_t *value, const char *name, size_t number,
		     unsigned long log_stride)
{
	static const struct field field = {.coding = BASE64};
	attest_result *good = account_of(c, root);
	unsigned char bytes[MOST_BYTES];
	char *was = strdup(json_string_value(value)), text[MOST_TEXT];
	size_t len = decode_base64(was, bytes);
	unsigned long unseen = 0;

	if (attest_result_verdict(good) != ATTEST_VERIFIED || attest_result_n_software(good) == 0)
		failure(name, "the log's own bytes are refused, or say nothing", len, 0);
	for (size_t i = 0; i < len * 8; i += stride * log_stride) {
		bool is_digest = is_in_digest(good, bytes, len, i / 8);
		attest_result *r;

		bytes[i / 8] ^= (unsigned char)(1 << i % 8);
		encode(&field, bytes, len, text, sizeof(text));
		(void)json_string_set(value, text);
		r = account_of(c, root);
		bytes[i / 8] ^= (unsigned char)(1 << i % 8);
		if (is_digest && attest_result_verdict(r) != ATTEST_REFUSED)
			failure(name, "a digest in a log", i / 8, (int)(i % 8));
		check_account(good, r, name, i, &unseen);
		attest_result_free(r);
	}
	(void)printf("  %-28s log %zu: %zu bits, %lu unseen: of an event only the digest is measured\n", name, number,
		     len * 8, unseen);
	n_unseen += unseen;
	(void)json_string_set(value, was);
	free(was);
	attest_result_free(good);
}

static size_t n_events_of(const attest_result *r, int pcr)
{
	size_t n = 0;

	for (size_t i = 0; i < attest_result_n_events(r); i++)
		n += attest_result_event(r, i)->pcr == pcr;
	return n;
}

/* Of each PCR all events are told, or none: then it is called unexplained. */
static bool lacks_some(const attest_result *good, const attest_result *r)
{
	bool some = false;

	for (int pcr = 0; pcr < 32; pcr++)
		some = some || (n_events_of(r, pcr) != 0 && n_events_of(r, pcr) != n_events_of(good, pcr));
	return some;
}

/* Cut off at any byte, a log is refused, but where nothing is left of the PCRs whose events are missing. */
static void truncate_log(struct test_case *c, json_t *root, json_t *value, const char *name, unsigned long log_stride)
{
	static const struct field field = {.coding = BASE64};
	unsigned char bytes[MOST_BYTES];
	char *was = strdup(json_string_value(value)), text[MOST_TEXT];
	size_t len = decode_base64(was, bytes);
	attest_result *good = account_of(c, root), *r;

	for (size_t i = 1; i < len; i += log_stride) {
		encode(&field, bytes, i, text, sizeof(text));
		(void)json_string_set(value, text);
		r = account_of(c, root);
		if (attest_result_verdict(r) != ATTEST_REFUSED && lacks_some(good, r))
			failure(name, "a log is cut off", i, 0);
		attest_result_free(r);
	}
	attest_result_free(good);
	(void)json_string_set(value, was);
	free(was);
}

static void mutate_logs(const char *name, unsigned long log_stride)
{
	struct test_case c;
	json_t *root, *log;
	size_t i;

	case_load(&c, "tests/cases", name);
	root = json_loadb(c.proof.data, c.proof.len, 0, NULL);
	json_array_foreach(json_object_get(root, "logs"), i, log)
	{
		json_t *value = json_object_get(log, "data");

		if (value == NULL)
			continue;
		flip_log(&c, root, value, name, i, log_stride);
		truncate_log(&c, root, value, name, stride > 1 ? 13 : log_stride);
	}
	json_decref(root);
	case_free(&c);
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
	/* Strides are odd, so that each bit of a byte comes. */
	static const struct {
		const char *name;
		unsigned long stride;
	} proofs[] = {
		{"good-tls-pcr",              1},
                {"good-tls-quote",            3},
                {"good-public-p384",          5},
		{"good-chain-with-root",      5},
                {"good-tls-pcr-certificate",  5},
                {"good-blindllama-v2-golden", 1},
		{"good-aicert-build-ca",      3}
        };
	static const struct {
		const char *name;
		unsigned long stride;
	} with_logs[] = {
		{"boot-good",             3 },
		{"boot-good-secure-boot", 5 },
		{"boot-good-ima-ascii",   11},
		{"boot-good-cel-tlv",     11},
		{"boot-good-cel-json",    11}
        };
	enum { PROOFS = sizeof(proofs) / sizeof(proofs[0]), LOGS = sizeof(with_logs) / sizeof(with_logs[0]) };
	unsigned long given;
	size_t first, step;

	(void)setenv("TSS2_LOG", "all+NONE", 0);
	given = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	first = argc > 3 ? strtoul(argv[2], NULL, 10) : 0;
	step = argc > 3 ? strtoul(argv[3], NULL, 10) : 1;
	for (size_t i = first; i < PROOFS; i += step) {
		stride = given * proofs[i].stride;
		mutate(proofs[i].name);
	}
	stride = given;
	for (size_t i = first; i < LOGS; i += step)
		mutate_logs(with_logs[i].name, with_logs[i].stride);
	(void)printf("mutations: %lu tried, %lu unseen as listed, %lu accepted that must not be\n", n_tried, n_unseen,
		     n_failed);
	(void)printf("mutations: %lu passed, %lu failed\n", n_tried - n_failed, n_failed);
	return n_failed != 0;
}
