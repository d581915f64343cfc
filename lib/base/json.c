/* SPDX-License-Identifier: Apache-2.0 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"
#include "text.h"

/* A string this long costs jansson more than its mark does. */
enum { LIFT_AT_LEAST = 48 };
#define MARK_SIZE ((size_t)24)

/* The pass before jansson. */
struct scan {
	struct slice text;
	size_t at;
	char *skeleton; /* what jansson gets */
	size_t len, size;
	size_t copied; /* how much of the text the skeleton stands for */
	size_t depth, n_values, max_values;
	bool of_policy;
	size_t ima_depth;   /* of an object "ima" that is open, or 0 */
	bool follows_files; /* its member "files" is next, */
	bool follows_ima;   /* or it is itself */
	bool in_files;      /* which is lifted as a whole */
	struct lifted *lifted;
	size_t n_lifted, max_lifted;
};

/* A mark is the JSON string "\u0000" and a number: no string of the input can be one, because NUL is refused there. */
static const char mark_prefix[] = "\\u0000";

/* What base64, hex, digests with the name of their algorithm, and PEM are made of, besides escaped line ends. */
static const bool is_lift_char[256] = {
	['A'] = 1, ['B'] = 1, ['C'] = 1, ['D'] = 1, ['E'] = 1, ['F'] = 1, ['G'] = 1, ['H'] = 1, ['I'] = 1, ['J'] = 1,
	['K'] = 1, ['L'] = 1, ['M'] = 1, ['N'] = 1, ['O'] = 1, ['P'] = 1, ['Q'] = 1, ['R'] = 1, ['S'] = 1, ['T'] = 1,
	['U'] = 1, ['V'] = 1, ['W'] = 1, ['X'] = 1, ['Y'] = 1, ['Z'] = 1, ['a'] = 1, ['b'] = 1, ['c'] = 1, ['d'] = 1,
	['e'] = 1, ['f'] = 1, ['g'] = 1, ['h'] = 1, ['i'] = 1, ['j'] = 1, ['k'] = 1, ['l'] = 1, ['m'] = 1, ['n'] = 1,
	['o'] = 1, ['p'] = 1, ['q'] = 1, ['r'] = 1, ['s'] = 1, ['t'] = 1, ['u'] = 1, ['v'] = 1, ['w'] = 1, ['x'] = 1,
	['y'] = 1, ['z'] = 1, ['0'] = 1, ['1'] = 1, ['2'] = 1, ['3'] = 1, ['4'] = 1, ['5'] = 1, ['6'] = 1, ['7'] = 1,
	['8'] = 1, ['9'] = 1, ['+'] = 1, ['/'] = 1, ['='] = 1, ['-'] = 1, [' '] = 1, [':'] = 1,
};

static uint8_t peek(const struct scan *s, size_t ahead)
{
	return ahead < s->text.len - s->at ? s->text.data[s->at + ahead] : 0;
}

static attest_status scan_fail(const struct scan *s, attest_status status, const char *message,
			       struct attest_error *error)
{
	error_where(error, "offset %zu", s->at);
	return fail(error, status, "RFC 8259", "%s", message);
}

static attest_status copy_until(struct scan *s, size_t end, struct attest_error *error)
{
	size_t n = end - s->copied;

	if (s->len > LIMIT_JSON_TEXT || n > LIMIT_JSON_TEXT - s->len) {
		error_expected(error, "at most %u bytes (LIMIT_JSON_TEXT)", LIMIT_JSON_TEXT);
		return scan_fail(s, ATTEST_E_LIMIT, "too much JSON besides base64 and PEM strings", error);
	}
	if (n != 0)
		memcpy(s->skeleton + s->len, s->text.data + s->copied, n);
	s->len += n;
	s->copied = end;
	return ATTEST_OK;
}

static bool is_key(const struct scan *s)
{
	size_t i = 0;

	while (peek(s, i) == ' ' || peek(s, i) == '\n' || peek(s, i) == '\r' || peek(s, i) == '\t')
		i++;
	return peek(s, i) == ':';
}

