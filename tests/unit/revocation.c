/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRLs, and certificates that the caller gives, from outside: over proofs, authorities and CRLs that are made here and
 * now. Each refusal differs from what is accepted in one thing alone.
 */
#include "../pki.h"
#include "base/limits.h"
#include "unit.h"

static const char pins_zero[] =
	"{\"format\":\"libattest-policy-v1\",\"name\":\"zero\",\"pcrs\":{\"0\":{\"off\":\"zero\"}}}";

enum { NOW = 1780272000 /* 2026-06-01 */, LEAF_SERIAL = 77, MIDDLE_SERIAL = 5, MOST = 2 * LIMIT_CERTIFICATES };

/* root -> middle -> leaf; the proof brings the leaf and, unless a test says otherwise, the middle. */
struct fixture {
	struct forge forge;
	EVP_PKEY *middle_key, *other_key;
	struct pki_certificate root, middle, leaf;
	struct pki_crl leaf_crl, middle_crl; /* of the middle, about the leaf; of the root, about the middle */
	bool bring_middle;
	const char *instead_of_leaf; /* PEM, or NULL */
	struct arena arena;
	struct attest_options options;
	struct attest_bytes crls[MOST], certificates[MOST];
	attest_result *result;
	struct attest_error e;
};

static void set_up(struct fixture *f)
{
	*f = (struct fixture){.options = ATTEST_OPTIONS_INIT, .bring_middle = true};
	forge_init(&f->forge);
	f->middle_key = EVP_EC_gen("P-256");
	f->other_key = EVP_EC_gen("P-256");
	f->root = (struct pki_certificate){.name = "root",
					   .issuer = "root",
					   .key = f->forge.ca_key,
					   .issuer_key = f->forge.ca_key,
					   .serial = 1,
					   .is_ca = true,
					   .usage = "critical,keyCertSign,cRLSign",
					   .points = "URI:http://crl.test/own.crl"};
	f->middle = f->root;
	f->middle.name = "middle";
	f->middle.key = f->middle_key;
	f->middle.serial = MIDDLE_SERIAL;
	f->middle.points = "URI:http://crl.test/root.crl";
	f->middle.access = "caIssuers;URI:http://ca.test/root.crt";
	f->leaf = (struct pki_certificate){.name = "leaf",
					   .issuer = "middle",
					   .key = f->forge.ak_key,
					   .issuer_key = f->middle_key,
					   .serial = LEAF_SERIAL,
					   .usage = "critical,digitalSignature",
					   .points = "URI:http://crl.test/middle.crl",
					   .access = "caIssuers;URI:http://ca.test/middle.crt"};
	f->leaf_crl = (struct pki_crl){.issuer = "middle",
				       .key = f->middle_key,
				       .this_update = "20260501000000Z",
				       .next_update = "20260701000000Z"};
	f->middle_crl = f->leaf_crl;
	f->middle_crl.issuer = "root";
	f->middle_crl.key = f->forge.ca_key;
	f->options.time = NOW;
	f->options.require_crls = 1;
	f->options.crls = f->crls;
	f->options.certificates = f->certificates;
}

static void tear_down(struct fixture *f)
{
	attest_result_free(f->result);
	EVP_PKEY_free(f->middle_key);
	EVP_PKEY_free(f->other_key);
	forge_clear(&f->forge);
	arena_free(&f->arena);
}

static void give_crl(struct fixture *f, const struct pki_crl *from)
{
	X509_CRL *crl = pki_make_crl(from);
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);

	f->crls[f->options.n_crls++] = (struct attest_bytes){arena_copy(&f->arena, der, (size_t)len), (size_t)len};
	OPENSSL_free(der);
	X509_CRL_free(crl);
}

static char *pem(struct fixture *f, const struct pki_certificate *c)
{
	char *made = pki_certify(c), *kept = arena_string(&f->arena, slice_of_string(made));

	free(made);
	return kept;
}

