/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cel.h - what the encodings of the TCG Canonical Event Log (CEL) share. Clauses are of CEL 1.1, which adds systemd's
 * content to CEL 1.0.
 */
#ifndef LOGS_CEL_H
#define LOGS_CEL_H

#include "log.h"

/* TPMI_CEL_CONTENT_TYPE (CEL 1.1, 4.2, Table 2), and the one of Google's Container-Optimized OS. */
enum cel_content {
	CEL_MANAGEMENT = 4,
	CEL_PCCLIENT_STD = 5,
	CEL_IMA_TEMPLATE = 7,
	CEL_IMA_TLV = 8,
	CEL_SYSTEMD = 9,
	CEL_COS = 80
};

/* How the records were counted so far: producers count for each PCR, as CEL 1.1, 4.2.2 says, or through the log. */
struct cel_counter {
	bool begun, not_by_log, not_by_pcr;
	uint64_t next;
	bool seen[LIMIT_PCRS];
	uint64_t next_of[LIMIT_PCRS];
};

/* `pcr` is LIMIT_PCRS for what is no PCR. ATTEST_E_LOG_STRUCTURE where neither way of counting fits any more. */
attest_status cel_count(struct cel_counter *counter, uint64_t pcr, uint64_t number, struct attest_error *error);
/* Unknown algorithms are passed over; ATTEST_E_LOG_STRUCTURE for a wrong size, or the second of an algorithm. */
attest_status cel_add_digest(struct event *event, uint16_t alg, struct slice value, struct attest_error *error);
/* The last step, when digests and content have been read. What is of an NV index extends no PCR. */
void cel_finish(struct event *event, uint64_t index, bool is_nv);
/* Content ima_template. The kernel extends every bank, so the hash of the data stands for digests that the record
 * lacks; a record of a violation has no such. */
void cel_set_ima_template(struct event *event, struct slice name, struct slice data);
/* What the log says about itself (CEL 1.1, 4.4), by number or, where `name` has characters, by name: is it measured?
 * *ret_type is static. */
bool cel_management(uint64_t number, struct slice name, const char **ret_type);

/* A record in the JSON encoding. What the event says is in `record`'s document and its arena. */
attest_status cel_json_record(const struct json_node *record, struct cel_counter *counter, struct event *event,
			      struct attest_error *error);
/* An error of json.h in what is not the proof but a log: ATTEST_E_LIMIT, ATTEST_E_LOG_STRUCTURE or internal. */
attest_status cel_json_fail(const struct attest_error *json, struct attest_error *error);

#endif
