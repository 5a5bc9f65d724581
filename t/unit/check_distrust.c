/*
 * What the schema of another's database may still do.
 */
#include "db/distrust.h"

#include <sqlite3.h>

#include "unit/suite.h"

static const int on[] = { SQLITE_DBCONFIG_DEFENSIVE };
static const int off[] = { SQLITE_DBCONFIG_TRUSTED_SCHEMA,
	SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW };

/* As an application has it that trusts itself. */
static sqlite3 *
open_trusting(void)
{
	sqlite3 *db;
	size_t i;

	ck_assert_int_eq(sqlite3_open(":memory:", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "CREATE TABLE t(x);"
	    "CREATE TABLE u(x); CREATE VIEW v AS SELECT 1 AS x;"
	    "CREATE TRIGGER g INSERT ON t BEGIN INSERT INTO u VALUES(1); END",
	    NULL, NULL, NULL), SQLITE_OK);
	for (i = 0; i < sizeof(on) / sizeof(on[0]); i++)
		ck_assert_int_eq(sqlite3_db_config(db, on[i], 0, NULL),
		    SQLITE_OK);
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		ck_assert_int_eq(sqlite3_db_config(db, off[i], 1, NULL),
		    SQLITE_OK);
	return (db);
}

START_TEST(the_switches_are_set)
{
	sqlite3 *db = open_trusting();
	size_t i;
	int is;

	distrust_schema(db);
	for (i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
		ck_assert_int_eq(sqlite3_db_config(db, on[i], -1, &is),
		    SQLITE_OK);
		ck_assert_int_eq(is, 1);
	}
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		ck_assert_int_eq(sqlite3_db_config(db, off[i], -1, &is),
		    SQLITE_OK);
		ck_assert_int_eq(is, 0);
	}
	(void)sqlite3_close(db);
}
END_TEST

START_TEST(what_a_schema_could_do_it_cannot)
{
	static const char *const sql[] = {
		"SELECT x FROM v",
		"ATTACH ':memory:' AS other",
		"PRAGMA writable_schema = 1;"
		    "UPDATE sqlite_schema SET sql = '' WHERE name = 'u'",
		"INSERT INTO t VALUES(1);"
		    "SELECT abs(-9223372036854775808) FROM u"
	};
	sqlite3 *db = open_trusting();

	/* The last one is well as long as the trigger has not run. */
	distrust_schema(db);
	ck_assert_int_eq(sqlite3_exec(db, sql[_i], NULL, NULL, NULL),
	    _i == 3 ? SQLITE_OK : SQLITE_ERROR);
	(void)sqlite3_close(db);

	db = open_trusting();
	ck_assert_int_eq(sqlite3_exec(db, sql[_i], NULL, NULL, NULL),
	    _i == 3 ? SQLITE_ERROR : SQLITE_OK);
	(void)sqlite3_close(db);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("distrust");

	tcase_add_test(tc, the_switches_are_set);
	tcase_add_loop_test(tc, what_a_schema_could_do_it_cannot, 0, 4);
	return (run_suite(tc));
}
