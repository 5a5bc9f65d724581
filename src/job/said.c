#include "job/said.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "job/backup.h"

enum {
	FIXED_BYTES = 27,
	STORED = 'S',
	DOWN = 'D'
};

void
said_tell(const struct job_backup_env *env, const struct said *s)
{
	struct buf b = { 0 };
	uint8_t *p = buf_room(&b, FIXED_BYTES);

	p[0] = STORED;
	le64_put(p + 1, s->stored_bytes);
	le64_put(p + 9, s->db_bytes);
	le64_put(p + 17, (uint64_t)s->ms);
	le16_put(p + 25, (uint16_t)strlen(s->path));
	b.len += FIXED_BYTES;
	buf_puts(&b, s->path);
	buf_puts(&b, s->key);
	env->tell(env->ctx, b.data, b.len);
	buf_fini(&b);
}

void
said_tell_down(const struct job_backup_env *env, const char *why)
{
	struct buf b = { 0 };

	buf_putc(&b, DOWN);
	buf_puts(&b, why);
	env->tell(env->ctx, b.data, b.len);
	buf_fini(&b);
}

bool
said_parse(const void *msg, size_t len, struct said *s)
{
	const uint8_t *p = msg;
	size_t npath;

	memset(s, 0, sizeof(*s));
	if (len > 0 && p[0] == DOWN) {
		s->down = mem_strndup(p + 1, len - 1);
		return (true);
	}
	if (len < FIXED_BYTES || p[0] != STORED)
		return (false);
	npath = le16_get(p + 25);
	if (npath > len - FIXED_BYTES)
		return (false);
	s->stored_bytes = le64_get(p + 1);
	s->db_bytes = le64_get(p + 9);
	s->ms = (int64_t)le64_get(p + 17);
	s->path = mem_strndup(p + FIXED_BYTES, npath);
	s->key = mem_strndup(p + FIXED_BYTES + npath,
	    len - FIXED_BYTES - npath);
	return (true);
}

void
said_fini(struct said *s)
{
	free(s->down);
	free(s->path);
	free(s->key);
	s->down = s->path = s->key = NULL;
}