static void give_certificate(struct fixture *f, const char *text)
{
	f->certificates[f->options.n_certificates++] = (struct attest_bytes){text, strlen(text)};
}

/* With a new verifier each time: nothing is cached. */
static attest_status verify(struct fixture *f)
{
	json_t *proof = json_pack("{s:s}", "format", "libattest-proof-v1");
	attest_verifier *verifier = NULL;
	attest_status status;
	const char *root = pem(f, &f->root);
	json_t *certificates;
	char *text;

	free(f->forge.leaf);
	f->forge.leaf = pki_certify(&f->leaf);
	forge_proof(&f->forge, proof, "nonce", 5);
	certificates = json_object_get(json_object_get(proof, "ak"), "certificates");
	if (f->instead_of_leaf != NULL)
		(void)json_array_set_new(certificates, 0, json_string(f->instead_of_leaf));
	if (f->bring_middle)
		(void)json_array_append_new(certificates, json_string(pem(f, &f->middle)));
	text = json_dumps(proof, 0);
	CHECK_STATUS(attest_verifier_new(&verifier), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_roots(verifier, root, strlen(root), NULL, NULL), ATTEST_OK);
	CHECK_STATUS(attest_verifier_add_policy(verifier, pins_zero, strlen(pins_zero), NULL, NULL), ATTEST_OK);
	attest_result_free(f->result);
	f->result = NULL;
	error_clear(&f->e);
	status = attest_verify(verifier, &f->options, text, strlen(text), &f->result, &f->e);
	attest_verifier_free(verifier);
	free(text);
	json_decref(proof);
	return status;
}

/* With both CRLs, as they are set up now. */
static attest_status verify_both(struct fixture *f)
{
	f->options.n_crls = 0;
	give_crl(f, &f->leaf_crl);
	give_crl(f, &f->middle_crl);
	return verify(f);
}

/* The first finding of the step `chain` with this status. */
static const struct attest_finding *finding(const struct fixture *f, attest_status status, bool is_error)
{
	for (size_t i = 0; i < attest_result_n_findings(f->result); i++) {
		const struct attest_finding *found = attest_result_finding(f->result, i);

		if (found->status == status && found->step == ATTEST_STEP_CHAIN && (found->is_error != 0) == is_error)
			return found;
	}
	return NULL;
}

static bool says(const char *text, const char *part)
{
	return text != NULL && strstr(text, part) != NULL;
}

void revocation_covered(void)
{
	struct fixture f;

	set_up(&f);
	CHECK_STATUS(verify_both(&f), ATTEST_OK);
	CHECK(attest_result_facts(f.result)->valid_until == 1782864000);
	CHECK(finding(&f, ATTEST_E_CRL, false) == NULL); /* the anchor's own distribution point is nobody's business */
	f.middle_crl.next_update = "20260615000000Z";
	f.leaf_crl.entries[0] = (struct pki_entry){MIDDLE_SERIAL, "20260502000000Z", 1, NULL}; /* of another issuer */
	f.middle_crl.entries[0] = (struct pki_entry){LEAF_SERIAL, "20260502000000Z", 1, NULL}; /* likewise */
	CHECK_STATUS(verify_both(&f), ATTEST_OK);
	CHECK(attest_result_facts(f.result)->valid_until == 1781481600);
	f.options.require_crls = 0;
	CHECK_STATUS(verify_both(&f), ATTEST_OK);
	CHECK(attest_result_facts(f.result)->valid_until == 3786912000);
	f.options.time = 1777593600; /* from the first second to the last */
	f.options.require_crls = 1;
	CHECK_STATUS(verify_both(&f), ATTEST_OK);
	f.options.time = 1781481600;
	CHECK_STATUS(verify_both(&f), ATTEST_OK);
	f.options.time++;
	CHECK_STATUS(verify_both(&f), ATTEST_E_CRL);
	f.options.time = 1777593599;
	CHECK_STATUS(verify_both(&f), ATTEST_E_CRL);
	tear_down(&f);
}

