/* SPDX-License-Identifier: Apache-2.0 */
/**
 * attest.h - check what a machine claims about itself.
 *
 * libattest verifies TPM 2.0 proof files: a quote, the certificate chain of the attestation key (AK), PCR values, event
 * logs and the attested TLS key. It reads no file, opens no socket, looks at no clock and no environment variable:
 * bytes, time, nonce and policy are arguments.
 *
 * Specifications: TCG TPM 2.0 Library, Parts 1-3, revision 1.59; RFC 5280 (certificates); RFC 8259 (JSON).
 *
 * Conventions for every function:
 *   - A function that can fail returns an attest_status; 0 is success. Outputs come last, are named ret_*, and are left
 *     untouched on failure, except where a function says otherwise.
 *   - `struct attest_error *error` is the caller's and may be NULL; it is filled on failure and left alone on success.
 *   - Pointers must not be NULL unless the function says so. Lengths are in bytes.
 *   - Strings are UTF-8 and NUL-terminated. Bytes that come from a proof are escaped before they reach a string.
 *   - Text and numbers inside TPM structures are big-endian (TPM 2.0 Part 1, 11); libattest returns host integers.
 *   - Objects are opaque; `_free(NULL)` does nothing.
 *   - tss2-mu writes a line to stderr when it meets a malformed TPM structure, unless the environment holds
 *     TSS2_LOG=all+NONE. libattest itself never prints.
 *
 * All of this interface came with version 0.1.0.
 */
#ifndef ATTEST_H
#define ATTEST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define ATTEST_API __attribute__((visibility("default")))
#else
#define ATTEST_API
#endif

#define ATTEST_VERSION_MAJOR 0
#define ATTEST_VERSION_MINOR 1
#define ATTEST_VERSION_PATCH 0
#define ATTEST_VERSION       "0.1.0"

/** Status codes. Their values never change; new ones may be added. The hundreds are the category. */
typedef enum attest_status {
	ATTEST_OK = 0,
	ATTEST_E_USAGE = 101,          /**< an argument is missing or contradicts another */
	ATTEST_E_STATE = 102,          /**< the verifier is already in use and cannot be changed */
	ATTEST_E_POLICY_INVALID = 103, /**< the policy is malformed or empty */
	ATTEST_E_ROOT_INVALID = 104,   /**< an added trust anchor cannot be read */
	ATTEST_E_LIMIT = 201,          /**< a named limit was passed */
	ATTEST_E_JSON = 202,           /**< not strict JSON */
	ATTEST_E_FORMAT = 203,         /**< not a proof format that libattest knows */
	ATTEST_E_STRUCTURE = 204,      /**< member missing, unknown, or of the wrong type */
	ATTEST_E_ENCODING = 205,       /**< base64, hex or PEM does not decode whole */
	ATTEST_E_SIMULATION = 206,     /**< the proof says that it was made in simulation mode */
	ATTEST_E_TPM_STRUCTURE = 207,  /**< a TPM structure does not unmarshal, or not to the byte */
	ATTEST_E_CERTIFICATE = 208,    /**< not a DER X.509 certificate */
	ATTEST_E_SIGNATURE = 301,      /**< the signature does not verify */
	ATTEST_E_ALGORITHM = 302,      /**< algorithm forbidden, unknown, or not the key's */
	ATTEST_E_KEY_MISMATCH = 303,   /**< public area and certificate hold different keys */
	ATTEST_E_AK_ATTRIBUTES = 304,  /**< the key is no attestation key */
	ATTEST_E_NOT_A_QUOTE = 305,    /**< wrong magic or type: signed, but no quote */
	ATTEST_E_NO_CERTIFICATE = 401, /**< no AK certificate: nothing says that the key lives in a TPM */
	ATTEST_E_UNTRUSTED = 402,      /**< the chain reaches no trust anchor */
	ATTEST_E_EXPIRED = 403,        /**< a certificate had expired at the verification time */
	ATTEST_E_NOT_YET_VALID = 404,  /**< a certificate was not yet valid at the verification time */
	ATTEST_E_CONSTRAINT = 405,     /**< CA flag, path length or critical extension */
	ATTEST_E_KEY_USAGE = 406,      /**< key usage or extended key usage */
	ATTEST_E_WEAK = 407,           /**< signed with SHA-1 or MD5, or RSA under 2048 or over 8192 bits */
	ATTEST_E_REVOKED = 408,        /**< a CRL of its issuer lists a certificate of the path */
	ATTEST_E_CRL = 409,            /**< a CRL that was asked for is missing, or cannot be used */
	ATTEST_E_NONCE = 501,          /**< the quote does not carry the expected nonce */
	ATTEST_E_NONCE_REQUIRED = 502, /**< the policy demands a nonce and the caller gave none */
	ATTEST_E_PCR_SELECTION = 601,  /**< PCR list and signed selection disagree, or the selection is empty */
	ATTEST_E_PCR_DIGEST = 602,     /**< the PCR values do not hash to the quoted digest */
	ATTEST_E_LOG_MISMATCH = 603,   /**< a log does not replay to the quoted value */
	ATTEST_E_LOG_STRUCTURE = 604,  /**< a log's entry is malformed, or contradicts itself */
	ATTEST_E_PIN_MISMATCH = 701,   /**< a PCR has none of the pinned values */
	ATTEST_E_PIN_MISSING = 702,    /**< a pinned PCR or bank was not quoted */
	ATTEST_E_PLATFORM = 703,       /**< a platform that the policy does not allow */
	ATTEST_E_EVENT = 704,          /**< an event differs from the policy, or is missing */
	ATTEST_E_RESETTABLE = 705,     /**< PCR 16 or 23 was to prove something */
	ATTEST_E_INCONCLUSIVE = 706,   /**< genuine, but no policy to compare with */
	ATTEST_E_TLS_BINDING = 801,    /**< the TLS key is not bound to the quote */
	ATTEST_E_TLS_PIN = 802,        /**< the attested TLS key is not the expected one */
	ATTEST_E_TLS_REQUIRED = 803,   /**< a TLS key was required and the proof has none */
	ATTEST_E_IO = 901,             /**< the network (libattest-net) or a file (tools); libattest gives none */
	ATTEST_E_NO_MEMORY = 902,      /**< an allocation failed; nothing was decided */
	ATTEST_E_INTERNAL = 903        /**< a library call failed without saying why; nothing was decided */
} attest_status;