/* The string from `begin` up to the current place leaves the skeleton; a mark takes its place. */
static attest_status lift(struct scan *s, size_t begin, struct attest_error *error)
{
	attest_status status = copy_until(s, begin, error);

	if (status != ATTEST_OK)
		return status;
	if (s->n_lifted == s->max_lifted) {
		size_t more = s->max_lifted == 0 ? 32 : s->max_lifted * 2;
		struct lifted *grown = realloc(s->lifted, more * sizeof(*grown));

		if (grown == NULL)
			return fail_memory(error);
		s->lifted = grown;
		s->max_lifted = more;
	}
	s->lifted[s->n_lifted] =
		(struct lifted){slice_sub(s->text, begin + 1, s->at - begin - 2), s->len, s->text.data[begin] == '{'};
	s->len += (size_t)snprintf(s->skeleton + s->len, MARK_SIZE, "\"%s%zu\"", mark_prefix, s->n_lifted);
	s->n_lifted++;
	s->copied = s->at;
	return ATTEST_OK;
}

/* "ima" of a policy (depth 1) or of a release (depth 3), and "files" in that. */
static void note_key(struct scan *s, struct slice name)
{
	if ((s->depth == 1 || s->depth == 3) && slice_equal(name, slice_of_string("ima")))
		s->follows_ima = is_key(s);
	else if (s->ima_depth != 0 && s->depth == s->ima_depth && slice_equal(name, slice_of_string("files")))
		s->follows_files = is_key(s);
}

/* From the opening quote to behind the closing one. */
static attest_status scan_string(struct scan *s, struct attest_error *error)
{
	size_t begin = s->at++;
	bool liftable = true;

	for (;; s->at++) {
		size_t at = s->at;
		uint8_t c;

		while (at < s->text.len && is_lift_char[s->text.data[at]])
			at++;
		s->at = at;
		if (s->at >= s->text.len) { /* past it after a last backslash */
			s->at = s->text.len;
			return scan_fail(s, ATTEST_E_JSON, "the text ends inside a string", error);
		}
		c = s->text.data[s->at];
		if (c == '"')
			break;
		if (c == '\\') {
			if (peek(s, 1) == 'u' && peek(s, 2) == '0' && peek(s, 3) == '0' && peek(s, 4) == '0' &&
			    peek(s, 5) == '0')
				return scan_fail(s, ATTEST_E_JSON, "NUL in a string", error);
			s->at++;
			liftable = liftable && (peek(s, 0) == 'n' || peek(s, 0) == 'r');
			continue;
		}
		liftable = false;
	}
	s->at++;
	if (s->of_policy && s->at - begin <= 7)
		note_key(s, slice_sub(s->text, begin + 1, s->at - begin - 2));
	return liftable && !s->in_files && s->at - begin >= LIFT_AT_LEAST && !is_key(s) ? lift(s, begin, error)
											: ATTEST_OK;
}

static attest_status scan_structure(struct scan *s, struct attest_error *error)
{
	uint8_t c = peek(s, 0);

	s->at++;
	if (c == '[' || c == '{')
		s->depth++;
	else if ((c == ']' || c == '}') && s->depth > 0)
		s->depth--;
	if (c == '[' || c == '{' || c == ',')
		s->n_values++;
	if (s->depth > LIMIT_JSON_DEPTH) {
		error_expected(error, "at most %u (LIMIT_JSON_DEPTH)", LIMIT_JSON_DEPTH);
		return scan_fail(s, ATTEST_E_LIMIT, "JSON is nested too deep", error);
	}
	if (s->n_values > s->max_values) {
		error_expected(error, "at most %zu (%s)", s->max_values,
			       s->max_values == LIMIT_JSON_VALUES ? "LIMIT_JSON_VALUES" : "LIMIT_POLICY_VALUES");
		return scan_fail(s, ATTEST_E_LIMIT, "too many JSON values", error);
	}
	return ATTEST_OK;
}

static attest_status scan_token(struct scan *s, struct attest_error *error)
{
	return peek(s, 0) == '"' ? scan_string(s, error) : scan_structure(s, error);
}

