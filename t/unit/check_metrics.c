/* What Prometheus scrapes: every line is well formed, no series comes twice,
 * and the names are those that dashboards use. */
#include <ctype.h>

#include "serve/metrics.h"
#include "unit/facebed.h"

static struct buf out;

static void
render(void)
{
	buf_reset(&out);
	metrics_put(&bed_cfg.view, &out);
}

static bool
has(const char *line)
{
	const char *p = strstr(buf_str(&out), line);
	size_t n = strlen(line);

	return (p != NULL && (p == buf_str(&out) || p[-1] == '\n') &&
	    (p[n] == '\n' || line[n - 1] == ' '));
}

static void
setup(void)
{
	bed_figures_begin(50);
}

static void
teardown(void)
{
	bed_figures_end();
	buf_fini(&out);
}

static const char *const names[] = {
	"build_info gauge", "start_time_seconds gauge",
	"interval_seconds gauge", "healthy gauge", "cycle_running gauge",
	"cycles_total counter", "cycles_bad_total counter",
	"last_cycle_timestamp_seconds gauge",
	"last_complete_cycle_timestamp_seconds gauge", "databases gauge",
	"changed_databases gauge", "skipped_databases gauge",
	"gone_databases gauge", "unread_directories gauge",
	"failing_databases gauge", "failures_total counter",
	"uploads_total counter", "upload_failures_total counter",
	"uploaded_bytes_total counter", "read_bytes_total counter",
	"requests_total counter", "estimated_month_cost_usd gauge",
	"oldest_unsaved_change_seconds gauge",
	"cycle_duration_seconds histogram", "scan_duration_seconds histogram",
	"upload_duration_seconds histogram",
	"replication_lag_seconds histogram", "project_uploads_total counter",
	"project_uploaded_bytes_total counter",
	"project_last_upload_timestamp_seconds gauge",
	"database_uploads_total counter",
	"database_uploaded_bytes_total counter",
	"database_last_upload_timestamp_seconds gauge",
};

START_TEST(every_promised_name_is_there_once)
{
	char line[128];

	render();
	(void)snprintf(line, sizeof(line), "# TYPE litefleet_%s", names[_i]);
	ck_assert_msg(has(line), "no %s", line);
	ck_assert_ptr_null(strstr(strstr(buf_str(&out), line) + 1, line));
	*strrchr(line, ' ') = '\0';
	memcpy(line, "# HELP", 6);
	strcat(line, " ");
	ck_assert_msg(has(line), "no %s", line);
}
END_TEST

START_TEST(no_name_is_there_that_is_not_promised)
{
	const char *p;
	int n = 0;

	render();
	for (p = buf_str(&out); (p = strstr(p, "# TYPE ")) != NULL; p++)
		n++;
	ck_assert_int_eq(n, LENGTH(names));
}
END_TEST

START_TEST(figures_stand_where_they_belong)
{
	struct figures_failure v[2] = { { .cls = ERR_CORRUPT } };

	bed_upload("p", "d");
	bed_cycle(v, 2, NULL);
	bed_cycle(NULL, 0, NULL);
	render();
	ck_assert(has("litefleet_build_info{version=\"" LITEFLEET_VERSION
	    "\"} 1"));
	ck_assert(has("litefleet_interval_seconds 30"));
	ck_assert(has("litefleet_healthy 1"));
	ck_assert(has("litefleet_cycle_running 0"));
	ck_assert(has("litefleet_cycles_total 2"));
	ck_assert(has("litefleet_cycles_bad_total 1"));
	ck_assert(has("litefleet_databases 50"));
	ck_assert(has("litefleet_changed_databases 3"));
	ck_assert(has("litefleet_failing_databases{class=\"corrupt\"} 0"));
	ck_assert(has("litefleet_failures_total{class=\"corrupt\"} 2"));
	ck_assert(has("litefleet_upload_failures_total 2"));
	ck_assert(has("litefleet_uploads_total 1"));
	ck_assert(has("litefleet_uploaded_bytes_total 100"));
	ck_assert(has("litefleet_read_bytes_total 8192"));
	ck_assert(has("litefleet_requests_total{kind=\"put\"} 14"));
	ck_assert(has("litefleet_requests_total{kind=\"get\"} 10"));
	ck_assert(has("litefleet_oldest_unsaved_change_seconds 0"));
	/* 16 charged ones in the first hour: 16 * 0.005 / 1000 * 720. */
	ck_assert(has("litefleet_estimated_month_cost_usd 0.0576"));
	ck_assert(has("litefleet_project_uploads_total{project=\"p\"} 1"));
	ck_assert(has("litefleet_database_uploaded_bytes_total"
	    "{project=\"p\",database=\"d\"} 100"));
	bed_cycle(NULL, 0, "down");
	figures_begin(bed_figures);
	render();
	ck_assert(has("litefleet_healthy 0"));
	ck_assert(has("litefleet_cycle_running 1"));
}
END_TEST

