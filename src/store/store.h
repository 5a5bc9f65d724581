/*
 * store -- where objects go: a directory, or S3.  One interface for both
 * (a table of functions behind it); names are relative to the store's root
 * and valid keys (fleet/key.h).
 *
 * Puts, removes and gets of whole objects are a completion queue: submit an
 * operation, go on, and take the finished ones with store_next().  A put or
 * remove that has come back without an error is safe: confirmed by the server,
 * or on the disk.  Nothing is called back.
 *
 * Directory store: objects are 0600, directories 0700.  A batch is written to
 * .litefleet/tmp/<tag>/, syncfs(2) (on a descriptor opened before the first
 * write), all renamed with RENAME_NOREPLACE, syncfs(2); then the batch is
 * finished.  A batch ends at STORE_BATCH_OPS or STORE_BATCH_BYTES or
 * STORE_BATCH_MS, or by store_flush().
 *
 * S3: an object is one PUT request, or from 64 MiB on a multipart upload; it
 * is finished when the server has confirmed it.  Removals go a thousand to a
 * request, and so do listings.  Whatever is waited for, all that is in flight
 * moves: operations, and each listing up to a page ahead.  What may pass is
 * tried again, up to five times (the marker, where nobody can be connected to,
 * three times within a second; else it, a listing's page and the beginning of
 * an object that is pulled ten times, those beyond five within 20 seconds); an
 * operation for which all five went wrong while others succeeded has five more
 * when nothing else is left to do.  After a hundred failures in a row, or when
 * the server is not trusted, the store is down, and everything fails at once
 * (class network) until it is closed.
 *
 * An object of S3 has a tag (its ETag, as the server writes it): who gets by
 * tag gets the object that was listed, or learns that it is another now.
 *
 * Owner: a worker, or a command's own process.  Never open before fork(2) and
 * use after.  Readers and listers are freed before their store is closed.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/url.h"

struct store;

enum {				/* when a directory store's batch ends */
	STORE_BATCH_OPS = 16384,
	STORE_BATCH_BYTES = 256 * 1024 * 1024,
	STORE_BATCH_MS = 10 * 1000
};

enum {
	STORE_GET_BYTES = 16 * 1024 * 1024,	/* of an object in memory */
	STORE_MEMORY_BYTES = 8 * 1024 * 1024	/* larger ones come as files */
};

/* Of S3, as the command line says; a zero is the default. */
struct store_s3_cfg {
	unsigned concurrent;	/* requests at once in this process; 100 */
	int64_t connect_timeout_ms;	/* 5 s */
	int64_t request_timeout_ms;	/* without progress; 30 s */
	uint64_t limit_rate_bytes;	/* a second; none */
	const char *ca_file;
	const char *access, *secret;	/* keys, or as credentials.h says */
};

struct store_cfg {
	const struct store_url *url;
	bool create;		/* make a directory that is missing */
	bool write;		/* will be written to */
	const char *tag;	/* with write: [A-Za-z0-9-]+, own place for
				 * unfinished files; what is left there from
				 * before is removed at once */
	struct store_s3_cfg s3;
};

/*
 * Open.  A directory: class gone: it is missing; state: it is none; usage: its
 * name is too long; denied, space, io.  With write: whether it can be written
 * to is found out here.  S3: makes no request to the store; class
 * config: no credentials file that can be read, a senseless endpoint.
 */
struct store *store_open(const struct store_cfg *cfg, struct err *e);
void store_close(struct store *s);	/* abandons what is not finished */

/*
 * Open the store that the URL of something in it speaks of (store/url.h): the
 * deepest one at or above the part without wildcards that has a marker.
 * Fills *u (cfg->url is not used; store_url_fini()) and *below (freed by the
 * caller).  Class not-found: there is none; usage, and what store_open() and
 * a request to the store say.
 */
