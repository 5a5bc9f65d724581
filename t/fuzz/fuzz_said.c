/*
 * fuzz_said -- any bytes as what a worker tells of a database that it backed
 * up: the parser stays within them, and told again it is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "fuzz/claims.h"
#include "fuzz/driver.h"
#include "job/backup.h"
#include "job/said.h"

static void
same_text(const char *a, const char *b)
{
	must((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0));
}

/* Both were zeroed first: what does not belong to the kind is equal. */
static void
hear(void *ctx, const void *msg, size_t len)
{
	struct said *s = ctx, again;

	must(said_parse(msg, len, &again));
	must(again.kind == s->kind);
	same_text(again.path, s->path);
	same_text(again.key, s->key);
	same_text(again.why, s->why);
	must(again.stored_bytes == s->stored_bytes &&
	    again.db_bytes == s->db_bytes && again.ms == s->ms &&
	    again.took_ms == s->took_ms && again.lag_ms == s->lag_ms);
	must(again.cls == s->cls && again.quarantined == s->quarantined &&
	    again.tries == s->tries && again.since_s == s->since_s);
	said_fini(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct job_backup_env env = { .tell = hear };
	uint8_t *copy = mem_zero(size);	/* ends where the bytes end */
	struct said s;

	if (size > 0)
		memcpy(copy, data, size);
	if (said_parse(copy, size, &s)) {
		must_be_writable(s.ms);
		must(s.cls < ERR_NCLASS);
		must(s.path == NULL || strlen(s.path) < size);
		env.ctx = &s;
		said_tell(&env, &s);
	}
	said_fini(&s);
	free(copy);
	return (0);
}
