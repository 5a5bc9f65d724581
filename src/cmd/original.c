#include "cmd/original.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "proc/pool.h"
#include "proc/role.h"

enum {
	/* A message: u64 moment, then object, key and path, each with its
	 * NUL. */
	HEAD_BYTES = 8,
	NTEXTS = 3
};

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
	struct buf msg = { 0 };
	int ret;

	if ((ret = cfg->find(cfg->ctx, &o, e)) == 0) {
		le64_put(buf_room(&msg, HEAD_BYTES), (uint64_t)o.ms);
		msg.len += HEAD_BYTES;
		buf_put(&msg, o.object, strlen(o.object) + 1);
		buf_put(&msg, o.key, strlen(o.key) + 1);
		buf_put(&msg, o.path, strlen(o.path) + 1);
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
	const char *text[NTEXTS], *p = (const char *)msg + HEAD_BYTES;
	const char *end = (const char *)msg + len, *nul;
	size_t i;

	if (len < HEAD_BYTES)
		return;
	for (i = 0; i < NTEXTS; i++) {
		text[i] = p;
		if ((nul = memchr(p, '\0', (size_t)(end - p))) == NULL)
			return;
		p = nul + 1;
	}
	original_fini(out);
	out->ms = (int64_t)le64_get(msg);
	out->object = mem_strdup(text[0]);
	out->key = mem_strdup(text[1]);
	out->path = mem_strdup(text[2]);
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