/* The object that begins here. */
static attest_status scan_files(struct scan *s, struct attest_error *error)
{
	size_t begin = s->at, depth = s->depth;
	attest_status status = scan_structure(s, error);

	s->in_files = true;
	while (status == ATTEST_OK && s->depth > depth && s->at < s->text.len)
		status = scan_token(s, error);
	s->in_files = false;
	if (status != ATTEST_OK || s->depth != depth || s->text.data[s->at - 1] != '}' ||
	    s->at - begin < LIFT_AT_LEAST) /* a mark is no longer than what it stands for */
		return status;
	return lift(s, begin, error);
}

/* Lists of files are by far the longest objects, and plain: they have a reader of their own (ima_files.c). */
static attest_status scan_policy_token(struct scan *s, struct attest_error *error)
{
	uint8_t c = peek(s, 0);
	bool begins = c == '{', waits = c == ':' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
	bool files = s->follows_files && begins, ima = s->follows_ima && begins;
	attest_status status;

	if (!waits)
		s->follows_files = s->follows_ima = false;
	if (files)
		return scan_files(s, error);
	status = scan_token(s, error);
	if (ima)
		s->ima_depth = s->depth;
	else if (s->depth < s->ima_depth)
		s->ima_depth = 0;
	return status;
}

static attest_status scan(struct scan *s, struct attest_error *error)
{
	attest_status status = ATTEST_OK;

	while (status == ATTEST_OK && s->at < s->text.len)
		status = s->of_policy ? scan_policy_token(s, error) : scan_token(s, error);
	return status == ATTEST_OK ? copy_until(s, s->text.len, error) : status;
}

/* Where in the input the skeleton's byte `at` came from. */
static size_t input_offset(const struct json_doc *doc, size_t at)
{
	size_t offset = at;

	for (size_t i = 0; i < doc->n_lifted && doc->lifted[i].skeleton_offset < at; i++) {
		char mark[MARK_SIZE];

		offset += doc->lifted[i].raw.len + 2;
		offset -= (size_t)snprintf(mark, sizeof(mark), "\"%s%zu\"", mark_prefix, i);
	}
	return offset;
}

static attest_status jansson_fail(const struct json_doc *doc, const json_error_t *e, struct attest_error *error)
{
	char text[160];

	if (json_error_code(e) == json_error_out_of_memory || e->text[0] == '\0')
		return fail_memory(error);
	error_where(error, "offset %zu", input_offset(doc, e->position < 0 ? 0 : (size_t)e->position));
	error_found(error, "%s", printable_to(slice_of_string(e->text), text, sizeof(text)));
	return fail(error, ATTEST_E_JSON, "RFC 8259",
		    json_error_code(e) == json_error_duplicate_key ? "the same key twice in an object"
								   : "not strict JSON");
}

static attest_status parse(struct json_doc *doc, struct arena *arena, struct slice text, size_t max_values,
			   struct attest_error *error)
{
	size_t most = text.len < LIMIT_JSON_TEXT ? text.len : LIMIT_JSON_TEXT;
	struct scan s = {.text = text, .max_values = max_values, .of_policy = max_values == LIMIT_POLICY_VALUES};
	attest_status status;
	json_error_t e = {0};

	*doc = (struct json_doc){.arena = arena};
	/* A mark is shorter than the string it stands for, so the skeleton never outgrows the text by more than one. */
	s.skeleton = malloc(most + 2 * MARK_SIZE);
	if (s.skeleton == NULL)
		return fail_memory(error);
	status = scan(&s, error);
	doc->lifted = s.lifted;
	doc->n_lifted = s.n_lifted;
	if (status == ATTEST_OK) {
		doc->root = json_loadb(s.skeleton, s.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &e);
		if (doc->root == NULL)
			status = jansson_fail(doc, &e, error);
	}
	free(s.skeleton);
	if (status != ATTEST_OK)
		json_doc_free(doc);
	return status;
}

attest_status json_doc_parse(struct json_doc *doc, struct arena *arena, struct slice text, struct attest_error *error)
{
	return parse(doc, arena, text, LIMIT_JSON_VALUES, error);
}

attest_status json_doc_parse_policy(struct json_doc *doc, struct arena *arena, struct slice text,
				    struct attest_error *error)
{
	return parse(doc, arena, text, LIMIT_POLICY_VALUES, error);
}

