/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log.h - lines to standard error. No line holds a path, a query, a header, a body or an address of a client.
 */
#ifndef SERVER_LOG_H
#define SERVER_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_NOTICE, LOG_LEVEL_ACCESS };

/* Lines above this level are not written. Set it before the threads start. */
extern enum log_level log_level;

/* One line, in one write, so that those of several threads do not mix. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Of lines that clients can cause again and again; one thread's. Zero it to start. */
struct log_pace {
	char text[256];
	uint64_t said_at;
};
/* True where `text` is another than that of the last line, or that one is LIMIT_LOG_SECONDS old; `time` in milliseconds
 * from anywhen but 0. Then the line is to be written. */
bool log_is_due(struct log_pace *pace, const char *text, uint64_t time);

#endif
