/* SPDX-License-Identifier: Apache-2.0 */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/json_write.h"
#include "base/text.h"
#include "files.h"
#include "report.h"
#include "weights.h"

enum { NAME_MOST = 255, TYPE_MOST = 64 };

DEFINE_DEFER(json_t, json_decref);

attest_status measure_text(struct measurements *measurements, unsigned pcr, struct slice text,
			   struct attest_error *error)
{
	char *copy = arena_string(measurements->arena, text);

	if (copy == NULL)
		return fail_memory(error);
	if (measurements->n == measurements->room) {
		size_t room = measurements->room == 0 ? 16 : 2 * measurements->room;
		struct text_event *events = arena_alloc(measurements->arena, room, sizeof(*events));

		if (events == NULL)
			return fail_memory(error);
		if (measurements->n > 0)
			memcpy(events, measurements->events, measurements->n * sizeof(*events));
		measurements->events = events;
		measurements->room = room;
	}
	measurements->events[measurements->n++] = (struct text_event){pcr, copy};
	return ATTEST_OK;
}

static attest_status add_event(struct measurements *measurements, unsigned pcr, const char *type, const char *name,
			       const uint8_t *sha256, const char *manifest, struct attest_error *error)
{
	DEFER(json_decref_deferred) json_t *event = json_object();
	char digest[8 + HEX_SIZE(32)] = "sha256:";
	bool ok = true;
	attest_status status;
	char *text;

	json_put_text(event, "type", type, &ok);
	json_put_text(event, "name", name, &ok);
	if (sha256 != NULL) {
		hex_encode(slice_of(sha256, 32), digest + 7);
		json_put_text(event, "digest", digest, &ok);
	}
	if (manifest != NULL)
		json_put_text(event, "manifest", manifest, &ok);
	text = ok ? json_line(event) : NULL;
	if (text == NULL)
		return fail_memory(error);
	status = measure_text(measurements, pcr, slice_of_string(text), error);
	free(text);
	return status;
}

attest_status measure_event(struct measurements *measurements, unsigned pcr, const char *type, const char *name,
			    const uint8_t *sha256, struct attest_error *error)
{
	return add_event(measurements, pcr, type, name, sha256, NULL, error);
}

/* jansson takes a text that is UTF-8. */
static bool is_utf8(const char *text)
{
	DEFER(json_decref_deferred) json_t *value = json_string(text);

	return value != NULL;
}

static attest_status check_words(const char *text, const struct subject *subject, struct attest_error *error)
{
	bool is_type = subject->type[0] >= 'a' && subject->type[0] <= 'z' && strlen(subject->type) <= TYPE_MOST &&
		       subject->type[strspn(subject->type, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
	bool is_name = subject->name[0] != '\0' && strlen(subject->name) <= NAME_MOST && is_utf8(subject->name);

	/* These two say what the TLS key is: nobody else may. */
	if (strcmp(subject->type, "separator") == 0 || strcmp(subject->type, "tls-key") == 0)
		return fail(error, ATTEST_E_USAGE, NULL, "the types separator and tls-key are the server's own: \"%s\"",
			    text);
	if (is_type && is_name && subject->path[0] != '\0')
		return ATTEST_OK;
	error_expected(error, "a type or name, an equals sign and a path, such as weights=/srv/model; names are UTF-8, "
			      "at most 255 bytes; types are of lower-case letters, digits and -");
	error_found(error, "%s", text);
	return fail(error, ATTEST_E_USAGE, NULL, "this names nothing to be measured");
}

static attest_status split(struct arena *arena, const char *text, const char **ret_left, const char **ret_path,
			   struct attest_error *error)
{
	struct slice all = slice_of_string(text);
	size_t at = slice_find(all, '=');

	*ret_left = arena_string(arena, slice_sub(all, 0, at));
	*ret_path = arena_string(arena, slice_sub(all, at < all.len ? at + 1 : at, all.len));
	return *ret_left == NULL || *ret_path == NULL ? fail_memory(error) : ATTEST_OK;
}

static const char *last_part(struct arena *arena, const char *path)
{
	size_t end = strlen(path), start;

	while (end > 1 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	return arena_string(arena, slice_of(path + start, end - start));
}

attest_status subject_parse(struct arena *arena, const char *text, struct subject *ret_subject,
			    struct attest_error *error)
{
	struct subject subject;
	attest_status status = split(arena, text, &subject.type, &subject.path, error);

	if (status != ATTEST_OK)
		return status;
	subject.name = last_part(arena, subject.path);
	if (subject.name == NULL)
		return fail_memory(error);
	status = check_words(text, &subject, error);
	if (status == ATTEST_OK)
		*ret_subject = subject;
	return status;
}

attest_status subject_parse_named(struct arena *arena, const char *type, const char *text, struct subject *ret_subject,
				  struct attest_error *error)
{
	struct subject subject = {.type = type};
	attest_status status = split(arena, text, &subject.name, &subject.path, error);

	if (status == ATTEST_OK)
		status = check_words(text, &subject, error);
	if (status == ATTEST_OK)
		*ret_subject = subject;
	return status;
}

static int rank_of(const struct subject *subject)
{
	static const char *const order[] = {"config", "image", "weights"};
	int rank = 0;

	while (rank < 3 && strcmp(subject->type, order[rank]) != 0)
		rank++;
	return rank;
}

/* Stable, and there are few. */
void subjects_sort(struct subject *subjects, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct subject moving = subjects[i];
		size_t at = i;

		for (; at > 0 && rank_of(&subjects[at - 1]) > rank_of(&moving); at--)
			subjects[at] = subjects[at - 1];
		subjects[at] = moving;
	}
}

attest_status subjects_measure(struct measurements *measurements, unsigned pcr, const struct subject *subjects,
			       size_t n, const char *manifest_out, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		const struct subject *subject = &subjects[i];
		struct weights weights;

		status = weights_measure(measurements->arena, subject->path, subject->name, 0, &weights, error);
		if (status == ATTEST_OK && weights.manifest.len > 0 && manifest_out != NULL) {
			status = file_write(manifest_out, weights.manifest, 0644, error);
			manifest_out = NULL;
		}
		if (status == ATTEST_OK)
			status = add_event(measurements, pcr, subject->type, subject->name, weights.sha256,
					   weights.manifest.len > 0 ? "files" : NULL, error);
		if (status == ATTEST_OK)
			report("%s: %s", subject->path, measurements->events[measurements->n - 1].text);
	}
	return status;
}