static void no_crl_sign(struct fixture *f)
{
	f->middle.usage = "critical,keyCertSign";
}

static void other_signer(struct fixture *f)
{
	f->leaf_crl.key = f->other_key;
}

static void other_issuer(struct fixture *f)
{
	f->leaf_crl.issuer = "elsewhere";
}

static void sha1(struct fixture *f)
{
	f->leaf_crl.hash = EVP_sha1();
}

/* There is no ECDSA with MD5. */
static void md5(struct fixture *f)
{
	EVP_PKEY_free(f->middle_key);
	f->middle_key = f->middle.key = f->leaf.issuer_key = f->leaf_crl.key = EVP_RSA_gen(2048);
	f->leaf_crl.hash = EVP_md5();
}

static void from_the_future(struct fixture *f)
{
	f->leaf_crl.this_update = "20260602000000Z";
}

static void expired(struct fixture *f)
{
	f->leaf_crl.next_update = "20260531235959Z";
}

static void for_ever(struct fixture *f)
{
	f->leaf_crl.next_update = NULL;
}

static void unknown_critical(struct fixture *f)
{
	f->leaf_crl.critical = "1.3.6.1.4.1.32473.1.1";
}

static void unknown_critical_entry(struct fixture *f)
{
	f->leaf_crl.entries[0] = (struct pki_entry){3, "20260502000000Z", -1, "1.3.6.1.4.1.32473.1.1"};
}

static void indirect(struct fixture *f)
{
	f->leaf_crl.scope = "critical,indirectCRL:TRUE";
}

static void delta(struct fixture *f)
{
	f->leaf_crl.is_delta = true;
}

static void only_cas(struct fixture *f)
{
	f->leaf_crl.scope = "critical,onlyCA:TRUE";
}

static void other_point(struct fixture *f)
{
	f->leaf_crl.scope = "critical,fullname:URI:http://crl.test/other.crl";
}

/* Asked for and not there, or of no use: with each there is an error, and without being asked for, a note. */
void revocation_refused(void)
{
	static const struct {
		void (*change)(struct fixture *f);
		const char *found;
	} rows[] = {
		{no_crl_sign,            "cRLSign"                   },
		{other_signer,           "does not verify"           },
		{sha1,                   "sha1"                      },
		{md5,                    "md5"                       },
		{from_the_future,        "made only on 2026-06-02"   },
		{expired,                "expired on 2026-05-31"     },
		{for_ever,               "nextUpdate"                },
		{unknown_critical,       "1.3.6.1.4.1.32473.1.1"     },
		{unknown_critical_entry, "1.3.6.1.4.1.32473.1.1"     },
		{indirect,               "indirect"                  },
		{delta,                  "delta"                     },
		{only_cas,               "CAs only"                  },
		{other_point,            "another distribution point"},
		{other_issuer,           NULL                        },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct attest_finding *told;
		struct fixture f;

		set_up(&f);
		rows[i].change(&f);
		CHECK_STATUS(verify_both(&f), ATTEST_E_CRL);
		CHECK(attest_result_verdict(f.result) == ATTEST_REFUSED);
		CHECK(attest_result_step(f.result, ATTEST_STEP_CHAIN) == ATTEST_FAILED);
		told = finding(&f, ATTEST_E_CRL, true);
		CHECK(told != NULL && says(told->where, "certificate 0 of the path") && told->hint != NULL);
		CHECK(rows[i].found == NULL || (told != NULL && says(told->found, rows[i].found)));
		f.options.require_crls = 0;
		CHECK_STATUS(verify_both(&f), ATTEST_OK);
		told = finding(&f, ATTEST_E_CRL, false);
		CHECK(told != NULL && says(told->where, "CRL 0") &&
		      says(told->message, rows[i].found == NULL ? "no issuer of the path" : rows[i].found));
		f.options.require_crls = 1;
		give_crl(&f, &f.leaf_crl); /* none but useless ones */
		CHECK_STATUS(verify(&f), ATTEST_E_CRL);
		tear_down(&f);
	}
}