/** What a status is about: its hundreds. */
typedef enum attest_category {
	ATTEST_CATEGORY_NONE = 0,
	ATTEST_CATEGORY_USAGE = 1,
	ATTEST_CATEGORY_MALFORMED = 2,
	ATTEST_CATEGORY_CRYPTO = 3,
	ATTEST_CATEGORY_CHAIN = 4,
	ATTEST_CATEGORY_FRESHNESS = 5,
	ATTEST_CATEGORY_LOG = 6,
	ATTEST_CATEGORY_POLICY = 7,
	ATTEST_CATEGORY_CHANNEL = 8,
	ATTEST_CATEGORY_INTERNAL = 9
} attest_category;

/** The steps of a verification, in their order. */
typedef enum attest_step {
	ATTEST_STEP_PARSE = 0,
	ATTEST_STEP_CHAIN = 1,
	ATTEST_STEP_AK = 2,
	ATTEST_STEP_SIGNATURE = 3,
	ATTEST_STEP_QUOTE = 4,
	ATTEST_STEP_NONCE = 5,
	ATTEST_STEP_PCRS = 6,
	ATTEST_STEP_LOG = 7,
	ATTEST_STEP_POLICY = 8,
	ATTEST_STEP_TLS = 9
} attest_step;
#define ATTEST_N_STEPS 10

/** What became of a step. Only ATTEST_PASSED means that it was checked and holds. */
typedef enum attest_step_status {
	ATTEST_NOT_CHECKED = 0, /**< it could not run, or there was nothing to compare with */
	ATTEST_PASSED = 1,
	ATTEST_FAILED = 2,
	ATTEST_NOT_PRESENT = 3, /**< the proof has no such part */
	ATTEST_NOT_REQUIRED = 4 /**< the proof has no such part, and the policy says that it need not */
} attest_step_status;

typedef enum attest_verdict {
	ATTEST_REFUSED = 0,
	ATTEST_VERIFIED = 1,
	ATTEST_INCONCLUSIVE = 2 /**< genuine evidence, but no policy to compare it with */
} attest_verdict;

/** An error found while reading input. The caller owns it; no function allocates for it. */
struct attest_error {
	attest_status status;
	const char *clause; /**< clause of a specification, static, or NULL */
	char where[192];    /**< place: JSON path, offset, event number; may be empty */
	char message[320];  /**< one sentence without the place */
	char expected[192]; /**< may be empty */
	char found[192];    /**< may be empty */
};

/** One thing that was found. Strings live as long as the result; any but `message` may be NULL. */
struct attest_finding {
	attest_step step;
	attest_status status;
	int is_error;        /**< 1: refuses the proof; 0: a note, which does not */
	const char *message; /**< what */
	const char *where;   /**< JSON path, offset, certificate or event number */
	const char *expected;
	const char *found;
	const char *clause; /**< clause of the specification */
	const char *hint;   /**< the next thing to do; an error always has one */
};

/** One quoted PCR, proven by signature and digest. */
struct attest_pcr {
	uint16_t bank; /**< TPM_ALG_ID of the bank (TPM 2.0 Part 2, 6.3), such as 0x000B for SHA-256 */
	uint8_t index; /**< 0..31 */
	uint8_t size;  /**< of value, in bytes: the digest size of the bank */
	const uint8_t *value;
	/**
	 * "contradicted" (a log does not replay to it), "differs" (a policy pins another value), "explained" (a log
	 * replays to it), "pinned" (it has a pinned value), "pinned, explained" (both), "ruled, explained" (a log
	 * replays to it, and the rules of a policy hold for its events, or one release pins it and another has rules),
	 * "ruled" (as after reset, as the rules want it), "ignored" (by a policy, explicitly), "initial" (as after
	 * reset, and no event), "unexplained" (anything else: nobody says what it means)
	 */
	const char *state;
};

