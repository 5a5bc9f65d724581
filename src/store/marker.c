#include "store/marker.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/escape.h"

#define NAME	".litefleet/store"
#define FORMAT	"1"

enum {
	MARKER_MAX_BYTES = 4096
};

/* The host as a marker carries it. */
static void
set_host(struct marker *m, const char *host)
{
	(void)snprintf(m->host, sizeof(m->host), "%s", host);
}

/* Take "word value" apart in place; false if it is something else. */
static bool
split(char *line, char **value)
{
	char *space = strchr(line, ' ');

	if (space == NULL || space == line || space[1] == '\0')
		return (false);
	*space = '\0';
	*value = space + 1;
	return (true);
}

static bool
take_host(struct marker *m, const char *value)
{
	struct buf b = { 0 };
	bool ok;

	ok = escape_undo(&b, value, strlen(value)) && b.len > 0 &&
	    memchr(b.data, '\0', b.len) == NULL;
	if (ok)
		set_host(m, buf_str(&b));
	buf_fini(&b);
	return (ok);
}

/*
 * Read the lines behind the first.  Words that a later program may add are
 * passed over; what this one needs must be there, once.
 */
static bool
parse(char *text, struct marker *m)
{
	char *line, *value;
	bool id = false, host = false;

	while ((line = strsep(&text, "\n")) != NULL && text != NULL) {
		if (!split(line, &value))
			return (false);
		if (strcmp(line, "id") == 0) {
			if (id || !hash128_parse(value, &m->id) ||
			    hash128_is_zero(m->id))
				return (false);
			id = true;
		} else if (strcmp(line, "host") == 0) {
			if (host || !take_host(m, value))
				return (false);
			host = true;
		}
	}
	/* The last line ends, too: what is behind it is nothing. */
	return (id && host && line != NULL && line[0] == '\0');
}

int
marker_parse(struct buf *b, const char *store, struct marker *m,
    struct err *e)
{
	char *text = NULL, *first, *format;

	memset(m, 0, sizeof(*m));
	if (b->len > 0 && memchr(b->data, '\0', b->len) == NULL)
		text = (char *)b->data;
	first = strsep(&text, "\n");
	if (first == NULL || text == NULL || !split(first, &format) ||
	    strcmp(first, "litefleet-store") != 0) {
		err_set(e, ERR_STATE, "store %s: " NAME " is no store marker "
		    "of litefleet", store);
		return (-1);
	}
	if (strcmp(format, FORMAT) != 0) {
		err_set(e, ERR_STATE, "store %s: " NAME " has format %s, and "
		    "this program knows " FORMAT " only", store, format);
		return (-1);
	}
	if (!parse(text, m)) {
		err_set(e, ERR_STATE, "store %s: " NAME " is damaged", store);
		return (-1);
	}
	return (0);
}

void
marker_text(const struct marker *m, struct buf *b)
{
	char hex[HASH128_HEX_BYTES];

	hash128_hex(m->id, hex);
	buf_printf(b, "litefleet-store " FORMAT "\nid %s\nhost ", hex);
	escape_put(b, m->host, strlen(m->host));
	buf_putc(b, '\n');
}

int
marker_read(struct store *s, struct marker *m, struct err *e)
{
	struct buf b = { 0 };
	struct err why;
	int ret = -1;

	memset(m, 0, sizeof(*m));
	if (store_get_all(s, NAME, MARKER_MAX_BYTES, &b, &why) == 0) {
		if (marker_parse(&b, store_name(s), m, e) == 0)
			ret = 1;
	} else if (why.cls == ERR_NOTFOUND)
		ret = 0;
	else if (why.cls == ERR_LIMIT)
		err_set(e, ERR_STATE, "store %s: " NAME " is no store marker "
		    "of litefleet: too large", store_name(s));
	else
		*e = why;
	buf_fini(&b);
	return (ret);
}

static int
random_id(struct hash128 *id, struct err *e)
{
	do {
		if (getrandom(id, sizeof(*id), 0) != sizeof(*id)) {
			err_sys(e, ERR_IO, "random bytes");
			return (-1);
		}
	} while (hash128_is_zero(*id));
	return (0);
}

int
marker_create(struct store *s, const char *host, struct marker *m,
    struct err *e)
{
	struct buf b = { 0 };
	struct err why;
	int ret = -1;

	memset(m, 0, sizeof(*m));
	set_host(m, host);
	if (random_id(&m->id, e) == -1)
		goto out;
	marker_text(m, &b);
	if (store_put_now(s, NAME, b.data, b.len, &why) == 0)
		ret = 0;
	else if (why.cls != ERR_EXISTS)
		*e = why;
	else
		switch (marker_read(s, m, e)) {
		case 1:
			ret = 0;
			break;
		case 0:
			/* There is none, but something is in its way. */
			*e = why;
			e->cls = ERR_STATE;
			break;
		}
out:
	buf_fini(&b);
	return (ret);
}

/* Is the marker one that the run may write under? */
static int
accept_marker(struct store *s, const struct marker_rule *rule,
    const struct marker *m, struct err *e)
{
	struct marker own = { 0 };

	if (!hash128_is_zero(rule->known) && !hash128_eq(rule->known, m->id)) {
		err_set(e, ERR_STATE, "store %s: this is not the store that "
		    "the state speaks of (replaced by another, not mounted?); "
		    "--new-store starts again", store_name(s));
		return (-1);
	}
	set_host(&own, rule->host);
	if (strcmp(own.host, m->host) != 0 && !rule->key_has_host &&
	    !rule->shared) {
		err_set(e, ERR_CONFIG, "store %s was begun by host \"%s\" and "
		    "this is \"%s\": databases of the same path would be "
		    "mixed; separate the hosts with --key "
		    "'{{host}}/{{path}}', or accept it with --shared",
		    store_name(s), m->host, own.host);
		return (-1);
	}
	return (0);
}

int
marker_check(struct store *s, const struct marker_rule *rule,
    struct marker *m, struct err *e)
{
	switch (marker_read(s, m, e)) {
	case -1:
		return (-1);
	case 0:
		if (hash128_is_zero(rule->known)) {
			if (marker_create(s, rule->host, m, e) == -1)
				return (-1);
			break;
		}
		err_set(e, ERR_STATE, "store %s: this is not the store that "
		    "the state speaks of (emptied, replaced, not mounted?); "
		    "--new-store starts again", store_name(s));
		return (-1);
	}
	return (accept_marker(s, rule, m, e));
}