START_TEST(a_histogram_is_cumulated)
{
	static const char *const rows[] = {
		"litefleet_upload_duration_seconds_bucket{le=\"0.03\"} 0",
		"litefleet_upload_duration_seconds_bucket{le=\"0.1\"} 5",
		"litefleet_upload_duration_seconds_bucket{le=\"3600\"} 5",
		"litefleet_upload_duration_seconds_bucket{le=\"+Inf\"} 5",
		"litefleet_upload_duration_seconds_sum 0.2",
		"litefleet_upload_duration_seconds_count 5",
		"litefleet_replication_lag_seconds_bucket{le=\"1\"} 0",
		"litefleet_replication_lag_seconds_bucket{le=\"3\"} 5",
		"litefleet_replication_lag_seconds_sum 12.5",
		"litefleet_cycle_duration_seconds_count 0",
	};
	int i;

	for (i = 0; i < 5; i++)
		bed_upload(NULL, NULL);
	render();
	for (i = 0; i < LENGTH(rows); i++)
		ck_assert_msg(has(rows[i]), "no %s", rows[i]);
}
END_TEST

/* Name, then labels in braces, each a name and a quoted value in which only
 * \\, \" and \n are escaped, then a number. */
static const char *
parse_line(const char *p)
{
	char *end;

	ck_assert(strncmp(p, "litefleet_", 10) == 0);
	p += strspn(p, "abcdefghijklmnopqrstuvwxyz_");
	if (*p == '{') {
		do {
			p++;
			p += strspn(p, "abcdefghijklmnopqrstuvwxyz_");
			ck_assert_msg(strncmp(p, "=\"", 2) == 0, "%.80s", p);
			for (p += 2; *p != '"'; p++) {
				ck_assert_int_ge((unsigned char)*p, ' ');
				if (*p == '\\')
					ck_assert_ptr_nonnull(strchr("\\\"n",
					    *++p));
			}
			p++;
		} while (*p == ',');
		ck_assert_int_eq(*p++, '}');
	}
	ck_assert_int_eq(*p++, ' ');
	ck_assert(isdigit((unsigned char)*p));
	(void)strtod(p, &end);
	ck_assert_int_eq(*end, '\n');
	return (end + 1);
}

START_TEST(labels_of_any_bytes_are_well_formed_and_differ)
{
	static const char *const odd[] = { "plain", "a\"b", "a\\b", "a\\\"b",
	    "a\nb", "a%0Ab", "}\nlitefleet_healthy 1", "\xff", "\xfe",
	    "\xef\xbf\xbd", "\xc3\xa9", "{x=\"y\"}", " ", "\x01", "," };
	char big[300];
	const char *p, *q, *end;
	size_t n;
	int i;

	for (i = 0; i < LENGTH(odd); i++) {
		bed_upload(odd[i], odd[LENGTH(odd) - 1 - i]);
		bed_upload(odd[i], NULL);
	}
	memset(big, '"', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	bed_upload(big, big);
	render();
	ck_assert(has("litefleet_healthy 1"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out),
	    "{project=\"a%0Ab\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "{project=\"a%250Ab\"}"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out),
	    "{project=\"a\\\\\\\"b\"} 2\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "{project=\"%FF\"} 2\n"));
	for (p = buf_str(&out); *p != '\0'; )
		p = *p == '#' ? strchr(p, '\n') + 1 : parse_line(p);
	/* What is before the value of a line is in no other. */
	for (p = buf_str(&out); *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		if (*p == '#')
			continue;
		for (q = end; *q != ' '; q--)
			continue;
		n = (size_t)(q - p) + 1;
		for (q = end; q != NULL; q = strchr(q + 1, '\n'))
			ck_assert_msg(strncmp(q + 1, p, n) != 0,
			    "twice: %.*s", (int)n, p);
	}
}
END_TEST

START_TEST(what_has_no_room_is_other)
{
	char name[16];
	int i;

	for (i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		bed_upload(name, NULL);
	}
	render();
	ck_assert(has("litefleet_project_uploads_total{project=\"p49\"} 1"));
	ck_assert(!has("litefleet_project_uploads_total{project=\"p50\"} 1"));
	ck_assert(has("litefleet_project_uploads_total{project=\"other\"} "
	    "150"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("metrics");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, every_promised_name_is_there_once, 0,
	    LENGTH(names));
	tcase_add_test(tc, no_name_is_there_that_is_not_promised);
	tcase_add_test(tc, figures_stand_where_they_belong);
	tcase_add_test(tc, a_histogram_is_cumulated);
	tcase_add_test(tc, labels_of_any_bytes_are_well_formed_and_differ);
	tcase_add_test(tc, what_has_no_room_is_other);
	return (run_suite(tc));
}
