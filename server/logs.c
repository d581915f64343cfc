/* SPDX-License-Identifier: Apache-2.0 */
#include "logs.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/text.h"
#include "files.h"
#include "report.h"
#include "text_buffer.h"

DEFINE_DEFER(json_t, json_decref);
DEFINE_DEFER(char, attest_string_free);

static attest_status open_one(struct log_source *source, const char *given, bool no_default, const char *usual,
			      struct attest_error *error)
{
	source->fd = -1;
	source->path = given == NULL ? usual : given;
	if ((given == NULL && no_default) || (given != NULL && strcmp(given, "none") == 0))
		return ATTEST_OK;
	source->fd = open(source->path, O_RDONLY | O_CLOEXEC);
	if (source->fd >= 0 || (given == NULL && errno == ENOENT))
		return ATTEST_OK;
	if (given != NULL)
		return file_fail(error, source->path, "the event log cannot be opened");
	report("%s: %s: the proofs will lack this event log", source->path, strerror(errno));
	return ATTEST_OK;
}

attest_status logs_read(const struct logs *logs, size_t i, struct arena *arena, struct slice *ret_bytes,
			struct attest_error *error)
{
	const struct log_source *source = &logs->sources[i];

	*ret_bytes = slice_of(NULL, 0);
	return source->fd < 0 ? ATTEST_OK
			      : file_read_fd(arena, source->fd, source->path, LIMIT_LOG_BYTES, ret_bytes, error);
}

static void add_log(struct text_buffer *text, const char *format, struct slice bytes)
{
	text_add(text, text->len == 0 ? "[{\"format\":\"" : ",{\"format\":\"");
	text_add(text, format);
	text_add(text, "\",\"data\":\"");
	text_add_base64(text, bytes);
	text_add(text, "\"}");
}

/* libattest's own reading: whatever it makes of the logs, a verifier will. */
static attest_status inspect(struct text_buffer *text, json_t **ret_pcrs, struct attest_error *error)
{
	struct attest_inspect_options options = ATTEST_INSPECT_OPTIONS_INIT;
	DEFER(attest_string_free_deferred) char *found = NULL;
	DEFER(json_decref_deferred) json_t *root = NULL;
	json_t *log;
	size_t i;
	attest_status status;

	text_add(text, "]");
	if (text->failed)
		return fail_memory(error);
	options.events = 0;
	status = attest_inspect(&options, text->data, text->len, &found, error);
	if (status != ATTEST_OK)
		return status;
	root = json_loads(found, 0, NULL);
	if (root == NULL)
		return fail_memory(error);
	json_array_foreach(json_object_get(root, "logs"), i, log)
	{
		const char *why = json_string_value(json_object_get(log, "error"));

		if (why != NULL)
			return fail(error, ATTEST_E_LOG_STRUCTURE, NULL, "the event log cannot be read: %s", why);
	}
	*ret_pcrs = json_incref(json_object_get(root, "pcrs"));
	return ATTEST_OK;
}

static void take_pcr(const json_t *pcr, struct pcr_table *table)
{
	const char *bank = json_string_value(json_object_get(pcr, "bank"));
	const char *value = json_string_value(json_object_get(pcr, "replayed"));
	json_int_t index = json_integer_value(json_object_get(pcr, "index"));
	struct arena arena = {NULL};
	struct attest_error ignored = {0};
	struct slice bytes;
	size_t at = bank == NULL ? N_ALGORITHMS : digest_index(digest_alg(bank));

	if (at < N_ALGORITHMS && value != NULL && index >= 0 && index < N_PCRS &&
	    hex_decode(&arena, slice_of_string(value), &bytes, &ignored) == ATTEST_OK &&
	    bytes.len == digest_size(digest_at(at))) {
		memcpy(table->values[at][index], bytes.data, bytes.len);
		table->has.pcrs[at] |= 1u << index;
	}
	arena_free(&arena);
}

