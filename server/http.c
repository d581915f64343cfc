/* SPDX-License-Identifier: Apache-2.0 */
/* The heads of HTTP/1.x messages: RFC 9110 (fields) and RFC 9112 (lines and framing). */
#include "http.h"

#include <string.h>

#include "http_llhttp.h"

static const bool is_tchar[256] = {
	['!'] = true, ['#'] = true, ['$'] = true, ['%'] = true, ['&'] = true, ['\''] = true, ['*'] = true, ['+'] = true,
	['-'] = true, ['.'] = true, ['^'] = true, ['_'] = true, ['`'] = true, ['|'] = true,  ['~'] = true, ['0'] = true,
	['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true,  ['7'] = true, ['8'] = true,
	['9'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true,  ['F'] = true, ['G'] = true,
	['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true,  ['N'] = true, ['O'] = true,
	['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true,  ['V'] = true, ['W'] = true,
	['X'] = true, ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true,  ['d'] = true, ['e'] = true,
	['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true,  ['l'] = true, ['m'] = true,
	['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true,  ['t'] = true, ['u'] = true,
	['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true,
};

/* Nothing else is passed on: a model server needs no more, and what is unknown here may have a body there. */
static const char *const methods[] = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"};

static bool refuse(struct http_refusal *ret_refusal, int status, const char *reason)
{
	ret_refusal->status = status;
	ret_refusal->reason = reason;
	return false;
}

bool http_is_token(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_tchar[text.data[i]])
			return false;
	}
	return text.len > 0;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool http_name_is(struct slice name, const char *lower_case)
{
	size_t i = 0;

	for (; i < name.len; i++) {
		if (lower(name.data[i]) != (uint8_t)lower_case[i])
			return false;
	}
	return lower_case[i] == '\0';
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.data[0]))
		s = slice_sub(s, 1, s.len - 1);
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

bool http_list_next(struct slice *list, struct slice *ret_element)
{
	size_t comma;

	if (list->len == 0)
		return false;
	comma = slice_find(*list, ',');
	*ret_element = trim(slice_sub(*list, 0, comma));
	*list = slice_sub(*list, comma < list->len ? comma + 1 : comma, list->len);
	return true;
}

enum http_end http_find_head(struct slice bytes, size_t *scanned, size_t *ret_len)
{
	size_t at = *scanned;

	for (;;) {
		struct slice rest = slice_sub(bytes, at, bytes.len - at);
		size_t lf = slice_find(rest, '\n');

		*scanned = at;
		if (lf == rest.len)
			return HTTP_HEAD_MORE;
		/* An empty line before the start line is a leftover of a message that was framed otherwise. */
		if (lf == 0 || rest.data[lf - 1] != '\r' || (lf == 1 && at == 0))
			return HTTP_HEAD_BAD;
		at += lf + 1;
		if (lf == 1) {
			*ret_len = at;
			return HTTP_HEAD_WHOLE;
		}
	}
}

/* A line off the front, without its CRLF. */
static bool next_line(struct slice *rest, struct slice *ret_line)
{
	size_t lf = slice_find(*rest, '\n');

	if (lf == rest->len || lf == 0 || rest->data[lf - 1] != '\r')
		return false;
	*ret_line = slice_sub(*rest, 0, lf - 1);
	*rest = slice_sub(*rest, lf + 1, rest->len);
	return true;
}

/* field-value: HTAB, SP, VCHAR and obs-text (RFC 9110, 5.5); so no CR, LF or NUL. */
static bool is_value(struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		if ((value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7f)
			return false;
	}
	return true;
}

static bool read_field(struct slice line, struct http_field *ret_field, struct http_refusal *ret_refusal)
{
	size_t colon = slice_find(line, ':');

	/* RFC 9112, 5.2: a folded line is refused, as a server may. */
	if (is_blank(line.data[0]))
		return refuse(ret_refusal, 400, "a header line begins with white space");
	if (colon == line.len)
		return refuse(ret_refusal, 400, "a header line has no colon");
	/* RFC 9112, 5.1: no white space before the colon; it is no tchar. */
	ret_field->name = slice_sub(line, 0, colon);
	if (!http_is_token(ret_field->name))
		return refuse(ret_refusal, 400,
			      "the name of a header field is empty or has characters that it must not have");
	ret_field->value = trim(slice_sub(line, colon + 1, line.len));
	if (!is_value(ret_field->value))
		return refuse(ret_refusal, 400, "a header field has a control character");
	return true;
}

/* What the framing depends on, gathered while fields are read. */
struct facts {
	unsigned n_host, n_length, n_coding, n_expect, n_options;
	struct slice host, length, coding, expect;
	bool close;
};

static void note_connection(struct slice value, struct facts *facts)
{
	struct slice option;

	while (http_list_next(&value, &option)) {
		facts->n_options++;
		facts->close = facts->close || http_name_is(option, "close");
	}
}

static void note_once(const struct http_field *field, const char *name, unsigned *n, struct slice *value)
{
	if (!http_name_is(field->name, name))
		return;
	(*n)++;
	*value = field->value;
}

static void note(const struct http_field *field, struct facts *facts)
{
	switch (field->name.len) {
	case 4:
		note_once(field, "host", &facts->n_host, &facts->host);
		break;
	case 6:
		note_once(field, "expect", &facts->n_expect, &facts->expect);
		break;
	case 10:
		if (http_name_is(field->name, "connection"))
			note_connection(field->value, facts);
		break;
	case 14:
		note_once(field, "content-length", &facts->n_length, &facts->length);
		break;
	case 17:
		note_once(field, "transfer-encoding", &facts->n_coding, &facts->coding);
		break;
	default:
		break;
	}
}

static bool read_fields(struct slice lines, struct http_head *head, struct facts *ret_facts,
			struct http_refusal *ret_refusal)
{
	struct slice line;

	head->n_fields = 0;
	while (next_line(&lines, &line)) {
		if (line.len == 0)
			return lines.len == 0 || refuse(ret_refusal, 400, "bytes follow the head");
		if (head->n_fields == LIMIT_HEADER_FIELDS)
			return refuse(ret_refusal, 431, "the head has more than 100 fields");
		if (!read_field(line, &head->fields[head->n_fields], ret_refusal))
			return false;
		note(&head->fields[head->n_fields++], ret_facts);
		if (ret_facts->n_options > LIMIT_CONN_OPTIONS)
			return refuse(ret_refusal, 400, "Connection has more than 32 options");
	}
	return refuse(ret_refusal, 400, "the head does not end with an empty line, or a line not with CR and LF");
}

static bool read_length(const struct facts *facts, uint64_t *ret_length, struct http_refusal *ret_refusal)
{
	uint64_t length = 0;

	if (facts->n_length > 1)
		return refuse(ret_refusal, 400, "there is more than one Content-Length");
	/* 18 digits are under 2^63. */
	if (facts->length.len == 0 || facts->length.len > 18)
		return refuse(ret_refusal, 400, "Content-Length is not a number of 1 to 18 digits");
	for (size_t i = 0; i < facts->length.len; i++) {
		uint8_t c = facts->length.data[i];

		if (c < '0' || c > '9')
			return refuse(ret_refusal, 400, "Content-Length is not a number of 1 to 18 digits");
		length = length * 10 + (uint64_t)(c - '0');
	}
	*ret_length = length;
	return true;
}

/* RFC 9112, 6.3, without its rules for messages that contradict themselves: those are refused. */
static bool read_framing(const struct facts *facts, enum http_framing without, struct http_head *head,
			 struct http_refusal *ret_refusal)
{
	head->framing = without;
	if (facts->n_coding > 0 && facts->n_length > 0)
		return refuse(ret_refusal, 400, "there are both Content-Length and Transfer-Encoding");
	if (facts->n_length > 0) {
		head->framing = HTTP_LENGTH;
		head->has_length = true;
		return read_length(facts, &head->length, ret_refusal);
	}
	if (facts->n_coding == 0)
		return true;
	if (facts->n_coding > 1 || head->minor == 0)
		return refuse(ret_refusal, 400, "Transfer-Encoding is given twice, or in HTTP/1.0");
	if (!http_name_is(facts->coding, "chunked"))
		return refuse(ret_refusal, 501, "a Transfer-Encoding other than chunked is not understood");
	head->framing = HTTP_CHUNKED;
	return true;
}

static bool is_host(struct slice host)
{
	for (size_t i = 0; i < host.len; i++) {
		if (host.data[i] >= 0x80 || (!is_tchar[host.data[i]] && strchr(":[]", host.data[i]) == NULL))
			return false;
	}
	return host.len > 0;
}

static bool read_host(const struct facts *facts, unsigned minor, struct http_refusal *ret_refusal)
{
	if (facts->n_host > 1 || (facts->n_host == 0 && minor > 0))
		return refuse(ret_refusal, 400, "there must be exactly one Host");
	if (facts->n_host == 1 && !is_host(facts->host))
		return refuse(ret_refusal, 400, "Host is not a name or an address with or without a port");
	return true;
}

static bool read_method(struct slice method, struct http_refusal *ret_refusal)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (slice_equal(method, slice_of_string(methods[i])))
			return true;
	}
	if (slice_equal(method, slice_of_string("TRACE")) || slice_equal(method, slice_of_string("CONNECT")))
		return refuse(ret_refusal, 405, "the method is not allowed here");
	if (!http_is_token(method))
		return refuse(ret_refusal, 400, "the request line does not begin with a method");
	return refuse(ret_refusal, 501, "the method is not one of GET, HEAD, POST, PUT, DELETE, OPTIONS and PATCH");
}

static bool read_version(struct slice version, unsigned *ret_minor, struct http_refusal *ret_refusal)
{
	if (version.len != 8 || memcmp(version.data, "HTTP/", 5) != 0 || version.data[6] != '.')
		return refuse(ret_refusal, 400,
			      "the request line is not a method, a target and a version between single spaces");
	if (version.data[5] != '1' || (version.data[7] != '0' && version.data[7] != '1'))
		return refuse(ret_refusal, 505, "the version is neither HTTP/1.1 nor HTTP/1.0");
	*ret_minor = (unsigned)(version.data[7] - '0');
	return true;
}

/* origin-form alone (RFC 9112, 3.2.1): the other forms name a host of their own. */
static bool read_target(struct slice target, struct http_refusal *ret_refusal)
{
	if (target.len == 0 || target.data[0] != '/')
		return refuse(ret_refusal, 400, "the target does not begin with a slash");
	for (size_t i = 0; i < target.len; i++) {
		if (target.data[i] <= 0x20 || target.data[i] >= 0x7f || target.data[i] == '#')
			return refuse(ret_refusal, 400,
				      "the target has a space, a fragment, or a character that is not ASCII");
	}
	return true;
}

static bool read_request_line(struct slice line, struct http_head *head, struct http_refusal *ret_refusal)
{
	size_t first = slice_find(line, ' '), second;
	struct slice rest = slice_sub(line, first < line.len ? first + 1 : first, line.len);

	second = slice_find(rest, ' ');
	head->method = slice_sub(line, 0, first);
	head->target = slice_sub(rest, 0, second);
	/* The version first: an HTTP/2 preface and the like are told what is spoken here. */
	return read_version(slice_sub(rest, second < rest.len ? second + 1 : second, rest.len), &head->minor,
			    ret_refusal) &&
	       read_method(head->method, ret_refusal) && read_target(head->target, ret_refusal);
}

static bool read_expect(const struct facts *facts, struct http_head *head, struct http_refusal *ret_refusal)
{
	/* RFC 9110, 10.1.1: ignored from a client of HTTP/1.0. */
	if (facts->n_expect == 0 || head->minor == 0)
		return true;
	if (facts->n_expect > 1 || !http_name_is(facts->expect, "100-continue"))
		return refuse(ret_refusal, 417, "an expectation other than 100-continue cannot be met");
	head->wants_continue = head->framing == HTTP_CHUNKED || head->length > 0;
	return true;
}

static void clear_head(struct http_head *head)
{
	/* The fields are set one by one: clearing all of them would cost more than reading a usual head. */
	head->method = head->target = head->reason = slice_of(NULL, 0);
	head->status = 0;
	head->minor = 0;
	head->n_fields = 0;
	head->framing = HTTP_NO_BODY;
	head->has_length = head->keep_alive = head->wants_continue = false;
	head->length = 0;
}

static void begin_body(const struct http_head *head, uint64_t room, bool is_request, struct http_body *body)
{
	body->framing = head->framing == HTTP_LENGTH && head->length == 0 ? HTTP_NO_BODY : head->framing;
	body->state = 0;
	body->digits = 0;
	body->trailer = 0;
	body->left = head->framing == HTTP_LENGTH ? head->length : 0;
	body->room = room;
	body->is_request = is_request;
	body->headless = !is_request && head->framing == HTTP_NO_BODY;
	body->head_done = false;
	body->done = body->framing == HTTP_NO_BODY;
	body->take = NULL;
	body->arg = NULL;
}

bool http_request_head(struct slice bytes, uint64_t max_body, struct http_head *ret_head, struct http_body *ret_body,
		       struct http_refusal *ret_refusal)
{
	struct facts facts = {0};
	struct slice rest = bytes, line;

	clear_head(ret_head);
	if (!next_line(&rest, &line))
		return refuse(ret_refusal, 400, "the request line does not end with CR and LF");
	if (!read_request_line(line, ret_head, ret_refusal) || !read_fields(rest, ret_head, &facts, ret_refusal) ||
	    !read_host(&facts, ret_head->minor, ret_refusal) ||
	    !read_framing(&facts, HTTP_NO_BODY, ret_head, ret_refusal) || !read_expect(&facts, ret_head, ret_refusal))
		return false;
	if (ret_head->length > max_body)
		return refuse(ret_refusal, 413, "the body is longer than this server takes");
	ret_head->keep_alive = ret_head->minor == 1 && !facts.close;
	begin_body(ret_head, max_body, true, ret_body);
	return http_llhttp_agrees(ret_body, ret_head, bytes) ||
	       refuse(ret_refusal, 400, "the head can be read in more than one way");
}

static bool read_status(struct slice code, int *ret_status)
{
	int status = 0;

	for (size_t i = 0; i < code.len; i++) {
		if (code.data[i] < '0' || code.data[i] > '9')
			return false;
		status = status * 10 + (code.data[i] - '0');
	}
	*ret_status = status;
	return code.len == 3 && status >= 100 && status <= 599;
}

static bool read_status_line(struct slice line, struct http_head *head, struct http_refusal *ret_refusal)
{
	static const char prefix[] = "HTTP/1.";
	bool good = line.len >= 12 && memcmp(line.data, prefix, 7) == 0 &&
		    (line.data[7] == '0' || line.data[7] == '1') && line.data[8] == ' ' &&
		    read_status(slice_sub(line, 9, 3), &head->status) && (line.len == 12 || line.data[12] == ' ');

	if (!good)
		return refuse(ret_refusal, 502, "the upstream's status line is malformed");
	head->minor = (unsigned)(line.data[7] - '0');
	head->reason = slice_sub(line, line.len == 12 ? 12 : 13, line.len);
	return is_value(head->reason) || refuse(ret_refusal, 502, "the upstream's status line has control characters");
}

static bool has_no_body(int status, bool to_head)
{
	return to_head || status < 200 || status == 204 || status == 304;
}

bool http_response_head(struct slice bytes, bool to_head, struct http_head *ret_head, struct http_body *ret_body,
			struct http_refusal *ret_refusal)
{
	struct facts facts = {0};
	struct slice rest = bytes, line;

	clear_head(ret_head);
	if (!next_line(&rest, &line))
		return refuse(ret_refusal, 502, "the upstream's status line does not end with CR and LF");
	if (!read_status_line(line, ret_head, ret_refusal))
		return false;
	if (!read_fields(rest, ret_head, &facts, ret_refusal) ||
	    !read_framing(&facts, HTTP_UNTIL_CLOSE, ret_head, ret_refusal))
		return refuse(ret_refusal, 502, ret_refusal->reason);
	ret_head->keep_alive = ret_head->minor == 1 && !facts.close;
	if (has_no_body(ret_head->status, to_head))
		ret_head->framing = HTTP_NO_BODY;
	begin_body(ret_head, UINT64_MAX, false, ret_body);
	return http_llhttp_agrees(ret_body, ret_head, bytes) ||
	       refuse(ret_refusal, 502, "the upstream's head can be read in more than one way");
}