struct store *store_locate(const struct store_cfg *cfg, const char *text,
    const char *what, struct store_url *u, char **below, struct err *e);

/* What to call it in messages ("/backup"), as long as it is open. */
const char *store_name(const struct store *s);

/* Must components of keys stay within 255 bytes? */
bool store_has_components(const struct store *s);

enum store_verb { STORE_PUT, STORE_REMOVE, STORE_GET };

struct store_op {
	enum store_verb verb;
	char *name;		/* of the object; freed by store_op_free() */
	struct buf mem;		/* PUT: the object; or, if fd is not -1, */
	int fd;			/* all of this file.  The store takes both
				 * over and releases them as soon as it can.
				 * GET: mem is the object, when it is back */
	size_t max_bytes;	/* GET: a larger object fails, class limit; at
				 * most STORE_GET_BYTES, and 0: that */
	char *tag;		/* GET: only if this is the object's (NULL or
				 * "": any); freed by store_op_free() */
	bool only_new;		/* S3: ask the server not to replace one.  A
				 * directory store never does */
	uint64_t bytes;		/* of the object; set by the store.  GET and
				 * REMOVE: what the caller expects, 0:
				 * unknown */
	struct err *err;	/* NULL: it is safe */
	void *owner;		/* the caller's */
	TAILQ_ENTRY(store_op) entry;
};

/* A zeroed operation with fd -1; name is taken over. */
struct store_op *store_op_new(enum store_verb verb, char *name);
void store_op_free(struct store_op *op);

/*
 * Hand over an operation.  It comes back from store_next(), failed or not.  A
 * directory store never replaces an object, S3 only with only_new; a missing
 * one to remove is no failure.  Class exists (there is one, or something else
 * is in the way), limit, and of a get not-found and gone (it is there, with
 * another tag): of this name alone; all others may be of the store
 * (store_is_down()).  Memory in use stays bounded: may block to finish others
 * first; what a finished get has brought is the caller's, and not counted.  A
 * directory store gets at once, and knows no tags.
 */
void store_submit(struct store *s, struct store_op *op);

/*
 * Would the next store_submit() of an object of STORE_MEMORY_BYTES in memory
 * block?  Who must not be held up by it waits with store_wait() first.
 */
bool store_is_full(const struct store *s);

/* The next finished operation, to be freed by the caller; or NULL.  Does not
 * block. */
struct store_op *store_next(struct store *s);

/*
 * Move what is in flight: until something is finished, fd (if not -1) is
 * readable, or timeout_ms (-1: none) is over.  With nothing in flight it
 * waits for fd alone.
 */
void store_wait(struct store *s, int fd, int timeout_ms);

/* Submitted and not yet taken with store_next(). */
size_t store_inflight(const struct store *s);

/*
 * Finish all that was submitted, failed or not, at most timeout_ms (-1).  What
 * S3 has not confirmed by then is abandoned: failed, class network.
 */
void store_flush(struct store *s, int64_t timeout_ms);

/*
 * Spool: a descriptor of an unnamed file in which a large object for this
 * store is best built (the directory store's own file system: its put is then
 * a link and no copy), or -1 with class gone if the caller's own spool is as
 * good.
 */
int store_spool(struct store *s, struct err *e);

/* One object's bytes, in order. */
struct store_reader;

struct store_get_cfg {
	const char *name;
	uint64_t off;		/* from this byte on */
	const char *if_match;	/* only if this is the object's tag; NULL or
				 * "": any.  A directory store knows none */
};

/*
 * Open for reading.  *size (may be NULL): bytes of the whole object.  Class
 * not-found, denied, io; gone: its tag is not if_match (also from
 * store_read(), which asks again where an answer breaks off).
 */
struct store_reader *store_get(struct store *s,
    const struct store_get_cfg *cfg, uint64_t *size, struct err *e);
