/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a rule is about, out of JSON. Digests of texts, of the separator and of names are computed here, once.
 * rules_variables.c has the matchers of UEFI variables.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rules_parse.h"

enum { TEXT_FORMS = 4 };

/* With room for `n` values; NULL without memory. */
static struct digest_set *new_set(struct rule_parsing *p, size_t n)
{
	struct digest_set *set = arena_alloc(&p->policy->arena, 1, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->values = arena_alloc(&p->policy->arena, n, sizeof(*set->values));
	p->rule->digests = set;
	return set->values == NULL ? NULL : set;
}

static attest_status add_hash(struct rule_parsing *p, struct digest_set *set, struct slice text, const char *end,
			      size_t end_len, struct attest_error *error)
{
	struct slice parts[2] = {text, slice_of(end, end_len)};

	return digest_compute(p->policy->bank, parts, 2, &set->values[set->n++].value, error);
}

static attest_status parse_digests_of(struct rule_parsing *p, const struct json_node *node, uint16_t alg,
				      struct attest_error *error)
{
	struct digest_set *set = new_set(p, 0);

	return set == NULL ? fail_memory(error) : parse_set(p->policy, node, alg, set, error);
}

static attest_status parse_digest(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	return parse_digests_of(p, node, p->policy->bank, error);
}

attest_status parse_sha256s(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	return json_is_object(node->value) ? parse_invalid(node, error, "a digest or a list of them is needed")
					   : parse_digests_of(p, node, ALG_SHA256, error);
}

static attest_status parse_named_set(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	struct slice name = {NULL, 0};
	attest_status status = json_node_string(node, &name, error);
	char found[80];

	if (status != ATTEST_OK)
		return status;
	p->rule->digests = find_set(p->policy, name);
	if (p->rule->digests != NULL)
		return ATTEST_OK;
	error_found(error, "\"%s\"", printable_to(name, found, sizeof(found)));
	return parse_invalid(node, error, "there is no set of this name");
}

static attest_status parse_separator(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	struct digest_set *set = new_set(p, 1);
	bool is = false;
	attest_status status = json_node_bool(node, &is, error);

	if (status == ATTEST_OK && !is)
		return parse_invalid(node, error, "a separator is true, or there is no such member");
	if (set == NULL)
		return fail_memory(error);
	if (status == ATTEST_OK)
		status = add_hash(p, set, slice_of("\0\0\0\0", 4), NULL, 0, error);
	if (status == ATTEST_OK)
		digest_set_sort(set);
	return status;
}

static attest_status parse_one_text(struct rule_parsing *p, const struct json_node *node, text_fn check,
				    const char **ret_text, struct attest_error *error)
{
	struct slice text = {NULL, 0};
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	*ret_text = arena_string(&p->policy->arena, text);
	return *ret_text == NULL ? fail_memory(error) : check(node, *ret_text, error);
}

attest_status parse_texts(struct rule_parsing *p, const struct json_node *node, text_fn check, struct texts *texts,
			  struct attest_error *error)
{
	size_t n = 1;
	attest_status status = ATTEST_OK;

