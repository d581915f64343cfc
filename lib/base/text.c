/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdio.h>
#include <string.h>

#include "limits.h"

void hex_encode(struct slice bytes, char *ret_hex)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes.len; i++) {
		*ret_hex++ = digits[bytes.data[i] >> 4];
		*ret_hex++ = digits[bytes.data[i] & 15];
	}
	*ret_hex = '\0';
}

char *hex_string(struct arena *arena, struct slice bytes)
{
	char *hex = arena_alloc(arena, HEX_SIZE(bytes.len), 1);

	if (hex != NULL)
		hex_encode(bytes, hex);
	return hex;
}

static int hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

attest_status hex_decode(struct arena *arena, struct slice text, struct slice *ret_bytes, struct attest_error *error)
{
	uint8_t *bytes;

	if (text.len % 2 != 0)
		return fail(error, ATTEST_E_ENCODING, NULL, "hex text has an odd number of digits (%zu)", text.len);
	bytes = arena_alloc(arena, text.len / 2, 1);
	if (bytes == NULL)
		return fail_memory(error);
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.data[i]);

		if (digit < 0)
			return fail(error, ATTEST_E_ENCODING, NULL, "not a hex digit at character %zu", i);
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | digit);
	}
	*ret_bytes = slice_of(bytes, text.len / 2);
	return ATTEST_OK;
}

/* Value of a base64 digit; NONE for anything else. */
enum { NONE = 0x80 };

static const uint8_t
	base64_values[256] =
		{
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 62,   NONE,
			NONE, NONE, 63, /* ...........+.../ */
			52,   53,   54,   55,   56,   57,   58,   59,   60,   61,   NONE, NONE, NONE, NONE, NONE,
			NONE, /* 0123456789...... */
			NONE, 0,    1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   11,   12,   13,
			14, /* .ABCDEFGHIJKLMNO */
			15,   16,   17,   18,   19,   20,   21,   22,   23,   24,   25,   NONE, NONE, NONE, NONE,
			NONE, /* PQRSTUVWXYZ..... */
			NONE, 26,   27,   28,   29,   30,   31,   32,   33,   34,   35,   36,   37,   38,   39,
			40, /* .abcdefghijklmno */
			41,   42,   43,   44,   45,   46,   47,   48,   49,   50,   51,   NONE, NONE, NONE, NONE,
			NONE, /* pqrstuvwxyz..... */
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
			NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
};

/* The digits of four characters that must all be digits, as 24 bits. */
static inline bool base64_group(const uint8_t *text, uint32_t *ret_bits)
{
	uint32_t a = base64_values[text[0]], b = base64_values[text[1]];
	uint32_t c = base64_values[text[2]], d = base64_values[text[3]];

	*ret_bits = a << 18 | b << 12 | c << 6 | d;
	return ((a | b | c | d) & NONE) == 0;
}

/* The last group, which may end in one or two '='; bits that no byte takes must be zero. */
static bool base64_last(const uint8_t *text, uint8_t *bytes, size_t *ret_len)
{
	size_t n_pad = text[3] != '=' ? 0 : text[2] != '=' ? 1 : 2;
	uint8_t group[4] = {text[0], text[1], text[2], text[3]};
	uint32_t bits;

	for (size_t i = 0; i < n_pad; i++)
		group[3 - i] = 'A';
	if (!base64_group(group, &bits))
		return false;
	if ((n_pad == 1 && (bits & 0xff) != 0) || (n_pad == 2 && (bits & 0xffff) != 0))
		return false;
	for (size_t i = 0; i < 3 - n_pad; i++)
		bytes[i] = (uint8_t)(bits >> (16 - 8 * i));
	*ret_len = 3 - n_pad;
	return true;
}

