/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bounds.h"

enum log_level log_level = LOG_LEVEL_NOTICE;

void log_line(enum log_level level, const char *format, ...)
{
	static const char prefix[] = "attest-server: ";
	char line[512];
	size_t len = sizeof(prefix) - 1;
	va_list args;
	int n;

	if (level > log_level)
		return;
	memcpy(line, prefix, len);
	va_start(args, format);
	n = vsnprintf(line + len, sizeof(line) - len - 1, format, args);
	va_end(args);
	if (n < 0)
		return;
	len += (size_t)n < sizeof(line) - len - 1 ? (size_t)n : sizeof(line) - len - 2;
	line[len++] = '\n';
	/* A log that cannot be written stops no request. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

bool log_is_due(struct log_pace *pace, const char *text, uint64_t time)
{
	char kept[sizeof(pace->text)];

	(void)snprintf(kept, sizeof(kept), "%s", text);
	if (pace->said_at != 0 && strcmp(kept, pace->text) == 0 &&
	    time - pace->said_at < LIMIT_LOG_SECONDS * UINT64_C(1000))
		return false;
	memcpy(pace->text, kept, sizeof(kept));
	pace->said_at = time;
	return true;
}
