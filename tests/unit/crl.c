/* SPDX-License-Identifier: Apache-2.0 */
#include "evidence/crl.h"

#include "../pki.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/places.h"
#include "unit.h"

#define POINT "http://crl.test/ca.crl"

/* One authority, a certificate of its own and one that it issued. */
struct fixture {
	struct arena arena;
	EVP_PKEY *key, *leaf_key;
	struct certificate *ca, *leaf;
};

static struct certificate *certify(struct fixture *f, const struct pki_certificate *c)
{
	char *pem = pki_certify(c);
	struct slice text = slice_of_string(pem), der = {NULL, 0};
	struct attest_error e = {0};
	struct certificate *made = NULL;

	CHECK_STATUS(pem_next(&f->arena, &text, "CERTIFICATE", &der, &e), ATTEST_OK);
	CHECK_STATUS(certificate_parse(der, false, &made, &e), ATTEST_OK);
	free(pem);
	if (made == NULL)
		exit(2);
	return made;
}

static struct pki_certificate leaf_of(const struct fixture *f)
{
	return (struct pki_certificate){.name = "leaf",
					.issuer = "ca",
					.key = f->leaf_key,
					.issuer_key = f->key,
					.serial = 77,
					.usage = "critical,digitalSignature",
					.points = "URI:" POINT};
}

static void set_up(struct fixture *f)
{
	struct pki_certificate ca, leaf;

	*f = (struct fixture){.key = EVP_EC_gen("P-256"), .leaf_key = EVP_EC_gen("P-256")};
	ca = (struct pki_certificate){.name = "ca",
				      .issuer = "ca",
				      .key = f->key,
				      .issuer_key = f->key,
				      .serial = 1,
				      .is_ca = true,
				      .usage = "critical,keyCertSign,cRLSign",
				      .points = "URI:" POINT};
	leaf = leaf_of(f);
	f->ca = certify(f, &ca);
	f->leaf = certify(f, &leaf);
}

static void tear_down(struct fixture *f)
{
	certificate_unref(f->ca);
	certificate_unref(f->leaf);
	EVP_PKEY_free(f->key);
	EVP_PKEY_free(f->leaf_key);
	arena_free(&f->arena);
}

static struct pki_crl crl_of(const struct fixture *f)
{
	return (struct pki_crl){
		.issuer = "ca", .key = f->key, .this_update = "20260501000000Z", .next_update = "20260701000000Z"};
}

static struct slice crl_der(struct fixture *f, const struct pki_crl *from)
{
	X509_CRL *crl = pki_make_crl(from);
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);
	const void *copy = len > 0 ? arena_copy(&f->arena, der, (size_t)len) : NULL;

	X509_CRL_free(crl);
	OPENSSL_free(der);
	if (copy == NULL)
		exit(2);
	return slice_of(copy, (size_t)len);
}

static attest_status parse(struct slice der, struct crl **ret_crl)
{
	struct attest_error e = {0};
	void *exact = unit_exact(der);
	attest_status status = crl_parse(slice_of(exact, der.len), ret_crl, &e);

	free(exact);
	CHECK((status == ATTEST_OK) == (e.status == ATTEST_OK));
	return status;
}

static struct crl *load(struct slice der)
{
	struct crl *crl = NULL;

	CHECK_STATUS(parse(der, &crl), ATTEST_OK);
	if (crl == NULL)
		exit(2);
	return crl;
}

void crl_fields(void)
{
	struct fixture f;
	struct pki_crl from;
	struct crl *crl;

	set_up(&f);
	from = crl_of(&f);
	crl = load(crl_der(&f, &from));
	CHECK(crl->this_update == 1777593600 && crl->has_next_update && crl->next_update == 1782864000);
	CHECK(crl->signature_hash == NID_sha256 && crl->extensions == NULL);
	CHECK_TEXT(crl->issuer_text, "CN=ca");
	CHECK(crl_names_issuer(crl, f.ca) && !crl_names_issuer(crl, f.leaf));
	crl_free(crl);
	from.next_update = NULL;
	from.hash = EVP_sha1();
	crl = load(crl_der(&f, &from));
	CHECK(!crl->has_next_update && crl->signature_hash == NID_sha1);
	crl_free(crl);
	crl_free(NULL);
	tear_down(&f);
}

