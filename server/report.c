/* SPDX-License-Identifier: Apache-2.0 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"
#include "log.h"

void report(const char *format, ...)
{
	char text[480], shown[480];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_line(LOG_LEVEL_NOTICE, "%s", printable_to(slice_of_string(text), shown, sizeof(shown)));
}

void report_error(const char *what, const struct attest_error *error)
{
	report("%s%s%s%s%s", what == NULL ? "" : what, what == NULL ? "" : ": ", error->where,
	       error->where[0] == '\0' ? "" : ": ", error->message);
	if (error->expected[0] != '\0')
		report("  expected  %s", error->expected);
	if (error->found[0] != '\0')
		report("  found     %s", error->found);
}
