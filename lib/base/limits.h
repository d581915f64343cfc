/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - every limit on input, with its reason. Past a limit: ATTEST_E_LIMIT, saying how much is allowed; but for
 * the sizes of keys (ATTEST_E_WEAK) and what tss2-mu itself refuses (ATTEST_E_TPM_STRUCTURE).
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define LIMIT_PROOF_BYTES         (384u << 20) /* LIMIT_LOG_BYTES in base64, and the rest */
#define LIMIT_POLICY_BYTES        (64u << 20)  /* an allow-list of 10^5 files is about 10 MiB */
#define LIMIT_SIGNED_POLICY_BYTES (88u << 20)  /* LIMIT_POLICY_BYTES in base64, and the signature */
#define LIMIT_JSON_DEPTH          32u          /* deepest format known: 6 */
#define LIMIT_JSON_TEXT           (16u << 20) /* JSON besides long base64 and PEM strings: the parser takes 10 ns a byte */
#define LIMIT_JSON_VALUES         (1u << 18)   /* the parser takes about 100 bytes a value: 26 MiB */
#define LIMIT_POLICY_VALUES       (1u << 20)   /* of policies, which are trusted: 10^5 files with some digests each */
#define LIMIT_CERTIFICATES        16u          /* longest path known: 4 */
#define LIMIT_CHAIN_BYTES         (4u << 20)   /* a certificate is 1 to 2 KiB; NV areas pad with some KiB */
#define LIMIT_CRLS                16u          /* one for each certificate of the longest path */
#define LIMIT_CRL_BYTES           (32u << 20)  /* of all CRLs together: the largest that CAs publish are some MiB */
#define LIMIT_CRL_HEAD            (64u << 10)  /* issuer, and extensions, of a CRL: some hundred bytes each */
#define LIMIT_LINKS               32u          /* of a result: a certificate names one or two places for each kind */
#define LIMIT_URL_BYTES           2048u        /* what servers and proxies take */
#define LIMIT_LOGS                8u           /* boot, IMA, systemd, four applications */
#define LIMIT_LOG_BYTES           (256u << 20) /* 10^6 files in an IMA log are about 150 MiB */
#define LIMIT_LOG_ENTRY           (16u << 20)  /* IMA keeps whole buffers: keys, kexec command lines, LSM policies */
#define LIMIT_LOG_EVENTS          (1u << 22)   /* an entry of an IMA log takes 60 bytes and more: LIMIT_LOG_BYTES */
#define LIMIT_BANKS               16u          /* TPM2_NUM_PCR_BANKS */
#define LIMIT_PCRS                32u          /* TPM2_MAX_PCRS: a selection of four bytes */
#define LIMIT_NONCE_BYTES         64u /* TPM2B_DATA: at most a TPMT_HA, and no TPM takes more than its largest digest */
#define LIMIT_TPM_STRUCTURE       4096u       /* TPMS_ATTEST, TPMT_SIGNATURE, TPMT_PUBLIC: RSA-4096 is under 1 KiB */
#define LIMIT_PCR_FILE            (64u << 10) /* tpm2_quote -o for all PCRs in 16 banks is 43 KiB */
#define LIMIT_RSA_BITS            8192u       /* verification time grows with the square */
#define LIMIT_RSA_EXPONENT_BITS   64          /* and with its length: TPMs and CAs use 65537 */
#define LIMIT_EVENT_JSON          (64u << 10) /* a longer text of an event is not read as JSON: it has no type */
#define LIMIT_FINDINGS            64u         /* the rest is counted, not listed */
#define LIMIT_EVENTS_TOLD         8192u       /* of one log in a result; the rest is counted: IMA logs have 10^6 */
#define LIMIT_SOFTWARE_OF_A_KIND  128u        /* statements about software of one kind; a boot makes about 30 in all */
#define LIMIT_EVENTS_SHOWN        (1u << 17)  /* by attest_inspect(): each takes about 2 KiB */
#define LIMIT_ROOTS               1024u       /* added anchors and intermediates */
#define LIMIT_POLICIES            16u
#define LIMIT_POLICY_KEYS         16u
#define LIMIT_REFERENCES          16u
#define LIMIT_PIN_VALUES          4096u /* allowed values of one PCR */
#define LIMIT_UKI_BYTES           (1u << 30) /* unified kernel images are 20 MiB to some hundred: an initrd can be a system */
#define LIMIT_PE_ZEROS            (64u << 20) /* memory of a section past its contents: kernels unpack themselves in it */
#define LIMIT_PREDICTED_PHASES    64u
#define LIMIT_PE_SECTIONS         96u        /* what Windows loads; a unified kernel image has about 15 */
#define LIMIT_SET_VALUES          (1u << 17) /* digests of a set, or of a rule */
#define LIMIT_SETS                256u       /* named ones, of a policy or release */
#define LIMIT_RULES               1024u /* of one PCR: a boot makes some hundred events, and each is held to each */
#define LIMIT_RULE_TEXTS          256u  /* texts or words of one rule */
#define LIMIT_RELEASES            64u   /* the logs are read once for each */
#define LIMIT_IMA_EXCLUDED        256u  /* patterns; each entry that no file of the list explains is held against all */
#define LIMIT_DERIVED_PROOFS      64u   /* of one attest_policy_derive(): all results are held at once */
#define LIMIT_RULES               1024u /* of one PCR: a boot makes some hundred events, and each is held to each */
#define LIMIT_RULE_TEXTS          256u  /* texts or words of one rule */
#define LIMIT_RELEASES            64u   /* the logs are read once for each */
#define LIMIT_CACHED_CERTIFICATES 256u  /* about 8 KiB each */

#endif
