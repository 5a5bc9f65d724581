#include "net/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "net/cert.h"

static int
errno_of(const struct http_transfer *t)
{
	long n = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &n);
	return ((int)n);
}

/*
 * curl does not tell whether it was the proxy that failed.  Where the
 * environment names one for such a URL, it may have been.
 */
static const char *
maybe_proxy(const struct http_transfer *t)
{
	static const char *const plain[] = { "http_proxy", "all_proxy",
	    "ALL_PROXY", NULL };
	static const char *const tls[] = { "https_proxy", "HTTPS_PROXY",
	    "all_proxy", "ALL_PROXY", NULL };
	const char *const *name = strncasecmp(t->req->url, "https:", 6) == 0 ?
	    tls : plain;
	const char *value;

	if (t->http->direct)
		return ("");
	for (; *name != NULL; name++)
		if ((value = getenv(*name)) != NULL && *value != '\0')
			return (" (or the proxy that the environment names)");
	return ("");
}

static void
say_unconnected(const struct http_transfer *t, struct err *e)
{
	int n = errno_of(t);

	if (n == ECONNREFUSED)
		err_set(e, ERR_NETWORK, "%s%s refuses the connection", t->peer,
		    maybe_proxy(t));
	else if (n == 0 || n == EINPROGRESS)
		err_set(e, ERR_NETWORK, "no connection to %s%s", t->peer,
		    maybe_proxy(t));
	else
		err_set(e, ERR_NETWORK, "no connection to %s%s: %s", t->peer,
		    maybe_proxy(t), strerror(n));
}

static void
say_untrusted(const struct http_transfer *t, struct err *e)
{
	long v = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &v);
	if (cert_is_good(v))
		err_set(e, ERR_NETWORK, "the TLS certificate of %s is for "
		    "another host; name the endpoint as it does", t->peer);
	else if (cert_is_out_of_time(v))
		err_set(e, ERR_NETWORK, "the TLS certificate of %s is not "
		    "trusted: %s", t->peer, cert_text(v));
	else
		err_set(e, ERR_NETWORK, "the TLS certificate of %s is not "
		    "trusted: %s; --ca-file, SSL_CERT_FILE or AWS_CA_BUNDLE "
		    "names a file with those whom to trust", t->peer,
		    cert_text(v));
}

/* The connection ended where it should not have. */
static void
say_broken(const struct http_transfer *t, struct err *e)
{
	const char *how = errno_of(t) == ECONNRESET ? "reset" : "closed";
	long status = 0, tunnel = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (tunnel >= 300)
		err_set(e, ERR_NETWORK, "the proxy that the environment names "
		    "does not lead to %s: it answers %ld", t->peer, tunnel);
	else if (status != 0 || t->nheaders_bytes > 0)
		err_set(e, ERR_NETWORK, "the answer of %s was cut short",
		    t->peer);
	else
		err_set(e, ERR_NETWORK, "%s%s %s the connection without "
		    "an answer", t->peer, maybe_proxy(t), how);
}

bool
transfer_hopeless(const struct http_transfer *t, CURLcode code)
{
	switch (code) {
	case CURLE_UNSUPPORTED_PROTOCOL:
		/* Else it is what the answer is in. */
		return (!t->began);
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_URL_MALFORMAT:
		return (true);
	default:
		return (false);
	}
}

void
transfer_failure(const struct http_transfer *t, CURLcode code, struct err *e)
{
	if (t->body_err.cls != ERR_NONE) {
		*e = t->body_err;
		return;
	}
	if (t->unmet) {
		err_set(e, ERR_NETWORK, "%s answers 417 to \"Expect: "
		    "100-continue\", which it is not sent again", t->peer);
		return;
	}
	if (t->too_large) {
		err_set(e, ERR_LIMIT, "the answer of %s is larger than %zu "
		    "bytes", t->peer, t->req->max_bytes);
		return;
	}
	if (t->too_long) {
		err_set(e, ERR_NETWORK, "the answer of %s is too long",
		    t->peer);
		return;
	}
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		err_set(e, ERR_NETWORK, "the name of %s does not resolve",
		    t->peer);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		err_set(e, ERR_NETWORK, "the name of the proxy to %s does "
		    "not resolve", t->peer);
		break;
	case CURLE_COULDNT_CONNECT:
		say_unconnected(t, e);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		err_set(e, ERR_NETWORK, "timed out connecting to %s%s",
		    t->peer, maybe_proxy(t));
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		say_untrusted(t, e);
		break;
	case CURLE_SSL_CACERT_BADFILE:
		err_set(e, ERR_NETWORK, "no TLS with %s: the file of trusted "
		    "certificates cannot be used (--ca-file, SSL_CERT_FILE, "
		    "AWS_CA_BUNDLE)", t->peer);
		break;
	case CURLE_SSL_CONNECT_ERROR:
		err_set(e, ERR_NETWORK, "no TLS with %s: %s", t->peer,
		    t->errbuf[0] != '\0' ? t->errbuf :
		    curl_easy_strerror(code));
		break;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_SEND_FAIL_REWIND:
	case CURLE_ABORTED_BY_CALLBACK:
		say_broken(t, e);
		break;
	case CURLE_WEIRD_SERVER_REPLY:
		err_set(e, ERR_NETWORK, "%s does not answer as HTTP has it",
		    t->peer);
		break;
	case CURLE_OUT_OF_MEMORY:
		/* libcurl's word for a line that it does not take. */
		err_set(e, ERR_NETWORK, "the answer of %s is too long",
		    t->peer);
		break;
	case CURLE_UNSUPPORTED_PROTOCOL:
		if (t->began) {
			err_set(e, ERR_NETWORK, "%s does not answer as HTTP "
			    "has it", t->peer);
			break;
		}
		/* FALLTHROUGH */
	case CURLE_URL_MALFORMAT:
		err_set(e, ERR_NETWORK, "%s is not spoken to by http or "
		    "https", t->peer);
		break;
	default:
		err_set(e, ERR_NETWORK, "%s: %s", t->peer,
		    curl_easy_strerror(code));
		break;
	}
}
