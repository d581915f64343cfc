/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page around what was inspected: head, style, script, foot. The page holds everything and loads nothing: its
 * Content-Security-Policy allows this style and this script by their hashes, and no other source of anything.
 */
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <string.h>

#include "attest.h"
#include "inspect_html.h"

static void put_escaped(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '&':
			(void)fputs("&amp;", out);
			break;
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '>':
			(void)fputs("&gt;", out);
			break;
		case '"':
			(void)fputs("&quot;", out);
			break;
		case '\'':
			(void)fputs("&#39;", out);
			break;
		default:
			(void)fputc(*text, out);
		}
	}
}

void html_put(FILE *out, const char *markup, const char *const *texts, size_t n_texts)
{
	size_t next = 0;

	for (; *markup != '\0'; markup++) {
		if (*markup != '$')
			(void)fputc(*markup, out);
		else if (next < n_texts && texts[next++] != NULL)
			put_escaped(out, texts[next - 1]);
	}
}

/* 'sha256-…' of an inline element. */
static void put_source(FILE *out, const char *content)
{
	unsigned char digest[SHA256_DIGEST_LENGTH], text[4 * ((SHA256_DIGEST_LENGTH + 2) / 3) + 1];

	if (SHA256((const unsigned char *)content, strlen(content), digest) == NULL)
		return;
	(void)EVP_EncodeBlock(text, digest, sizeof(digest));
	(void)fprintf(out, "'sha256-%s'", (const char *)text);
}

static void put_policy(FILE *out)
{
	(void)fputs("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src ", out);
	put_source(out, page_style);
	(void)fputs("; script-src ", out);
	put_source(out, page_script);
	(void)fputs("; base-uri 'none'; form-action 'none'\">\n", out);
}

void html_begin(FILE *out, const struct view *v, const char *title, const char *words)
{
	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n", out);
	put_policy(out);
	(void)fputs("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		    "<meta name=\"color-scheme\" content=\"light dark\">\n"
		    "<meta name=\"referrer\" content=\"no-referrer\">\n",
		    out);
	HTML(out, "<meta name=\"generator\" content=\"attest-inspect $\">\n", attest_version());
	HTML(out, "<title>$: $, not verified</title>\n", v->subjects[0].name, title);
	(void)fprintf(out, "<style>%s</style>\n</head>\n<body>\n", page_style);
	HTML(out,
	     "<header>\n<div class=\"banner\" role=\"note\"><strong>Not verified</strong> <span>$ For a verdict, run "
	     "<code>attest-verify</code>.</span></div>\n",
	     words);
}

void html_contents(FILE *out, const struct link *links, size_t n)
{
	(void)fputs("<nav aria-label=\"Contents\"><ul>\n", out);
	for (size_t i = 0; i < n; i++)
		if (links[i].there)
			HTML(out, "<li><a href=\"#$\">$</a></li>\n", links[i].id, links[i].name);
	(void)fputs("</ul></nav>\n</header>\n<main>\n", out);
}

void html_badge(FILE *out, const char *class, const char *sign, const char *word)
{
	HTML(out, "<span class=\"badge $\"><span aria-hidden=\"true\">$ </span>$</span>", class, sign, word);
}

void html_mark(FILE *out, struct mark mark)
{
	static const char *const classes[] = {
		[MARK_DIGEST] = "good", [MARK_CLAIMED] = "warn", [MARK_CONTRADICTED] = "bad", [MARK_IDLE] = "dim"};

	html_badge(out, classes[mark.kind], mark.sign, mark.word);
}

static void put_fields(FILE *out, const json_t *event, const json_t *other)
{
	const json_t *fields = json_object_get(event, "fields");

	for (size_t i = 0; i < json_array_size(fields); i++) {
		const json_t *field = json_array_get(fields, i);
		bool differs = field_differs(field, other);

		HTML(out, "<div class=\"$\"><dt>$</dt><dd>$$$</dd></div>\n", differs ? "marked" : "",
		     text_at(field, "name"), field_value(field), truth_at(field, "proven") ? "" : " (claimed)",
		     differs ? " (differs)" : "");
	}
}

static void put_digests(FILE *out, const json_t *event)
{
	json_t *digests = json_object_get(event, "digests");

	for (void *it = json_object_iter(digests); it != NULL; it = json_object_iter_next(digests, it))
		HTML(out, "<div><dt>extended, $</dt><dd class=\"hex\">$</dd></div>\n", json_object_iter_key(it),
		     json_string_value(json_object_iter_value(it)));
	if (has(event, "size"))
		HTML(out, "<div><dt>data</dt><dd>$ bytes</dd></div>\n", NUMBER(number_at(event, "size")));
}

/* Two that read the same are unfolded, so that the difference is seen. */
static bool reads_as(const json_t *event, const json_t *other)
{
	const char *summary = text_at(event, "summary");

	return other != NULL && summary != NULL && says(other, "summary", summary);
}

void html_event(FILE *out, const struct view *v, const json_t *event, const json_t *other, bool id)
{
	const char *log = NUMBER(number_at(event, "log")), *number = NUMBER(number_at(event, "number"));
	const char *pcr = NUMBER(number_at(event, "pcr"));

	HTML(out, "<details class=\"event\" data-pcr=\"$\"", pcr);
	if (id)
		HTML(out, " id=\"e$-$\"", log, number);
	(void)fputs(reads_as(event, other) ? " open" : "", out);
	HTML(out, "><summary><span class=\"n\">$</span><span class=\"p\">PCR $</span><span class=\"what\">", number,
	     pcr);
	HTML(out, "<span class=\"sum\">$</span><span class=\"type\">$</span></span>", text_at(event, "summary"),
	     text_at(event, "type"));
	html_mark(out, mark_of(v, event, truth_at(event, "measured")));
	(void)fputs("</summary><dl>\n", out);
	put_fields(out, event, other);
	put_digests(out, event);
	(void)fputs("</dl></details>\n", out);
}

static void put_subject(FILE *out, const struct subject *subject)
{
	HTML(out,
	     "<div><dt>File</dt><dd>$</dd></div>\n<div><dt>Size</dt><dd>$ bytes</dd></div>\n"
	     "<div><dt>SHA-256 of the file</dt><dd class=\"hex\">$</dd></div>\n",
	     subject->name, NUMBER((long long)subject->size), subject->sha256);
}

void html_end(FILE *out, const struct view *v, size_t n_subjects)
{
	char made[WORDS_SIZE] = "";
	struct tm tm;

	if (gmtime_r(&v->now, &tm) != NULL)
		(void)strftime(made, sizeof(made), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)fputs("<section id=\"facts\"><h2>Facts about this page</h2>\n<dl class=\"facts\">\n", out);
	for (size_t i = 0; i < n_subjects; i++)
		put_subject(out, &v->subjects[i]);
	HTML(out,
	     "<div><dt>Made by</dt><dd>attest-inspect, libattest $</dd></div>\n"
	     "<div><dt>Made at</dt><dd>$, by the clock of the machine that made "
	     "it</dd></div>\n</dl>\n</section>\n</main>\n"
	     "<footer><strong>Not verified.</strong> Nothing on this page was checked against a key that you trust. It "
	     "says "
	     "what the file says. For a verdict, run <code>attest-verify</code> on the file whose SHA-256 stands "
	     "above.</footer>\n",
	     attest_version(), made);
	(void)fprintf(out, "<script>%s</script>\n</body>\n</html>\n", page_script);
}