size_t base64_decode_part(struct slice text, uint8_t *bytes)
{
	size_t n_groups = text.len / 4, last = 0;
	uint32_t bits = 0;

	if (n_groups == 0)
		return 0;
	for (size_t i = 0; i + 1 < n_groups; i++) {
		(void)base64_group(text.data + 4 * i, &bits);
		bytes[3 * i] = (uint8_t)(bits >> 16);
		bytes[3 * i + 1] = (uint8_t)(bits >> 8);
		bytes[3 * i + 2] = (uint8_t)bits;
	}
	(void)base64_last(text.data + 4 * (n_groups - 1), bytes + 3 * (n_groups - 1), &last);
	return 3 * (n_groups - 1) + last;
}

attest_status base64_check(struct slice text, size_t *ret_size, struct attest_error *error)
{
	size_t n_groups = text.len / 4, last = 0, i = 0;
	uint8_t bytes[3], all = 0;
	uint32_t bits;

	if (text.len % 4 != 0)
		return fail(error, ATTEST_E_ENCODING, "RFC 4648, 4", "base64 of %zu characters: not a multiple of 4",
			    text.len);
	/* Where the mistake is, is only asked when there is one. */
	for (size_t k = 0; k + 4 < text.len; k++)
		all |= base64_values[text.data[k]];
	while ((all & NONE) != 0 && base64_group(text.data + 4 * i, &bits))
		i++;
	if ((all & NONE) != 0)
		return fail(error, ATTEST_E_ENCODING, "RFC 4648, 4", "not base64 at character %zu", 4 * i);
	if (n_groups > 0 && !base64_last(text.data + 4 * (n_groups - 1), bytes, &last))
		return fail(error, ATTEST_E_ENCODING, "RFC 4648, 3.5",
			    "not canonical base64 in the last four characters");
	*ret_size = n_groups == 0 ? 0 : 3 * (n_groups - 1) + last;
	return ATTEST_OK;
}

attest_status base64_decode(struct arena *arena, struct slice text, struct slice *ret_bytes, struct attest_error *error)
{
	size_t size = 0;
	attest_status status = base64_check(text, &size, error);
	uint8_t *bytes;

	if (status != ATTEST_OK)
		return status;
	bytes = arena_alloc(arena, size, 1);
	if (bytes == NULL)
		return fail_memory(error);
	*ret_bytes = slice_of(bytes, base64_decode_part(text, bytes));
	return ATTEST_OK;
}

void base64_encode(struct slice bytes, char *ret_text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < bytes.len; i += 3) {
		struct slice group = slice_sub(bytes, i, 3);
		uint32_t bits = (uint32_t)group.data[0] << 16;

		bits |= group.len > 1 ? (uint32_t)group.data[1] << 8 : 0;
		bits |= group.len > 2 ? group.data[2] : 0;
		*ret_text++ = digits[bits >> 18];
		*ret_text++ = digits[bits >> 12 & 63];
		*ret_text++ = group.len > 1 ? digits[bits >> 6 & 63] : '=';
		*ret_text++ = group.len > 2 ? digits[bits & 63] : '=';
	}
	*ret_text = '\0';
}

/* One line off the front, without its end; "\n" and "\r\n" end a line. */
static struct slice take_line(struct slice *text)
{
	size_t end = slice_find(*text, '\n');
	struct slice line = slice_sub(*text, 0, end);

