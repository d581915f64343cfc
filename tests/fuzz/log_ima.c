/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's file log in both forms. What the binary one says is written as the kernel's ASCII form does, and read
 * again: both must have the same data.
 */
#include "logs/ima.h"

#include "walk.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void put_hex(char **at, struct slice bytes)
{
	hex_encode(bytes, *at);
	*at += 2 * bytes.len;
}

static void put_text(char **at, struct slice text)
{
	if (text.len > 0)
		memcpy(*at, text.data, text.len);
	*at += text.len;
}

/* A line of what the kernel would have shown. */
static void put_line(char **at, const struct event *event, const struct ima_fields *f, bool with_signature)
{
	put_text(at, slice_of_string("10 "));
	put_hex(at, event->digests[0].value);
	put_text(at, slice_of_string(with_signature ? " ima-sig " : " ima-ng "));
	put_text(at, slice_of_string(f->digest_alg));
	put_text(at, slice_of_string(":"));
	put_hex(at, f->digest);
	put_text(at, slice_of_string(" "));
	put_text(at, f->name);
	if (with_signature) {
		put_text(at, slice_of_string(" "));
		put_hex(at, f->signature);
	}
	put_text(at, slice_of_string("\n"));
}

static void check_line(const struct event *event, const struct ima_fields *f, bool with_signature)
{
	size_t room = 4 * event->data.len + 512;
	struct log log = {.place = "line", .walker = &walk_ima_ascii, .pcr = -1};
	struct attest_error e = {0};
	struct log_cursor cursor;
	struct event again;
	bool more = false;
	char *line = malloc(room), *at = line;

	REQUIRE(line != NULL);
	put_line(&at, event, f, with_signature);
	log.source = source_raw(slice_of(line, (size_t)(at - line)));
	REQUIRE(log_begin(&cursor, &log, &e) == ATTEST_OK);
	REQUIRE(log_next(&cursor, &again, &more, &e) == ATTEST_OK && more);
	REQUIRE(again.type == event->type && slice_equal(again.data, event->data));
	log_end(&cursor);
	free(line);
}

static void check(const struct event *event)
{
	struct ima_fields f = {.digest_alg = NULL};
	bool with_signature;

	REQUIRE(event->kind == EVENT_IMA && event->measured &&
		(event->n_digests == 1 || event->n_digests == EVENT_DIGESTS));
	if (!ima_fields_read(event, &f))
		return;
	REQUIRE(f.digest_alg != NULL && slice_find(f.name, '\0') == f.name.len);
	with_signature = strcmp(event->type, "ima-sig") == 0;
	if (!with_signature && strcmp(event->type, "ima-ng") != 0)
		return;
	if (slice_find(f.name, '\n') == f.name.len)
		check_line(event, &f, with_signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	(void)is_ima(slice_of(data, size));
	(void)is_ima_ascii(slice_of(data, size));
	walk_log(&walk_ima, data, size, check);
	walk_log(&walk_ima_ascii, data, size, check);
	return 0;
}
