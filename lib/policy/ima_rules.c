/* SPDX-License-Identifier: Apache-2.0 */
#include "ima_rules.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { PCR_IMA = 10 };

static attest_status invalid(const struct json_node *node, const char *expected, const char *message,
			     struct attest_error *error)
{
	struct slice text = {NULL, 0};
	struct attest_error ignored = {0};
	char found[100];

	if (json_node_string(node, &text, &ignored) == ATTEST_OK)
		error_found(error, "\"%s\"", printable_to(text, found, sizeof(found)));
	error_expected(error, "%s", expected);
	return json_node_fail(node, fail(error, ATTEST_E_POLICY_INVALID, NULL, "%s", message), error);
}

/*
 * A path costs more than all that is done with the value. So the children of a node without a path have none either;
 * where something is wrong, it is read again with its path.
 */
static struct json_node element_of(const struct json_node *node, size_t index)
{
	return node->path[0] == '\0' ? (struct json_node){node->doc, json_array_get(node->value, index), ""}
				     : json_node_element(node, index);
}

static bool begins_with(struct slice text, const char *start, struct slice *ret_rest)
{
	size_t len = strlen(start);

	if (!slice_equal(slice_sub(text, 0, len), slice_of_string(start)))
		return false;
	*ret_rest = slice_sub(text, len, text.len);
	return true;
}

attest_status ima_value_read(struct arena *arena, struct slice text, struct ima_value *value,
			     struct attest_error *error)
{
	struct slice hex = {NULL, 0};
	attest_status status;

	value->verity = begins_with(text, "verity:", &text);
	for (size_t i = 0; i < N_ALGORITHMS && hex.data == NULL; i++) {
		value->alg = digest_at(i);
		if (begins_with(text, digest_name(value->alg), &hex) && (hex.len == 0 || hex.data[0] != ':'))
			hex = (struct slice){NULL, 0};
	}
	if (hex.data == NULL || hex.len - 1 != 2 * (size_t)digest_size(value->alg))
		return fail(error, ATTEST_E_POLICY_INVALID, NULL, "not a file's digest");
	status = hex_decode(arena, slice_sub(hex, 1, hex.len), &value->bytes, error);
	if (status == ATTEST_OK && slice_is_zero(value->bytes))
		status = fail(error, ATTEST_E_POLICY_INVALID, NULL, "all zeros stand for a violation, not for a file");
	return status;
}

static attest_status parse_value(struct arena *arena, const struct json_node *node, struct ima_value *value,
				 struct attest_error *error)
{
	struct slice text = {NULL, 0};
	char found[100];
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	status = ima_value_read(arena, text, value, error);
	if (status == ATTEST_E_POLICY_INVALID) {
		error_expected(error, "\"sha256:\" (or sha1, sha384, sha512) and a digest of that size in hex");
		error_found(error, "\"%s\"", printable_to(text, found, sizeof(found)));
	}
	return json_node_fail(node, status, error);
}

static attest_status parse_values(struct arena *arena, const struct json_node *node, struct ima_item *item,
				  struct attest_error *error)
{
	bool is_list = json_is_array(node->value);
	size_t n = is_list ? json_array_size(node->value) : 1;
	attest_status status = ATTEST_OK;

	if (n == 0 || n > LIMIT_PIN_VALUES)
		return json_node_fail(node,
				      fail(error, ATTEST_E_POLICY_INVALID, NULL,
					   "a name needs 1 to %u digests (LIMIT_PIN_VALUES)", LIMIT_PIN_VALUES),
				      error);
	item->values = arena_alloc(arena, n, sizeof(*item->values));
	if (item->values == NULL)
		return fail_memory(error);
	if (!is_list)
		status = parse_value(arena, node, &item->values[0], error);
	for (size_t i = 0; is_list && status == ATTEST_OK && i < n; i++) {
		struct json_node element = element_of(node, i);

		status = parse_value(arena, &element, &item->values[i], error);
	}
	item->n_values = n;
	return status;
}

/* FNV-1a. Names that collide are the policy's own, which is trusted; the log can only ask for what is there. */
static size_t hash_of(struct slice name)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ name.data[i]) * 0x100000001b3u;
	return (size_t)(hash ^ hash >> 32);
}

const struct ima_item *ima_map_find(const struct ima_map *map, struct slice name)
{
	size_t mask = map->n_slots - 1;

	if (map->n_slots == 0)
		return NULL;
	for (size_t i = hash_of(name) & mask; map->slots[i] != 0; i = (i + 1) & mask)
		if (slice_equal(map->items[map->slots[i] - 1].name, name))
			return &map->items[map->slots[i] - 1];
	return NULL;
}

