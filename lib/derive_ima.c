/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCR 10: a list of the files that the kernel's logs name. Whether each entry was measured, is a file's and can be
 * listed at all, is for the policy's own check to say (policy/ima_check.c): all entries must pass it, or there is no
 * list.
 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "derive.h"
#include "logs/ima.h"

enum { PCR_IMA = 10, VALUE_SIZE = 16 + HEX_SIZE(DIGEST_MAX) };

struct lists {
	struct derivation *d;
	json_t *files, *keyrings;
};

/* jansson says so where a string is not UTF-8. */
static bool is_utf8(struct derivation *d, const char *text)
{
	json_error_t e;
	json_t *string = json_pack_ex(&e, 0, "s", text);
	bool is = string != NULL;

	if (!is && json_error_code(&e) != json_error_invalid_utf8)
		d->ok = false;
	json_decref(string);
	return is;
}

/* One more than a policy allows is enough to be refused. */
static void add_to_list(json_t *list, const char *value, bool *ok)
{
	size_t n = json_array_size(list);

	for (size_t i = 0; i < n; i++)
		if (strcmp(json_string_value(json_array_get(list, i)), value) == 0)
			return;
	if (n <= LIMIT_PIN_VALUES)
		json_add(list, json_string(value), ok);
}

/* One digest is a text, several are a list. */
static void add_value(json_t *map, const char *name, const char *value, bool *ok)
{
	json_t *known = json_object_get(map, name), *list;

	if (known == NULL) {
		json_put_text(map, name, value, ok);
	} else if (json_is_array(known)) {
		add_to_list(known, value, ok);
	} else if (strcmp(json_string_value(known), value) != 0) {
		list = json_array();
		json_add(list, json_incref(known), ok);
		json_add(list, json_string(value), ok);
		json_put(map, name, list, ok);
	}
}

/* What the policy's lists can hold; boot_aggregate is none of it. */
static bool is_listable(const struct ima_fields *f)
{
	bool is_path = f->name.len > 0 && f->name.data[0] == '/';

	return f->digest_alg != NULL && digest_alg(f->digest_alg) != 0 && !slice_is_zero(f->digest) &&
	       f->name.len > 0 && is_path == (f->buffer.data == NULL) &&
	       !slice_equal(f->name, slice_of_string("boot_aggregate"));
}

static void add_entry(struct lists *lists, const struct event *event)
{
	bool *ok = &lists->d->ok;
	struct ima_fields f = {.verity = false};
	struct arena scratch = {NULL};
	char value[VALUE_SIZE], hex[HEX_SIZE(DIGEST_MAX)];
	const char *name;

	if (!ima_fields_read(event, &f) || !is_listable(&f))
		return;
	name = arena_string(&scratch, f.name);
	hex_encode(slice_sub(f.digest, 0, DIGEST_MAX), hex);
	(void)snprintf(value, sizeof(value), "%s%s:%s", f.verity ? "verity:" : "", f.digest_alg, hex);
	if (name == NULL)
		*ok = false;
	else if (is_utf8(lists->d, name))
		add_value(f.buffer.data == NULL ? lists->files : lists->keyrings, name, value, ok);
	arena_free(&scratch);
}

static attest_status read_log(struct lists *lists, const struct log *log, struct attest_error *error)
{
	struct log_cursor cursor;
	struct event event;
	bool more = true;
	attest_status status = log_begin(&cursor, log, error);

	while (status == ATTEST_OK) {
		status = log_next(&cursor, &event, &more, error);
		if (status != ATTEST_OK || !more)
			break;
		if (event.measured && event.pcr == PCR_IMA)
			add_entry(lists, &event);
	}
	log_end(&cursor);
	return status;
}

static void read_logs(struct lists *lists, const struct known *source)
{
	struct attest_error e = {0};

	for (size_t i = 0; lists->d->ok && i < source->proof.n_logs; i++)
		if ((source->replay.logs[i].pcrs >> PCR_IMA & 1) != 0 &&
		    read_log(lists, &source->proof.logs[i], &e) != ATTEST_OK)
			lists->d->ok = false; /* the replay has read it before */
}

bool derive_ima(struct derivation *d, char ret_why[DERIVE_WHY])
{
	json_t *ima = json_object();
	struct lists lists = {d, json_object(), json_object()};
	bool holds;

	for (size_t i = 0; i < d->n; i++)
		read_logs(&lists, &d->sources[i]);
	json_put(ima, "files", lists.files, &d->ok);
	if (json_object_size(lists.keyrings) > 0)
		json_put(ima, "keyrings", json_incref(lists.keyrings), &d->ok);
	json_decref(lists.keyrings);
	holds = derive_holds(d, "ima", ima, ret_why);
	if (holds)
		json_put(d->policy, "ima", json_incref(ima), &d->ok);
	json_decref(ima);
	return holds;
}
