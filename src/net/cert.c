#include "net/cert.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

bool
cert_in_file(FILE *f)
{
	X509 *cert = PEM_read_X509_AUX(f, NULL, NULL, NULL);

	if (cert == NULL)
		ERR_clear_error();
	X509_free(cert);
	return (cert != NULL);
}

bool
cert_is_good(long verify_result)
{
	/* The second is what curl says where only the name is wrong. */
	return (verify_result == X509_V_OK ||
	    verify_result == X509_V_ERR_UNSPECIFIED);
}

bool
cert_is_out_of_time(long verify_result)
{
	return (verify_result == X509_V_ERR_CERT_HAS_EXPIRED ||
	    verify_result == X509_V_ERR_CERT_NOT_YET_VALID);
}

const char *
cert_text(long verify_result)
{
	return (X509_verify_cert_error_string(verify_result));
}