/** One event whose PCR replays to the quoted value. */
struct attest_event {
	uint8_t pcr;
	uint32_t number;    /**< position in its log, from 0 */
	uint32_t log;       /**< position of its log in the proof, from 0 */
	const char *type;   /**< as the measured text says; else what the log's format calls it: never proven */
	const char *text;   /**< what it says: the exact text, or one line of decoded data; escaped where it is not
			       printable; NULL where a bare digest was extended */
	const char *digest; /**< in the policy's bank, lower-case hex; SHA-1 where that bank extends it padded */
	int proven; /**< 1: the text follows from bytes whose digest was recomputed; 0: the log only claims it */
};

/**
 * One statement that the measured events make about the software. They are for people: what decides is the policy.
 * The list need not be whole, and what could be measured after the boot may come from whoever ran last, who can extend
 * PCRs but take nothing back (docs/events.md).
 */
struct attest_software {
	const char *what;  /**< stable id: "firmware.version", "secure-boot", "kernel.cmdline", … (docs/events.md) */
	const char *value; /**< escaped where it is not printable */
	uint8_t pcr;
	uint32_t log;    /**< of the event that says it, as in struct attest_event */
	uint32_t number; /**< position of that event in its log, from 0 */
	int proven;      /**< 1: by a recomputed digest and the event's place in its PCR; 0: the log only claims it */
};

/** What lies behind a link. */
typedef enum attest_link_kind {
	ATTEST_LINK_ISSUER = 0, /**< the certificate of the issuer that the path lacks (RFC 5280, 4.2.2.1) */
	ATTEST_LINK_CRL = 1     /**< a CRL of the issuer (RFC 5280, 4.2.1.13) */
} attest_link_kind;

/**
 * Where a certificate says that something is published which would help to decide. A hint, never evidence: a link to an
 * issuer comes from a certificate that nobody vouches for yet, so whoever wrote the proof chose it. Links to CRLs are
 * told only of a path that reaches an anchor, whose certificates are signed.
 */
struct attest_link {
	attest_link_kind kind;
	const char *url;     /**< begins with "http://", printable ASCII without spaces, at most 2048 bytes */
	const char *subject; /**< of the certificate that names it; escaped where it is not printable */
};

/** Facts about the AK certificate and the quote; NULL or 0 where the step that proves them has not passed. */
struct attest_facts {
	const char *format;     /**< name of the proof format */
	const char *platform;   /**< azure, gcp, aws, vendor or added; NULL unless `chain` passed */
	const char *anchor;     /**< name of the trust anchor; NULL unless `chain` passed */
	const char *ak_subject; /**< RFC 4514 text, or the subject alternative name; NULL unless `chain` passed */
	const char *ak_spki; /**< SHA-256 of the AK's DER SubjectPublicKeyInfo, hex; NULL unless `signature` passed */
	int64_t valid_from;  /**< latest notBefore of the path, seconds since 1970-01-01T00:00:00Z */
	int64_t valid_until; /**< earliest notAfter of the path, and with require_crls earliest nextUpdate of the CRLs
				that cover it; a verdict is not good beyond it */
	/*
	 * Of an AK outside the endorsement and platform hierarchies the TPM scrambles both counts and the firmware
	 * version (TPM 2.0 Part 1, 36.7); then they can only be compared with those of the same AK.
	 */
	uint64_t clock; /**< TPMS_CLOCK_INFO.clock, milliseconds; 0 unless `signature` and `quote` passed */
	uint32_t reset_count;
	uint32_t restart_count;
	int clock_safe;
	uint64_t firmware_version;
	const char *nonce;    /**< extraData, hex; NULL unless `signature` and `quote` passed */
	const char *tls_kind; /**< "key", or "ca": the attested certificate is a CA under which the server's stands;
				 NULL unless `tls` passed and the proof is not refused */
	const char *tls_pem; /**< attested certificate or public key, PEM; NULL unless `tls` passed and the proof is not
				refused */
	const char *tls_pin; /**< "sha256//…" of it; NULL unless `tls` passed and the proof is not refused */
};

typedef struct attest_verifier attest_verifier;
typedef struct attest_result attest_result;

/** Bytes that the caller owns. */
struct attest_bytes {
	const void *data; /**< may be NULL where len is 0 */
	size_t len;
};

