/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect.h - the parts of attest-inspect. The library makes a document (docs/inspection.schema.json,
 * docs/comparison.schema.json); these write it as text and as a page. All strings in it are printable ASCII.
 */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct subject {
	char *name; /* of the file, printable ASCII */
	size_t size;
	char sha256[65];
};

struct view {
	const json_t *document;
	struct subject subjects[2]; /* the second of a comparison only */
	int pcr;                    /* only this one; -1: all */
	uint32_t contradicted;      /* a bit for each PCR whose quoted value, of any bank, the events do not give */
	bool events, verbose, color;
	time_t now;
};

/* Members of an object. Absent: NULL, 0, false, an empty list. */
const char *text_at(const json_t *object, const char *key);
long long number_at(const json_t *object, const char *key);
bool truth_at(const json_t *object, const char *key);
bool has(const json_t *object, const char *key);
bool says(const json_t *object, const char *key, const char *text);

enum { NUMBER_SIZE = 24, WORDS_SIZE = 64 };

/* Text of a number, for as long as the block in which NUMBER() stands. */
#define NUMBER(n) number_text((char[NUMBER_SIZE]){0}, (n))
const char *number_text(char text[NUMBER_SIZE], long long number);
const char *counted(char text[WORDS_SIZE], long long n, const char *noun); /* "1 event", "2 events" */
const char *duration(char text[WORDS_SIZE], unsigned long long ms);        /* "12 d 03:04:05", "03:04:05" */

/* "Kernel cmdline" of "kernel.cmdline", "IMA" of "ima". */
void put_title(FILE *out, const char *id);
/* What a PCR's state means, as a clause. */
const char *state_meaning(const char *state);
/* How far an event or a statement about software, of `pcr`, can be believed. */
struct mark {
	const char *word, *sign; /* "by digest", "=" */
	enum mark_kind { MARK_DIGEST, MARK_CLAIMED, MARK_CONTRADICTED, MARK_IDLE } kind;
};
struct mark mark_of(const struct view *view, const json_t *item, bool measured);
uint32_t contradicted_pcrs(const json_t *document);
/* The legend of marks, as a name and a meaning. */
enum { N_MARKS = 3 };
extern const char *const mark_meanings[N_MARKS][2];
/* "changed", "only in A", ... of a difference. */
const char *difference_name(const char *kind);
/* A field's value, with a word for none. */
const char *field_value(const json_t *field);
/* The event to compare with, if there is one, has no field of this name and value. */
bool field_differs(const json_t *field, const json_t *other);
/* Both are logs: there are no certificates and no TLS key to compare. */
bool compares_logs(const json_t *document);
/* Where a log lies in its proof; NULL for a log alone, whose place is only its format. */
const char *log_place(const json_t *log);
/* How many PCRs in any bank have this state. */
size_t count_pcrs(const json_t *document, const char *state);
/* Of all logs. */
long long count_events(const json_t *document);

void text_inspection(FILE *out, const struct view *view);
void text_comparison(FILE *out, const struct view *view);
void html_inspection(FILE *out, const struct view *view);
void html_comparison(FILE *out, const struct view *view);

#endif
