/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spki.h - the SubjectPublicKeyInfo of a certificate (RFC 5280, 4.1), cut out of its DER. A pin needs those bytes and
 * nothing else, and libcrypto takes 0.1 ms to read a whole certificate.
 */
#ifndef EVIDENCE_SPKI_H
#define EVIDENCE_SPKI_H

#include "base/digest.h"

/* The certificate must fill `der` to the byte. ATTEST_E_CERTIFICATE. */
attest_status spki_of_certificate(struct slice der, struct slice *ret_spki, struct attest_error *error);
/* That it is one: SEQUENCE of a SEQUENCE and a BIT STRING, to the byte. ATTEST_E_ENCODING. */
attest_status spki_check(struct slice der, struct attest_error *error);
/* The RSAPublicKey (RFC 8017, A.1.1) of an rsaEncryption key; false for any other kind. */
bool spki_is_rsa(struct slice spki, struct slice *ret_key);
/* The point of a key on a named curve, and libcrypto's name of that: RFC 5480, 2.1. */
bool spki_is_ec(struct slice spki, const char **ret_group, struct slice *ret_point);
/* "sha256//" and base64. */
attest_status spki_pin(struct slice spki, char ret_pin[ATTEST_PIN_SIZE], struct attest_error *error);

#endif
