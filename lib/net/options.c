/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The libcurl options that hold a handle to https, to one kind of trust, and to the options of the caller alone. They
 * are set even where they are libcurl's defaults: the handle may be a copy of one on which they are not.
 */
#include <string.h>

#include "net.h"

struct number {
	CURLoption option;
	long value;
};

attest_status options_result(CURLcode code, struct attest_error *error)
{
	if (code == CURLE_OK)
		return ATTEST_OK;
	if (code == CURLE_OUT_OF_MEMORY)
		return fail_memory(error);
	return fail(error, ATTEST_E_INTERNAL, NULL, "this libcurl does not take an option that is needed: %s",
		    curl_easy_strerror(code));
}

static CURLcode set_numbers(CURL *curl, const struct number *numbers, size_t n)
{
	CURLcode code = CURLE_OK;

	for (size_t i = 0; code == CURLE_OK && i < n; i++)
		code = curl_easy_setopt(curl, numbers[i].option, numbers[i].value);
	return code;
}

/* An environment variable counts where an option is NULL, and does not where it is an empty text. */
static CURLcode set_texts(CURL *curl, const struct channel_options *to)
{
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
		{CURLOPT_PROTOCOLS_STR,       to->plain ? "http" : "https"           },
		{CURLOPT_REDIR_PROTOCOLS_STR, "https"                                },
		{CURLOPT_DEFAULT_PROTOCOL,    "https"                                },
		{CURLOPT_PROXY,               to->proxy == NULL ? "" : to->proxy     },
		{CURLOPT_PRE_PROXY,           NULL                                   },
		{CURLOPT_NOPROXY,             ""				     },
		{CURLOPT_PINNEDPUBLICKEY,     to->trust == TRUST_PIN ? to->pin : NULL},
		{CURLOPT_CAINFO,              NULL                                   },
		{CURLOPT_CAPATH,              NULL                                   },
		{CURLOPT_CRLFILE,             NULL                                   },
		{CURLOPT_ISSUERCERT,          NULL                                   },
	};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; code == CURLE_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
		code = curl_easy_setopt(curl, texts[i].option, texts[i].value);
	return code;
}

static CURLcode set_trust(CURL *curl, const struct channel_options *to)
{
	struct curl_blob ca = {(void *)(uintptr_t)to->ca_pem, to->ca_pem == NULL ? 0 : strlen(to->ca_pem),
			       CURL_BLOB_COPY};
	bool is_ca = to->trust == TRUST_CA;
	const struct number numbers[] = {
		{CURLOPT_SSL_VERIFYPEER,   is_ca							},
		{CURLOPT_SSL_VERIFYHOST,   is_ca && !to->own_name ? 2 : 0                               },
		{CURLOPT_SSL_VERIFYSTATUS, 0							    },
		{CURLOPT_SSLVERSION,       to->tls12 ? CURL_SSLVERSION_TLSv1_2 : CURL_SSLVERSION_TLSv1_3},
	};
	CURLcode code = set_numbers(curl, numbers, sizeof(numbers) / sizeof(numbers[0]));

	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_ISSUERCERT_BLOB, NULL);
	return code == CURLE_OK ? curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, is_ca ? &ca : NULL) : code;
}

attest_status options_apply(CURL *curl, const struct channel_options *options, struct attest_error *error)
{
	static const struct number numbers[] = {
		{CURLOPT_SSL_OPTIONS,         0                  }, /* no early data, no store of the system's */
		{CURLOPT_SSL_SESSIONID_CACHE, 0                  }, /* no resumption: the key is shown each time */
		{CURLOPT_FOLLOWLOCATION,      0                  },
		{CURLOPT_PORT,                0                  }, /* the URL's */
		{CURLOPT_PROXYTYPE,           CURLPROXY_HTTP     }, /* unless the proxy's URL says otherwise */
		{CURLOPT_HEADEROPT,           CURLHEADER_SEPARATE}, /* a proxy would get the caller's headers */
		{CURLOPT_HAPROXYPROTOCOL,     0                  }, /* it comes before the handshake, in clear */
	};
	CURLcode code = set_numbers(curl, numbers, sizeof(numbers) / sizeof(numbers[0]));

	if (code == CURLE_OK)
		code = set_texts(curl, options);
	if (code == CURLE_OK)
		code = set_trust(curl, options);
	if (code == CURLE_OK && options->http1) /* else the caller's choice stands */
		code = curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, options->prepare);
	if (code == CURLE_OK)
		code = curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, options->prepare_arg);
	if (code == CURLE_OK) /* it would count instead of CURLOPT_URL */
		code = curl_easy_setopt(curl, CURLOPT_CURLU, NULL);
	if (code == CURLE_OK && options->connections != NULL) /* else a caller may share what he likes */
		code = curl_easy_setopt(curl, CURLOPT_SHARE, options->connections);
	return options_result(code, error);
}

attest_status options_check_proxy(const char *proxy, struct attest_error *error)
{
	static const char *const schemes[] = {"http://", "socks5h://", "socks5://", "socks4a://", "socks4://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (proxy == NULL || strncmp(proxy, schemes[i], strlen(schemes[i])) == 0)
			return ATTEST_OK;
	return fail(error, ATTEST_E_USAGE, NULL, "a proxy is http://, socks5h://, socks5://, socks4a:// or socks4://");
}
