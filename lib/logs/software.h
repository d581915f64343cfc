/* SPDX-License-Identifier: Apache-2.0 */
/* clang-format off */
/*
 * software.h - what the events of a boot say about the software: firmware, Secure Boot, boot loaders, kernel, command
 * line, phases, workload.
 *
 * An event's type is not measured, so none of this goes by the type alone. "Proven" says that the bytes behind the
 * value were hashed into the PCR, at a place that gives them this meaning as long as whoever measured there is honest.
 * What it does not say:
 *
 * - That the list is complete. A log that gives other data for an event hides it: it is then an event whose digest
 *   nothing explains. Whoever must know all of a PCR pins its value, or asks that each of its events be explained.
 * - That later software did not add to a PCR: any software can extend any PCR of 0 to 15. PCRs 4, 7, 8 and 12 are read
 * as what firmware and boot loader measured, so trust in the images of PCR 4 comes first.
 * - For a digest ("image", "driver", "uki.section"), anything about the bytes behind it but that it was measured.
 *
 * What is said, in which PCR, and where it is proven:
 *
 *   firmware.version         0   hashed, and the PCR's first event
 *   secure-boot, .pk, .kek,  7   hashed, before the separator, the first such variable, each event before it
 *     .db, .dbx                  hashed
 *   secure-boot.authority    7   hashed: by firmware, or by anyone later
 *   image                    4   its digest, after the one separator
 *   driver                   2   its digest, before the separator
 *   kernel.cmdline           12  UTF-16 that was hashed: systemd-boot, systemd-stub (8 in systemd before 251); and no
 *                                event of the PCR is without explanation
 *                            8   GRUB: right after the command "linux ..." that makes it, each event before hashed
 *                            9   never: the kernel's own EFI stub logs no text; the value is its digest
 *   initrd                   9   never: a digest among those of other files
 *   uki.section              11  name by its hash, contents by following it; from the PCR's first event on, each
 *                                name once
 *   boot.phase; systemd      11; any   hashed
 *   container.image, weights,    8, 14, 15   the text's hash; elsewhere a text could be a file's contents, and
 *     input, output, config                  PCR 16 and 23 are reset by any software
 *   ima.boot_aggregate       any hashed, and the PCR's first event
 */
/* clang-format on */
#ifndef LOGS_SOFTWARE_H
#define LOGS_SOFTWARE_H

#include "hashed.h"

struct software {
	const char *what;  /* static, of the table above */
	const char *value; /* printable, in the arena */
	uint8_t pcr;
	size_t log, number; /* the event that says it */
	bool proven;        /* by a recomputed digest and by the event's place in its PCR; else claimed */
};

/* Events of one PCR that are looked at, so that a long log costs no more than its replay; a boot makes some hundred. */
enum { SOFTWARE_PCR_EVENTS = 4096 };

struct software_pcr {
	size_t n_events;     /* that extend this PCR in this bank */
	size_t n_separators; /* by their digests, whatever the log calls them */
	bool gap;            /* the digest of one is not the hash of its data */
};

/* Zero it to start; its place in a PCR is part of what an event means, so it is fed every event in order. */
struct software_reader {
	struct arena *arena;
	struct software *items;
	size_t n, room;
	size_t n_dropped; /* statements past LIMIT_SOFTWARE_OF_A_KIND, and events past SOFTWARE_PCR_EVENTS: the list is
			   * not whole
			   */
	struct software_pcr pcrs[LIMIT_PCRS];
	unsigned variables; /* Secure Boot's that have been seen: a bit for each enum variable_kind */
	enum { SECTIONS_NAME, SECTIONS_CONTENTS, SECTIONS_OVER } sections; /* what PCR 11 has next */
	char section[SECTION_NAME_SIZE];
	bool linux_follows; /* the last event of PCR 8 was GRUB's command `linux`; of its arguments: */
	uint8_t linux_sha256[32];
};

/* Event `number` of log number `log`. `bank`: as for event_describe(). ATTEST_OK, or out of memory. */
attest_status software_read(struct software_reader *reader, const struct event *event, uint16_t bank, size_t log,
			    size_t number, struct attest_error *error);

#endif
