#include "net/sts.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "net/ask.h"
#include "net/sigv4.h"
#include "net/xml.h"

#define ANSWER	"AssumeRoleWithWebIdentityResponse/" \
		"AssumeRoleWithWebIdentityResult/Credentials/"
#define FAILED	"ErrorResponse/Error/"

enum {
	TOKEN_MAX_BYTES = 64 * 1024,
	TIMEOUT_MS = 5000,
	NTRIES = 3,
	SAYS_BYTES = 300	/* of the server's own sentence */
};

static void
wipe(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->len);
	buf_fini(b);
}

static int
read_token(const char *file, struct buf *token, struct err *e)
{
	if (io_read_file(AT_FDCWD, file, TOKEN_MAX_BYTES, token, e) == -1) {
		e->cls = ERR_CONFIG;
		err_prefix(e, "web identity");
		return (-1);
	}
	while (token->len > 0 && isspace(token->data[token->len - 1]))
		token->data[--token->len] = '\0';
	if (token->len == 0 || strlen(buf_str(token)) != token->len) {
		err_set(e, ERR_CONFIG, "web identity: %s holds no token", file);
		return (-1);
	}
	return (0);
}

static char *
make_url(const struct sts_cfg *cfg, struct err *e)
{
	const char *r = cfg->region;

	if (cfg->endpoint != NULL)
		return (mem_strdup(cfg->endpoint));
	if (r[0] == '\0' || strspn(r, "abcdefghijklmnopqrstuvwxyz0123456789-")
	    != strlen(r)) {
		err_set(e, ERR_CONFIG, "web identity: \"%s\" is no region of "
		    "AWS; set AWS_REGION or AWS_ENDPOINT_URL_STS", r);
		return (NULL);
	}
	return (mem_printf("https://sts.%s.amazonaws.com%s/", r,
	    strncmp(r, "cn-", 3) == 0 ? ".cn" : ""));
}

static void
put_field(struct buf *form, const char *name, const char *value)
{
	buf_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
	sigv4_encode(form, value, strlen(value), false);
}

/* What STS says against it, without anything that we sent. */
static void
explain(const struct ask_answer *a, const char *url, const char *token,
    struct err *e)
{
	const char *code = NULL, *says = NULL;
	enum err_class cls = ERR_DENIED;
	struct xml *x;
	struct err why;

	if ((x = xml_parse(a->body.data, a->body.len, &why)) != NULL) {
		code = xml_text(x, FAILED "Code");
		says = xml_text(x, FAILED "Message");
	}
	if (a->status >= 500)
		cls = ERR_NETWORK;
	if (a->status == 429 || (code != NULL &&
	    strncmp(code, "Throttl", 7) == 0))
		cls = ERR_THROTTLED;
	if (code == NULL || strstr(code, token) != NULL)
		code = "no code";
	if (says == NULL || strstr(says, token) != NULL)
		says = "";
	err_set(e, cls, "web identity: %s: HTTP status %d, %.100s%s%.*s", url,
	    a->status, code, *says != '\0' ? ": " : "", SAYS_BYTES, says);
	xml_free(x);
}

static int
parse(const struct ask_answer *a, const char *url, struct lease *l,
    struct err *e)
{
	char *from = mem_printf("web identity: %s", url);
	struct lease_cfg cfg;
	struct xml *x;
	int ret = -1;

	if ((x = xml_parse(a->body.data, a->body.len, e)) == NULL) {
		err_set(e, ERR_CONFIG, "%s: the answer cannot be understood",
		    from);
		goto out;
	}
	cfg = (struct lease_cfg){
		.access = xml_text(x, ANSWER "AccessKeyId"),
		.secret = xml_text(x, ANSWER "SecretAccessKey"),
		.token = xml_text(x, ANSWER "SessionToken"),
		.expires = xml_text(x, ANSWER "Expiration"),
	};
	ret = lease_fill(l, &cfg, from, e);
out:
	xml_free(x);
	free(from);
	return (ret);
}

int
sts_assume(struct http *h, const struct sts_cfg *cfg, struct lease *l,
    struct err *e)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded",
		"Accept: application/xml", NULL
	};
	struct ask q = { .method = "POST", .headers = headers,
	    .timeout_ms = TIMEOUT_MS, .ntries = NTRIES };
	struct ask_answer a = { 0 };
	struct buf token = { 0 }, form = { 0 };
	char *url = NULL;
	int ret = -1;

	if (read_token(cfg->token_file, &token, e) == -1 ||
	    (url = make_url(cfg, e)) == NULL)
		goto out;
	put_field(&form, "Action", "AssumeRoleWithWebIdentity");
	put_field(&form, "Version", "2011-06-15");
	put_field(&form, "RoleArn", cfg->role_arn);
	put_field(&form, "RoleSessionName", cfg->session != NULL ?
	    cfg->session : "litefleet");
	put_field(&form, "WebIdentityToken", buf_str(&token));
	q.url = url;
	q.body = form.data;
	q.body_bytes = form.len;
	if (ask(h, &q, &a, e) == -1)
		err_prefix(e, "web identity");
	else if (a.status != 200)
		explain(&a, url, buf_str(&token), e);
	else
		ret = parse(&a, url, l, e);
out:
	ask_fini(&a);
	wipe(&form);
	wipe(&token);
	free(url);
	return (ret);
}
