/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ima.h - what the binary and the ASCII form of the kernel's file log share: templates, and what is in their data.
 *
 * No standard describes them; the clauses name files of Linux 6.6's security/integrity/ima. Numbers are little-endian,
 * as the kernel exports them on a little-endian machine, or on any with ima_canonical_fmt.
 */
#ifndef LOGS_IMA_H
#define LOGS_IMA_H

#include "log.h"

/* ima_template.c, supported_fields[] */
enum ima_field {
	IMA_D,      /* digest alone */
	IMA_N,      /* name; in the template "ima" at most IMA_SHORT_NAME */
	IMA_D_NG,   /* "sha256:" NUL digest */
	IMA_D_NGV2, /* "ima:sha256:" or "verity:sha256:" NUL digest */
	IMA_N_NG,   /* name NUL */
	IMA_SIG,
	IMA_BUF,
	IMA_D_MODSIG, /* as IMA_D_NG, or empty */
	IMA_MODSIG,
	IMA_EVMSIG,
	IMA_XATTRNAMES, /* text NUL, or empty */
	IMA_XATTRLENGTHS,
	IMA_XATTRVALUES,
	IMA_IUID,
	IMA_IGID,
	IMA_IMODE,
};

enum {
	IMA_MAX_FIELDS = 15,                              /* IMA_TEMPLATE_NUM_FIELDS_MAX */
	IMA_MAX_TEMPLATE = IMA_MAX_FIELDS * (16 + 1) - 1, /* of fields of IMA_TEMPLATE_FIELD_ID_MAX_LEN, and '|' */
	IMA_SHORT_DIGEST = 20,                            /* of the template "ima": IMA_DIGEST_SIZE */
	IMA_SHORT_NAME = 255,                             /* IMA_EVENT_NAME_LEN_MAX */
	IMA_SHORT_PREIMAGE = IMA_SHORT_DIGEST + IMA_SHORT_NAME + 1
};

struct ima_template {
	const char *type; /* static: "ima-ng", …, "custom template", "unknown template" */
	bool is_short;    /* "ima" itself: its fields have no lengths, and another preimage */
	enum ima_field fields[IMA_MAX_FIELDS];
	size_t n_fields; /* 0: unknown */
};

/* By its name, or by the format that stands for the name of a custom one. */
void ima_template_find(struct slice name, struct ima_template *ret_template);
/* Visible ASCII of a template name's length. */
bool ima_template_is_name(struct slice name);

/* The bank that hashes of this size are for; 0 for none. */
uint16_t ima_bank(size_t hash_size);
/* One entry. `data` and `preimage` may be unknown (data NULL); a hash of zeros is a violation. */
void ima_event_set(struct event *event, uint32_t pcr, const struct ima_template *t, struct slice hash,
		   struct slice data, struct slice preimage);
/* What the template "ima" hashes: digest, then name up to 256 bytes with zeros behind it (ima_crypto.c). `name` is at
 * most IMA_SHORT_NAME long. */
struct slice ima_short_preimage(struct slice digest, struct slice name, uint8_t ret_bytes[IMA_SHORT_PREIMAGE]);

/* What the data of an entry says. Slices are the data's; data NULL where the template has no such field, or an empty
 * one. */
struct ima_fields {
	struct slice digest;
	const char *digest_alg; /* static: "sha256" */
	bool verity;            /* the digest is fs-verity's, not the file's hash */
	struct slice name;      /* without NUL */
	struct slice signature, buffer;
	struct slice modsig_digest, modsig; /* of the signature that is appended to the file */
	struct slice evm_signature;
};

/* False, and *ret_fields unchanged, where the data has not the shape of its template, or that is unknown or custom. */
bool ima_fields_read(const struct event *event, struct ima_fields *ret_fields);

#endif