void crl_truncated(void)
{
	struct fixture f;
	struct pki_crl from;
	struct crl *crl = NULL;
	struct slice der;
	uint8_t *longer;

	set_up(&f);
	from = crl_of(&f);
	from.entries[0] = (struct pki_entry){5, "20260502000000Z", 1, NULL};
	der = crl_der(&f, &from);
	for (size_t len = 0; len < der.len; len++)
		CHECK_STATUS(parse(slice_sub(der, 0, len), &crl), ATTEST_E_CRL);
	longer = arena_alloc(&f.arena, der.len + 1, 1);
	memcpy(longer, der.data, der.len);
	CHECK_STATUS(parse(slice_of(longer, der.len + 1), &crl), ATTEST_E_CRL);
	CHECK(crl == NULL);
	tear_down(&f);
}

/* One bit of each byte: unreadable, or not signed. */
void crl_signature(void)
{
	struct fixture f;
	struct pki_crl from;
	struct crl *crl;
	size_t n_read = 0;
	struct slice der;
	uint8_t *bytes;

	set_up(&f);
	from = crl_of(&f);
	from.entries[0] = (struct pki_entry){5, "20260502000000Z", 1, NULL};
	der = crl_der(&f, &from);
	crl = load(der);
	CHECK(crl_is_signed_by(crl, f.key) && !crl_is_signed_by(crl, f.leaf_key) && !crl_is_signed_by(crl, NULL));
	crl_free(crl);
	bytes = unit_exact(der);
	for (size_t i = 0; i < der.len; i++) {
		crl = NULL;
		bytes[i] ^= (uint8_t)(1 << i % 8);
		if (parse(slice_of(bytes, der.len), &crl) == ATTEST_OK) {
			n_read++;
			CHECK(!crl_is_signed_by(crl, f.key));
			crl_free(crl);
		}
		bytes[i] ^= (uint8_t)(1 << i % 8);
	}
	CHECK(n_read > 50);
	free(bytes);
	tear_down(&f);
}

static attest_status find(struct slice der, const struct certificate *c, struct crl_entry *ret_entry,
			  struct attest_error *e)
{
	struct crl *crl = load(der);
	attest_status status;

	error_clear(e);
	status = crl_find(crl, c, ret_entry, e);
	crl_free(crl);
	return status;
}

void crl_entries(void)
{
	static const struct {
		int code;
		const char *words;
	} reasons[] = {
		{-1,   "unspecified"         },
		{0,    "unspecified"         },
		{1,    "keyCompromise"       },
		{2,    "cACompromise"        },
		{3,    "affiliationChanged"  },
		{4,    "superseded"          },
		{5,    "cessationOfOperation"},
		{6,    "certificateHold"     },
		{7,    "unknown"             },
		{8,    "removeFromCRL"       },
		{9,    "privilegeWithdrawn"  },
		{10,   "aACompromise"        },
		{11,   "unknown"             },
		{1000, "unknown"             },
	};
	struct crl_entry entry = {.listed = true};
	struct attest_error e;
	struct fixture f;
	struct pki_crl from;

	set_up(&f);
	from = crl_of(&f);
	CHECK_STATUS(find(crl_der(&f, &from), f.leaf, &entry, &e), ATTEST_OK);
	CHECK(!entry.listed);
	from.entries[0] = (struct pki_entry){-77, "20260502000000Z", -1, NULL};
	from.entries[1] = (struct pki_entry){78, "20260502000000Z", 1, NULL};
	CHECK_STATUS(find(crl_der(&f, &from), f.leaf, &entry, &e), ATTEST_OK);
	CHECK(!entry.listed);
	for (size_t i = 0; i < COUNT(reasons); i++) {
		from.entries[2] = (struct pki_entry){77, "20260601000000Z", reasons[i].code, NULL};
		CHECK_STATUS(find(crl_der(&f, &from), f.leaf, &entry, &e), ATTEST_OK);
		CHECK(entry.listed && entry.time == 1780272000);
		CHECK_TEXT(entry.reason, reasons[i].words);
	}
	entry.listed = false;
	from.entries[0].critical = "1.3.6.1.4.1.32473.1.1"; /* whoever cannot read one entry can use none */
	CHECK_STATUS(find(crl_der(&f, &from), f.leaf, &entry, &e), ATTEST_E_CRL);
	CHECK(!entry.listed && strstr(e.message, "1.3.6.1.4.1.32473.1.1") != NULL);
	tear_down(&f);
}