/* The object's tag, "" if it has none; lives as long as r. */
const char *store_reader_tag(const struct store_reader *r);
/* Up to n bytes; 0 at the end; -1.  Blocks. */
ssize_t store_read(struct store_reader *r, void *p, size_t n, struct err *e);
void store_reader_free(struct store_reader *r);

/* Append the whole object, at most max bytes (class limit). */
int store_get_all(struct store *s, const char *name, size_t max,
    struct buf *b, struct err *e);

/* Put a small object at once and for sure; class exists: there is one. */
int store_put_now(struct store *s, const char *name, const void *p, size_t n,
    struct err *e);

/* What a listing yields; lives until the next call. */
struct store_entry {
	const char *name;
	uint64_t bytes;
	int64_t mtime_ms;	/* when it was stored; S3: LastModified */
	const char *tag;	/* "": it has none */
	bool directory;		/* of a shallow listing; only the name is set,
				 * with a slash at the end */
};

struct store_list_cfg {
	const char *prefix;	/* what names begin with: a directory's name
				 * and a slash, or "" */
	bool shallow;		/* not what lies deeper, but the directories
				 * that are there */
	const char *after;	/* a stretch: only names that come after this
				 * one in the order of their bytes, and */
	const char *until;	/* not after this one.  NULL: no bound.  Not of
				 * a shallow listing */
};

/*
 * List objects.  Those of one directory come in order of their names and
 * without others between them; so do, if shallow, the objects, and the
 * directories.  .litefleet is left out.  What S3 has to say against it, the
 * first store_list_next() says.
 *
 * Stretches that meet (until of one is after of the next) hold each object
 * once.  The objects of a directory are in one of them if no bound lies
 * between their names: so take the names of directories ("a/b/", as a shallow
 * listing gives them) for bounds, and what lies directly beside these is for
 * the shallow listing.
 *
 * In memory are, of S3, two pages of a thousand, and the objects of the
 * directories on the way down; of a directory store the names in these.
 */
struct store_lister;
struct store_lister *store_list(struct store *s,
    const struct store_list_cfg *cfg, struct err *e);
/*
 * 1 with *out, 0 at the end, -1: the listing cannot go on.  Class network,
 * too, for a server whose list comes to no end.
 */
int store_list_next(struct store_lister *l, struct store_entry *out,
    struct err *e);
void store_lister_free(struct store_lister *l);

/*
 * Many listings of one store: ready is one whose store_list_next() will not
 * wait for S3; store_list_wait() moves everything until one of these n is.
 */
bool store_list_ready(struct store_lister *l);
void store_list_wait(struct store_lister *const *v, size_t n);

/* Of one that is ready: is what has come not all that there is? */
bool store_list_goes_on(const struct store_lister *l);

/* Is an S3 store down, so that nothing more can be done with it?  If so, *e
 * says why. */
bool store_is_down(const struct store *s, struct err *e);

/*
 * What time is it there?  If the store has said so in an answer to this
 * process (S3: the Date of the last one), *off_ms is by how much its clock is
 * ahead of ours, to the second and the time that an answer takes; false: it
 * has not, as a directory never does.
 */
bool store_clock(const struct store *s, int64_t *off_ms);

/* Requests that an S3 store has sent, by kind; 0 for a directory. */
enum store_request {
	STORE_REQ_GET,
	STORE_REQ_HEAD,
	STORE_REQ_LIST,		/* of objects, or of unfinished uploads */
	STORE_REQ_PUT,		/* whole objects */
	STORE_REQ_PART,		/* multipart: begin, parts, complete */
	STORE_REQ_REMOVE,	/* of objects, or of unfinished uploads */
	STORE_REQ_AGAIN,	/* of all these: not the first try */
	STORE_NREQUEST
};

/* How many of a kind this store has made; 0 for a directory. */
uint64_t store_requests(const struct store *s, enum store_request kind);

/* "get", "put", ...: a word for reports. */
const char *store_request_name(enum store_request kind);

#endif
