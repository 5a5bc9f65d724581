/*
 * What a worker tells of a stored database, there and back.
 */
#include "job/said.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "job/backup.h"
#include "unit/suite.h"

static struct buf wire;

static void
keep(void *ctx, const void *msg, size_t len)
{
	(void)ctx;
	buf_reset(&wire);
	buf_put(&wire, msg, len);
}

static void
tell(void)
{
	const struct job_backup_env env = { .tell = keep };
	char path[] = "/data/a\tb.db", key[] = "data/a%09b.db";

	said_tell(&env, &(struct said){ .stored_bytes = 1ULL << 40,
	    .db_bytes = 8192, .ms = 1700000000123, .path = path,
	    .key = key });
}

START_TEST(what_is_told_is_heard)
{
	struct said s;

	tell();
	ck_assert(said_parse(wire.data, wire.len, &s));
	ck_assert_uint_eq(s.stored_bytes, 1ULL << 40);
	ck_assert_uint_eq(s.db_bytes, 8192);
	ck_assert_int_eq(s.ms, 1700000000123);
	ck_assert_str_eq(s.path, "/data/a\tb.db");
	ck_assert_str_eq(s.key, "data/a%09b.db");
	said_fini(&s);
}
END_TEST

START_TEST(a_message_cut_short_in_its_path_is_refused)
{
	struct said s;
	size_t n;

	tell();
	for (n = 0; n < 26 + strlen("/data/a\tb.db"); n++)
		ck_assert(!said_parse(wire.data, n, &s));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("said");

	tcase_add_test(tc, what_is_told_is_heard);
	tcase_add_test(tc, a_message_cut_short_in_its_path_is_refused);
	return (run_suite(tc));
}
