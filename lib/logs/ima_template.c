/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "ima.h"

/* ima_template.c, builtin_templates[] */
static const struct {
	const char *name, *format;
} templates[] = {
	{"ima-ng",     "d-ng|n-ng"							   },
	{"ima-sig",    "d-ng|n-ng|sig"						       },
	{"ima-ngv2",   "d-ngv2|n-ng"							 },
	{"ima-sigv2",  "d-ngv2|n-ng|sig"						     },
	{"ima-buf",    "d-ng|n-ng|buf"						       },
	{"ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig"                                       },
	{"evm-sig",    "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"},
};

/* ima_template.c, supported_fields[] */
static const char *const field_names[] = {
	[IMA_D] = "d",
	[IMA_N] = "n",
	[IMA_D_NG] = "d-ng",
	[IMA_D_NGV2] = "d-ngv2",
	[IMA_N_NG] = "n-ng",
	[IMA_SIG] = "sig",
	[IMA_BUF] = "buf",
	[IMA_D_MODSIG] = "d-modsig",
	[IMA_MODSIG] = "modsig",
	[IMA_EVMSIG] = "evmsig",
	[IMA_XATTRNAMES] = "xattrnames",
	[IMA_XATTRLENGTHS] = "xattrlengths",
	[IMA_XATTRVALUES] = "xattrvalues",
	[IMA_IUID] = "iuid",
	[IMA_IGID] = "igid",
	[IMA_IMODE] = "imode",
};

/* hash_algo_name[] and hash_digest_size[] of crypto/hash_info.c */
static const struct {
	const char *name;
	size_t size;
} digests[] = {
	{"sha1",        20},
        {"sha256",      32},
        {"sha384",      48},
        {"sha512",      64},
        {"sha224",      28},
        {"md4",         16},
	{"md5",         16},
        {"rmd128",      16},
        {"rmd160",      20},
        {"rmd256",      32},
        {"rmd320",      40},
        {"wp256",       32},
	{"wp384",       48},
        {"wp512",       64},
        {"tgr128",      16},
        {"tgr160",      20},
        {"tgr192",      24},
        {"sm3",         32},
	{"sm3-256",     32},
        {"streebog256", 32},
        {"streebog512", 64},
        {"sha3-256",    32},
        {"sha3-384",    48},
        {"sha3-512",    64},
};

static bool is_text(struct slice s, const char *text)
{
	return slice_equal(s, slice_of_string(text));
}

static bool find_field(struct slice name, enum ima_field *ret_field)
{
	for (size_t i = 0; i < sizeof(field_names) / sizeof(field_names[0]); i++) {
		if (!is_text(name, field_names[i]))
			continue;
		*ret_field = (enum ima_field)i;
		return true;
	}
	return false;
}

/* "d-ng|n-ng"; n_fields is 0 where it is none. */
static void parse_format(struct slice format, struct ima_template *t)
{
	for (t->n_fields = 0; t->n_fields < IMA_MAX_FIELDS;) {
		size_t end = slice_find(format, '|');

		if (!find_field(slice_sub(format, 0, end), &t->fields[t->n_fields]))
			break;
		t->n_fields++;
		if (end == format.len)
			return;
		format = slice_sub(format, end + 1, format.len);
	}
	t->n_fields = 0;
}

void ima_template_find(struct slice name, struct ima_template *ret_template)
{
	struct ima_template t = {.type = "unknown template"};

	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
		if (!is_text(name, templates[i].name) && !is_text(name, templates[i].format))
			continue;
		t.type = templates[i].name;
		parse_format(slice_of_string(templates[i].format), &t);
		*ret_template = t;
		return;
	}
	if (is_text(name, "ima")) {
		t = (struct ima_template){
			"ima", true, {IMA_D, IMA_N},
                          2
                };
	} else {
		parse_format(name, &t);
		if (t.n_fields > 0)
			t.type = "custom template";
	}
	*ret_template = t;
}

bool ima_template_is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] <= ' ' || name.data[i] >= 0x7f)
			return false;
	return name.len > 0 && name.len <= IMA_MAX_TEMPLATE;
}

uint16_t ima_bank(size_t hash_size)
{
	static const uint16_t banks[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512};

	for (size_t i = 0; i < sizeof(banks) / sizeof(banks[0]); i++)
		if (digest_size(banks[i]) == hash_size)
			return banks[i];
	return 0;
}

/* Where a file was open for writing and reading at once, its hash says nothing: such an entry has zeros for its hash,
 * and extends 0xff in every bank (ima_queue.c, ima_add_template_entry()). */
static void set_violation(struct event *event)
{
	static const uint16_t banks[EVENT_DIGESTS] = {ALG_SHA1, ALG_SHA256, ALG_SHA384, ALG_SHA512};
	static const uint8_t ones[DIGEST_MAX] = {[0 ... DIGEST_MAX - 1] = 0xff};

	for (size_t i = 0; i < EVENT_DIGESTS; i++)
		event->digests[i] = (struct event_digest){banks[i], slice_of(ones, digest_size(banks[i]))};
	event->n_digests = EVENT_DIGESTS;
}

