#include "net/xml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <expat.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	NAMES_MAX_BYTES = 1024,		/* of a path */
	PATHS_MAX = 256,		/* different ones in an answer */
	ITEMS_MAX = 1 << 18,
	PIECE_BYTES = 64 * 1024
};

/* Texts and paths are offsets into xml.store until all of it is there. */
struct item {
	size_t path;
	size_t text;
	unsigned end;
};

struct xml {
	struct buf store;
	struct xml_item *items;
	size_t nitems;
};

struct reading {
	XML_Parser parser;
	struct buf *store;
	struct item *items;
	size_t nitems, cap;
	struct buf text;		/* since the last tag */
	char path[NAMES_MAX_BYTES];	/* of the element that is open */
	size_t path_len[XML_MAX_DEPTH + 1];
	unsigned depth;
	bool parent;			/* the last tag was an end */
	size_t paths[PATHS_MAX];
	size_t npaths, last;
	const char *wrong;
};

static void
stop(struct reading *rd, const char *why)
{
	if (rd->wrong == NULL)
		rd->wrong = why;
	(void)XML_StopParser(rd->parser, XML_FALSE);
}

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	struct reading *rd = arg;
	const char *colon = strrchr(name, ':');
	size_t at = rd->path_len[rd->depth], n;
	size_t left = sizeof(rd->path) - at;	/* with slash and NUL */

	(void)attrs;
	if (colon != NULL)
		name = colon + 1;
	n = strlen(name);
	if (n == 0) {
		stop(rd, "an element has no name behind its namespace");
		return;
	}
	if (rd->depth == XML_MAX_DEPTH) {
		stop(rd, "nested too deeply");
		return;
	}
	if (left < 2 || n > left - 2) {
		stop(rd, "the names of its elements are too long");
		return;
	}
	if (rd->depth > 0)
		rd->path[at++] = '/';
	memcpy(rd->path + at, name, n + 1);
	rd->path_len[++rd->depth] = at + n;
	rd->parent = false;
	buf_reset(&rd->text);
}

static void
on_text(void *arg, const XML_Char *s, int n)
{
	struct reading *rd = arg;

	buf_put(&rd->text, s, (size_t)n);
}

/* Keep s[0 .. n-1]; returns where. */
static size_t
keep(struct buf *store, const void *s, size_t n)
{
	size_t at = store->len;

	buf_put(store, s, n);
	buf_putc(store, '\0');
	return (at);
}

/*
 * The current path, kept once: answers have a handful of them, in the same
 * order again and again, so the search begins behind the last one.
 */
static size_t
keep_path(struct reading *rd)
{
	size_t i, k, n = rd->path_len[rd->depth];

	for (i = 0; i < rd->npaths; i++) {
		k = (rd->last + 1 + i) % rd->npaths;
		if (strcmp((const char *)rd->store->data + rd->paths[k],
		    rd->path) == 0) {
			rd->last = k;
			return (rd->paths[k]);
		}
	}
	if (rd->npaths == PATHS_MAX) {
		stop(rd, "too many kinds of elements");
		return (0);
	}
	rd->last = rd->npaths++;
	return (rd->paths[rd->last] = keep(rd->store, rd->path, n));
}

static void
on_end(void *arg, const XML_Char *name)
{
	struct reading *rd = arg;
	struct item *it;

	(void)name;
	if (rd->wrong != NULL)
		return;
	if (rd->nitems == ITEMS_MAX) {
		stop(rd, "too many elements");
		return;
	}
	if (rd->nitems == rd->cap) {
		rd->cap = rd->cap * 2 + 64;
		rd->items = mem_resize(rd->items, rd->cap, sizeof(*it));
	}
	it = &rd->items[rd->nitems++];
	it->path = keep_path(rd);
	it->end = rd->parent;
	if (rd->parent)
		buf_reset(&rd->text);
	it->text = keep(rd->store, rd->text.data, rd->text.len);
	buf_reset(&rd->text);
	rd->path[rd->path_len[--rd->depth]] = '\0';
	rd->parent = true;
}