/* The same CRL, but the SEQUENCE of its entries, at `at`, in the indefinite form: X.690, 8.1.3.6. */
static struct slice with_indefinite(struct fixture *f, struct slice der, size_t at)
{
	uint8_t *longer = arena_alloc(&f->arena, der.len + 2, 1);
	size_t end = at + 2 + der.data[at + 1];

	CHECK(der.data[0] == 0x30 && der.data[1] == 0x81 && der.data[3] == 0x30 && der.data[4] < 0x7e);
	memcpy(longer, der.data, end); /* then two zeros end it */
	memcpy(longer + end + 2, der.data + end, der.len - end);
	longer[2] = (uint8_t)(longer[2] + 2);
	longer[4] = (uint8_t)(longer[4] + 2);
	longer[at + 1] = 0x80;
	return slice_of(longer, der.len + 2);
}

/* The entries are looked at only when they are asked for, so the signature does not matter here. */
void crl_malformed_entries(void)
{
	struct crl_entry entry = {.listed = false};
	struct attest_error e;
	struct fixture f;
	struct pki_crl from;
	struct slice der;
	uint8_t *bytes, *found;
	size_t at;

	set_up(&f);
	from = crl_of(&f);
	from.entries[0] = (struct pki_entry){77, "20260502000000Z", -1, NULL};
	der = crl_der(&f, &from);
	bytes = unit_exact(der);
	/* SEQUENCE of one entry: SEQUENCE { INTEGER 77, UTCTime } */
	found = memmem(bytes, der.len, "\x30\x14\x30\x12\x02\x01\x4d\x17\x0d", 9);
	if (found == NULL)
		exit(2);
	at = (size_t)(found - bytes);
	bytes[at + 7] = 0x04; /* the time is an OCTET STRING */
	CHECK_STATUS(find(slice_of(bytes, der.len), f.leaf, &entry, &e), ATTEST_E_CRL);
	bytes[at + 7] = 0x17;
	bytes[at + 9] = 'x'; /* or no time */
	CHECK_STATUS(find(slice_of(bytes, der.len), f.leaf, &entry, &e), ATTEST_E_CRL);
	bytes[at + 9] = '2';
	bytes[at + 3] = 0x11; /* the entry ends inside its time */
	CHECK_STATUS(find(slice_of(bytes, der.len), f.leaf, &entry, &e), ATTEST_E_CRL);
	bytes[at + 3] = 0x80; /* the indefinite form */
	CHECK_STATUS(find(slice_of(bytes, der.len), f.leaf, &entry, &e), ATTEST_E_CRL);
	CHECK(!entry.listed);
	bytes[at + 3] = 0x12;
	CHECK_STATUS(find(slice_of(bytes, der.len), f.leaf, &entry, &e), ATTEST_OK);
	CHECK(entry.listed);
	CHECK_STATUS(find(with_indefinite(&f, der, at), f.leaf, &entry, &e), ATTEST_E_CRL);
	CHECK(strstr(e.message, "not DER") != NULL);
	free(bytes);
	tear_down(&f);
}

static attest_status scope(struct fixture *f, const struct pki_crl *from, const struct certificate *c)
{
	struct crl *crl = load(crl_der(f, from));
	struct attest_error e = {0};
	attest_status status = crl_check_scope(crl, c, &e);

	crl_free(crl);
	return status;
}

