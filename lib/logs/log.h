/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - what every event log format yields. A format is one file here that fills a struct log.
 */
#ifndef LOGS_LOG_H
#define LOGS_LOG_H

#include "base/digest.h"
#include "base/json.h"

/* One measurement. Its type is a claim: only digests are measured. */
struct event {
	uint8_t pcr;
	const char *type;    /* NULL: the text says it ("type" or "event_type") */
	struct slice text;   /* the exact bytes that were hashed; data NULL where a bare digest was extended */
	struct slice digest; /* extended as it is; empty: the bank's hash of text */
};

struct log {
	const char *format;
	const char *place;  /* in the proof, for messages: "$.logs[0]" */
	bool readable;      /* false: a known format that this version cannot replay */
	int pcr;            /* the one PCR that it covers, even without events; -1: its events say */
	uint16_t only_bank; /* 0: every bank; else the one that its producer extends */
	struct event *events;
	size_t n_events;
};

/* What was extended in `bank`. */
attest_status event_digest(const struct event *event, uint16_t bank, struct digest *ret_digest,
			   struct attest_error *error);

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

#endif