bool json_looks_like(struct slice text)
{
	while (text.len > 0 &&
	       (text.data[0] == ' ' || text.data[0] == '\t' || text.data[0] == '\n' || text.data[0] == '\r'))
		text = slice_sub(text, 1, text.len);
	return text.len > 0 && (text.data[0] == '{' || text.data[0] == '[');
}

void json_doc_free(struct json_doc *doc)
{
	json_decref(doc->root);
	free(doc->lifted);
	*doc = (struct json_doc){.arena = doc->arena};
}

struct json_node json_doc_root(const struct json_doc *doc)
{
	return (struct json_node){doc, doc->root, "$"};
}

struct json_node json_node_member(const struct json_node *object, const char *name)
{
	struct json_node member = {object->doc, json_object_get(object->value, name), ""};
	char text[40]; /* the name may be the input's */

	(void)snprintf(member.path, sizeof(member.path), "%.80s.%s", object->path,
		       printable_to(slice_of_string(name), text, sizeof(text)));
	return member;
}

struct json_node json_node_element(const struct json_node *array, size_t index)
{
	struct json_node element = {array->doc, json_array_get(array->value, index), ""};

	(void)snprintf(element.path, sizeof(element.path), "%.100s[%zu]", array->path, index);
	return element;
}

bool json_node_has(const struct json_node *object, const char *name)
{
	return json_object_get(object->value, name) != NULL;
}

attest_status json_node_fail(const struct json_node *node, attest_status status, struct attest_error *error)
{
	if (status != ATTEST_OK && !status_is_internal(status))
		error_where(error, "%s", node->path);
	return status;
}

static const char *type_name(const json_t *value)
{
	static const char *const names[] = {"object", "array", "string", "integer", "number", "true", "false", "null"};

	return value == NULL ? "nothing" : names[json_typeof(value)];
}

static attest_status wrong_type(const struct json_node *node, const char *want, struct attest_error *error)
{
	error_where(error, "%s", node->path);
	error_expected(error, "%s", want);
	error_found(error, "%s", type_name(node->value));
	return fail(error, ATTEST_E_STRUCTURE, NULL,
		    node->value == NULL ? "a required member is missing" : "a member has the wrong type");
}

attest_status json_node_object(const struct json_node *node, struct attest_error *error)
{
	return json_is_object(node->value) ? ATTEST_OK : wrong_type(node, "object", error);
}

attest_status json_node_array(const struct json_node *node, size_t max, const char *limit_name, size_t *ret_n,
			      struct attest_error *error)
{
	size_t n = json_array_size(node->value);

	if (!json_is_array(node->value))
		return wrong_type(node, "array", error);
	if (n > max) {
		error_where(error, "%s", node->path);
		error_expected(error, "at most %zu (%s)", max, limit_name);
		error_found(error, "%zu", n);
		return fail(error, ATTEST_E_LIMIT, NULL, "too many elements");
	}
	*ret_n = n;
	return ATTEST_OK;
}

static attest_status unescape(struct arena *arena, struct slice raw, struct slice *ret_text, struct attest_error *error)
{
	uint8_t *text = arena_alloc(arena, raw.len, 1);
	size_t len = 0;

	if (text == NULL)
		return fail_memory(error);
	while (raw.len > 0) {
		size_t run = slice_find(raw, '\\');

		memcpy(text + len, raw.data, run);
		len += run;
		if (run < raw.len)
			text[len++] = raw.data[run + 1] == 'n' ? '\n' : '\r';
		raw = slice_sub(raw, run + 2, raw.len);
	}
	*ret_text = slice_of(text, len);
	return ATTEST_OK;
}

static const struct lifted *lifted_of(const struct json_node *node)
{
	const char *text = json_string_value(node->value);

	return text == NULL || text[0] != '\0' || json_string_length(node->value) == 0
		       ? NULL
		       : &node->doc->lifted[strtoul(text + 1, NULL, 10)];
}