/* A useless CRL does no harm beside a good one. */
void revocation_optional(void)
{
	struct fixture f;
	struct pki_crl useless;

	set_up(&f);
	f.options.n_crls = 0;
	CHECK_STATUS(verify(&f), ATTEST_E_CRL);
	CHECK(finding(&f, ATTEST_E_CRL, true) != NULL &&
	      says(finding(&f, ATTEST_E_CRL, true)->message, "none of its issuer"));
	f.options.require_crls = 0;
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK(finding(&f, ATTEST_E_CRL, false) == NULL);
	f.options.require_crls = 1;
	useless = f.leaf_crl;
	useless.next_update = "20260502000000Z";
	give_crl(&f, &useless);
	give_crl(&f, &f.leaf_crl);
	give_crl(&f, &f.middle_crl);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK(finding(&f, ATTEST_E_CRL, false) != NULL && says(finding(&f, ATTEST_E_CRL, false)->where, "CRL 0"));
	f.options.n_crls = 2;
	CHECK_STATUS(verify(&f), ATTEST_E_CRL); /* the middle's is missing */
	tear_down(&f);
}

/* Whatever the dates, and whether it was asked for or not. */
void revocation_listed(void)
{
	static const struct pki_entry entries[] = {
		{LEAF_SERIAL, "20260502000000Z", 1,  NULL}, /* keyCompromise */
		{LEAF_SERIAL, "20260502000000Z", 6,  NULL}, /* certificateHold */
		{LEAF_SERIAL, "20260502000000Z", 8,  NULL}, /* removeFromCRL has no place in a whole CRL */
		{LEAF_SERIAL, "20360502000000Z", 4,  NULL}, /* superseded, ten years later */
		{LEAF_SERIAL, "20260502000000Z", -1, NULL},
	};
	struct fixture f;

	set_up(&f);
	for (size_t i = 0; i < COUNT(entries) * 2; i++) {
		const struct attest_finding *told;

		f.leaf_crl.entries[0] = (struct pki_entry){3, "20260502000000Z", 1, NULL};
		f.leaf_crl.entries[1] = entries[i / 2];
		f.options.require_crls = i % 2 == 0;
		CHECK_STATUS(verify_both(&f), ATTEST_E_REVOKED);
		CHECK(attest_result_verdict(f.result) == ATTEST_REFUSED);
		CHECK(attest_status_category(ATTEST_E_REVOKED) == ATTEST_CATEGORY_CHAIN);
		told = finding(&f, ATTEST_E_REVOKED, true);
		CHECK(told != NULL && says(told->where, "certificate 0 of the path"));
		CHECK(told != NULL && says(told->message, i / 2 == 3 ? "2036-05-02" : "2026-05-02"));
	}
	CHECK(says(f.e.message, "unspecified"));
	f.leaf_crl.entries[1].reason = 1;
	f.leaf_crl.next_update = "20260520000000Z"; /* what an expired CRL lists stays revoked */
	CHECK_STATUS(verify_both(&f), ATTEST_E_REVOKED);
	CHECK(says(f.e.message, "keyCompromise"));
	f.leaf_crl.this_update = "20270501000000Z"; /* and so does what was found out later */
	f.leaf_crl.next_update = "20270601000000Z";
	CHECK_STATUS(verify_both(&f), ATTEST_E_REVOKED);
	f.leaf_crl.key = f.other_key; /* but not what anybody may have written */
	CHECK_STATUS(verify_both(&f), ATTEST_OK);
	tear_down(&f);
}

