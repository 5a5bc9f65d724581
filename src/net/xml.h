/*
 * xml -- an S3 answer as a flat list of its texts: each with the path of its
 * element ("ListBucketResult/Contents/Key").  expat does the reading; entity
 * declarations, document types, answers over XML_MAX_BYTES and tags of more
 * than about 256 KiB are refused, nesting is at most XML_MAX_DEPTH.
 */
#ifndef NET_XML_H
#define NET_XML_H

#include <stddef.h>

#include "base/err.h"

enum {
	XML_MAX_BYTES = 16 * 1024 * 1024,
	XML_MAX_DEPTH = 16
};

struct xml_item {
	const char *path;	/* without namespaces */
	const char *text;	/* as it is between the tags; "" at the end of
				 * an element with children */
	unsigned end;		/* 1: this item is the end of such an element */
};

struct xml;

/* Class network: not well-formed, or as above. */
struct xml *xml_parse(const void *p, size_t n, struct err *e);

/* What xml_parse() has of these stands behind them. */
struct xml_cfg {
	size_t piece_bytes;	/* that expat gets at a time, >= 1; 64 KiB */
	size_t tag_bytes;	/* 256 KiB */
};

/*
 * The same by other figures: between two pieces, a tag that has no end after
 * tag_bytes is refused.  Into which pieces it is cut changes nothing else.
 */
struct xml *xml_parse_with(const void *p, size_t n, const struct xml_cfg *cfg,
    struct err *e);

void xml_free(struct xml *x);

/* In the order of the document; live as long as x. */
size_t xml_nitems(const struct xml *x);
const struct xml_item *xml_item(const struct xml *x, size_t i);

/* The text of the first item with this path, or NULL. */
const char *xml_text(const struct xml *x, const char *path);

#endif