/** Options of one verification. Set it up with ATTEST_OPTIONS_INIT, then fill in. */
struct attest_options {
	size_t size;          /**< sizeof(struct attest_options), set by the macro */
	int64_t time;         /**< verification time, seconds since 1970-01-01T00:00:00Z; required */
	const uint8_t *nonce; /**< expected nonce, or NULL: freshness is then not checked */
	size_t nonce_len;     /**< 1..64 bytes with a nonce */
	const char *tls_pin;  /**< the attested TLS key must have this pin: "sha256//" and base64, or NULL */
	/**
	 * 32 bytes that this side of the live TLS connection exported (RFC 8446, 7.5; label and context stand in
	 * docs/proof-format.md), or NULL. With it the proof must have the binding "quote", and the quote must bind
	 * this very session.
	 */
	const uint8_t *tls_exporter;
	/**
	 * More certificates that may help to complete the chain of this proof: each one or more PEM certificates, or
	 * one DER certificate; at most 16, and 4 MiB, in all. They count as if the proof had brought them: none is an
	 * anchor because it stands here, even if it signed itself. NULL where n_certificates is 0.
	 */
	const struct attest_bytes *certificates;
	size_t n_certificates;
	/**
	 * CRLs (RFC 5280, 5): each one or more in PEM, or one in DER; at most 16, and 32 MiB, in all. A certificate of
	 * the path that one of its issuer lists is revoked, and the proof refused, whatever the dates. A CRL that
	 * is not valid, or fits no certificate of the path, is told in a note. NULL where n_crls is 0.
	 */
	const struct attest_bytes *crls;
	size_t n_crls;
	/**
	 * 1: every certificate of the path but the anchor that names a distribution point for CRLs (RFC 5280, 4.2.1.13)
	 * must be covered by one of `crls` that is valid at the verification time, or the proof is refused. One that
	 * names none is told in a note: its revocation cannot be checked.
	 */
	int require_crls;
};
#define ATTEST_TIME_UNSET INT64_MIN
#define ATTEST_OPTIONS_INIT                                                                                            \
	{                                                                                                              \
		sizeof(struct attest_options), ATTEST_TIME_UNSET, NULL, 0, NULL, NULL, NULL, 0, NULL, 0, 0             \
	}