attest_status json_node_string(const struct json_node *node, struct slice *ret_text, struct attest_error *error)
{
	const struct lifted *lifted = lifted_of(node);

	if (!json_is_string(node->value) || (lifted != NULL && lifted->is_object))
		return wrong_type(node, "string", error);
	*ret_text = lifted != NULL ? lifted->raw
				   : slice_of(json_string_value(node->value), json_string_length(node->value));
	return lifted != NULL && slice_find(lifted->raw, '\\') != lifted->raw.len
		       ? unescape(node->doc->arena, lifted->raw, ret_text, error)
		       : ATTEST_OK;
}

bool json_node_is_lifted_object(const struct json_node *node, struct slice *ret_text)
{
	const struct lifted *lifted = lifted_of(node);

	if (lifted == NULL || !lifted->is_object)
		return false;
	*ret_text = slice_of(lifted->raw.data - 1, lifted->raw.len + 2);
	return true;
}

attest_status json_node_bool(const struct json_node *node, bool *ret_value, struct attest_error *error)
{
	if (!json_is_boolean(node->value))
		return wrong_type(node, "true or false", error);
	*ret_value = json_is_true(node->value);
	return ATTEST_OK;
}

attest_status json_node_only(const struct json_node *object, const char *const *names, struct attest_error *error)
{
	const char *key;
	json_t *value;

	json_object_foreach (object->value, key, value) {
		const char *const *name = names;
		char text[80];

		while (*name != NULL && strcmp(*name, key) != 0)
			name++;
		if (*name != NULL)
			continue;
		error_where(error, "%s", object->path);
		error_found(error, "\"%s\"", printable_to(slice_of_string(key), text, sizeof(text)));
		return fail(error, ATTEST_E_STRUCTURE, NULL, "unknown member");
	}
	return ATTEST_OK;
}

typedef attest_status (*decode_fn)(struct arena *, struct slice, struct slice *, struct attest_error *);

static attest_status check_size(size_t size, size_t max, struct attest_error *error)
{
	if (size == 0)
		return fail(error, ATTEST_E_ENCODING, NULL, "empty");
	if (size <= max)
		return ATTEST_OK;
	error_expected(error, "at most %zu bytes", max);
	error_found(error, "%zu", size);
	return fail(error, ATTEST_E_LIMIT, NULL, "too long");
}

static attest_status decoded(const struct json_node *node, size_t max, decode_fn decode, struct slice *ret_bytes,
			     struct attest_error *error)
{
	struct slice text = {NULL, 0}, bytes = {NULL, 0};
	attest_status status = json_node_string(node, &text, error);

	if (status == ATTEST_OK)
		status = decode(node->doc->arena, text, &bytes, error);
	if (status == ATTEST_OK)
		status = check_size(bytes.len, max, error);
	if (status == ATTEST_OK)
		*ret_bytes = bytes;
	return json_node_fail(node, status, error);
}

attest_status json_node_base64(const struct json_node *node, size_t max, struct slice *ret_bytes,
			       struct attest_error *error)
{
	return decoded(node, max, base64_decode, ret_bytes, error);
}

attest_status json_node_source(const struct json_node *node, size_t max, struct source *ret_source,
			       struct attest_error *error)
{
	struct slice text = {NULL, 0};
	struct source source = {.size = 0};
	attest_status status = json_node_string(node, &text, error);

	if (status == ATTEST_OK)
		status = source_base64(text, &source, error);
	if (status == ATTEST_OK)
		status = check_size(source.size, max, error);
	if (status == ATTEST_OK)
		*ret_source = source;
	return json_node_fail(node, status, error);
}

attest_status json_node_hex(const struct json_node *node, size_t max, struct slice *ret_bytes,
			    struct attest_error *error)
{
	return decoded(node, max, hex_decode, ret_bytes, error);
}

attest_status json_node_pem(const struct json_node *node, const char *label, struct slice *ret_der,
			    struct attest_error *error)
{
	struct slice text;
	attest_status status = json_node_string(node, &text, error);

	if (status == ATTEST_OK)
		status = pem_next(node->doc->arena, &text, label, ret_der, error);
	if (status == ATTEST_OK && text.len != 0)
		status = fail(error, ATTEST_E_ENCODING, "RFC 7468, 2", "text after the PEM block");
	return json_node_fail(node, status, error);
}
