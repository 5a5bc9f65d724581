/*
 * s3err -- what S3 says when it refuses: read from the answer, and put into
 * one sentence with a class.
 *
 *     s3://bucket/key: 403 AccessDenied: <what it means> (request 4A...)
 */
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "net/xml.h"
#include "store/s3call.h"

/* Sentences for what a person can do something about; NULL: the server's. */
static const struct {
	const char *code;
	enum err_class cls;
	const char *sentence;
} codes[] = {
	{ "AccessDenied", ERR_DENIED, NULL },
	{ "AllAccessDisabled", ERR_DENIED, NULL },
	{ "AccountProblem", ERR_DENIED, NULL },
	{ "InvalidAccessKeyId", ERR_DENIED,
	    "the server does not know this access key" },
	{ "SignatureDoesNotMatch", ERR_DENIED,
	    "the secret key does not belong to the access key" },
	{ "ExpiredToken", ERR_DENIED, "the session token has expired" },
	{ "InvalidToken", ERR_DENIED, "the session token is not valid" },
	{ "RequestTimeTooSkewed", ERR_DENIED,
	    "this machine's clock is wrong" },
	{ "AuthorizationHeaderMalformed", ERR_DENIED, NULL },
	{ "PermanentRedirect", ERR_DENIED, NULL },
	{ "TemporaryRedirect", ERR_DENIED, NULL },
	{ "NoSuchBucket", ERR_STATE,
	    "there is no such bucket; create it first" },
	{ "InvalidBucketName", ERR_STATE,
	    "the server takes no bucket of this name" },
	{ "NoSuchKey", ERR_NOTFOUND, "there is no such object" },
	{ "NoSuchUpload", ERR_NOTFOUND, NULL },
	{ "PreconditionFailed", ERR_EXISTS, "there is such an object" },
	{ "QuotaExceeded", ERR_SPACE, "the quota is used up" },
	{ "XMinioStorageFull", ERR_SPACE, "the server's disks are full" },
	{ "InsufficientStorage", ERR_SPACE, NULL },
	{ "KeyTooLongError", ERR_LIMIT, "the key is too long" },
	{ "EntityTooLarge", ERR_LIMIT, "the object is too large" },
	{ "InvalidStorageClass", ERR_CONFIG, NULL },
	{ "SlowDown", ERR_THROTTLED, "the server asks to slow down" },
	{ "InternalError", ERR_NETWORK, "the server failed" },
	{ "ServiceUnavailable", ERR_THROTTLED, "the server is overloaded" },
};

/* Copy what fits, without what would break a line. */
void
s3_fault_text(char *to, size_t size, const char *from)
{
	size_t n = 0, left = from == NULL ? 0 : strlen(from), step;

	for (; left > 0; from += step, left -= step) {
		step = utf8_step((const unsigned char *)from, left);
		if (step == 0 ||
		    utf8_is_control((const unsigned char *)from, step)) {
			step = 1;
			if (n + 1 >= size)
				break;
			to[n++] = '?';
			continue;
		}
		if (n + step >= size)
			break;
		memcpy(to + n, from, step);
		n += step;
	}
	to[n] = '\0';
}

void
s3_fault_read(struct s3_fault *f, const struct http_req *r)
{
	const char *text = buf_str(&r->answer);
	/* What kept the connection alive while the server was at work. */
	size_t blanks = strspn(text, " \t\r\n");
	struct err e;
	struct xml *x;

	s3_fault_text(f->request_id, sizeof(f->request_id),
	    http_header(r, "x-amz-request-id"));
	s3_fault_text(f->region, sizeof(f->region),
	    http_header(r, "x-amz-bucket-region"));
	if (r->answer.len == blanks || (x = xml_parse(text + blanks,
	    r->answer.len - blanks, &e)) == NULL)
		return;
	s3_fault_text(f->code, sizeof(f->code), xml_text(x, "Error/Code"));
	s3_fault_text(f->message, sizeof(f->message),
	    xml_text(x, "Error/Message"));
	s3_fault_text(f->endpoint, sizeof(f->endpoint),
	    xml_text(x, "Error/Endpoint"));
	if (xml_text(x, "Error/Region") != NULL)
		s3_fault_text(f->region, sizeof(f->region), xml_text(x,
		    "Error/Region"));
	if (f->request_id[0] == '\0')
		s3_fault_text(f->request_id, sizeof(f->request_id),
		    xml_text(x, "Error/RequestId"));
	xml_free(x);
}

static enum err_class
class_of_status(int status)
{
	switch (status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
	case 401:
	case 403:
		return (ERR_DENIED);
	case 404:
		return (ERR_NOTFOUND);
	case 412:
		return (ERR_EXISTS);
	case 413:
	case 414:
		return (ERR_LIMIT);
	case 429:
	case 503:
		return (ERR_THROTTLED);
	case 501:
		return (ERR_IO);
	case 507:
		return (ERR_SPACE);
	default:
		return (status >= 500 ? ERR_NETWORK : ERR_IO);
	}
}

/* What a status alone means. */
static const char *
sentence_of_status(int status)
{
	switch (status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return ("the server sends us elsewhere");
	case 400:
		return ("the server does not take this; do the options of "
		    "the store's URL suit it?");
	case 401:
	case 403:
		return ("access denied");
	case 404:
		return ("there is no such object");
	case 407:
		return ("the proxy that the environment names wants a user "
		    "and a password");
	case 412:
		return ("there is such an object");
	case 501:
		return ("the server cannot do this");
	default:
		return (status >= 500 ? "the server failed" :
		    "the server refuses");
	}
}

void
s3_fault_err(const struct s3_fault *f, const struct s3_site *site,
    const char *key, struct err *e)
{
	const char *sentence = NULL;
	enum err_class cls = class_of_status(f->status);
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i].code, f->code) == 0) {
			cls = codes[i].cls;
			sentence = codes[i].sentence;
		}
	if (sentence == NULL)
		sentence = f->message[0] != '\0' ? f->message :
		    sentence_of_status(f->status);
	err_set(e, cls, "s3://%s/%s: %d%s%s: %s%s%s%s%s%s", site->bucket,
	    key, f->status, f->code[0] != '\0' ? " " : "", f->code, sentence,
	    f->region[0] != '\0' && strcmp(f->region, site->region) != 0 ?
	    "; the bucket's region is " : "",
	    f->region[0] != '\0' && strcmp(f->region, site->region) != 0 ?
	    f->region : "",
	    f->request_id[0] != '\0' ? " (request " : "", f->request_id,
	    f->request_id[0] != '\0' ? ")" : "");
}