	if (json_is_array(node->value))
		status = json_node_array(node, LIMIT_RULE_TEXTS, "LIMIT_RULE_TEXTS", &n, error);
	if (status != ATTEST_OK)
		return status;
	if (n == 0)
		return parse_invalid(node, error, "an empty list");
	texts->items = arena_alloc(&p->policy->arena, n, sizeof(*texts->items));
	if (texts->items == NULL)
		return fail_memory(error);
	if (!json_is_array(node->value))
		status = parse_one_text(p, node, check, &texts->items[0], error);
	for (size_t i = 0; json_is_array(node->value) && status == ATTEST_OK && i < n; i++) {
		struct json_node element = json_node_element(node, i);

		status = parse_one_text(p, &element, check, &texts->items[i], error);
	}
	texts->n = n;
	return status;
}

static attest_status check_some_text(const struct json_node *node, const char *text, struct attest_error *error)
{
	return text[0] != '\0' ? ATTEST_OK : parse_invalid(node, error, "an empty text");
}

attest_status check_cmdline(const struct json_node *node, const char *text, struct attest_error *error)
{
	for (size_t i = 0; text[i] != '\0'; i++)
		if ((text[i] < ' ' && text[i] != '\t') || text[i] > '~')
			return parse_invalid(node, error, "printable ASCII is needed: nothing else would match");
	return check_some_text(node, text, error);
}

static attest_status check_word(const struct json_node *node, const char *text, struct attest_error *error)
{
	return cmdline_is_word(text) ? ATTEST_OK
				     : parse_invalid(node, error,
						     "not a word of a command line: printable ASCII without blanks and "
						     "quotes, and with a name");
}

/* One character of UTF-8, which jansson has checked, as UTF-16LE; returns how many bytes it takes there. */
static size_t utf16_of(const uint8_t **text, uint8_t ret_units[4])
{
	const uint8_t *t = *text;
	size_t n = t[0] < 0x80 ? 1 : t[0] < 0xe0 ? 2 : t[0] < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? t[0] : t[0] & (0x7fu >> n);
	uint32_t high, low;

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (t[i] & 0x3fu);
	*text += n;
	high = c < 0x10000 ? c : 0xd800 + ((c - 0x10000) >> 10);
	low = 0xdc00 + ((c - 0x10000) & 0x3ff);
	ret_units[0] = (uint8_t)high;
	ret_units[1] = (uint8_t)(high >> 8);
	ret_units[2] = (uint8_t)low;
	ret_units[3] = (uint8_t)(low >> 8);
	return c < 0x10000 ? 2 : 4;
}

static bool is_ascii(const char *text)
{
	while ((unsigned char)*text - 1u < 0x7f)
		text++;
	return *text == '\0';
}

static attest_status add_utf16_hashes(struct rule_parsing *p, struct digest_set *set, const char *text,
				      struct attest_error *error)
{
	const uint8_t *rest = (const uint8_t *)text;
	uint8_t *units = malloc(4 * strlen(text) + 2);
	size_t len = 0;
	attest_status status;

	if (units == NULL)
		return fail_memory(error);
	while (*rest != '\0') {
		uint8_t character[4];
		size_t n = utf16_of(&rest, character);

		memcpy(units + len, character, n);
		len += n;
	}
	status = add_hash(p, set, slice_of(units, len), "\0\0", 2, error);
	/* Without a NUL, the units of other letters can be the bytes of another text. */
	if (status == ATTEST_OK && is_ascii(text))
		status = add_hash(p, set, slice_of(units, len), NULL, 0, error);
	free(units);
	return status;
}

/* As it is, and as UTF-16; each with its NUL, and without: efibootmgr gives a kernel none. */
static attest_status parse_text(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	struct digest_set *set;
	attest_status status = parse_texts(p, node, check_some_text, &p->rule->texts, error);

	if (status != ATTEST_OK)
		return status;
	set = new_set(p, TEXT_FORMS * p->rule->texts.n);
	if (set == NULL)
		return fail_memory(error);
	for (size_t i = 0; status == ATTEST_OK && i < p->rule->texts.n; i++) {
		const char *text = p->rule->texts.items[i];

		status = add_hash(p, set, slice_of_string(text), NULL, 0, error);
		if (status == ATTEST_OK)
			status = add_hash(p, set, slice_of_string(text), "\0", 1, error);
		if (status == ATTEST_OK)
			status = add_utf16_hashes(p, set, text, error);
	}
	if (status == ATTEST_OK)
		digest_set_sort(set);
	return status;
}

static attest_status parse_words(struct rule_parsing *p, const struct json_node *node, struct texts *words,
				 struct attest_error *error)
{
	size_t n;
	attest_status status = json_node_array(node, LIMIT_RULE_TEXTS, "LIMIT_RULE_TEXTS", &n, error);

