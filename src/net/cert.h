/*
 * cert -- what OpenSSL alone can say of certificates.  Apart from http, since
 * its headers and base/err.h both want the name ERR_STATE.
 */
#ifndef NET_CERT_H
#define NET_CERT_H

#include <stdbool.h>
#include <stdio.h>

/* Is there a certificate (PEM) in what follows? */
bool cert_in_file(FILE *f);

/* Of the result of a verification: did it find nothing wrong; is the time
 * before or after the certificate's; what is wrong. */
bool cert_is_good(long verify_result);
bool cert_is_out_of_time(long verify_result);
const char *cert_text(long verify_result);

#endif
