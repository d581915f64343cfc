/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.h - firmware events made by hand, for describe.c and software.c.
 */
#ifndef UNIT_EVENTS_H
#define UNIT_EVENTS_H

#include <stdio.h>

#include "logs/log.h"
#include "logs/tcg_types.h"
#include "unit.h"

#define GUID_GLOBAL   "8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define GUID_SECURITY "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
#define GUID_SHIM     "605dab50-e046-4300-abb6-3dd810dd8b23"
#define GUID_X509     "a5c059a1-94e4-4aa7-87b5-ab155c2bf072"
#define GUID_SHA256   "c1c41626-504c-4092-aca9-41f936934328"
#define GUID_OWNER    "77fa9abd-0359-4d32-bd60-28f4e78f784b"

/* Bytes that grow. */
struct built {
	uint8_t bytes[16384];
	size_t len;
};

static inline struct slice built_slice(const struct built *b)
{
	return slice_of(b->bytes, b->len);
}

static inline void put_bytes(struct built *b, struct slice s)
{
	if (s.len > sizeof(b->bytes) - b->len)
		exit(2);
	if (s.len > 0)
		memcpy(b->bytes + b->len, s.data, s.len);
	b->len += s.len;
}

static inline void put_text(struct built *b, const char *text)
{
	put_bytes(b, slice_of_string(text));
}

/* Little-endian. */
static inline void put_number(struct built *b, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		put_bytes(b, slice_of(&(uint8_t){(uint8_t)(value >> (8 * i))}, 1));
}

/* Without a NUL. */
static inline void put_utf16(struct built *b, const char *ascii)
{
	for (; *ascii != '\0'; ascii++)
		put_number(b, (uint8_t)*ascii, 2);
}

static inline void put_guid(struct built *b, const char *text)
{
	unsigned parts[11];
	int n = sscanf(text, "%8x-%4x-%4x-%2x%2x-%2x%2x%2x%2x%2x%2x", &parts[0], &parts[1], &parts[2], &parts[3],
		       &parts[4], &parts[5], &parts[6], &parts[7], &parts[8], &parts[9], &parts[10]);

	if (n != 11)
		exit(2);
	for (size_t i = 0; i < 11; i++)
		put_number(b, parts[i], i == 0 ? 4 : i < 3 ? 2 : 1);
}

/* UEFI_VARIABLE_DATA */
static inline void put_variable(struct built *b, const char *guid, const char *name, struct slice contents)
{
	put_guid(b, guid);
	put_number(b, strlen(name), 8);
	put_number(b, contents.len, 8);
	put_utf16(b, name);
	put_bytes(b, contents);
}

/* EFI_SIGNATURE_LIST of one signature */
static inline void put_signature_list(struct built *b, const char *type, struct slice signature)
{
	put_guid(b, type);
	put_number(b, 28 + 16 + signature.len, 4);
	put_number(b, 0, 4);
	put_number(b, 16 + signature.len, 4);
	put_guid(b, GUID_OWNER);
	put_bytes(b, signature);
}

static inline void put_node(struct built *b, uint8_t type, uint8_t subtype, struct slice body)
{
	put_number(b, type, 1);
	put_number(b, subtype, 1);
	put_number(b, 4 + body.len, 2);
	put_bytes(b, body);
}

static inline void put_end(struct built *b)
{
	put_node(b, 0x7f, 0xff, slice_of("", 0));
}

/* \EFI\BOOT\BOOTX64.EFI and its end */
static inline void put_path(struct built *b)
{
	struct built name = {.len = 0};

	put_utf16(&name, "\\EFI\\BOOT\\BOOTX64.EFI");
	put_number(&name, 0, 2);
	put_node(b, 4, 4, built_slice(&name));
	put_end(b);
}

/* UEFI_IMAGE_LOAD_EVENT */
static inline void put_image(struct built *b)
{
	struct built path = {.len = 0};

	put_path(&path);
	put_number(b, 0x1000, 8);
	put_number(b, 4096, 8);
	put_number(b, 0, 8);
	put_number(b, path.len, 8);
	put_bytes(b, built_slice(&path));
}

/* An event that borrows `data`, extended with SHA-256 of `hashed`. */
struct made {
	struct event event;
	struct digest digest;
};

static inline void make_event(struct made *m, uint32_t type, uint8_t pcr, struct slice data, struct slice hashed)
{
	struct attest_error e = {0};

	*m = (struct made){
		.event = {.pcr = pcr, .tcg_type = type, .startup_locality = -1, .data = data}
        };
	tcg_event_classify(&m->event);
	CHECK_STATUS(digest_compute(ALG_SHA256, &hashed, 1, &m->digest, &e), ATTEST_OK);
	m->event.digests[0] = (struct event_digest){ALG_SHA256, digest_slice(&m->digest)};
	m->event.n_digests = 1;
}

/* A text event: its digest is computed from it in every bank. */
static inline struct event text_event(uint8_t pcr, const char *text)
{
	return (struct event){.kind = EVENT_TEXT,
			      .pcr = pcr,
			      .measured = true,
			      .startup_locality = -1,
			      .data = slice_of_string(text),
			      .preimage = slice_of_string(text)};
}

#endif