	*text = slice_sub(*text, end + 1, text->len);
	if (line.len > 0 && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool is_boundary(struct slice line, const char *what, const char *label)
{
	char boundary[64];

	(void)snprintf(boundary, sizeof(boundary), "-----%s %s-----", what, label);
	return slice_equal(line, slice_of_string(boundary));
}

bool pem_begins(struct slice text)
{
	return slice_equal(slice_sub(text, 0, 11), slice_of_string("-----BEGIN "));
}

bool pem_find(struct slice *text)
{
	struct slice rest = *text;

	while (rest.len > 0 && !pem_begins(rest))
		(void)take_line(&rest);
	if (rest.len == 0)
		return false;
	*text = rest;
	return true;
}

bool pem_find_first(struct slice *text)
{
	return (text->len == 0 || text->data[0] != 0x30) && pem_find(text);
}

static void skip_white(struct slice *text)
{
	while (text->len > 0 && (text->data[0] == '\n' || text->data[0] == '\r'))
		*text = slice_sub(*text, 1, text->len);
}

attest_status pem_next(struct arena *arena, struct slice *text, const char *label, struct slice *ret_der,
		       struct attest_error *error)
{
	struct slice line = take_line(text);
	uint8_t *base64;
	size_t len = 0, most;

	if (!is_boundary(line, "BEGIN", label))
		return fail(error, ATTEST_E_ENCODING, "RFC 7468, 2", "PEM text does not begin with -----BEGIN %s-----",
			    label);
	most = slice_find(*text, '-'); /* the END line has the first one */
	if (most > (size_t)2 * LIMIT_CHAIN_BYTES)
		return fail(error, ATTEST_E_LIMIT, NULL, "a PEM block of more than %u characters (LIMIT_CHAIN_BYTES)",
			    2 * LIMIT_CHAIN_BYTES);
	base64 = arena_alloc(arena, most, 1);
	if (base64 == NULL)
		return fail_memory(error);
	for (;;) {
		line = take_line(text);
		if (line.len == 0)
			return fail(error, ATTEST_E_ENCODING, "RFC 7468, 2",
				    "PEM text ends or has an empty line before -----END %s-----", label);
		if (slice_find(line, '-') != line.len)
			break;
		memcpy(base64 + len, line.data, line.len);
		len += line.len;
	}
	if (!is_boundary(line, "END", label))
		return fail(error, ATTEST_E_ENCODING, "RFC 7468, 2", "PEM text does not end with -----END %s-----",
			    label);
	if (len == 0)
		return fail(error, ATTEST_E_ENCODING, "RFC 7468, 2", "an empty PEM block");
	skip_white(text);
	return base64_decode(arena, slice_of(base64, len), ret_der, error);
}

attest_status pem_or_der(struct slice bytes, const char *label, size_t max, der_fn fn, void *context,
			 struct attest_error *error)
{
	attest_status status = ATTEST_OK;
	struct slice rest = bytes;

	if (bytes.len / 2 > max)
		return fail(error, ATTEST_E_LIMIT, NULL, "%zu bytes; at most %zu of DER are allowed", bytes.len, max);
	if (!pem_find_first(&rest))
		return fn(context, bytes, error);
	while (status == ATTEST_OK && pem_find(&rest)) {
		struct arena arena = {NULL};
		struct slice der = {NULL, 0};

		status = pem_next(&arena, &rest, label, &der, error);
		if (status == ATTEST_OK)
			status = fn(context, der, error);
		arena_free(&arena);
	}
	return status;
}

char *pem_encode(struct arena *arena, const char *label, struct slice der)
{
	size_t len = (der.len + 2) / 3 * 4;
	char *base64 = arena_alloc(arena, len + 1, 1), *pem, *at;
	size_t size = len + len / 64 + 2 * strlen(label) + 64;

	pem = arena_alloc(arena, size, 1);
	if (base64 == NULL || pem == NULL)
		return NULL;
	base64_encode(der, base64);
	at = pem + snprintf(pem, size, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < len; i += 64)
		at += snprintf(at, size - (size_t)(at - pem), "%.64s\n", base64 + i);
	(void)snprintf(at, size - (size_t)(at - pem), "-----END %s-----\n", label);
	return pem;
}

const char *printable_to(struct slice text, char *buffer, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < text.len; i++) {
		bool plain = text.data[i] >= 0x20 && text.data[i] < 0x7f && text.data[i] != '\\';

		if (used + 8 > size) {
			memcpy(buffer + used, "...", 3);
			used += 3;
			break;
		}
		if (plain)
			buffer[used++] = (char)text.data[i];
		else
			used += (size_t)snprintf(buffer + used, size - used, "\\x%02x", text.data[i]);
	}
	buffer[used] = '\0';
	return buffer;
}

char *printable(struct arena *arena, struct slice text, size_t max)
{
	size_t size = (text.len < max ? text.len * 4 : max * 4) + 16;
	char *buffer = arena_alloc(arena, size, 1);

	if (buffer == NULL)
		return NULL;
	(void)printable_to(slice_sub(text, 0, max), buffer, size);
	if (text.len > max)
		memcpy(buffer + strlen(buffer), "...", 4);
	return buffer;
}

/* Days from 1970-01-01 of a proleptic Gregorian date; March begins the computing year, so that leap days come last. */
static int64_t days_from_date(int64_t year, int64_t month, int64_t day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

const char *time_text(int64_t time, char ret_text[TIME_SIZE])
{
	int64_t days, seconds, year, month = 1;

	if (time < -62135596800 || time > 253402300799) { /* years 1 to 9999 */
		(void)snprintf(ret_text, TIME_SIZE, "%lld", (long long)time);
		return ret_text;
	}
	days = time / 86400 - (time % 86400 < 0);
	seconds = time - days * 86400;
	year = 1970 + days / 366 - (days < 0);
	while (days_from_date(year + 1, 1, 1) <= days)
		year++;
	while (days_from_date(year, 1, 1) > days)
		year--;
	while (month < 12 && days_from_date(year, month + 1, 1) <= days)
		month++;
	(void)snprintf(ret_text, TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year, (int)month,
		       (int)(days - days_from_date(year, month, 1) + 1), (int)(seconds / 3600),
		       (int)(seconds / 60 % 60), (int)(seconds % 60));
	return ret_text;
}

/* n decimal digits off the front, in [low, high]; or `failed` is set. */
static int64_t take_number(struct reader *r, size_t n, int64_t low, int64_t high)
{
	int64_t value = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = reader_u8(r);

		if (c < '0' || c > '9')
			r->failed = true;
		value = value * 10 + (c - '0');
	}
	if (value < low || value > high)
		r->failed = true;
	return value;
}

static void take_char(struct reader *r, char want)
{
	if (reader_u8(r) != (uint8_t)want)
		r->failed = true;
}

/* "Z" or "+hh:mm"; seconds east of UTC. */
static int64_t take_offset(struct reader *r)
{
	uint8_t sign = reader_u8(r);
	int64_t seconds;

	if (sign == 'Z' || sign == 'z')
		return 0;
	if (sign != '+' && sign != '-')
		r->failed = true;
	seconds = take_number(r, 2, 0, 23) * 3600;
	take_char(r, ':');
	seconds += take_number(r, 2, 0, 59) * 60;
	return sign == '-' ? -seconds : seconds;
}

static void skip_fraction(struct reader *r)
{
	if (r->rest.len == 0 || r->rest.data[0] != '.')
		return;
	take_char(r, '.');
	(void)take_number(r, 1, 0, 9);
	while (!r->failed && r->rest.len > 0 && r->rest.data[0] >= '0' && r->rest.data[0] <= '9')
		(void)reader_u8(r);
}

static int64_t days_in_month(int64_t year, int64_t month)
{
	return month == 12 ? 31 : days_from_date(year, month + 1, 1) - days_from_date(year, month, 1);
}

bool time_parse(struct slice text, bool allow_date, int64_t *ret_time)
{
	struct reader r = reader_of(text);
	int64_t year = take_number(&r, 4, 1, 9999), month, day, time;

	take_char(&r, '-');
	month = take_number(&r, 2, 1, 12);
	take_char(&r, '-');
	day = take_number(&r, 2, 1, 31);
	if (r.failed || day > days_in_month(year, month))
		return false;
	time = days_from_date(year, month, day) * 86400;
	if (!(allow_date && r.rest.len == 0)) {
		uint8_t separator = reader_u8(&r);

		if (separator != 'T' && separator != 't' && separator != ' ')
			return false;
		time += take_number(&r, 2, 0, 23) * 3600;
		take_char(&r, ':');
		time += take_number(&r, 2, 0, 59) * 60;
		take_char(&r, ':');
		time += take_number(&r, 2, 0, 60);
		skip_fraction(&r);
		time -= take_offset(&r);
	}
	if (!reader_done(&r))
		return false;
	*ret_time = time;
	return true;
}
