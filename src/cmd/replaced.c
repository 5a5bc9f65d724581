#include "cmd/replaced.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "cmd/cmd.h"

void
replaced_fini(struct replaced *r)
{
	cmd_secret_drop(&r->access);
	cmd_secret_drop(&r->secret);
	free(r->url);
	memset(r, 0, sizeof(*r));
}

bool
replaced_option(struct replaced *r, int key, char *arg)
{
	switch (key) {
	case REPLACED_OPT_BUCKET:
		r->bucket = arg;
		break;
	case REPLACED_OPT_REGION:
		r->region = arg;
		break;
	case REPLACED_OPT_PATH:
		r->path = arg;
		break;
	case REPLACED_OPT_PATTERN:
		r->pattern = arg;
		break;
	case REPLACED_OPT_ACCESS:
		cmd_secret_take(&r->access, arg);
		break;
	case REPLACED_OPT_SECRET:
		cmd_secret_take(&r->secret, arg);
		break;
	default:
		return (false);
	}
	return (true);
}

/* Does "text" hold a byte that would mean something else in a URL? */
static bool
is_plain(const char *text)
{
	return (text[0] != '\0' && strpbrk(text, "/?&=%#") == NULL);
}

static int
make_url(struct replaced *r, struct cycle *c, struct err *e)
{
	if (c->to_given) {
		err_set(e, ERR_USAGE, "--bucket and --to both name the store: "
		    "leave out one");
		return (-1);
	}
	if (!is_plain(r->bucket)) {
		err_set(e, ERR_USAGE, "--bucket: \"%s\" is no bucket's name",
		    r->bucket);
		return (-1);
	}
	if (r->region != NULL && !is_plain(r->region)) {
		err_set(e, ERR_USAGE, "--region: \"%s\" is no region's name",
		    r->region);
		return (-1);
	}
	r->url = mem_printf("s3://%s%s%s", r->bucket, r->region != NULL ?
	    "?region=" : "", r->region != NULL ? r->region : "");
	c->to = r->url;
	return (0);
}

int
replaced_apply(struct replaced *r, struct cycle *c, struct err *e)
{
	if (r->access != NULL || r->secret != NULL)
		log_warn("keys on a command line can be read by others while "
		    "the program starts; AWS_ACCESS_KEY_ID and "
		    "AWS_SECRET_ACCESS_KEY in the environment cannot");
	if ((r->access == NULL) != (r->secret == NULL)) {
		err_set(e, ERR_USAGE, "--access-key and --secret-key go "
		    "together");
		return (-1);
	}
	if (r->bucket == NULL && r->region != NULL) {
		err_set(e, ERR_USAGE, "--region goes with --bucket; in a URL "
		    "it is s3://BUCKET?region=%s", r->region);
		return (-1);
	}
	if (r->path != NULL && c->key_given) {
		err_set(e, ERR_USAGE, "--path and --key both name the "
		    "template: leave out one");
		return (-1);
	}
	if (r->path != NULL)
		c->key = r->path;
	c->s3.access = r->access;
	c->s3.secret = r->secret;
	return (r->bucket == NULL ? 0 : make_url(r, c, e));
}