static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
    const XML_Char *public_id, int internal)
{
	(void)name;
	(void)system_id;
	(void)public_id;
	(void)internal;
	stop(arg, "it declares a document type");
}

/*
 * Piece by piece, so that a tag without an end is noticed before expat has
 * looked for it in all that there is; one with a million attributes took it
 * twenty seconds.
 */
static bool
feed(struct reading *rd, const char *p, size_t n, const struct xml_cfg *cfg)
{
	size_t at, len;
	bool last;

	for (at = 0; ; at += len) {
		len = n - at < cfg->piece_bytes ? n - at : cfg->piece_bytes;
		last = at + len == n;
		if (XML_Parse(rd->parser, p + at, (int)len, last) !=
		    XML_STATUS_OK)
			return (false);
		if (last)
			return (true);
		if (at + len > cfg->tag_bytes +
		    (size_t)XML_GetCurrentByteIndex(rd->parser)) {
			rd->wrong = "a tag without an end";
			return (false);
		}
	}
}

static int
read_all(struct reading *rd, const void *p, size_t n,
    const struct xml_cfg *cfg, struct err *e)
{
	const char *why;

	if ((rd->parser = XML_ParserCreate(NULL)) == NULL)
		log_fatal("out of memory");
	XML_SetUserData(rd->parser, rd);
	XML_SetElementHandler(rd->parser, on_start, on_end);
	XML_SetCharacterDataHandler(rd->parser, on_text);
	XML_SetStartDoctypeDeclHandler(rd->parser, on_doctype);
	if (feed(rd, p, n, cfg))
		return (0);
	if ((why = rd->wrong) == NULL)
		why = XML_ErrorString(XML_GetErrorCode(rd->parser));
	err_set(e, ERR_NETWORK, "XML that cannot be read: line %lu: %s",
	    (unsigned long)XML_GetCurrentLineNumber(rd->parser), why);
	return (-1);
}

static void
settle(struct xml *x, const struct reading *rd)
{
	const char *base = (const char *)x->store.data;
	size_t i;

	x->items = mem_resize(NULL, rd->nitems, sizeof(*x->items));
	for (i = 0; i < rd->nitems; i++) {
		x->items[i].path = base + rd->items[i].path;
		x->items[i].text = base + rd->items[i].text;
		x->items[i].end = rd->items[i].end;
	}
	x->nitems = rd->nitems;
}

struct xml *
xml_parse(const void *p, size_t n, struct err *e)
{
	static const struct xml_cfg cfg = { .piece_bytes = PIECE_BYTES,
	    .tag_bytes = (size_t)4 * PIECE_BYTES };

	return (xml_parse_with(p, n, &cfg, e));
}

struct xml *
xml_parse_with(const void *p, size_t n, const struct xml_cfg *cfg,
    struct err *e)
{
	struct reading *rd;
	struct xml *x;

	if (n > XML_MAX_BYTES) {
		err_set(e, ERR_NETWORK, "XML that cannot be read: it is over "
		    "%d bytes", XML_MAX_BYTES);
		return (NULL);
	}
	x = mem_zero(sizeof(*x));
	rd = mem_zero(sizeof(*rd));
	rd->store = &x->store;
	if (read_all(rd, p, n, cfg, e) == 0) {
		settle(x, rd);
	} else {
		xml_free(x);
		x = NULL;
	}
	XML_ParserFree(rd->parser);
	buf_fini(&rd->text);
	free(rd->items);
	free(rd);
	return (x);
}

void
xml_free(struct xml *x)
{
	if (x == NULL)
		return;
	buf_fini(&x->store);
	free(x->items);
	free(x);
}

size_t
xml_nitems(const struct xml *x)
{
	return (x->nitems);
}

const struct xml_item *
xml_item(const struct xml *x, size_t i)
{
	return (i < x->nitems ? &x->items[i] : NULL);
}

const char *
xml_text(const struct xml *x, const char *path)
{
	size_t i;

	for (i = 0; i < x->nitems; i++)
		if (strcmp(x->items[i].path, path) == 0)
			return (x->items[i].text);
	return (NULL);
}
