#include "job/said.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "job/backup.h"

enum {
	FIXED_BYTES = 26
};

void
said_tell(const struct job_backup_env *env, const struct said *s)
{
	struct buf b = { 0 };
	uint8_t *p = buf_room(&b, FIXED_BYTES);

	le64_put(p, s->stored_bytes);
	le64_put(p + 8, s->db_bytes);
	le64_put(p + 16, (uint64_t)s->ms);
	le16_put(p + 24, (uint16_t)strlen(s->path));
	b.len += FIXED_BYTES;
	buf_puts(&b, s->path);
	buf_puts(&b, s->key);
	env->tell(env->ctx, b.data, b.len);
	buf_fini(&b);
}

bool
said_parse(const void *msg, size_t len, struct said *s)
{
	const uint8_t *p = msg;
	size_t npath;

	if (len < FIXED_BYTES)
		return (false);
	npath = le16_get(p + 24);
	if (npath > len - FIXED_BYTES)
		return (false);
	s->stored_bytes = le64_get(p);
	s->db_bytes = le64_get(p + 8);
	s->ms = (int64_t)le64_get(p + 16);
	s->path = mem_strndup(p + FIXED_BYTES, npath);
	s->key = mem_strndup(p + FIXED_BYTES + npath,
	    len - FIXED_BYTES - npath);
	return (true);
}

void
said_fini(struct said *s)
{
	free(s->path);
	free(s->key);
	s->path = s->key = NULL;
}
