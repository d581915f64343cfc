/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "policy_predict.h"

enum { PCR_TEXTS = 14 };

int served_take(struct served *served, int option, const char *value)
{
	switch (option) {
	case 't':
		served->texts_path = value;
		return 0;
	case 'C':
		served->config_path = value;
		return 0;
	case 'T':
		served->certificate_path = value;
		return 0;
	case 'N':
		served->name = value;
		return 0;
	default:
		if (served->n_subjects == SERVED_SUBJECTS)
			return wrong(option == 'w' ? "--weights" : "--measure", value, "at most 64 of both");
		served->subjects[served->n_subjects].is_weights = option == 'w';
		served->subjects[served->n_subjects++].text = value;
		return 0;
	}
}

static int no_memory(void)
{
	(void)fprintf(stderr, "%s: out of memory\n", program);
	return EXIT_USAGE;
}

int served_add(struct served *served, unsigned pcr, char *text)
{
	struct attest_text_event *more = realloc(served->events, (served->n + 1) * sizeof(*more));

	if (more != NULL)
		served->events = more;
	if (more == NULL || text == NULL) {
		free(text);
		return no_memory();
	}
	served->events[served->n++] = (struct attest_text_event){pcr, text};
	return 0;
}

static int not_texts(const char *path, const char *what)
{
	print_name(path);
	(void)fprintf(stderr, "%s\n  expected  a JSON array of texts, or one text on each line\n", what);
	return EXIT_USAGE;
}

static int add_array(struct served *served, const json_t *array)
{
	const json_t *value;
	size_t i;
	int rc = 0;

	json_array_foreach(array, i, value)
	{
		if (!json_is_string(value))
			return not_texts(served->texts_path, "an element of the array is no text");
		if (rc == 0)
			rc = served_add(served, PCR_TEXTS, strdup(json_string_value(value)));
	}
	return rc;
}

static int add_lines(struct served *served, const char *text, size_t len)
{
	int rc = 0;

	if (memchr(text, '\0', len) != NULL)
		return not_texts(served->texts_path, "the file holds a NUL");
	for (size_t at = 0, end; rc == 0 && at < len; at = end + 1) {
		const char *feed = memchr(text + at, '\n', len - at);

		end = feed == NULL ? len : (size_t)(feed - text);
		if (end > at)
			rc = served_add(served, PCR_TEXTS, strndup(text + at, end - at));
	}
	return rc;
}

/* "[" begins an array: a line that is itself JSON is an object. */
static int read_texts(struct served *served)
{
	struct input input;
	json_t *array = NULL;
	size_t before = served->n;
	int rc = input_read(served->texts_path, &input);
	const char *text = input.data;

	if (rc != 0)
		return unreadable(served->texts_path, rc);
	if (input.len > 0 && text[0] == '[') {
		json_error_t e;

		array = json_loadb(text, input.len, JSON_REJECT_DUPLICATES, &e);
		rc = json_is_array(array) ? add_array(served, array) : not_texts(served->texts_path, e.text);
	} else {
		rc = add_lines(served, text, input.len);
	}
	if (rc == 0 && served->n == before)
		rc = not_texts(served->texts_path, "the file holds no text");
	json_decref(array);
	input_free(&input);
	return rc;
}

int served_read(struct served *served)
{
	int rc = served_measure(served);

	return rc == 0 && served->texts_path != NULL ? read_texts(served) : rc;
}

void served_free(struct served *served)
{
	for (size_t i = 0; i < served->n; i++)
		free((void *)(uintptr_t)served->events[i].text);
	free(served->events);
}
