/*
 * marker -- the object .litefleet/store: which store this is, so that an
 * emptied, replaced or unmounted one is not taken for the one that the state
 * speaks of.  Lines of "word value":
 *     litefleet-store 1
 *     id <32 hex digits, random>
 *     host <name of the host that made it, percent-encoded>
 */
#ifndef STORE_MARKER_H
#define STORE_MARKER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "store/store.h"

struct marker {
	struct hash128 id;
	char host[256];		/* cut at 255 bytes */
};

/* Append it as text. */
void marker_text(const struct marker *m, struct buf *b);

/*
 * Take the text apart, in place; "store" names the store in errors.  Class
 * state: no marker, a damaged one, or one of a later format.
 */
int marker_parse(struct buf *text, const char *store, struct marker *m,
    struct err *e);

/*
 * Read it: 1, or 0 if there is none, or -1 (what marker_parse() and
 * store_get() say).
 */
int marker_read(struct store *s, struct marker *m, struct err *e);

/* Make one with a random id.  If another was faster, *m is that one. */
int marker_create(struct store *s, const char *host, struct marker *m,
    struct err *e);

/* The same, as a rule for runs. */
struct marker_rule {
	struct hash128 known;	/* id that the state carries; zero: none */
	const char *host;	/* this host */
	bool key_has_host;	/* the template separates hosts */
	bool shared;		/* --shared: accept another host's marker */
};

/*
 * Is this the store that the run may write to?  With no known id a missing
 * marker is made and one that is there is adopted; *m is the marker.
 * Class state: missing or another than known ("this is not the store that the
 * state speaks of (emptied, replaced, not mounted?); --new-store starts
 * again").  Class config: another host's, and neither separated nor shared;
 * the message says how to separate them.
 */
int marker_check(struct store *s, const struct marker_rule *rule,
    struct marker *m, struct err *e);

#endif
