/*
 * face -- the HTTP face of a service: a role (proc/role.h) that shows figures,
 * and can do nothing else.
 *
 *     /          a page for people: HTML without scripts or foreign assets
 *     /stats     JSON
 *     /metrics   Prometheus text (version 0.0.4)
 *     /healthz   200 "ok", or 503 and why not
 *     /readyz    200 after the first complete cycle, else 503
 *     /failures  JSON: the failing databases
 *
 * GET and HEAD only (405); a Host that is none of ours gets 421, so that no web
 * page can read it by a name of its own (DNS rebinding).  At most
 * FACE_CONNECTIONS at once; a request has FACE_REQUEST_MS until its last byte
 * is there, and an idle connection as long.
 */
#ifndef SERVE_FACE_H
#define SERVE_FACE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "proc/role.h"
#include "serve/figures.h"

enum {
	FACE_CONNECTIONS = 128,
	FACE_HEAD_BYTES = 16 * 1024,
	FACE_REQUEST_MS = 10 * 1000
};

/* Where to listen. */
struct face_where {
	bool local;		/* a socket in the file system: any Host */
	char *path;		/* of it, absolute */
	dev_t dev;		/* that is ours */
	ino_t ino;
	char *host;		/* as it was given, without brackets */
	int fd;			/* listening, or -1 */
};

/*
 * "ADDRESS:PORT", "[ADDRESS]:PORT" or "unix:PATH": parse and listen.  ADDRESS
 * may be a name, which is looked up.  Port 0 takes a free one.  A socket at
 * PATH that nobody listens on any more is replaced, anything else there is
 * left alone; ours is 0600.  Class usage: the text, or an address that this
 * host does not have; exists: somebody listens there, or PATH is something
 * else; denied, gone, io.
 */
int face_listen(const char *text, struct face_where *w, struct err *e);
/* Close it, and remove what is at PATH if it is still ours. */
void face_close(struct face_where *w);
/* The port, 0 for a local one. */
unsigned face_port(const struct face_where *w);
/* Does it listen on a loopback address, which nobody else comes by? */
bool face_is_loopback(const struct face_where *w);

/* What TALLY_REQUEST and the next count. */
struct face_request {
	const char *name;
	bool charged;		/* at put_price_usd */
};

/* What is shown, and how. */
struct face_view {
	const struct figures *figures;
	const char *host;	/* name of this host */
	const struct face_request *requests;
	size_t nrequests;
	double put_price_usd;	/* of 1,000 requests that write or list */
	int64_t now_ms, mono;	/* of this moment; set for each request */
};

struct face_cfg {
	const struct face_where *where;
	struct face_view view;	/* its host is a Host of ours, too */
};

/* role_cfg.run with a struct face_cfg; keep_fd is where->fd. */
int face_run(void *cfg, struct role_self *self, struct err *e);

/* What a path shows, appended to *body (for the face and its tests).
 * *status: 200, 404, 503; *type is static. */
void face_render(const struct face_view *v, const char *path, unsigned *status,
    const char **type, struct buf *body);

#endif
