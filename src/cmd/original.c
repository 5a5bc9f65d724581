#include "cmd/original.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fleet/finding.h"
#include "fleet/key.h"
#include "proc/pool.h"
#include "proc/role.h"

void
original_fini(struct original *o)
{
	free(o->object);
	free(o->key);
	free(o->path);
	memset(o, 0, sizeof(*o));
}

static int
run(void *ctx, struct role_self *self, struct err *e)
{
	const struct original_cfg *cfg = ctx;
	struct original o = { 0 };
	struct finding f = { .kind = FINDING_ORIGINAL };
	struct buf msg = { 0 };
	int ret;

	if ((ret = cfg->find(cfg->ctx, &o, e)) == 0) {
		f.ms = o.ms;
		f.key = o.key;
		f.text = o.path;
		finding_put(&msg, &f);
		role_say(self, msg.data, msg.len);
	}
	buf_fini(&msg);
	original_fini(&o);
	return (ret);
}

/* What is malformed is passed over. */
static void
take(const uint8_t *msg, size_t len, struct original *out)
{
	struct buf object = { 0 };
	struct finding f;

	if (!finding_parse(msg, len, &f) || f.kind != FINDING_ORIGINAL)
		return;
	original_fini(out);
	key_object(&object, f.key, f.ms);
	out->object = buf_take(&object);
	out->ms = f.ms;
	out->key = mem_strdup(f.key);
	out->path = mem_strdup(f.text);
}

int
original_ask(const struct original_cfg *cfg, struct original *out,
    struct err *e)
{
	/* The child has a copy of *cfg. */
	struct original_cfg own = *cfg;
	struct role_cfg role = { .name = "litefleet-find", .keep_fd = -1,
	    .sandbox = cfg->sandbox, .run = run, .ctx = &own };
	uint8_t msg[POOL_MSG_MAX];
	enum role_said said;
	struct pollfd pfd;
	struct role *r;
	size_t len;

	memset(out, 0, sizeof(*out));
	if ((r = role_start(&role, e)) == NULL)
		return (-1);
	pfd = (struct pollfd){ .fd = role_fd(r), .events = POLLIN };
	while ((said = role_recv(r, msg, &len, e)) == ROLE_NOTHING ||
	    said == ROLE_MESSAGE) {
		if (said == ROLE_NOTHING)
			(void)poll(&pfd, 1, -1);
		else
			take(msg, len, out);
	}
	role_stop(r);
	if (said == ROLE_DONE && out->path != NULL)
		return (0);
	if (said == ROLE_DONE)
		err_set(e, ERR_BUG, "the process that asks where the database "
		    "was ended without an answer");
	original_fini(out);
	return (-1);
}
