#include "job/said.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "job/backup.h"

enum {
	STORED_BYTES = 43,	/* before the path */
	FAILED_BYTES = 8
};

static void
put_stored(struct buf *b, const struct said *s)
{
	uint8_t *p = buf_room(b, STORED_BYTES);

	le64_put(p + 1, s->stored_bytes);
	le64_put(p + 9, s->db_bytes);
	le64_put(p + 17, (uint64_t)s->ms);
	le64_put(p + 25, (uint64_t)s->took_ms);
	le64_put(p + 33, (uint64_t)s->lag_ms);
	le16_put(p + 41, (uint16_t)strlen(s->path));
	b->len += STORED_BYTES;
	buf_puts(b, s->path);
	buf_puts(b, s->key);
}

static void
put_failed(struct buf *b, const struct said *s)
{
	uint8_t *p = buf_room(b, FAILED_BYTES);

	p[1] = (uint8_t)s->cls;
	p[2] = s->quarantined;
	p[3] = (uint8_t)s->tries;
	le32_put(p + 4, s->since_s);
	b->len += FAILED_BYTES;
	buf_puts(b, s->path);
}

void
said_tell(const struct job_backup_env *env, const struct said *s)
{
	struct buf b = { 0 };

	if (s->kind == SAID_STORED)
		put_stored(&b, s);
	else if (s->kind == SAID_FAILED)
		put_failed(&b, s);
	else {
		buf_putc(&b, '\0');
		buf_puts(&b, s->why);
	}
	b.data[0] = (uint8_t)s->kind;
	env->tell(env->ctx, b.data, b.len);
	buf_fini(&b);
}

static bool
parse_stored(const uint8_t *p, size_t len, struct said *s)
{
	size_t npath;

	if (len < STORED_BYTES)
		return (false);
	npath = le16_get(p + 41);
	if (npath > len - STORED_BYTES)
		return (false);
	s->stored_bytes = le64_get(p + 1);
	s->db_bytes = le64_get(p + 9);
	s->ms = (int64_t)le64_get(p + 17);
	s->took_ms = (int64_t)le64_get(p + 25);
	s->lag_ms = (int64_t)le64_get(p + 33);
	if (!clock_can_stamp(s->ms))
		return (false);
	s->path = mem_strndup(p + STORED_BYTES, npath);
	s->key = mem_strndup(p + STORED_BYTES + npath,
	    len - STORED_BYTES - npath);
	return (true);
}

static bool
parse_failed(const uint8_t *p, size_t len, struct said *s)
{
	if (len < FAILED_BYTES || p[1] >= ERR_NCLASS)
		return (false);
	s->cls = (enum err_class)p[1];
	s->quarantined = p[2] != 0;
	s->tries = p[3];
	s->since_s = le32_get(p + 4);
	s->path = mem_strndup(p + FAILED_BYTES, len - FAILED_BYTES);
	return (true);
}

bool
said_parse(const void *msg, size_t len, struct said *s)
{
	const uint8_t *p = msg;

	memset(s, 0, sizeof(*s));
	if (len == 0)
		return (false);
	s->kind = (enum said_kind)p[0];
	switch (s->kind) {
	case SAID_STORED:
		return (parse_stored(p, len, s));
	case SAID_FAILED:
		return (parse_failed(p, len, s));
	case SAID_DOWN:
		s->why = mem_strndup(p + 1, len - 1);
		return (true);
	}
	return (false);
}

void
said_fini(struct said *s)
{
	free(s->why);
	free(s->path);
	free(s->key);
	s->why = s->path = s->key = NULL;
}
