/* /stats and /failures: one object of JSON, whatever the paths are. */
#include "base/jsonread.h"
#include "serve/stats.h"
#include "unit/facebed.h"

static struct buf out;
static struct jsonread *got;

static void
parse(void)
{
	struct err e;

	jsonread_free(got);
	got = jsonread_parse(out.data, out.len, &e);
	ck_assert_msg(got != NULL, "%s", e.msg);
	ck_assert_ptr_eq(memchr(out.data, '\n', out.len),
	    out.data + out.len - 1);
}

static void
render(void (*put)(const struct face_view *v, struct buf *b))
{
	buf_reset(&out);
	put(&bed_cfg.view, &out);
}

static void
setup(void)
{
	bed_figures_begin(0);
}

static void
teardown(void)
{
	bed_figures_end();
	jsonread_free(got);
	got = NULL;
	buf_fini(&out);
}

static const char *const numbers[] = { "databases", "changed_last_cycle",
	"failed_last_cycle", "skipped_last_cycle", "gone_last_cycle",
	"directories_unread", "uploads_success", "uploads_failed",
	"bytes_uploaded", "bytes_read", "uptime_ms", "interval_ms", "cycles",
	"cycles_bad", "last_took_ms", "last_scan_ms", "requests",
	"requests_put", "requests_get", "requests_list" };

START_TEST(every_promised_number_is_there_from_the_start)
{
	int64_t n;

	render(stats_put);
	parse();
	ck_assert_msg(jsonread_int(got, numbers[_i], &n), "no %s",
	    numbers[_i]);
	ck_assert(n == 0 || strstr(numbers[_i], "_ms") != NULL);
}
END_TEST

static bool
has(const char *part)
{
	return (strstr(buf_str(&out), part) != NULL);
}

START_TEST(what_is_not_known_yet_is_null)
{
	render(stats_put);
	ck_assert(has("\"last_scan\":null,\"last_complete\":null,"));
	ck_assert(has("\"oldest_unsaved_ms\":null,"));
	ck_assert(has("\"failures_by_class\":[],"));
	ck_assert(has("\"estimated_month_usd\":0.0,"));
}
END_TEST

START_TEST(figures_stand_where_they_belong)
{
	struct figures_failure v[2] = { { .cls = ERR_CORRUPT } };
	const char *s;
	int64_t n, ms;
	struct err e;

	bed_upload(NULL, NULL);
	tally_take(&bed_board->slot[1].tally, "/x", TALLY_IMAGE);
	tally_add(&bed_board->slot[1].tally, TALLY_LOOKED, 9);
	bed_cycle(v, 2, NULL);
	render(stats_put);
	parse();
	ck_assert(jsonread_int(got, "databases", &n) && n == 50);
	ck_assert(jsonread_int(got, "changed_last_cycle", &n) && n == 3);
	ck_assert(jsonread_int(got, "uploads_success", &n) && n == 1);
	ck_assert(jsonread_int(got, "uploads_failed", &n) && n == 2);
	ck_assert(jsonread_int(got, "bytes_uploaded", &n) && n == 100);
	ck_assert(jsonread_int(got, "cycles_bad", &n) && n == 1);
	ck_assert(jsonread_int(got, "requests", &n) && n == 13);
	ck_assert(jsonread_int(got, "requests_get", &n) && n == 5);
	ck_assert_ptr_nonnull(s = jsonread_str(got, "last_scan"));
	ck_assert_int_eq(clock_parse(s, "last_scan", &ms, &e), 0);
	ck_assert_int_lt(llabs(ms - clock_real_ms()), 60000);
	ck_assert_str_eq(jsonread_str(got, "version"), LITEFLEET_VERSION);
	ck_assert_str_eq(jsonread_str(got, "host"), "Box.example");
	ck_assert(has("\"healthy\":true,\"why\":\"\","));
	/* 8 charged: 8 * 0.005 / 1000 * 720. */
	ck_assert(has("\"estimated_month_usd\":0.0288,"));
	ck_assert(has("\"failures_by_class\":[{\"class\":\"corrupt\","
	    "\"last_cycle\":2,\"total\":2}],"));
	ck_assert(has("\"workers\":[{\"worker\":0,\"phase\":\"idle\","
	    "\"looked\":0,\"synced\":0,\"failed\":0,\"bytes_read\":0,"
	    "\"bytes_stored\":0},{\"worker\":1,\"phase\":\"reading\","
	    "\"looked\":9,"));
	bed_cycle(NULL, 0, "it \"is\"\ndown");
	render(stats_put);
	parse();
	ck_assert(has("\"healthy\":false,"));
	ck_assert_str_eq(jsonread_str(got, "why"), "it \"is\"\ndown");
}
END_TEST

START_TEST(a_thousand_failures_of_any_bytes_are_told)
{
	struct figures_failure *v = calloc(FIGURES_FAILURES, sizeof(*v));
	const char *p;
	size_t i, n;

	for (i = 0; i < FIGURES_FAILURES; i++) {
		v[i].cls = ERR_CORRUPT;
		v[i].tries = 3;
		v[i].since_ms = i == 1 ? 0 : 1700000000000;
		(void)snprintf(v[i].path, sizeof(v[i].path),
		    "/\"\\\n\x01\xff/%zu", i);
	}
	v[2].quarantined = true;
	memset(v[0].path, '"', PATH_MAX);
	bed_cycle(v, FIGURES_FAILURES, NULL);
	render(stats_put_failures);
	parse();
	ck_assert(has("{\"failing\":1000,\"shown\":1000,\"as_of\":\"20"));
	ck_assert(has("{\"path\":\"/\\\"\\\\\\n\\u0001\xef\xbf\xbd/1\","
	    "\"path_escaped\":\"/\\\"\\\\%0A%01%FF/1\",\"class\":\"corrupt\","
	    "\"quarantined\":false,\"since\":null,\"tries\":3}"));
	ck_assert(has("%FF/2\",\"class\":\"corrupt\",\"quarantined\":true,"
	    "\"since\":\"2023-11-14T22:13:20.000Z\",\"tries\":3}"));
	for (n = 0, p = buf_str(&out); (p = strstr(p, "\"path\":")) != NULL;
	    p++)
		n++;
	ck_assert_uint_eq(n, FIGURES_FAILURES);
	free(v);
}
END_TEST

START_TEST(a_senseless_price_is_a_number_still)
{
	bed_cycle(NULL, 0, NULL);
	bed_cfg.view.put_price_usd = 1e308;
	render(stats_put);
	parse();
	ck_assert(has("\"estimated_month_usd\":1e15,") ||
	    has("\"estimated_month_usd\":1000000000000000.0,"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stats");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, every_promised_number_is_there_from_the_start,
	    0, LENGTH(numbers));
	tcase_add_test(tc, what_is_not_known_yet_is_null);
	tcase_add_test(tc, figures_stand_where_they_belong);
	tcase_add_test(tc, a_thousand_failures_of_any_bytes_are_told);
	tcase_add_test(tc, a_senseless_price_is_a_number_still);
	return (run_suite(tc));
}