static attest_status replay_text(struct text_buffer *text, struct pcr_table *table, struct attest_error *error)
{
	DEFER(json_decref_deferred) json_t *pcrs = NULL;
	json_t *pcr;
	size_t i;
	attest_status status = inspect(text, &pcrs, error);

	if (status != ATTEST_OK)
		return status;
	memset(table, 0, sizeof(*table));
	json_array_foreach(pcrs, i, pcr) take_pcr(pcr, table);
	return ATTEST_OK;
}

static attest_status look_at(struct logs *logs, size_t i, struct attest_error *error)
{
	struct log_source *source = &logs->sources[i];
	struct arena arena = {NULL};
	struct text_buffer text = {0};
	struct pcr_table table;
	struct slice bytes;
	attest_status status = logs_read(logs, i, &arena, &bytes, error);

	if (status == ATTEST_OK && bytes.len > 0) {
		add_log(&text, source->format, bytes);
		status = replay_text(&text, &table, error);
		if (status == ATTEST_OK)
			source->extended = table.has;
		else
			error_where(error, "%s", source->path);
	}
	text_free(&text);
	arena_free(&arena);
	return status;
}

attest_status logs_open(const struct logs_options *options, struct logs *ret_logs, struct attest_error *error)
{
	const char *const given[N_LOGS] = {options->boot, options->ima, options->systemd};
	static const char *const usual[N_LOGS] = {"/sys/kernel/security/tpm0/binary_bios_measurements",
						  "/sys/kernel/security/ima/binary_runtime_measurements",
						  "/run/log/systemd/tpm2-measure.log"};
	struct logs logs = {
		.sources = {{.format = "tcg"}, {.format = "ima"}, {.format = "systemd"}}
        };
	attest_status status = ATTEST_OK;

	for (size_t i = 0; i < N_LOGS; i++)
		logs.sources[i].fd = -1;
	for (size_t i = 0; status == ATTEST_OK && i < N_LOGS; i++) {
		status = open_one(&logs.sources[i], given[i], options->no_defaults, usual[i], error);
		if (status == ATTEST_OK && logs.sources[i].fd >= 0)
			status = look_at(&logs, i, error);
	}
	if (status != ATTEST_OK) {
		logs_close(&logs);
		return status;
	}
	*ret_logs = logs;
	return ATTEST_OK;
}

void logs_close(struct logs *logs)
{
	for (size_t i = 0; i < N_LOGS; i++)
		if (logs->sources[i].fd >= 0) {
			(void)close(logs->sources[i].fd);
			logs->sources[i].fd = -1;
		}
}

static bool has_any(const struct pcr_selection *selection, uint32_t pcrs)
{
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		if ((selection->pcrs[i] & pcrs) != 0)
			return true;
	return false;
}

attest_status logs_replay(const struct logs *logs, uint32_t pcrs, struct pcr_table *ret_table,
			  struct attest_error *error)
{
	struct arena arena = {NULL};
	struct text_buffer text = {0};
	struct pcr_table table;
	struct slice bytes;
	attest_status status = ATTEST_OK;

	memset(&table, 0, sizeof(table));
	for (size_t i = 0; status == ATTEST_OK && i < N_LOGS; i++) {
		if (!has_any(&logs->sources[i].extended, pcrs))
			continue;
		status = logs_read(logs, i, &arena, &bytes, error);
		if (status == ATTEST_OK && bytes.len > 0)
			add_log(&text, logs->sources[i].format, bytes);
	}
	if (status == ATTEST_OK && text.len > 0)
		status = replay_text(&text, &table, error);
	text_free(&text);
	arena_free(&arena);
	if (status != ATTEST_OK)
		return status;
	for (size_t i = 0; i < N_ALGORITHMS; i++) {
		table.has.pcrs[i] &= pcrs;
		for (unsigned pcr = 0; pcr < N_PCRS; pcr++)
			if ((table.has.pcrs[i] >> pcr & 1) == 0)
				memset(table.values[i][pcr], 0, sizeof(table.values[i][pcr]));
	}
	*ret_table = table;
	return ATTEST_OK;
}

bool logs_cover(const struct log_source *source, const struct pcr_selection *selection)
{
	for (size_t i = 0; i < N_ALGORITHMS; i++)
		if ((source->extended.pcrs[i] & selection->pcrs[i]) != 0)
			return true;
	return false;
}