void revocation_of_the_intermediate(void)
{
	struct fixture f;

	set_up(&f);
	f.middle_crl.entries[0] = (struct pki_entry){MIDDLE_SERIAL, "20260502000000Z", 2, NULL};
	CHECK_STATUS(verify_both(&f), ATTEST_E_REVOKED);
	CHECK(says(f.e.where, "certificate 1 of the path") && says(f.e.message, "cACompromise"));
	f.middle_crl.entries[0].time = NULL;
	f.middle_crl.scope = "critical,onlyuser:TRUE";
	CHECK_STATUS(verify_both(&f), ATTEST_E_CRL);
	CHECK(says(f.e.found, "end entities only"));
	f.middle_crl.scope = "critical,onlyCA:TRUE";
	CHECK_STATUS(verify_both(&f), ATTEST_OK);
	tear_down(&f);
}

void revocation_without_points(void)
{
	const struct attest_finding *told;
	struct fixture f;

	set_up(&f);
	f.leaf.points = NULL;
	f.options.n_crls = 0;
	give_crl(&f, &f.middle_crl);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	told = finding(&f, ATTEST_E_CRL, false);
	CHECK(told != NULL && says(told->message, "names no CRL: its revocation cannot be checked") &&
	      says(told->where, "certificate 0"));
	CHECK_STATUS(verify_both(&f), ATTEST_OK); /* a CRL of its issuer covers it all the same */
	CHECK(finding(&f, ATTEST_E_CRL, false) == NULL);
	f.leaf_crl.entries[0] = (struct pki_entry){LEAF_SERIAL, "20260502000000Z", 1, NULL};
	CHECK_STATUS(verify_both(&f), ATTEST_E_REVOKED);
	f.leaf_crl.entries[0].time = NULL;
	f.leaf.points = "URI:ldap://crl.test/middle"; /* it names one, even if nobody can fetch it */
	f.options.n_crls = 0;
	give_crl(&f, &f.middle_crl);
	CHECK_STATUS(verify(&f), ATTEST_E_CRL);
	tear_down(&f);
}

static void give_pem_crls(struct fixture *f, size_t n)
{
	X509_CRL *leaf = pki_make_crl(&f->leaf_crl), *middle = pki_make_crl(&f->middle_crl);
	BIO *out = BIO_new(BIO_s_mem());
	char *data = NULL;
	long len;

	CHECK(PEM_write_bio_X509_CRL(out, middle) == 1);
	for (size_t i = 1; i < n; i++)
		CHECK(PEM_write_bio_X509_CRL(out, leaf) == 1);
	len = BIO_get_mem_data(out, &data);
	f->crls[0] = (struct attest_bytes){arena_copy(&f->arena, data, (size_t)len), (size_t)len};
	f->options.n_crls = 1;
	BIO_free_all(out);
	X509_CRL_free(leaf);
	X509_CRL_free(middle);
}

void revocation_limits(void)
{
	static const char garbage[] = "0garbage";
	struct fixture f;
	char *big;

	set_up(&f);
	give_pem_crls(&f, LIMIT_CRLS);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	give_pem_crls(&f, LIMIT_CRLS + 1);
	CHECK_STATUS(verify(&f), ATTEST_E_LIMIT);
	CHECK(says(f.e.message, "LIMIT_CRLS"));
	f.options.require_crls = 0;
	CHECK_STATUS(verify(&f), ATTEST_E_LIMIT);
	big = calloc(1, LIMIT_CRL_BYTES + 1);
	if (big == NULL)
		exit(2);
	f.crls[0] = (struct attest_bytes){big, LIMIT_CRL_BYTES + 1};
	CHECK_STATUS(verify(&f), ATTEST_E_LIMIT);
	CHECK(says(f.e.message, "LIMIT_CRL_BYTES"));
	f.crls[0].len--;
	CHECK_STATUS(verify(&f), ATTEST_E_CRL);
	free(big);
	f.crls[0] = (struct attest_bytes){garbage, sizeof(garbage) - 1};
	CHECK_STATUS(verify(&f), ATTEST_E_CRL); /* one that cannot be read is an error even so */
	CHECK(says(f.e.where, "CRLs given, number 0"));
	f.crls[0] = (struct attest_bytes){NULL, 1};
	CHECK_STATUS(verify(&f), ATTEST_E_USAGE);
	f.options.crls = NULL;
	CHECK_STATUS(verify(&f), ATTEST_E_USAGE);
	f.options.n_crls = 0;
	CHECK_STATUS(verify(&f), ATTEST_OK);
	tear_down(&f);
}