/** Evidence in loose pieces, as tpm2-tools write them. A piece that is absent has data NULL. */
struct attest_parts {
	size_t size;                   /**< sizeof(struct attest_parts), set by the macro */
	struct attest_bytes quote;     /**< TPMS_ATTEST (tpm2_quote -m); required */
	struct attest_bytes signature; /**< TPMT_SIGNATURE (tpm2_quote -s); required */
	struct attest_bytes pcrs;      /**< tpm2_quote -o, serialized or values form; required */
	struct attest_bytes ak;        /**< AK public key: PEM SubjectPublicKeyInfo, or TPMT_PUBLIC or TPM2B_PUBLIC */
	struct attest_bytes ak_chain;  /**< AK certificate first, PEM, or one DER certificate */
	/**
	 * Event logs in the order in which they were measured; each raw (TCG, CEL, systemd, IMA; recognised by
	 * content), or JSON as in a proof: one {"format": …} object, or an array of them. NULL where n_logs is 0.
	 */
	const struct attest_bytes *logs;
	size_t n_logs; /**< at most 8 */
};
#define ATTEST_PARTS_INIT                                                                                              \
	{                                                                                                              \
		sizeof(struct attest_parts), {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, NULL, 0            \
	}

/** The library's version, "MAJOR.MINOR.PATCH". Static. */
ATTEST_API const char *attest_version(void);
/** Stable names for codes: "ATTEST_E_NONCE", "freshness", "nonce", "not-checked", "refused". Static, never NULL. */
ATTEST_API const char *attest_status_name(attest_status status);
ATTEST_API attest_category attest_status_category(attest_status status);
ATTEST_API const char *attest_category_name(attest_category category);
ATTEST_API const char *attest_step_name(attest_step step);
ATTEST_API const char *attest_step_status_name(attest_step_status status);
ATTEST_API const char *attest_verdict_name(attest_verdict verdict);
/** "issuer" or "crl". */
ATTEST_API const char *attest_link_kind_name(attest_link_kind kind);

/**
 * attest_verifier_new() - a verifier with the built-in trust anchors and no policy
 * @ret_verifier: the caller frees it with attest_verifier_free()
 *
 * Configure it in one thread, then share it: attest_verify() may run in any number of threads at once. It keeps a
 * bounded cache of certificates whose path has been verified; their validity is checked against the caller's time on
 * every use.
 *
 * Return: ATTEST_OK, ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_verifier_new(attest_verifier **ret_verifier);
/** Free a verifier. No other thread may be using it. Results stay valid. */
ATTEST_API void attest_verifier_free(attest_verifier *verifier);

/**
 * attest_verifier_add_roots() - trust more anchors
 * @pem_or_der: one or more PEM certificates, or one DER certificate; copied. A certificate that signed itself becomes a
 *   trust anchor (platform "added"); any other is only an intermediate that may help to complete a chain.
 * @leaf_purpose: what the AK certificate under these anchors must say in its extended key usage (RFC 5280, 4.2.1.12):
 *   NULL or "any": nothing; "none": it has no such extension; else a dotted OID that it must hold, such as
 *   "2.23.133.8.3" (TCG AK certificate)
 *
 * Return: ATTEST_OK, ATTEST_E_ROOT_INVALID, ATTEST_E_USAGE (leaf_purpose), ATTEST_E_STATE (already verified with it),
 * ATTEST_E_LIMIT, ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_verifier_add_roots(attest_verifier *verifier, const void *pem_or_der, size_t len,
						   const char *leaf_purpose, struct attest_error *error);
/** Trust the built-in anchors (1, the default) or not (0). Return: ATTEST_OK, ATTEST_E_STATE. */
ATTEST_API attest_status attest_verifier_use_default_roots(attest_verifier *verifier, int use);

/**
 * attest_verifier_add_policy() - demand that a policy holds
 * @json: a libattest-policy-v1, a golden-measurement file or a container map (docs/policy.md); after
 *   attest_verifier_demand_signed() a signed one, and only such a one; copied
 * @name: how messages call it, such as its file name; may be NULL
 *
 * Every policy that was added must hold. Return: ATTEST_OK, ATTEST_E_POLICY_INVALID (malformed or empty; signed where
 * no key was given, or not signed where one was), ATTEST_E_JSON, ATTEST_E_LIMIT, ATTEST_E_STRUCTURE, ATTEST_E_ENCODING,
 * ATTEST_E_KEY_MISMATCH (signed with another key), ATTEST_E_SIGNATURE (of the policy), ATTEST_E_STATE,
 * ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_verifier_add_policy(attest_verifier *verifier, const void *json, size_t len,
						    const char *name, struct attest_error *error);

/**
 * attest_verifier_demand_signed() - from now on accept only policies that are signed with a key
 * @key_pem: one or more public keys in PEM ("PUBLIC KEY", RFC 7468, 13): Ed25519, ECC on P-256 or P-384, or RSA of 2048
 *   to 8192 bits; any one of them, and of those given before, may have signed. Copied
 *
 * Return: ATTEST_OK, ATTEST_E_ENCODING, ATTEST_E_ALGORITHM (another kind of key), ATTEST_E_WEAK, ATTEST_E_LIMIT,
 * ATTEST_E_STATE (a policy was added before, or the verifier has verified already), ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_verifier_demand_signed(attest_verifier *verifier, const void *key_pem, size_t len,
						       struct attest_error *error);

/**
 * attest_verifier_add_reference() - give a known-good proof or event log, to explain mismatches with
 * @proof_or_log: a proof file, or a log as in struct attest_parts; copied. It is not verified, and never decides
 *   anything: where a PCR has not the pinned value, or its log does not replay, a note says at which event the proof
 *   parts from the reference.
 * @name: how messages call it, such as its file name; may be NULL
 *
 * Return: ATTEST_OK, ATTEST_E_FORMAT, ATTEST_E_JSON, ATTEST_E_STRUCTURE (also: it holds no log), ATTEST_E_ENCODING,
 * ATTEST_E_LIMIT, ATTEST_E_SIMULATION, ATTEST_E_STATE, ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_verifier_add_reference(attest_verifier *verifier, const void *proof_or_log, size_t len,
						       const char *name, struct attest_error *error);

/**
 * attest_verify() - decide a proof
 * @options: the time is required
 * @proof: a proof file of any format that libattest knows, recognised by content; at most 384 MiB. It is only read
 * during the call.
 * @ret_result: the full account; set whenever the status is not ATTEST_E_USAGE, ATTEST_E_NO_MEMORY or
 *   ATTEST_E_INTERNAL, so also when the proof is refused. The caller frees it with attest_result_free(). May be NULL.
 *
 * Return: ATTEST_OK if and only if the verdict is ATTEST_VERIFIED; ATTEST_E_INCONCLUSIVE if everything holds but the
 * verifier has no policy; else the status of the first error finding. Thread-safe.
 */
ATTEST_API attest_status attest_verify(attest_verifier *verifier, const struct attest_options *options,
				       const void *proof, size_t len, attest_result **ret_result,
				       struct attest_error *error);
/** attest_verify_parts() - decide loose tpm2-tools files; all else as attest_verify(). */
ATTEST_API attest_status attest_verify_parts(attest_verifier *verifier, const struct attest_options *options,
					     const struct attest_parts *parts, attest_result **ret_result,
					     struct attest_error *error);

/** Free a result and every string that its getters returned. */
ATTEST_API void attest_result_free(attest_result *result);
ATTEST_API attest_verdict attest_result_verdict(const attest_result *result);
/** ATTEST_OK if and only if verified; else as attest_verify() returned. */
ATTEST_API attest_status attest_result_status(const attest_result *result);
ATTEST_API attest_step_status attest_result_step(const attest_result *result, attest_step step);
ATTEST_API size_t attest_result_n_findings(const attest_result *result);
/** Finding number i in order of the steps; NULL past the end. */
ATTEST_API const struct attest_finding *attest_result_finding(const attest_result *result, size_t i);
ATTEST_API size_t attest_result_n_pcrs(const attest_result *result);
/** Quoted PCR number i in signed order; NULL past the end. None unless the step `pcrs` passed. */
ATTEST_API const struct attest_pcr *attest_result_pcr(const attest_result *result, size_t i);
ATTEST_API size_t attest_result_n_events(const attest_result *result);
/** Event number i, only of PCRs that replay to the quoted value; NULL past the end. */
ATTEST_API const struct attest_event *attest_result_event(const attest_result *result, size_t i);
/** Events of such PCRs that the result leaves out: it holds at most 8192 of a log. */
ATTEST_API size_t attest_result_n_events_omitted(const attest_result *result);
ATTEST_API size_t attest_result_n_software(const attest_result *result);
/** Statements that the result leaves out, and events that were not asked for any: then the list is not whole. */
ATTEST_API size_t attest_result_n_software_omitted(const attest_result *result);
/** Statement number i in the order of the events, only of PCRs that replay to the quoted value; NULL past the end. */
ATTEST_API const struct attest_software *attest_result_software(const attest_result *result, size_t i);
ATTEST_API size_t attest_result_n_links(const attest_result *result);
/** Link number i, at most 32; NULL past the end. It lives as long as the result. */
ATTEST_API const struct attest_link *attest_result_link(const attest_result *result, size_t i);
ATTEST_API const struct attest_facts *attest_result_facts(const attest_result *result);
/** The attested TLS pin "sha256//…" of a VERIFIED proof whose TLS certificate is the server's own key; else NULL. */
ATTEST_API const char *attest_result_pin(const attest_result *result);

/** What attest_inspect() and attest_compare() show. Set it up with ATTEST_INSPECT_OPTIONS_INIT. */
struct attest_inspect_options {
	size_t size;       /**< sizeof(struct attest_inspect_options), set by the macro */
	int pcr;           /**< only this PCR, 0..31; -1: all */
	int events;        /**< 1: list the events too */
	size_t max_events; /**< list at most so many, or so many differences of a PCR; 0: as many as there is room for
				(131072 events, 256 differences of a PCR) */
};
#define ATTEST_INSPECT_OPTIONS_INIT                                                                                    \
	{                                                                                                              \
		sizeof(struct attest_inspect_options), -1, 1, 0                                                        \
	}
/**
 * attest_inspect() - all that a proof or an event log says, believed or not
 * @data: a proof file of any format that libattest knows, or an event log as in struct attest_parts
 * @ret_json: docs/inspection.schema.json, one line; free it with attest_string_free()
 *
 * Nothing is verified: no signature, no chain, no time. The states of PCRs say only whether logs fit the values beside
 * them. What is malformed inside is said there; data that are neither proof nor log are an error.
 *
 * Return: ATTEST_OK, ATTEST_E_USAGE, ATTEST_E_FORMAT, ATTEST_E_JSON, ATTEST_E_STRUCTURE, ATTEST_E_ENCODING,
 * ATTEST_E_LIMIT, ATTEST_E_SIMULATION, ATTEST_E_NO_MEMORY. Thread-safe.
 */
ATTEST_API attest_status attest_inspect(const struct attest_inspect_options *options, const void *data, size_t len,
					char **ret_json, struct attest_error *error);
/**
 * attest_compare() - where two proofs or logs differ: for each PCR the first event at which they part, and all others
 * @ret_json: docs/comparison.schema.json; all else as attest_inspect()
 */
ATTEST_API attest_status attest_compare(const struct attest_inspect_options *options, const void *a, size_t a_len,
					const void *b, size_t b_len, char **ret_json, struct attest_error *error);

/** A file that is given as a whole. */
struct attest_document {
	const void *data;
	size_t len;
	const char *name; /**< how messages call it, such as its file name; may be NULL */
};

#define ATTEST_DERIVE_PINS   1u /**< values of PCRs alone; what varies is ignored, with the reason */
#define ATTEST_DERIVE_EVENTS 2u /**< rules for the events of every PCR that logs explain */
/**
 * attest_policy_derive() - a policy of what known-good proofs have in common (docs/policy.md)
 * @verifier: with their roots, and without policies
 * @options: every proof is verified with them; their time is written down
 * @proofs: 1 to 64; each must be genuine: any finding but the want of a policy refuses it
 * @flags: 0: pins where values are equal, rules where they differ and logs explain them; or one ATTEST_DERIVE_….
 *   Except with ATTEST_DERIVE_PINS, PCR 10 becomes a list of files ("ima"), where all entries of the logs can be listed
 * @ret_json: a libattest-policy-v1 for PCRs of the bank SHA-256, indented, which accepts each of the proofs; free it
 *   with attest_string_free()
 *
 * Return: ATTEST_OK; the first error of a proof that does not verify, or is none; ATTEST_E_POLICY_INVALID (nothing can
 * be pinned), ATTEST_E_USAGE, ATTEST_E_STATE, ATTEST_E_LIMIT, ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_policy_derive(attest_verifier *verifier, const struct attest_options *options,
					      const struct attest_document *proofs, size_t n, unsigned flags,
					      char **ret_json, struct attest_error *error);
/**
 * attest_policy_explain() - why a proof is refused: what is not as it should be, where, and what would have to change
 * @verifier: with policies and roots
 * @ret_json: one line: {"name", "verdict", "status", "explanations": [{"step", "status", "message", "where",
 * "expected", "found", "clause", "next": what to do, "events": what was measured into a PCR that has not the pinned
 * value}]}, empty for a proof that is verified; free it with attest_string_free()
 *
 * Return: ATTEST_OK whatever the verdict; else nothing was decided, as attest_verify() without a result.
 */
ATTEST_API attest_status attest_policy_explain(attest_verifier *verifier, const struct attest_options *options,
					       const struct attest_document *proof, char **ret_json,
					       struct attest_error *error);
/**
 * attest_policy_sign() - sign a policy (docs/policy.md, "Signed policies")
 * @policy: any that attest_verifier_add_policy() takes; its exact bytes are signed
 * @key_pem: the private key in PEM, not encrypted, of the kinds that attest_verifier_demand_signed() takes. The
 * signature is Ed25519's, ECDSA with SHA-256 (P-256) or SHA-384 (P-384), or RSA-PSS with SHA-256, as the key says
 * @ret_json: a libattest-signed-policy-v1; free it with attest_string_free()
 *
 * Return: ATTEST_OK; of the key ATTEST_E_ENCODING (also: encrypted), ATTEST_E_ALGORITHM, ATTEST_E_WEAK; of the policy
 * as attest_verifier_add_policy(); ATTEST_E_NO_MEMORY, ATTEST_E_INTERNAL.
 */
ATTEST_API attest_status attest_policy_sign(const struct attest_document *policy, const void *key_pem, size_t key_len,
					    char **ret_json, struct attest_error *error);
/**
 * attest_policy_open() - the policy inside a signed one, once its signature holds
 * @key_pem: public keys, as attest_verifier_demand_signed() takes them
 * @ret_json: the bytes that were signed, with a NUL behind them; whether they are a good policy is not looked at. Free
 *   it with attest_string_free()
 *
 * Return: ATTEST_OK, ATTEST_E_SIGNATURE, ATTEST_E_KEY_MISMATCH (signed with another key), ATTEST_E_POLICY_INVALID (not
 * signed), ATTEST_E_JSON, ATTEST_E_STRUCTURE, ATTEST_E_ENCODING, ATTEST_E_LIMIT; of the keys as
 * attest_verifier_demand_signed(); ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_policy_open(const struct attest_document *signed_policy, const void *key_pem,
					    size_t key_len, char **ret_json, struct attest_error *error);
/**
 * attest_policy_show() - a policy in words
 * @policy: a policy as attest_verifier_add_policy() takes it
 * @ret_text: for people: a summary, then all that it says, and the PCRs of which it says nothing. Lines of printable
 *   ASCII, at most 100 columns but for digests and the like. Free it with attest_string_free()
 *
 * Return: ATTEST_OK, ATTEST_E_NO_MEMORY, or why the policy is none, as attest_verifier_add_policy(). Thread-safe.
 */
ATTEST_API attest_status attest_policy_show(const struct attest_document *policy, char **ret_text,
					    struct attest_error *error);
/**
 * attest_policy_lint() - what is doubtful about a policy that is well-formed
 * @time: seconds since 1970-01-01T00:00:00Z: releases that are past, certificates of the platforms that expire
 * @ret_json: an array, one line: {"id", "severity": "error" (no machine can satisfy it, or it is void), "warning" or
 *   "note", "where" (a JSON path), "message", "hint"}, at most 1000 and then one with the id "more". The ids are
 * stable: docs/policy.md. Free it with attest_string_free()
 *
 * Return: as attest_policy_show(). Thread-safe.
 */
ATTEST_API attest_status attest_policy_lint(const struct attest_document *policy, int64_t time, char **ret_json,
					    struct attest_error *error);
/**
 * attest_policy_diff() - what policy b accepts that a does not, and the reverse
 * @ret_json: one line: {"equal": true if they mean the same, "differences": [{"member", "effect": "more" (b accepts
 *   more), "less", "otherwise" or "same" (only accounts differ), "message", "added", "removed"}]}, at most 1000, and
 *   "not_listed", how many more. Comments, origin, names of values and rules, formatting and the order of members do
 * not count. Free it with attest_string_free()
 *
 * Return: as attest_policy_show(), for the one or the other. Thread-safe.
 */
ATTEST_API attest_status attest_policy_diff(const struct attest_document *a, const struct attest_document *b,
					    char **ret_json, struct attest_error *error);
/**
 * attest_policy_merge() - a policy for the time of a rolling update: either release may run, the old one for a while
 * @until: seconds since 1970-01-01T00:00:00Z from which the old release counts no more
 * @ret_json: a libattest-policy-v1 with both as "releases"; what is equal in both holds for all. Of `tls` and `nonce`
 *   the stricter counts. Bank, platforms and resettable_pcrs must be equal. Free it with attest_string_free()
 *
 * Return: as attest_policy_show(); ATTEST_E_POLICY_INVALID too where the two cannot be one policy, ATTEST_E_USAGE where
 * `until` is past the year 9999. Thread-safe.
 */
ATTEST_API attest_status attest_policy_merge(const struct attest_document *old_release,
					     const struct attest_document *new_release, int64_t until, char **ret_json,
					     struct attest_error *error);
/**
 * attest_policy_convert() - golden measurements or a container map as libattest-policy-v1, with the same meaning
 * @ret_json: indented, with a line feed at its end; a libattest-policy-v1 comes back as it is. Free it with
 *   attest_string_free()
 *
 * Return: as attest_policy_show(). Thread-safe.
 */
ATTEST_API attest_status attest_policy_convert(const struct attest_document *policy, char **ret_json,
					       struct attest_error *error);

/** A text that software measures: its hash is what the PCR is extended with. */
struct attest_text_event {
	unsigned pcr;
	const char *text;
};

/** What attest_policy_predict() predicts. Set it up with ATTEST_PREDICT_OPTIONS_INIT. */
struct attest_predict_options {
	size_t size;          /**< sizeof(struct attest_predict_options), set by the macro */
	const void *uki;      /**< a unified kernel image, up to 1 GiB; NULL: none, and the policy says only what the
				   texts say */
	size_t uki_len;       /**< in bytes */
	const char *name;     /**< how messages and the policy call the image, such as its file name; may be NULL */
	const char *platform; /**< whose firmware measures: "azure" or "ovmf" (OVMF under QEMU, the default, NULL) */
	const char *bank;     /**< "sha1", "sha256" (NULL), "sha384" or "sha512" */
	const char *const
		*phases; /**< boot phases that may have passed when a proof is made, each with colons between as
			      systemd-measure --phase has them ("enter-initrd:leave-initrd"), "" for none; each
			      must begin with the shorter ones. NULL: "enter-initrd:leave-initrd:sysinit:ready" */
	size_t n_phases;
	const char *cmdline; /**< a kernel command line that the boot loader hands over, in ASCII; NULL: none */
	int secure_boot;     /**< 1: Secure Boot must be enabled; 0: nothing is said of it */
	const struct attest_text_event *texts; /**< text events, in the order in which they are measured */
	size_t n_texts;
};
#define ATTEST_PREDICT_OPTIONS_INIT                                                                                    \
	{                                                                                                              \
		sizeof(struct attest_predict_options), NULL, 0, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, 0            \
	}
/**
 * attest_policy_predict() - a policy for an image that has never booted
 * @options: what the machine will boot, and what it will serve; all of it stays the caller's
 * @ret_json: a libattest-policy-v1 with pins and named event rules for PCR 4, 9, 11, 12 and 13 of an image with
 *   systemd-stub 252 or later (UAPI.5), and for the PCRs of the texts; free it with attest_string_free()
 *
 * PCR 9 is left out where the kernel or the stub would measure what the image does not say, and PCR 7 is ruled only
 * with `secure_boot`. All other PCRs depend on the machine.
 *
 * Return: ATTEST_OK; ATTEST_E_USAGE (options contradict each other or the image); ATTEST_E_STRUCTURE (no unified kernel
 * image, or one whose measurements depend on the machine), ATTEST_E_LIMIT, ATTEST_E_NO_MEMORY, ATTEST_E_INTERNAL.
 * Thread-safe.
 */
ATTEST_API attest_status attest_policy_predict(const struct attest_predict_options *options, char **ret_json,
					       struct attest_error *error);

/** Flags of attest_result_text(). */
#define ATTEST_TEXT_COLOR   1u /**< terminal colours */
#define ATTEST_TEXT_VERBOSE 2u /**< PCRs, events and facts too */
/**
 * attest_result_text() - the account for people
 * @name: how the report calls the proof, such as its file name; may be NULL
 * @ret_text: free it with attest_string_free()
 * Return: ATTEST_OK, ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_result_text(const attest_result *result, const char *name, unsigned flags,
					    char **ret_text);
/** attest_result_json() - the account for programs (docs/result.schema.json), one line. As attest_result_text(). */
ATTEST_API attest_status attest_result_json(const attest_result *result, const char *name, char **ret_json);
ATTEST_API void attest_string_free(char *string);

/**
 * attest_time_parse() - a verification time as people write it
 * @text: RFC 3339 ("2026-11-20T10:15:00Z", also with fraction and offset), a date (its first second, UTC), or seconds
 *   since 1970-01-01T00:00:00Z
 * Return: ATTEST_OK, ATTEST_E_USAGE. Thread-safe.
 */
ATTEST_API attest_status attest_time_parse(const char *text, int64_t *ret_time);

/** Size of a pin with its NUL: "sha256//" and 44 characters of base64. */
#define ATTEST_PIN_SIZE 53
/**
 * attest_pin_of() - the pin of a certificate or public key: SHA-256 over the DER SubjectPublicKeyInfo
 * @pem_or_der: certificate (PEM or DER) or public key (PEM)
 * Return: ATTEST_OK, ATTEST_E_ENCODING, ATTEST_E_CERTIFICATE, ATTEST_E_NO_MEMORY.
 */
ATTEST_API attest_status attest_pin_of(const void *pem_or_der, size_t len, char ret_pin[ATTEST_PIN_SIZE],
				       struct attest_error *error);

#ifdef __cplusplus
}
#endif
#endif
