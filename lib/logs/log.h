/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - what every event log format yields: events, one after another. A format is one file here and one line in
 * log.c's table.
 *
 * A log is walked, not loaded: a cursor holds one event at a time, so that memory does not grow with the log.
 */
#ifndef LOGS_LOG_H
#define LOGS_LOG_H

#include "base/digest.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/window.h"

enum event_kind {
	EVENT_TEXT, /* the digest is the hash of the exact text, by definition */
	EVENT_BARE, /* a digest that was extended as it is */
	EVENT_TCG,  /* PC Client Platform Firmware Profile: tcg_type, data */
	EVENT_IMA,  /* an entry of the kernel's file log: data is the template data */
	EVENT_SYSTEMD,
	EVENT_OTHER /* CEL content of a type that is not known here */
};

enum { EVENT_DIGESTS = 4 }; /* each algorithm that digest_size() knows, once */

struct event_digest {
	uint16_t alg;
	struct slice value; /* has the size of alg */
};

/* One entry. All but the digests is the log's claim; data counts where a digest was recomputed from it. */
struct event {
	enum event_kind kind;
	uint8_t pcr;
	bool measured;         /* false: it extends nothing (EV_NO_ACTION) */
	uint32_t tcg_type;     /* of EVENT_TCG */
	const char *type;      /* what the format calls it, static; NULL: event_type() finds it in the text */
	const char *label;     /* EVENT_SYSTEMD: its eventType; else NULL. Until the next event */
	struct slice data;     /* until the next event; data NULL where the log holds none */
	struct slice preimage; /* its hash is extended in banks that `digests` lacks; data NULL: none is */
	struct event_digest digests[EVENT_DIGESTS];
	size_t n_digests;
	int startup_locality; /* PCR 0 began with this value (StartupLocality); -1: the event does not say */
};

struct log;
struct log_cursor;

/* A format's way of walking. */
struct log_walker {
	/* Read the head, if there is one. */
	attest_status (*begin)(struct log_cursor *cursor, struct attest_error *error);
	/* The next event, or *ret_more false at the end. Errors need no place: log_next() adds it. */
	attest_status (*next)(struct log_cursor *cursor, struct event *ret_event, bool *ret_more,
			      struct attest_error *error);
	/* Free what the arena does not; NULL: there is nothing. Also after a begin() that failed. */
	void (*end)(struct log_cursor *cursor);
};

struct log {
	const char *format;
	const char *place; /* in the proof, for messages: "$.logs[0]" */
	const struct log_walker *walker;
	int pcr;                    /* the one PCR that it covers, even without events; -1: its events say */
	uint16_t only_bank;         /* 0: every bank; else the one that its producer extends */
	struct source source;       /* its bytes, raw or as base64 */
	const struct slice *texts;  /* of text events, which JSON has read already */
	const struct event *events; /* of what a proof format says without a log */
	size_t n_events;
};

struct log_cursor {
	const struct log *log;
	struct window window;
	struct arena arena; /* what a format keeps for the walk */
	size_t number;      /* of the next event, from 0 */
	size_t offset;      /* where the last event began in the log's bytes */
	void *state;        /* the walker's, in the arena */
};

/* Start a walk; log_end() also after a failure. Errors: ATTEST_E_LOG_STRUCTURE, or out of memory. */
attest_status log_begin(struct log_cursor *cursor, const struct log *log, struct attest_error *error);
attest_status log_next(struct log_cursor *cursor, struct event *ret_event, bool *ret_more, struct attest_error *error);
void log_end(struct log_cursor *cursor);
/* log_begin() and log_next() up to an event that is there. */
attest_status log_seek(struct log_cursor *cursor, const struct log *log, size_t number, struct event *ret_event,
		       struct attest_error *error);

/* NULL where the log gives none for this bank. */
const struct event_digest *event_find_digest(const struct event *event, uint16_t bank);
/* What was extended in `bank`; size 0 where the event has nothing for this bank. */
attest_status event_digest(const struct event *event, uint16_t bank, struct digest *ret_digest,
			   struct attest_error *error);
/* `part` is what was hashed for this bank. Also false where that could not be found out (out of memory). */
bool event_is_hash_of(const struct event *event, uint16_t bank, struct slice part);

/* A text that systemd measured, whose digest is right, and which begins as no JSON does: it can hide nothing. */
bool event_is_plain_text(const struct event *event, uint16_t bank);
/* The text as a JSON object, strictly; *ret_object is NULL where it is none or too long (LIMIT_EVENT_JSON). The caller
 * decrefs. ATTEST_E_NO_MEMORY only. */
attest_status event_object(const struct event *event, json_t **ret_object, struct attest_error *error);
/* What the event says it is: its own type, else the text's "type" or "event_type"; NULL where it says nothing. */
const char *event_type(const struct event *event, const json_t *object);

/* An array of JSON strings, each one event of `pcr`. */
attest_status text_events_parse(const struct json_node *array, uint8_t pcr, uint16_t only_bank, struct log *ret_log,
				struct attest_error *error);
/* A log member of a libattest proof: {"format": …, …}. */
attest_status log_parse(const struct json_node *node, struct log *ret_log, struct attest_error *error);
/* The bytes of a log file, raw, of the format that they show themselves. ATTEST_E_FORMAT: of none. Text events are not
 * among them: they are JSON as in a proof. */
attest_status log_recognise(struct slice bytes, struct log *ret_log, struct attest_error *error);

/* For log.c's table alone: how each format is walked, and whether bytes look like it. */
extern const struct log_walker walk_texts, walk_events, walk_tcg, walk_ima, walk_ima_ascii, walk_systemd, walk_cel_json,
	walk_cel_tlv;
bool is_tcg(struct slice bytes);
bool is_ima(struct slice bytes);
bool is_ima_ascii(struct slice bytes);
bool is_systemd(struct slice bytes);
bool is_cel_json(struct slice bytes);
bool is_cel_tlv(struct slice bytes);

/* TCG event data that another container holds (CEL): sets kind, type, measured and startup_locality from tcg_type and
 * data. */
void tcg_event_classify(struct event *event);
/* "EV_SEPARATOR"; NULL for an unknown type. */
const char *tcg_event_name(uint32_t type);
/* The number of such a name; false for an unknown one. */
bool tcg_event_number(struct slice name, uint32_t *ret_type);

#endif
