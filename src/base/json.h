/*
 * json -- one object a line, for --json (jansson does the writing).
 *
 * JSON strings are Unicode and paths are bytes.  A string of ill-formed UTF-8
 * is written with U+FFFD in place of each bad byte, and a second member
 * "<name>_escaped" carries it exactly, percent-encoded as keys are.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

struct json;

struct json *json_new(void);
void json_free(struct json *j);

/* Set a member of the object; its last value counts. */
void json_str(struct json *j, const char *name, const char *value);
void json_int(struct json *j, const char *name, int64_t value);
void json_bool(struct json *j, const char *name, bool value);
void json_num(struct json *j, const char *name, double value);	/* finite */
void json_none(struct json *j, const char *name);		/* null */

/* Append what is in "row" to the array that member "name" of j is; row is an
 * empty object again.  json_list() alone begins it: it may stay empty. */
void json_list(struct json *j, const char *name);
void json_push(struct json *j, const char *name, struct json *row);

/*
 * Append the object, members in the order of their setting, and a newline to
 * *b; j is an empty object again.
 */
void json_line(struct json *j, struct buf *b);

#endif
