/*
 * key -- what a database is called in a store: a template over the variables
 * of the pattern that found it, rendered from a path and taken apart again.
 *
 * A template is components with "{{name}}" in them.  {{path}} is the absolute
 * path without its first slash, {{host}} the name of this host, all others
 * come from the pattern.  Values are percent-encoded (base/escape.h), so key
 * to path is exact both ways; {{path}} and "**" keep their slashes.  A
 * component that is nothing but an empty "**" is left out with its slash.  The
 * template's own text is percent-encoded like values.
 *
 * One key, one database: a template is accepted only if it provably maps
 * different paths to different keys.
 */
#ifndef FLEET_KEY_H
#define FLEET_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "fleet/pattern.h"

#define KEY_DEFAULT	"{{path}}"
#define KEY_SUFFIX	".db.lz4"

enum {
	KEY_OBJECT_MAX = 1024,	/* bytes of "<key>/<timestamp>.db.lz4" */
	KEY_COMPONENT_MAX = 255
};

struct key_template;

/*
 * Compile "text" for databases found by these patterns (npatterns >= 1, or 0
 * for paths that no pattern found: then only {{path}} and {{host}} exist).
 * "host" is the value of {{host}}.  The patterns must outlive the template.
 *
 * Class usage, one sentence that says what is wrong and a template that would
 * do: unknown variable (of several patterns each must have it, and not as
 * "**"); unclosed "{{"; {{path}} missing with several patterns or none; a
 * wildcard that does not occur; two variables in one component (host counts
 * as literal text); "." or ".." or an empty component; a first component
 * ".litefleet"; a leading or trailing slash; {{host}} where "host" is NULL,
 * empty or not fit for a component.
 */
struct key_template *key_template_new(const char *text,
    const struct pattern *const *patterns, size_t npatterns, const char *host,
    struct err *e);
void key_template_free(struct key_template *t);

/*
 * Does {{host}} occur?  And a number that is another one whenever the same
 * path could get another key: template, host, and the pattern if its
 * variables are used.
 */
bool key_template_has_host(const struct key_template *t);
uint32_t key_template_naming(const struct key_template *t);

/*
 * Put the key of the database "path" (which one of the patterns matches) into
 * *key (reset first).  Class limit, naming the path: KEY_OBJECT_MAX, or
 * KEY_COMPONENT_MAX if components is true (a directory store).  Class usage:
 * a value that makes a component empty, "." or "..", or the first one
 * ".litefleet"; a path that no pattern matches.
 */
int key_render(const struct key_template *t, const char *path, bool components,
    struct buf *key, struct err *e);

/*
 * Put the path whose key is "key" into *path (reset first).  Returns 0, or -1
 * if key_render() gives no such key.
 */
int key_invert(const struct key_template *t, const char *key,
    struct buf *path);

/*
 * For listing: put into *prefix (reset first) what the names of all objects of
 * databases begin with whose paths "which" matches: directories with a slash
 * behind each, as many as the template and the literal part of "which" tell,
 * maybe none.
 */
void key_prefix(const struct key_template *t, const struct pattern *which,
    struct buf *prefix);

/* Append "<key>/<timestamp>.db.lz4" to *b. */
void key_object(struct buf *b, const char *key, int64_t ms);

/*
 * Take an object's name apart: returns the length of its key and the moment,
 * or 0 if it is not exactly one of ours, as where its key is too long or not
 * encoded as keys are.
 */
size_t key_object_parse(const char *name, int64_t *ms);

#endif
