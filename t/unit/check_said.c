/*
 * What a worker tells, there and back.
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

	said_tell(&env, &(struct said){ .kind = SAID_STORED,
	    .stored_bytes = 1ULL << 40,
	    .db_bytes = 8192, .ms = 1700000000123, .took_ms = 5,
	    .lag_ms = -1, .path = path,
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
	ck_assert_int_eq(s.took_ms, 5);
	ck_assert_int_eq(s.lag_ms, -1);
	ck_assert_str_eq(s.path, "/data/a\tb.db");
	ck_assert_str_eq(s.key, "data/a%09b.db");
	ck_assert_int_eq(s.kind, SAID_STORED);
	said_fini(&s);
}
END_TEST

START_TEST(a_message_cut_short_in_its_path_is_refused)
{
	struct said s;
	size_t n;

	tell();
	for (n = 0; n < 43 + strlen("/data/a\tb.db"); n++)
		ck_assert(!said_parse(wire.data, n, &s));
	wire.data[24] = 0x7f;	/* a moment that no stamp can say */
	ck_assert(!said_parse(wire.data, wire.len, &s));
}
END_TEST

START_TEST(that_a_database_fails_is_heard)
{
	const struct job_backup_env env = { .tell = keep };
	char path[] = "/data/a.db";
	struct said s = { .kind = SAID_FAILED, .cls = ERR_DENIED,
	    .quarantined = true, .tries = 7, .since_s = 1700000000,
	    .path = path };

	said_tell(&env, &s);
	ck_assert(said_parse(wire.data, wire.len, &s));
	ck_assert_int_eq(s.kind, SAID_FAILED);
	ck_assert_int_eq(s.cls, ERR_DENIED);
	ck_assert(s.quarantined);
	ck_assert_uint_eq(s.tries, 7);
	ck_assert_uint_eq(s.since_s, 1700000000);
	ck_assert_str_eq(s.path, "/data/a.db");
	said_fini(&s);
	wire.data[1] = ERR_NCLASS;
	ck_assert(!said_parse(wire.data, wire.len, &s));
	ck_assert(!said_parse(wire.data, 7, &s));
}
END_TEST

START_TEST(that_a_store_is_down_is_heard)
{
	const struct job_backup_env env = { .tell = keep };
	char why[] = "it is gone";
	struct said s = { .kind = SAID_DOWN, .why = why };

	said_tell(&env, &s);
	ck_assert(said_parse(wire.data, wire.len, &s));
	ck_assert_int_eq(s.kind, SAID_DOWN);
	ck_assert_str_eq(s.why, "it is gone");
	ck_assert_ptr_null(s.path);
	said_fini(&s);
	ck_assert(!said_parse("x", 1, &s));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("said");

	tcase_add_test(tc, what_is_told_is_heard);
	tcase_add_test(tc, that_a_database_fails_is_heard);
	tcase_add_test(tc, that_a_store_is_down_is_heard);
	tcase_add_test(tc, a_message_cut_short_in_its_path_is_refused);
	return (run_suite(tc));
}
