/*
 * urls3 -- the s3 half of url.h: the contracts stand there.
 */
#ifndef STORE_URLS3_H
#define STORE_URLS3_H

#include "base/err.h"
#include "store/url.h"

/* store_url_parse() and store_url_locate() of a text that begins "s3:"; *u is
 * zeroed before. */
int urls3_parse(const char *text, const char *what, struct store_url *u,
    struct err *e);
int urls3_locate(const char *text, const char *what, struct store_url *u,
    char **below, struct err *e);
void urls3_fini(struct store_url_s3 *s);

/* The options, "name=value&...", into *s; "where" begins the errors. */
int urls3_options(const char *query, const char *where,
    struct store_url_s3 *s, struct err *e);

#endif