void crl_scopes(void)
{
	static const struct {
		const char *point;
		attest_status leaf, ca;
	} scopes[] = {
		{NULL,					      ATTEST_OK,    ATTEST_OK   },
		{"critical,fullname:URI:" POINT,                    ATTEST_OK,    ATTEST_OK   },
		{"fullname:URI:" POINT,                             ATTEST_OK,    ATTEST_OK   },
		{"critical,fullname:URI:http://crl.test/other.crl", ATTEST_E_CRL, ATTEST_E_CRL},
		{"critical,onlyuser:TRUE",                          ATTEST_OK,    ATTEST_E_CRL},
		{"critical,onlyCA:TRUE",                            ATTEST_E_CRL, ATTEST_OK   },
		{"critical,onlyAA:TRUE",                            ATTEST_E_CRL, ATTEST_E_CRL},
		{"critical,indirectCRL:TRUE",                       ATTEST_E_CRL, ATTEST_E_CRL},
		{"indirectCRL:TRUE",                                ATTEST_E_CRL, ATTEST_E_CRL},
		{"critical,onlysomereasons:keyCompromise",          ATTEST_E_CRL, ATTEST_E_CRL},
	};
	struct fixture f;
	struct pki_crl from;

	set_up(&f);
	from = crl_of(&f);
	for (size_t i = 0; i < COUNT(scopes); i++) {
		from.scope = scopes[i].point;
		CHECK_STATUS(scope(&f, &from, f.leaf), scopes[i].leaf);
		CHECK_STATUS(scope(&f, &from, f.ca), scopes[i].ca);
	}
	from.scope = NULL;
	from.is_delta = true;
	CHECK_STATUS(scope(&f, &from, f.leaf), ATTEST_E_CRL);
	from.is_delta = false;
	from.critical = "1.3.6.1.4.1.32473.1.1";
	CHECK_STATUS(scope(&f, &from, f.leaf), ATTEST_E_CRL);
	tear_down(&f);
}

/* What is decoded before anybody knows who made the CRL is short. */
void crl_heads(void)
{
	struct attest_error e = {0};
	struct crl *crl = NULL;
	struct fixture f;
	struct pki_crl from;
	X509_CRL *made;
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	X509_EXTENSION *extension = NULL;
	uint8_t *zeros = calloc(1, LIMIT_CRL_HEAD);
	unsigned char *der = NULL;
	int len;

	set_up(&f);
	from = crl_of(&f);
	made = pki_make_crl(&from);
	if (value == NULL || zeros == NULL || ASN1_OCTET_STRING_set(value, zeros, LIMIT_CRL_HEAD) != 1)
		exit(2);
	extension = X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, 0, value);
	CHECK(X509_CRL_add_ext(made, extension, -1) == 1 && X509_CRL_sign(made, f.key, EVP_sha256()) > 0);
	len = i2d_X509_CRL(made, &der);
	CHECK_STATUS(crl_parse(slice_of(der, (size_t)len), &crl, &e), ATTEST_E_CRL);
	CHECK(strstr(e.message, "LIMIT_CRL_HEAD") != NULL && crl == NULL);
	OPENSSL_free(der);
	X509_EXTENSION_free(extension);
	ASN1_OCTET_STRING_free(value);
	X509_CRL_free(made);
	free(zeros);
	tear_down(&f);
}

static size_t count_places(struct fixture *f, const struct pki_certificate *from, bool crls, const char **ret_first)
{
	struct certificate *c = certify(f, from);
	struct places places = {.n = 0};
	struct attest_error e = {0};

	CHECK_STATUS((crls ? places_of_crls : places_of_issuer)(c, &f->arena, &places, &e), ATTEST_OK);
	certificate_unref(c);
	*ret_first = places.n == 0 ? "" : places.urls[0];
	return places.n;
}