void chain_completed(void)
{
	struct fixture f;
	char *both = NULL;

	set_up(&f);
	f.options.require_crls = 0;
	f.bring_middle = false;
	CHECK_STATUS(verify(&f), ATTEST_E_UNTRUSTED);
	give_certificate(&f, pem(&f, &f.middle));
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK(attest_result_n_findings(f.result) == 1); /* only that there is no nonce */
	give_certificate(&f, pem(&f, &f.leaf));         /* of no use, and nobody is told */
	CHECK_STATUS(verify(&f), ATTEST_OK);
	CHECK(attest_result_n_findings(f.result) == 1);
	if (asprintf(&both, "say\n%s\n%s", pem(&f, &f.root), pem(&f, &f.middle)) < 0)
		exit(2);
	f.options.n_certificates = 0;
	give_certificate(&f, both);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	free(both);
	f.options.require_crls = 1; /* what was completed is looked up as well */
	f.middle_crl.entries[0] = (struct pki_entry){MIDDLE_SERIAL, "20260502000000Z", 1, NULL};
	f.options.n_certificates = 0;
	give_certificate(&f, pem(&f, &f.middle));
	CHECK_STATUS(verify_both(&f), ATTEST_E_REVOKED);
	f.middle.usage = "critical,digitalSignature"; /* and held to the same rules */
	f.options.n_certificates = f.options.n_crls = 0;
	f.options.require_crls = 0;
	give_certificate(&f, pem(&f, &f.middle));
	CHECK_STATUS(verify(&f), ATTEST_E_KEY_USAGE);
	tear_down(&f);
}

/* A whole hierarchy of the forger's, with all the names of the genuine one. */
void chain_given_is_no_anchor(void)
{
	struct fixture f;
	struct pki_certificate forged;

	set_up(&f);
	f.options.require_crls = 0;
	forged = f.root;
	forged.key = forged.issuer_key = f.other_key;
	f.middle.issuer_key = f.other_key;
	give_certificate(&f, pem(&f, &forged));
	CHECK_STATUS(verify(&f), ATTEST_E_UNTRUSTED);
	CHECK(says(f.e.message, "no trust anchor"));
	f.middle.issuer_key = f.forge.ca_key;
	CHECK_STATUS(verify(&f), ATTEST_OK);
	tear_down(&f);
}

/* Where the proof's own leaf cannot be read, a genuine one that is given does not take its place. */
void chain_given_is_no_leaf(void)
{
	static const char unreadable[] = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
	struct fixture f;
	const char *leaf;

	set_up(&f);
	f.options.require_crls = 0;
	f.instead_of_leaf = unreadable;
	leaf = pem(&f, &f.leaf);
	give_certificate(&f, leaf);
	CHECK_STATUS(verify(&f), ATTEST_E_CERTIFICATE);
	CHECK(attest_result_step(f.result, ATTEST_STEP_SIGNATURE) == ATTEST_NOT_CHECKED);
	CHECK(attest_result_facts(f.result)->ak_spki == NULL && attest_result_n_links(f.result) == 0);
	f.instead_of_leaf = leaf;
	CHECK_STATUS(verify(&f), ATTEST_OK);
	tear_down(&f);
}

