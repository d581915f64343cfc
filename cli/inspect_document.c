/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the library's document, and the words that text and page have in common. */
#include <ctype.h>
#include <string.h>

#include "inspect.h"

const char *text_at(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

long long number_at(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

bool truth_at(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

bool has(const json_t *object, const char *key)
{
	return json_object_get(object, key) != NULL;
}

bool says(const json_t *object, const char *key, const char *text)
{
	const char *value = text_at(object, key);

	return value != NULL && strcmp(value, text) == 0;
}

const char *number_text(char text[NUMBER_SIZE], long long number)
{
	(void)snprintf(text, NUMBER_SIZE, "%lld", number);
	return text;
}

const char *counted(char text[WORDS_SIZE], long long n, const char *noun)
{
	(void)snprintf(text, WORDS_SIZE, "%lld %s%s", n, noun, n == 1 ? "" : "s");
	return text;
}

const char *duration(char text[WORDS_SIZE], unsigned long long ms)
{
	unsigned long long s = ms / 1000;

	if (s < 86400)
		(void)snprintf(text, WORDS_SIZE, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
	else
		(void)snprintf(text, WORDS_SIZE, "%llu d %02llu:%02llu:%02llu", s / 86400, s / 3600 % 24, s / 60 % 60,
			       s % 60);
	return text;
}

static bool is_short(const char *word, size_t n)
{
	static const char *const shorts[] = {"efi", "ima", "kek", "mok", "pk", "tls", "uki"};

	for (size_t i = 0; i < sizeof(shorts) / sizeof(shorts[0]); i++)
		if (strlen(shorts[i]) == n && strncmp(shorts[i], word, n) == 0)
			return true;
	return false;
}

void put_title(FILE *out, const char *id)
{
	for (bool first = true; *id != '\0'; first = false) {
		size_t n = strcspn(id, ".-_");
		bool is_capital = is_short(id, n);

		for (size_t i = 0; i < n; i++)
			(void)fputc(is_capital || (first && i == 0) ? toupper((unsigned char)id[i]) : id[i], out);
		id += n;
		if (*id != '\0') {
			(void)fputc(' ', out);
			id++;
		}
	}
}

const char *state_meaning(const char *state)
{
	static const char *const meanings[][2] = {
		{"explained",    "the events give exactly this value"             },
		{"contradicted", "the events do NOT give this value"              },
		{"unexplained",  "no events say how this value came about"        },
		{"initial",      "as after a reset: nothing was measured"         },
		{"replayed",     "what the events give; no quote has such a value"},
	};

	for (size_t i = 0; state != NULL && i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strcmp(meanings[i][0], state) == 0)
			return meanings[i][1];
	return "";
}

struct mark mark_of(const struct view *view, const json_t *item, bool measured)
{
	long long pcr = number_at(item, "pcr");

	if (!measured)
		return (struct mark){"not measured", "-", MARK_IDLE};
	if (pcr >= 0 && pcr < 32 && (view->contradicted >> pcr & 1) != 0)
		return (struct mark){"contradicted", "\xe2\x89\xa0", MARK_CONTRADICTED}; /* not equal */
	if (truth_at(item, "proven"))
		return (struct mark){"by digest", "=", MARK_DIGEST};
	return (struct mark){"claimed", "?", MARK_CLAIMED};
}

uint32_t contradicted_pcrs(const json_t *document)
{
	const json_t *pcrs = json_object_get(document, "pcrs");
	uint32_t set = 0;

	for (size_t i = 0; i < json_array_size(pcrs); i++) {
		const json_t *pcr = json_array_get(pcrs, i);

		if (says(pcr, "state", "contradicted"))
			set |= UINT32_C(1) << (number_at(pcr, "index") & 31);
	}
	return set;
}

const char *const mark_meanings[N_MARKS][2] = {
	{"by digest",    "the words follow from bytes that hash to what the log says was measured."},
	{"claimed",      "only the log says so."						   },
	{"contradicted", "the events of its PCR do not give the quoted value: do not believe it."  },
};

const char *difference_name(const char *kind)
{
	static const char *const names[][2] = {
		{"changed", "changed"  },
                {"only-a",  "only in A"},
                {"only-b",  "only in B"},
                {"moved",   "moved"    }
        };

	for (size_t i = 0; kind != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i][0], kind) == 0)
			return names[i][1];
	return kind == NULL ? "" : kind;
}

const char *field_value(const json_t *field)
{
	const char *value = text_at(field, "value");

	return value == NULL || value[0] == '\0' ? "(empty)" : value;
}

bool field_differs(const json_t *field, const json_t *other)
{
	const json_t *fields = json_object_get(other, "fields");
	const char *name = text_at(field, "name"), *value = text_at(field, "value");

	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *candidate = json_array_get(fields, i);

		if (name != NULL && value != NULL && says(candidate, "name", name) && says(candidate, "value", value))
			return false;
	}
	return other != NULL;
}

bool compares_logs(const json_t *document)
{
	return says(json_object_get(document, "a"), "kind", "log") &&
	       says(json_object_get(document, "b"), "kind", "log");
}

const char *log_place(const json_t *log)
{
	const char *place = text_at(log, "place"), *format = text_at(log, "format");

	return place != NULL && format != NULL && strcmp(place, format) == 0 ? NULL : place;
}

size_t count_pcrs(const json_t *document, const char *state)
{
	const json_t *pcrs = json_object_get(document, "pcrs");
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(pcrs); i++)
		n += says(json_array_get(pcrs, i), "state", state);
	return n;
}

long long count_events(const json_t *document)
{
	const json_t *logs = json_object_get(document, "logs");
	long long n = 0;

	for (size_t i = 0; i < json_array_size(logs); i++)
		n += number_at(json_array_get(logs, i), "n_events");
	return n;
}
