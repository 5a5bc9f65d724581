#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/escape.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"

enum {
	REAL_DIGITS = 15	/* 0.1 is written as 0.1 */
};

struct json {
	json_t *obj;
};

struct json *
json_new(void)
{
	struct json *j = mem_zero(sizeof(*j));

	if ((j->obj = json_object()) == NULL)
		log_fatal("out of memory");
	return (j);
}

void
json_free(struct json *j)
{
	if (j == NULL)
		return;
	json_decref(j->obj);
	free(j);
}

static void
set(struct json *j, const char *name, json_t *value)
{
	if (value == NULL || json_object_set_new(j->obj, name, value) == -1)
		log_fatal("out of memory");
}

void
json_str(struct json *j, const char *name, const char *value)
{
	const unsigned char *p = (const unsigned char *)value;
	struct buf b = { 0 };
	size_t left = strlen(value), step;
	char *name2;

	if (utf8_valid(p, left)) {
		set(j, name, json_string(value));
		return;
	}
	for (; left > 0; p += step, left -= step) {
		if ((step = utf8_step(p, left)) > 0) {
			buf_put(&b, p, step);
			continue;
		}
		step = 1;
		buf_puts(&b, "\xef\xbf\xbd");
	}
	set(j, name, json_string(buf_str(&b)));
	buf_reset(&b);
	escape_put(&b, value, strlen(value));
	name2 = mem_printf("%s_escaped", name);
	set(j, name2, json_string(buf_str(&b)));
	free(name2);
	buf_fini(&b);
}

void
json_int(struct json *j, const char *name, int64_t value)
{
	set(j, name, json_integer(value));
}

void
json_bool(struct json *j, const char *name, bool value)
{
	set(j, name, json_boolean(value));
}

void
json_num(struct json *j, const char *name, double value)
{
	set(j, name, json_real(value));
}

void
json_none(struct json *j, const char *name)
{
	set(j, name, json_null());
}

void
json_list(struct json *j, const char *name)
{
	if (json_object_get(j->obj, name) == NULL)
		set(j, name, json_array());
}

void
json_push(struct json *j, const char *name, struct json *row)
{
	json_t *fresh = json_object();

	json_list(j, name);
	if (fresh == NULL || json_array_append_new(json_object_get(j->obj,
	    name), row->obj) == -1)
		log_fatal("out of memory");
	row->obj = fresh;
}

void
json_line(struct json *j, struct buf *b)
{
	char *s;

	if ((s = json_dumps(j->obj, JSON_COMPACT |
	    JSON_REAL_PRECISION(REAL_DIGITS))) == NULL)
		log_fatal("out of memory");
	buf_puts(b, s);
	buf_putc(b, '\n');
	free(s);
	(void)json_object_clear(j->obj);
}