bool ima_map_put(struct ima_map *map)
{
	struct slice name = map->items[map->n].name;
	size_t mask = map->n_slots - 1, i = hash_of(name) & mask;

	for (; map->slots[i] != 0; i = (i + 1) & mask)
		if (slice_equal(map->items[map->slots[i] - 1].name, name))
			return false;
	map->slots[i] = (uint32_t)++map->n;
	return true;
}

attest_status ima_map_make_room(struct arena *arena, struct ima_map *map, size_t n, struct attest_error *error)
{
	map->n_slots = 2;
	while (map->n_slots < 2 * n)
		map->n_slots *= 2;
	map->items = arena_alloc(arena, n, sizeof(*map->items));
	map->slots = arena_alloc(arena, map->n_slots, sizeof(*map->slots));
	return map->items == NULL || map->slots == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status parse_item(struct arena *arena, const struct json_node *node, const char *key, json_t *value,
				struct ima_item *item, struct attest_error *error)
{
	struct json_node light = {node->doc, value, ""};
	attest_status status = parse_values(arena, &light, item, error);

	if (status == ATTEST_OK || status_is_internal(status))
		return status;
	error_clear(error);
	light = json_node_member(node, key);
	return parse_values(arena, &light, item, error);
}

/* What the names of a map must be like: NULL, or what else was expected. */
typedef const char *(*name_fn)(struct slice name);

static const char *check_path(struct slice name)
{
	return name.len > 0 && name.data[0] == '/' ? NULL : "an absolute path";
}

static const char *check_buffer(struct slice name)
{
	return name.len > 0 && name.data[0] != '/' ? NULL : "the name of a keyring or buffer, such as \".ima\"";
}

static attest_status parse_map(struct arena *arena, const struct json_node *node, name_fn check, struct ima_map *map,
			       struct attest_error *error)
{
	attest_status status = json_node_object(node, error);
	const char *key;
	json_t *value;

	if (status == ATTEST_OK)
		status = ima_map_make_room(arena, map, json_object_size(node->value), error);
	if (status != ATTEST_OK)
		return status;
	json_object_foreach (node->value, key, value) {
		struct ima_item *item = &map->items[map->n];
		struct slice name = slice_of_string(key);
		const char *expected = check(name);

		if (expected != NULL) {
			struct json_node member = json_node_member(node, key);

			error_expected(error, "%s", expected);
			return json_node_fail(&member,
					      fail(error, ATTEST_E_POLICY_INVALID, NULL, "such a name matches nothing"),
					      error);
		}
		item->name = slice_of(arena_copy(arena, name.data, name.len), name.len);
		if (item->name.data == NULL)
			return fail_memory(error);
		status = parse_item(arena, node, key, value, item, error);
		if (status != ATTEST_OK)
			return status;
		(void)ima_map_put(map); /* JSON has no name twice */
	}
	return ATTEST_OK;
}

/* With its braces, by the book. */
static attest_status parse_files_text(struct arena *arena, const struct json_node *node, struct slice text,
				      struct ima_map *map, struct attest_error *error)
{
	struct json_doc doc;
	struct json_node root;
	struct attest_error e = {0};
	attest_status status = json_doc_parse_policy(&doc, arena, text, &e);

	if (status != ATTEST_OK) {
		error_where(error, "%.80s, %.80s", node->path, e.where);
		error_expected(error, "%s", e.expected);
		error_found(error, "%s", e.found);
		return fail(error, status, e.clause, "%s", e.message);
	}
	root = (struct json_node){&doc, doc.root, ""};
	(void)snprintf(root.path, sizeof(root.path), "%s", node->path);
	status = parse_map(arena, &root, check_path, map, error);
	json_doc_free(&doc);
	return status;
}

static attest_status parse_files(struct arena *arena, const struct json_node *node, struct ima_rules *rules,
				 struct attest_error *error)
{
	struct slice text;
	attest_status status;

	if (!json_node_is_lifted_object(node, &text))
		return parse_map(arena, node, check_path, &rules->files, error);
	if (ima_files_read(arena, text, &rules->files, &status))
		return status == ATTEST_OK ? ATTEST_OK : fail_memory(error);
	rules->files = (struct ima_map){.n = 0};
	return parse_files_text(arena, node, text, &rules->files, error);
}

static attest_status parse_keyrings(struct arena *arena, const struct json_node *node, struct ima_rules *rules,
				    struct attest_error *error)
{
	return parse_map(arena, node, check_buffer, &rules->keyrings, error);
}

/* "/path" or "/path*" */
static attest_status parse_pattern(struct arena *arena, const struct json_node *node, struct ima_pattern *pattern,
				   struct attest_error *error)
{
	static const char expected[] = "an absolute path, or one with a star at its end and nowhere else";
	struct slice text = {NULL, 0};
	attest_status status = json_node_string(node, &text, error);

	if (status != ATTEST_OK)
		return status;
	if (text.len == 0 || text.data[0] != '/')
		return invalid(node, expected, "not an absolute path", error);
	pattern->is_prefix = text.data[text.len - 1] == '*';
	text = slice_sub(text, 0, text.len - pattern->is_prefix);
	if (slice_find(text, '*') != text.len)
		return invalid(node, expected, "a star within a path is no pattern", error);
	if (text.len <= 1)
		return invalid(node, expected, "this would exclude every file", error);
	pattern->name = slice_of(arena_copy(arena, text.data, text.len), text.len);
	return pattern->name.data == NULL ? fail_memory(error) : ATTEST_OK;
}

static attest_status parse_excluded(struct arena *arena, const struct json_node *node, struct ima_rules *rules,
				    struct attest_error *error)
{
	size_t n = 0;
	attest_status status = json_node_array(node, LIMIT_IMA_EXCLUDED, "LIMIT_IMA_EXCLUDED", &n, error);

	if (status != ATTEST_OK)
		return status;
	rules->excluded = arena_alloc(arena, n, sizeof(*rules->excluded));
	if (rules->excluded == NULL)
		return fail_memory(error);
	for (; status == ATTEST_OK && rules->n_excluded < n; rules->n_excluded++) {
		struct json_node element = json_node_element(node, rules->n_excluded);

		status = parse_pattern(arena, &element, &rules->excluded[rules->n_excluded], error);
	}
	return status;
}

static attest_status parse_pcr(struct arena *arena, const struct json_node *node, struct ima_rules *rules,
			       struct attest_error *error)
{
	json_int_t pcr = json_integer_value(node->value);

	(void)arena;
	if (!json_is_integer(node->value) || pcr < 0 || pcr >= (json_int_t)LIMIT_PCRS) {
		error_expected(error, "an integer from 0 to %u", LIMIT_PCRS - 1);
		return json_node_fail(node, fail(error, ATTEST_E_STRUCTURE, NULL, "not a PCR"), error);
	}
	rules->pcr = (uint8_t)pcr;
	return ATTEST_OK;
}

static attest_status parse_either(const struct json_node *node, const char *no, const char *yes, bool *ret_yes,
				  struct attest_error *error)
{
	struct slice text = {NULL, 0};
	attest_status status = json_node_string(node, &text, error);
	char expected[80];

	if (status != ATTEST_OK)
		return status;
	*ret_yes = slice_equal(text, slice_of_string(yes));
	if (*ret_yes || slice_equal(text, slice_of_string(no)))
		return ATTEST_OK;
	(void)snprintf(expected, sizeof(expected), "%s, %s", no, yes);
	return invalid(node, expected, "not one of the values allowed here", error);
}

static attest_status parse_aggregate(struct arena *arena, const struct json_node *node, struct ima_rules *rules,
				     struct attest_error *error)
{
	(void)arena;
	return parse_either(node, "required", "optional", &rules->aggregate_is_optional, error);
}

static attest_status parse_violations(struct arena *arena, const struct json_node *node, struct ima_rules *rules,
				      struct attest_error *error)
{
	(void)arena;
	return parse_either(node, "refuse", "excluded", &rules->believe_violations, error);
}

static attest_status parse_comment(struct arena *arena, const struct json_node *node, struct ima_rules *rules,
				   struct attest_error *error)
{
	struct slice text;

	(void)arena;
	(void)rules;
	return json_node_string(node, &text, error);
}

attest_status ima_rules_parse(struct arena *arena, const struct json_node *node, struct ima_rules **ret_rules,
			      struct attest_error *error)
{
	static const char *const names[] = {"comment",        "pcr",        "files", "exclude", "keyrings",
					    "boot_aggregate", "violations", NULL};
	static attest_status (*const parse[])(struct arena *, const struct json_node *, struct ima_rules *,
					      struct attest_error *) = {
		parse_comment,  parse_pcr,       parse_files,     parse_excluded,
		parse_keyrings, parse_aggregate, parse_violations};
	struct ima_rules *rules = arena_alloc(arena, 1, sizeof(*rules));
	attest_status status = json_node_object(node, error);

	if (rules == NULL)
		return fail_memory(error);
	if (status == ATTEST_OK)
		status = json_node_only(node, names, error);
	rules->pcr = PCR_IMA;
	for (size_t i = 0; status == ATTEST_OK && names[i] != NULL; i++) {
		struct json_node member = json_node_member(node, names[i]);

		if (member.value != NULL)
			status = parse[i](arena, &member, rules, error);
	}
	if (status == ATTEST_OK)
		*ret_rules = rules;
	return status;
}

bool ima_is_excluded(const struct ima_rules *rules, struct slice name)
{
	for (size_t i = 0; i < rules->n_excluded; i++) {
		const struct ima_pattern *p = &rules->excluded[i];

		if (slice_equal(p->is_prefix ? slice_sub(name, 0, p->name.len) : name, p->name))
			return true;
	}
	return false;
}
