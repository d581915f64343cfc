/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - bytes as text: hex, base64 (RFC 4648, 4, canonical), PEM (RFC 7468, strict), and escaping for people.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "error.h"
#include "memory.h"

/* Room for the hex of the longest digest with its NUL. */
#define HEX_SIZE(bytes) (2 * (bytes) + 1)
void hex_encode(struct slice bytes, char *ret_hex);
char *hex_string(struct arena *arena, struct slice bytes);
/* Both letter cases, an even number of digits, nothing else. */
attest_status hex_decode(struct arena *arena, struct slice text, struct slice *ret_bytes, struct attest_error *error);

/* Padded, no white space, unused bits zero. */
attest_status base64_decode(struct arena *arena, struct slice text, struct slice *ret_bytes,
			    struct attest_error *error);
/* The same without decoding: how many bytes it holds. */
attest_status base64_check(struct slice text, size_t *ret_size, struct attest_error *error);
/* Whole groups of four characters out of a text that base64_check() has passed: writes up to 3 bytes for each, returns
 * how many. */
size_t base64_decode_part(struct slice text, uint8_t *bytes);
/* Writes 4 * ceil(len / 3) characters and a NUL. */
void base64_encode(struct slice bytes, char *ret_text);

/*
 * One PEM block off the front of *text, which is moved past it and the line ends that follow. Lines end in \n or \r\n.
 */
attest_status pem_next(struct arena *arena, struct slice *text, const char *label, struct slice *ret_der,
		       struct attest_error *error);
bool pem_begins(struct slice text);
/* Move *text to the next block, over explanatory text (RFC 7468, 5.2); false and unmoved where there is none. */
bool pem_find(struct slice *text);
/* The same in what may be DER. That begins with SEQUENCE, and what stands within it is never taken for PEM. */
bool pem_find_first(struct slice *text);
/*
 * Bytes that hold PEM blocks of this label, with text before each, or else are one DER object: call fn for the DER of
 * each, until it fails. ATTEST_E_LIMIT where they are longer than `max` bytes of DER are in PEM; ATTEST_E_ENCODING; or
 * what fn says. The DER is gone after the call.
 */
typedef attest_status (*der_fn)(void *context, struct slice der, struct attest_error *error);
attest_status pem_or_der(struct slice bytes, const char *label, size_t max, der_fn fn, void *context,
			 struct attest_error *error);
char *pem_encode(struct arena *arena, const char *label, struct slice der);

/* Printable ASCII as it is, anything else as \xNN; at most `max` characters, then "...". */
char *printable(struct arena *arena, struct slice text, size_t max);
/* The same into a buffer, for error messages. */
const char *printable_to(struct slice text, char *buffer, size_t size);

/* Unix time as "2026-11-20T10:15:00Z". */
#define TIME_SIZE 32
const char *time_text(int64_t time, char ret_text[TIME_SIZE]);
/* RFC 3339 "2026-11-20T10:15:00Z", with fraction and offset; or a bare date where `allow_date`. */
bool time_parse(struct slice text, bool allow_date, int64_t *ret_time);

#endif