void places_of_certificates(void)
{
	static const struct {
		const char *access, *points, *issuer, *crl; /* the first URL, or "" */
		size_t n_issuers, n_crls;
	} rows[] = {
		{NULL,					 NULL,					"",                     "", 0, 0},
		{"caIssuers;URI:http://a.test/ca.crt",         "URI:http://a.test/x.crl",                   "http://a.test/ca.crt",
		 "http://a.test/x.crl",												 1, 1},
		{"OCSP;URI:http://a.test/",                    "URI:ldap://a.test/x",                       "",                     "", 0, 0},
		{"caIssuers;URI:https://a.test/ca.crt",        "URI:https://a.test/x",                      "",                     "", 0, 0},
		{"caIssuers;URI:HTTP://a.test/ca.crt",         "URI:HTTP://a.test/x",                       "",                     "", 0, 0},
		{"caIssuers;URI:http://",                      "URI:http://",                               "",                     "", 0, 0},
		{"caIssuers;URI:http://a b",                   "URI:http://a b",                            "",                     "", 0, 0},
		{"caIssuers;URI:http://a\x7f",                 "URI:http://\x01",                           "",                     "", 0, 0},
		{"caIssuers;DNS:http.test",                    "URI:file:///etc/passwd",                    "",                     "", 0, 0},
		{"OCSP;URI:http://a/,caIssuers;URI:http://b/", "URI:ldap://a/,URI:http://c/,URI:http://d/", "http://b/",
		 "http://c/",													   1, 2},
	};
	struct fixture f;
	const char *first;

	set_up(&f);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pki_certificate from = leaf_of(&f);

		from.access = rows[i].access;
		from.points = rows[i].points;
		CHECK(count_places(&f, &from, false, &first) == rows[i].n_issuers);
		CHECK_TEXT(first, rows[i].issuer);
		CHECK(count_places(&f, &from, true, &first) == rows[i].n_crls);
		CHECK_TEXT(first, rows[i].crl);
	}
	tear_down(&f);
}

/* Of many and long ones; and of those where somebody else's CRL lies, or one for some reasons. */
void places_bounded(void)
{
	struct fixture f;
	struct pki_certificate from;
	char *many = NULL;
	const char *first;
	size_t size = 0;
	FILE *out = open_memstream(&many, &size);
	DIST_POINT *point = DIST_POINT_new();

	set_up(&f);
	from = leaf_of(&f);
	for (unsigned i = 0; i < LIMIT_LINKS + 3; i++)
		(void)fprintf(out, "%sURI:http://a.test/%u", i == 0 ? "" : ",", i);
	(void)fclose(out);
	from.points = many;
	CHECK(count_places(&f, &from, true, &first) == LIMIT_LINKS);
	free(many);
	for (int extra = 0; extra < 2; extra++) {
		if (asprintf(&many, "URI:http://%0*d", (int)LIMIT_URL_BYTES - 7 + extra, 0) < 0)
			exit(2);
		from.points = many;
		CHECK(count_places(&f, &from, true, &first) == (extra == 0));
		free(many);
	}
	from.points = NULL;
	from.point = point;
	point->distpoint = DIST_POINT_NAME_new();
	point->distpoint->type = 0;
	point->distpoint->name.fullname = GENERAL_NAMES_new();
	CHECK(sk_GENERAL_NAME_push(point->distpoint->name.fullname,
				   a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_URI, "http://a.test/", 0)) == 1);
	CHECK(count_places(&f, &from, true, &first) == 1);
	point->reasons = ASN1_BIT_STRING_new();
	CHECK(ASN1_BIT_STRING_set_bit(point->reasons, 1, 1) == 1 && count_places(&f, &from, true, &first) == 0);
	ASN1_BIT_STRING_free(point->reasons);
	point->reasons = NULL;
	point->CRLissuer = GENERAL_NAMES_new();
	CHECK(sk_GENERAL_NAME_push(point->CRLissuer, a2i_GENERAL_NAME(NULL, NULL, NULL, GEN_DNS, "a.test", 0)) == 1);
	CHECK(count_places(&f, &from, true, &first) == 0);
	DIST_POINT_free(point);
	tear_down(&f);
}