	return status == ATTEST_OK ? parse_texts(p, node, check_word, words, error) : status;
}

static attest_status parse_cmdline(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	static const char *const members[] = {"is", "prefix", "words", "not_words", NULL};
	struct json_node is = json_node_member(node, "is"), prefix = json_node_member(node, "prefix"),
			 words = json_node_member(node, "words"), not_words = json_node_member(node, "not_words");
	struct rule *rule = p->rule;
	attest_status status = json_node_object(node, error);

	if (status == ATTEST_OK)
		status = json_node_only(node, members, error);
	if (status == ATTEST_OK && is.value == NULL && prefix.value == NULL && words.value == NULL)
		return parse_invalid(node, error,
				     "needs \"is\", \"prefix\" or \"words\": it would allow nearly everything");
	if (status == ATTEST_OK && is.value != NULL)
		status = parse_texts(p, &is, check_cmdline, &rule->texts, error);
	if (status == ATTEST_OK && prefix.value != NULL)
		status = parse_one_text(p, &prefix, check_cmdline, &rule->prefix, error);
	if (status == ATTEST_OK && words.value != NULL)
		status = parse_words(p, &words, &rule->words, error);
	if (status == ATTEST_OK && not_words.value != NULL)
		status = parse_words(p, &not_words, &rule->not_words, error);
	return status;
}

static attest_status check_section(const struct json_node *node, const char *text, struct attest_error *error)
{
	size_t len = strlen(text);

	if (len < 2 || len >= SECTION_NAME_SIZE || text[0] != '.')
		return parse_invalid(node, error, "not the name of a section, such as \".linux\"");
	return check_cmdline(node, text, error);
}

static attest_status parse_section(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	struct slice name;
	attest_status status;

	if (json_is_array(node->value))
		return parse_invalid(node, error, "one name is needed");
	status = parse_texts(p, node, check_section, &p->rule->texts, error);
	if (status != ATTEST_OK)
		return status;
	name = slice_of(p->rule->texts.items[0], strlen(p->rule->texts.items[0]) + 1);
	return digest_compute(p->policy->bank, &name, 1, &p->rule->name_digest, error);
}

static attest_status copy_json(const struct json_node *node, json_t **ret_copy, struct attest_error *error);

static attest_status copy_members(const struct json_node *node, json_t *copy, struct attest_error *error)
{
	const char *key;
	json_t *value;

	json_object_foreach (node->value, key, value) {
		struct json_node member = json_node_member(node, key);
		json_t *of_member = NULL;
		attest_status status = copy_json(&member, &of_member, error);

		if (status != ATTEST_OK)
			return status;
		if (json_object_set_new(copy, key, of_member) != 0)
			return fail_memory(error);
	}
	return ATTEST_OK;
}

static attest_status copy_elements(const struct json_node *node, json_t *copy, struct attest_error *error)
{
	size_t n = json_array_size(node->value);

	if (n == 0)
		return parse_invalid(node, error, "an empty list allows no value at all");
	for (size_t i = 0; i < n; i++) {
		struct json_node element = json_node_element(node, i);
		json_t *of_element = NULL;
		attest_status status = copy_json(&element, &of_element, error);

		if (status != ATTEST_OK)
			return status;
		if (json_array_append_new(copy, of_element) != 0)
			return fail_memory(error);
	}
	return ATTEST_OK;
}

static json_t *copy_scalar(const struct json_node *node)
{
	struct attest_error e = {0};
	struct slice text;

	if (!json_is_string(node->value))
		return json_copy(node->value);
	if (json_node_string(node, &text, &e) != ATTEST_OK)
		return NULL;
	return json_stringn((const char *)text.data, text.len);
}

/* A tree of its own, with the long strings that json.h lifts. As deep as the JSON: LIMIT_JSON_DEPTH. */
static attest_status copy_json(const struct json_node *node, json_t **ret_copy, struct attest_error *error)
{
	DEFER(json_decref_deferred)
	json_t *copy = json_is_object(node->value)  ? json_object()
		       : json_is_array(node->value) ? json_array()
						    : copy_scalar(node);
	attest_status status = ATTEST_OK;

	if (copy == NULL)
		return fail_memory(error);
	if (json_is_object(copy))
		status = copy_members(node, copy, error);
	else if (json_is_array(copy))
		status = copy_elements(node, copy, error);
	if (status == ATTEST_OK)
		*ret_copy = TRANSFER(copy);
	return status;
}

/* For messages. */
static attest_status keep_json_text(struct rule_parsing *p, struct attest_error *error)
{
	char *text = json_dumps(p->rule->object, JSON_COMPACT | JSON_ENSURE_ASCII);

	p->rule->texts.items = arena_alloc(&p->policy->arena, 1, sizeof(*p->rule->texts.items));
	if (text != NULL && p->rule->texts.items != NULL)
		p->rule->texts.items[0] = printable(&p->policy->arena, slice_of_string(text), 800);
	free(text);
	p->rule->texts.n = 1;
	return p->rule->texts.items == NULL || p->rule->texts.items[0] == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status parse_json(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	attest_status status = json_node_object(node, error);

	if (status == ATTEST_OK && json_object_size(node->value) == 0)
		return parse_invalid(node, error, "names no member: it would allow every JSON object");
	if (status == ATTEST_OK)
		status = copy_json(node, &p->rule->object, error);
	return status == ATTEST_OK ? keep_json_text(p, error) : status;
}

static attest_status parse_anything(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	p->rule->texts.items = arena_alloc(&p->policy->arena, 1, sizeof(*p->rule->texts.items));
	if (p->rule->texts.items == NULL)
		return fail_memory(error);
	p->rule->texts.n = 1;
	return parse_reason(p->policy, node, &p->rule->texts.items[0], error);
}

/* "section" is first, since "digest" and "set" stand beside it. */
static const struct matcher {
	const char *name;
	enum rule_kind kind;
	attest_status (*parse)(struct rule_parsing *p, const struct json_node *node, struct attest_error *error);
} matchers[] = {
	{"section",     RULE_SECTION,     parse_section    },
	{"digest",      RULE_DIGEST,      parse_digest     },
	{"set",         RULE_DIGEST,      parse_named_set  },
	{"separator",   RULE_SEPARATOR,   parse_separator  },
	{"text",        RULE_TEXT,        parse_text       },
	{"cmdline",     RULE_CMDLINE,     parse_cmdline    },
	{"secure_boot", RULE_SECURE_BOOT, parse_secure_boot},
	{"variable",    RULE_VARIABLE,    parse_variable   },
	{"authority",   RULE_AUTHORITY,   parse_authority  },
	{"json",        RULE_JSON,        parse_json       },
	{"anything",    RULE_ANYTHING,    parse_anything   },
};

enum { N_MATCHERS = sizeof(matchers) / sizeof(matchers[0]) };

static attest_status fail_number(const struct json_node *node, size_t n, struct attest_error *error)
{
	char list[160] = "";

	for (size_t i = 0; i < N_MATCHERS; i++) {
		(void)strncat(list, i == 0 ? "" : ", ", sizeof(list) - strlen(list) - 1);
		(void)strncat(list, matchers[i].name, sizeof(list) - strlen(list) - 1);
	}
	error_expected(error, "one of %s", list);
	error_found(error, "%zu of them", n);
	return parse_invalid(node, error, "a rule says one thing of an event");
}

attest_status parse_matcher(struct rule_parsing *p, const struct json_node *node, struct attest_error *error)
{
	const char *names[N_MATCHERS + 4] = {"name", "comment", "count"};
	const struct matcher *found[N_MATCHERS];
	size_t n = 0;
	attest_status status;
	bool is_section;

	for (size_t i = 0; i < N_MATCHERS; i++) {
		names[3 + i] = matchers[i].name;
		if (json_node_has(node, matchers[i].name))
			found[n++] = &matchers[i];
	}
	status = json_node_only(node, names, error);
	if (status != ATTEST_OK)
		return status;
	is_section = n > 0 && found[0]->kind == RULE_SECTION;
	if (is_section && (n != 2 || found[1]->kind != RULE_DIGEST))
		return parse_invalid(node, error, "a section needs \"digest\" or \"set\": what its contents may be");
	if (!is_section && n != 1)
		return fail_number(node, n, error);
	p->rule->kind = found[0]->kind;
	for (size_t i = 0; status == ATTEST_OK && i < n; i++) {
		struct json_node member = json_node_member(node, found[i]->name);

		status = found[i]->parse(p, &member, error);
	}
	return status;
}
