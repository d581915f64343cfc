/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure.h - the text events of this server. A text is made once; its bytes are what is extended, kept and shown.
 */
#ifndef SERVER_MEASURE_H
#define SERVER_MEASURE_H

#include "base/error.h"
#include "base/memory.h"

enum {
	PCR_OUTPUTS = 8, /* of `attest-server prove` */
	PCR_SERVED = 14,
	PCR_KEY = 15,
};

struct text_event {
	unsigned pcr;
	const char *text; /* one line */
};

/* Events in the order in which they are measured. Zero it, but for the arena, to start. */
struct measurements {
	struct arena *arena;
	struct text_event *events;
	size_t n, room;
};

/* {"type":…,"name":…,"digest":"sha256:…"}; a NULL name or digest is left out. `sha256` has 32 bytes. */
attest_status measure_event(struct measurements *measurements, unsigned pcr, const char *type, const char *name,
			    const uint8_t *sha256, struct attest_error *error);
/* A text as it is. */
attest_status measure_text(struct measurements *measurements, unsigned pcr, struct slice text,
			   struct attest_error *error);

/* What --measure, --input and --output name. */
struct subject {
	const char *type; /* "image", "weights", … */
	const char *name; /* in the event */
	const char *path;
};

/* "TYPE=PATH": the name is the last part of the path. The texts live in the arena. ATTEST_E_USAGE. */
attest_status subject_parse(struct arena *arena, const char *text, struct subject *ret_subject,
			    struct attest_error *error);
/* "NAME=PATH", of the given type. */
attest_status subject_parse_named(struct arena *arena, const char *type, const char *text, struct subject *ret_subject,
				  struct attest_error *error);
/* Configuration files first, then images, then weights, then all others; else as they were given. */
void subjects_sort(struct subject *subjects, size_t n);
/* Hash what they name, each to an event of the PCR. That of a folder has "manifest":"files", so that it is not the
 * event of a file that holds the manifest. `manifest_out`: a file for the manifest of the first folder, or NULL. */
attest_status subjects_measure(struct measurements *measurements, unsigned pcr, const struct subject *subjects,
			       size_t n, const char *manifest_out, struct attest_error *error);

#endif
