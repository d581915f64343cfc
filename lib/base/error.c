/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(char *to, size_t size, const char *format, va_list args)
{
	int len = vsnprintf(to, size, format, args);

	if (len >= 0 && (size_t)len >= size)
		memcpy(to + size - 4, "...", 4);
}

static void set_error(struct attest_error *error, attest_status status, const char *clause, const char *format,
		      va_list args)
{
	if (error->status != ATTEST_OK)
		return;
	error->status = status;
	error->clause = clause;
	set_text(error->message, sizeof(error->message), format, args);
}

attest_status fail(struct attest_error *error, attest_status status, const char *clause, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_error(error, status, clause, format, args);
	va_end(args);
	return status;
}

#define DEFINE_SETTER(name, field)                                                                                     \
	void name(struct attest_error *error, const char *format, ...)                                                 \
	{                                                                                                              \
		va_list args;                                                                                          \
                                                                                                                       \
		if (error->field[0] != '\0')                                                                           \
			return;                                                                                        \
		va_start(args, format);                                                                                \
		set_text(error->field, sizeof(error->field), format, args);                                            \
		va_end(args);                                                                                          \
	}                                                                                                              \
	struct swallow_semicolon

DEFINE_SETTER(error_where, where);
DEFINE_SETTER(error_expected, expected);
DEFINE_SETTER(error_found, found);

void error_clear(struct attest_error *error)
{
	memset(error, 0, sizeof(*error));
}

attest_status fail_memory(struct attest_error *error)
{
	error_clear(error); /* whatever was set may be a consequence */
	return fail(error, ATTEST_E_NO_MEMORY, NULL, "out of memory; nothing was decided");
}

bool openssl_out_of_memory(void)
{
	unsigned long code;
	bool found = false;

	while ((code = ERR_get_error()) != 0)
		if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
			found = true;
	return found;
}

attest_status fail_openssl(struct attest_error *error, attest_status status, const char *clause, const char *format,
			   ...)
{
	va_list args;

	if (openssl_out_of_memory())
		return fail_memory(error);
	va_start(args, format);
	set_error(error, status, clause, format, args);
	va_end(args);
	return status;
}

bool status_is_internal(attest_status status)
{
	return status == ATTEST_E_NO_MEMORY || status == ATTEST_E_INTERNAL;
}