void chain_given_limits(void)
{
	struct fixture f;
	const char *middle;
	char *big;

	set_up(&f);
	f.options.require_crls = 0;
	middle = pem(&f, &f.middle);
	for (size_t i = 0; i < LIMIT_CERTIFICATES; i++)
		give_certificate(&f, middle);
	CHECK_STATUS(verify(&f), ATTEST_OK);
	give_certificate(&f, middle);
	CHECK_STATUS(verify(&f), ATTEST_E_LIMIT);
	CHECK(says(f.e.message, "LIMIT_CERTIFICATES"));
	big = calloc(1, LIMIT_CHAIN_BYTES + 1);
	if (big == NULL)
		exit(2);
	f.options.n_certificates = 1;
	f.certificates[0] = (struct attest_bytes){big, LIMIT_CHAIN_BYTES + 1};
	CHECK_STATUS(verify(&f), ATTEST_E_LIMIT);
	CHECK(says(f.e.message, "LIMIT_CHAIN_BYTES"));
	f.certificates[0].len--;
	CHECK_STATUS(verify(&f), ATTEST_E_CERTIFICATE);
	CHECK(says(f.e.where, "certificates given, number 0"));
	free(big);
	f.certificates[0] = (struct attest_bytes){NULL, 1};
	CHECK_STATUS(verify(&f), ATTEST_E_USAGE);
	f.options.certificates = NULL;
	CHECK_STATUS(verify(&f), ATTEST_E_USAGE);
	tear_down(&f);
}

static bool is_link(const struct fixture *f, size_t i, attest_link_kind kind, const char *url, const char *subject)
{
	const struct attest_link *link = attest_result_link(f->result, i);

	return link != NULL && link->kind == kind && strcmp(link->url, url) == 0 && strcmp(link->subject, subject) == 0;
}

void links_told(void)
{
	struct fixture f;
	char *text = NULL;

	set_up(&f);
	f.options.require_crls = 0;
	CHECK_STATUS(verify(&f), ATTEST_OK); /* CRLs of all but the anchor */
	CHECK(attest_result_n_links(f.result) == 2 && attest_result_link(f.result, 2) == NULL);
	CHECK(is_link(&f, 0, ATTEST_LINK_CRL, "http://crl.test/middle.crl", "CN=leaf"));
	CHECK(is_link(&f, 1, ATTEST_LINK_CRL, "http://crl.test/root.crl", "CN=middle"));
	CHECK_STATUS(attest_result_json(f.result, NULL, &text), ATTEST_OK);
	CHECK(strstr(text,
		     "\"links\":[{\"kind\":\"crl\",\"url\":\"http://crl.test/middle.crl\",\"subject\":\"CN=leaf\"}"));
	attest_string_free(text);
	CHECK_STATUS(attest_result_text(f.result, NULL, ATTEST_TEXT_VERBOSE, &text), ATTEST_OK);
	CHECK(strstr(text, "http://crl.test/root.crl") != NULL);
	attest_string_free(text);
	f.bring_middle = false;
	CHECK_STATUS(verify(&f), ATTEST_E_UNTRUSTED); /* the issuer of the last */
	CHECK(attest_result_n_links(f.result) == 1);
	CHECK(is_link(&f, 0, ATTEST_LINK_ISSUER, "http://ca.test/middle.crt", "CN=leaf"));
	f.bring_middle = true;
	f.middle.issuer_key = f.other_key;
	CHECK_STATUS(verify(&f), ATTEST_E_UNTRUSTED);
	CHECK(attest_result_n_links(f.result) == 1);
	CHECK(is_link(&f, 0, ATTEST_LINK_ISSUER, "http://ca.test/root.crt", "CN=middle"));
	f.middle.issuer = "middle"; /* a root of its own has no issuer to fetch */
	f.middle.issuer_key = f.middle_key;
	CHECK_STATUS(verify(&f), ATTEST_E_UNTRUSTED);
	CHECK(attest_result_n_links(f.result) == 0);
	tear_down(&f);
}