void ima_event_set(struct event *event, uint32_t pcr, const struct ima_template *t, struct slice hash,
		   struct slice data, struct slice preimage)
{
	event->kind = EVENT_IMA;
	event->pcr = pcr < LIMIT_PCRS ? (uint8_t)pcr : LIMIT_PCRS;
	event->type = t->type;
	event->data = data;
	if (slice_is_zero(hash)) {
		set_violation(event);
		return;
	}
	event->preimage = preimage;
	event->digests[0] = (struct event_digest){ima_bank(hash.len), hash};
	event->n_digests = 1;
}

struct slice ima_short_preimage(struct slice digest, struct slice name, uint8_t ret_bytes[IMA_SHORT_PREIMAGE])
{
	memset(ret_bytes, 0, IMA_SHORT_PREIMAGE);
	memcpy(ret_bytes, digest.data, IMA_SHORT_DIGEST);
	if (name.len > 0)
		memcpy(&ret_bytes[IMA_SHORT_DIGEST], name.data, name.len);
	return slice_of(ret_bytes, IMA_SHORT_PREIMAGE);
}

/* "sha256:" and a digest of that size. The digest of a violation is zeros, in older kernels always 20 of them. */
static bool read_digest(struct slice alg, struct slice digest, const char **ret_alg, struct slice *ret_digest)
{
	for (size_t i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		if (alg.len != strlen(digests[i].name) + 1 || alg.data[alg.len - 1] != ':' ||
		    !is_text(slice_sub(alg, 0, alg.len - 1), digests[i].name))
			continue;
		if (digest.len != digests[i].size && !(digest.len == IMA_SHORT_DIGEST && slice_is_zero(digest)))
			return false;
		*ret_alg = digests[i].name;
		*ret_digest = digest;
		return true;
	}
	return false;
}

static bool read_digest_ng(struct slice bytes, const char **ret_alg, struct slice *ret_digest)
{
	size_t nul = slice_find(bytes, '\0');

	return nul < bytes.len &&
	       read_digest(slice_sub(bytes, 0, nul), slice_sub(bytes, nul + 1, bytes.len), ret_alg, ret_digest);
}

static bool read_digest_ngv2(struct slice bytes, struct ima_fields *fields)
{
	size_t colon = slice_find(bytes, ':');
	struct slice kind = slice_sub(bytes, 0, colon);

	fields->verity = is_text(kind, "verity");
	return (fields->verity || is_text(kind, "ima")) &&
	       read_digest_ng(slice_sub(bytes, colon + 1, bytes.len), &fields->digest_alg, &fields->digest);
}

static bool read_name(struct slice bytes, struct slice *ret_name)
{
	size_t nul = slice_find(bytes, '\0');

	*ret_name = slice_sub(bytes, 0, nul);
	return bytes.len > 0 && nul == bytes.len - 1;
}

static void read_bytes(struct slice bytes, struct slice *ret_bytes)
{
	if (bytes.len > 0)
		*ret_bytes = bytes;
}

static bool read_field(enum ima_field field, struct slice bytes, struct ima_fields *fields)
{
	const char *alg = NULL;

	switch (field) {
	case IMA_D_NG:
		return read_digest_ng(bytes, &fields->digest_alg, &fields->digest);
	case IMA_D_NGV2:
		return read_digest_ngv2(bytes, fields);
	case IMA_N_NG:
		return read_name(bytes, &fields->name);
	case IMA_SIG:
		read_bytes(bytes, &fields->signature);
		return true;
	case IMA_BUF:
		read_bytes(bytes, &fields->buffer);
		return true;
	case IMA_D_MODSIG:
		return bytes.len == 0 || read_digest_ng(bytes, &alg, &fields->modsig_digest);
	case IMA_MODSIG:
		read_bytes(bytes, &fields->modsig);
		return true;
	case IMA_EVMSIG:
		read_bytes(bytes, &fields->evm_signature);
		return true;
	default:
		return true; /* owner, mode and extended attributes are not asked for */
	}
}

/* digest, u32 length, name without NUL */
static bool read_short(struct reader *r, struct ima_fields *fields)
{
	fields->digest = reader_bytes(r, IMA_SHORT_DIGEST);
	fields->digest_alg = "sha1";
	fields->name = reader_bytes(r, reader_u32le(r));
	return !r->failed && slice_find(fields->name, '\0') == fields->name.len;
}

bool ima_fields_read(const struct event *event, struct ima_fields *ret_fields)
{
	struct reader r = reader_of(event->data);
	struct ima_fields fields = {.verity = false};
	struct ima_template t;
	bool ok;

	if (event->kind != EVENT_IMA || event->type == NULL || event->data.data == NULL)
		return false;
	ima_template_find(slice_of_string(event->type), &t);
	ok = t.is_short ? read_short(&r, &fields) : t.n_fields > 0;
	for (size_t i = 0; ok && !t.is_short && i < t.n_fields; i++) {
		struct slice bytes = reader_bytes(&r, reader_u32le(&r));

		ok = !r.failed && read_field(t.fields[i], bytes, &fields);
	}
	if (!ok || !reader_done(&r))
		return false;
	*ret_fields = fields;
	return true;
}
