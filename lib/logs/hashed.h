/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hashed.h - which part of a firmware event's data its digest is the hash of. Producers differ, so a short fixed list
 * of parts is tried; what was found holds whatever type the event claims.
 */
#ifndef LOGS_HASHED_H
#define LOGS_HASHED_H

#include "log.h"

/* One event in one bank, while it is being read. */
struct hashing {
	const struct event *event;
	uint16_t bank;
	struct hasher hasher;
	attest_status status; /* out of memory, so that nothing is known; else ATTEST_OK */
	struct attest_error *error;
};

void hashing_end(struct hashing *hashing);
/* event_is_hash_of(), which says where it does not know. */
bool is_hash_of(struct hashing *hashing, struct slice part);

/*
 * All of the data, or all but its last byte or two (a NUL that the producer logs but does not hash; a byte that shim
 * logs too many). data NULL: none of these.
 */
struct slice hashed_part(struct hashing *hashing);

/*
 * UTF-16 text that was hashed, such as the command line of systemd's boot loader and stub: with its NUL, of which the
 * log of versions before 246 lacks the second byte. *ret_text is without it.
 */
bool hashed_utf16(struct hashing *hashing, struct slice *ret_text);

/* The first of the two events that systemd-stub makes of a section: the digest is that of the name in ASCII with its
 * NUL, the data is the name, of both events. */
enum { SECTION_NAME_SIZE = 17 };
/* The data has the form of such a name: a point, letters and digits. */
bool section_name(const struct event *event, char ret_name[SECTION_NAME_SIZE]);
bool hashed_section_name(struct hashing *hashing, char ret_name[SECTION_NAME_SIZE]);

/* GRUB logs a label and a text, and hashes the text alone, with or without its NUL. */
struct grub_event {
	const char *label; /* static: "grub_cmd" */
	struct slice text;
	bool hashed;
};
/* False for data without such a label. */
bool grub_event_read(struct hashing *hashing, struct grub_event *ret_event);

/* A digest in this bank: the event extends it. */
bool extends_bank(const struct event *event, uint16_t bank);

#endif
