/* SPDX-License-Identifier: Apache-2.0 */
#include "forward.h"

#include <string.h>

/* Meant for the next hop alone (RFC 9110, 7.6.1), or framing, which is rendered anew. */
static const char *const hop_by_hop[] = {
	"connection",     "keep-alive",     "te", "trailer", "transfer-encoding", "upgrade",
	"http2-settings", "content-length", NULL,
};
/* Only from a client: what we say about it ourselves, what gateways like us say, and what was answered here. */
static const char *const of_clients[] = {
	"forwarded", "x-real-ip", "x-client-ip", "true-client-ip", "x-original-url", "x-rewrite-url", "expect", NULL,
};
static const char forwarded_prefix[] = "x-forwarded-";
/* Only from the upstream: it would lead clients off this very connection, to a key that nobody attested. */
static const char *const of_upstreams[] = {"alt-svc", NULL};

/* Gateways that make variables of fields take "_" for "-": X_Real_IP must not pass either. */
static bool same_folded(struct slice name, const char *lower_case)
{
	if (name.len != strlen(lower_case))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		c = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
		if (c != (uint8_t)lower_case[i])
			return false;
	}
	return true;
}

static bool is_among(struct slice name, const char *const *names)
{
	for (; *names != NULL; names++) {
		if (same_folded(name, *names))
			return true;
	}
	return false;
}

/* "Proxy" too: CGI programs would take it for HTTP_PROXY. */
static bool is_for_proxies(struct slice name)
{
	return name.len >= 5 && same_folded(slice_sub(name, 0, 5), "proxy") &&
	       (name.len == 5 || name.data[5] == '-' || name.data[5] == '_');
}

static bool is_of_gateways(struct slice name)
{
	return same_folded(slice_sub(name, 0, sizeof(forwarded_prefix) - 1), forwarded_prefix);
}

static bool same_names(struct slice a, struct slice b)
{
	return a.len == b.len && strncasecmp((const char *)a.data, (const char *)b.data, a.len) == 0;
}

static bool names_it(struct slice options, struct slice name)
{
	struct slice option;

	while (http_list_next(&options, &option)) {
		if (same_names(option, name))
			return true;
	}
	return false;
}

/* Fields of Connection that name others; "close" and "keep-alive" are the usual ones and name none. */
struct connection_fields {
	struct slice values[LIMIT_HEADER_FIELDS];
	size_t n;
};

static void find_connection_fields(const struct http_head *head, struct connection_fields *ret_fields)
{
	ret_fields->n = 0;
	for (size_t i = 0; i < head->n_fields; i++) {
		const struct http_field *field = &head->fields[i];

		if (field->name.len == 10 && http_name_is(field->name, "connection") &&
		    !http_name_is(field->value, "close") && !http_name_is(field->value, "keep-alive"))
			ret_fields->values[ret_fields->n++] = field->value;
	}
}

static bool is_named(const struct connection_fields *fields, struct slice name)
{
	for (size_t i = 0; i < fields->n; i++) {
		if (names_it(fields->values[i], name))
			return true;
	}
	return false;
}

static void add_field(struct slice name, struct slice value, struct buffer *out)
{
	uint8_t *to = buffer_room(out, name.len + value.len + 4);

	if (to == NULL)
		return;
	memcpy(to, name.data, name.len);
	to[name.len] = ':';
	to[name.len + 1] = ' ';
	if (value.len > 0)
		memcpy(to + name.len + 2, value.data, value.len);
	to[name.len + 2 + value.len] = '\r';
	to[name.len + 3 + value.len] = '\n';
	buffer_grew(out, name.len + value.len + 4);
}

static void add_fields(const struct http_head *head, const char *const *dropped, struct buffer *out)
{
	bool from_client = dropped == of_clients;
	struct connection_fields connection;

	find_connection_fields(head, &connection);
	for (size_t i = 0; i < head->n_fields; i++) {
		struct slice name = head->fields[i].name;

		if (is_among(name, hop_by_hop) || is_among(name, dropped) || is_for_proxies(name) ||
		    (from_client && is_of_gateways(name)))
			continue;
		/* Host belongs to the request line: Connection cannot take it away. */
		if (is_named(&connection, name) && !http_name_is(name, "host"))
			continue;
		add_field(name, head->fields[i].value, out);
	}
}

static void add_framing(const struct http_head *head, enum http_framing framing, struct buffer *out)
{
	if (framing == HTTP_CHUNKED)
		buffer_add_text(out, "Transfer-Encoding: chunked\r\n");
	else if (head->has_length)
		buffer_add_format(out, "Content-Length: %llu\r\n", (unsigned long long)head->length);
}

void forward_request(const struct http_head *head, const char *client, struct buffer *out)
{
	buffer_add(out, head->method);
	buffer_add_text(out, " ");
	buffer_add(out, head->target);
	buffer_add_text(out, " HTTP/1.1\r\n");
	/* HTTP/1.0 may come without; RFC 9112, 3.2: then the field is sent empty. */
	if (head->minor == 0) {
		bool has_host = false;

		for (size_t i = 0; i < head->n_fields; i++)
			has_host = has_host || http_name_is(head->fields[i].name, "host");
		if (!has_host)
			buffer_add_text(out, "Host:\r\n");
	}
	add_fields(head, of_clients, out);
	add_framing(head, head->framing, out);
	buffer_add_text(out, "X-Forwarded-For: ");
	buffer_add_text(out, client);
	buffer_add_text(out, "\r\nX-Forwarded-Proto: https\r\n\r\n");
}

enum http_framing forward_framing(const struct http_head *response, unsigned client_minor)
{
	if (response->framing != HTTP_CHUNKED && response->framing != HTTP_UNTIL_CLOSE)
		return response->framing;
	return client_minor == 0 ? HTTP_UNTIL_CLOSE : HTTP_CHUNKED;
}

void forward_response(const struct http_head *head, enum http_framing framing, bool closes, struct buffer *out)
{
	buffer_add_format(out, "HTTP/1.1 %d ", head->status);
	buffer_add(out, head->reason);
	buffer_add_text(out, "\r\n");
	add_fields(head, of_upstreams, out);
	/* RFC 9110, 8.6: no Content-Length with 204. */
	if (head->status != 204)
		add_framing(head, framing, out);
	buffer_add_text(out, closes ? "Connection: close\r\n\r\n" : "\r\n");
}

void forward_chunk(struct slice part, struct buffer *out)
{
	if (part.len == 0)
		return;
	buffer_add_format(out, "%zx\r\n", part.len);
	buffer_add(out, part);
	buffer_add_text(out, "\r\n");
}

void forward_last_chunk(struct buffer *out)
{
	buffer_add_text(out, "0\r\n\r\n");
}
