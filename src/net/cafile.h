/*
 * cafile -- whom TLS trusts: a file of certificates (PEM).
 */
#ifndef NET_CAFILE_H
#define NET_CAFILE_H

#include "base/err.h"

/*
 * The file that was given, or else the one that $SSL_CERT_FILE or
 * $AWS_CA_BUNDLE names, as *out, which the caller frees; *out is left alone
 * where none is named.  Class config: it cannot be read, or has no
 * certificate in it.
 */
int cafile_find(const char *given, char **out, struct err *e);

#endif
