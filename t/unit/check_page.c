/* The page: what it says, and that nothing in it is anything but text. */
#define ERR_STATE	openssl_ERR_STATE	/* a type there */
#include <openssl/evp.h>
#include <openssl/sha.h>
#undef ERR_STATE

#include "serve/page.h"
#include "unit/facebed.h"

static struct buf out;
static struct figures_failure *list;

static void
render(void)
{
	buf_reset(&out);
	page_put(&bed_cfg.view, &out);
}

static bool
has(const char *part)
{
	return (strstr(buf_str(&out), part) != NULL);
}

static unsigned
count_of(const char *part)
{
	const char *p;
	unsigned n = 0;

	for (p = buf_str(&out); (p = strstr(p, part)) != NULL; p++)
		n++;
	return (n);
}

static void
setup(void)
{
	bed_figures_begin(0);
	ck_assert_ptr_nonnull(list = calloc(FIGURES_FAILURES,
	    sizeof(*list)));
}

static void
teardown(void)
{
	bed_figures_end();
	free(list);
	buf_fini(&out);
}

START_TEST(the_hash_is_that_of_the_style_sheet)
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	unsigned char text[8 + 2 * SHA256_DIGEST_LENGTH] = "sha256-";

	(void)SHA256((const unsigned char *)page_style, strlen(page_style),
	    sum);
	(void)EVP_EncodeBlock(text + 7, sum, sizeof(sum));
	ck_assert_str_eq(page_style_hash, (const char *)text);
	/* And it is in the page as it is, and alone. */
	render();
	ck_assert_uint_eq(count_of("<style"), 1);
	ck_assert_uint_eq(count_of("style="), 0);
	ck_assert(strncmp(strstr(buf_str(&out), "<style>") + 7, page_style,
	    strlen(page_style)) == 0);
	ck_assert(strncmp(strstr(buf_str(&out), "<style>") + 7 +
	    strlen(page_style), "</style>", 8) == 0);
	ck_assert_ptr_null(strchr(page_style, '<'));
}
END_TEST

START_TEST(it_needs_nothing_from_elsewhere)
{
	bed_upload(NULL, NULL);
	bed_cycle(list, 1, NULL);
	render();
	ck_assert(!has("<script"));
	ck_assert(!has("https:"));
	ck_assert(!has("url("));
	ck_assert(!has("@import"));
	ck_assert(!has(" src="));
	/* The name space of the icon, which nobody fetches. */
	ck_assert_uint_eq(count_of("http:"), 1);
	ck_assert_uint_eq(count_of("href="), 1 + count_of("href=\"/"));
}
END_TEST

START_TEST(it_says_how_it_stands)
{
	render();
	ck_assert(has("<strong>Starting</strong>"));
	ck_assert(has("class=\"state fair\""));
	bed_cycle(NULL, 0, NULL);
	render();
	ck_assert(has("<strong>All safe</strong>"));
	ck_assert(has("class=\"state good\""));
	ck_assert(has("<p>None.</p>"));
	bed_cycle(list, 2, NULL);
	render();
	ck_assert(has("<strong>Running, but not everything is safe</strong>"
	    "2 databases could not be saved; all others are safe."));
	bed_cycle(NULL, 0, "no answer from <the store>");
	render();
	ck_assert(has("<strong>Not well</strong>"
	    "no answer from &lt;the store&gt;</p>"));
	ck_assert(has("class=\"state bad\""));
	bed_cycle(NULL, 0, NULL);
	bed_cfg.view.mono += 91 * 1000;
	render();
	ck_assert(has("<strong>Not well</strong>no cycle was completed"));
}
END_TEST

START_TEST(what_is_left_out_is_said)
{
	uint64_t count[TALLY_NCOUNT] = { [TALLY_LOOKED] = 9,
	    [TALLY_SKIPPED] = 3 };
	struct figures_cycle c = { .count = count, .complete = true };

	bed_cycle(NULL, 0, NULL);
	render();
	ck_assert(!has("Left out"));
	figures_end(bed_figures, &c);
	render();
	ck_assert(has("Left out: 3 files that are no SQLite databases."));
	count[TALLY_SKIPPED] = 1;
	figures_end(bed_figures, &c);
	render();
	ck_assert(has("Left out: 1 file that is no SQLite database."));
}
END_TEST

START_TEST(what_was_not_done_is_said)
{
	uint64_t count[TALLY_NCOUNT] = { [TALLY_LOOKED] = 9 };
	struct figures_cycle c = { .count = count, .complete = true,
	    .undone = "<This> was not done" };
	struct figures_now now;

	figures_end(bed_figures, &c);
	render();
	ck_assert(has("<strong>Running, but not everything was done</strong>"));
	ck_assert(has(" &lt;This&gt; was not done; the log says why.</p>"));
	figures_read(bed_figures, &now);
	ck_assert_uint_eq(now.nbad, 1);
	c.undone = NULL;
	figures_end(bed_figures, &c);
	render();
	ck_assert(has("<strong>All safe</strong>"));
	ck_assert(!has("the log says why"));
}
END_TEST

START_TEST(one_that_failed_is_one)
{
	bed_cycle(list, 1, NULL);
	render();
	ck_assert(has("1 database could not be saved; all others are safe."));
}
END_TEST

static const struct {
	int64_t interval_ms;
	const char *text;
} refreshes[] = {
	{ 100, "content=\"5\"" },
	{ 5000, "content=\"5\"" },
	{ 30 * 1000, "content=\"30\"" },
	{ 86400 * 1000, "content=\"300\"" },
};

START_TEST(it_loads_itself_again)
{
	struct err e;

	figures_free(bed_figures);
	bed_figures = figures_new(bed_board, refreshes[_i].interval_ms, 0,
	    &e);
	bed_cfg.view.figures = bed_figures;
	render();
	ck_assert(has(refreshes[_i].text));
}
END_TEST

static const struct {
	const char *path, *shown;
} hostile[] = {
	{ "/<script>alert(1)</script>",
	    "/&lt;script&gt;alert(1)&lt;/script&gt;" },
	{ "/\" onmouseover=\"x", "/&quot; onmouseover=&quot;x" },
	{ "/'&amp;", "/&#39;&amp;amp;" },
	{ "/a\n</td>\r", "/a%0A&lt;/td&gt;%0D" },
	{ "/\xff\xc0\x80", "/%FF%C0%80" },
	{ "/100%", "/100%25" },
	{ "/--></style><img>", "/--&gt;&lt;/style&gt;&lt;img&gt;" },
	{ "/\xe2\x80\xae" "bd.exe", "/%E2%80%AEbd.exe" },
};

START_TEST(a_hostile_path_is_text)
{
	char row[256];

	(void)strcpy(list[0].path, hostile[_i].path);
	list[0].cls = ERR_CORRUPT;
	list[0].tries = 7;
	bed_cycle(list, 1, NULL);
	render();
	(void)snprintf(row, sizeof(row), "<tr><td class=\"path\"><bdi>%s"
	    "</bdi><td>corrupt<td>not known<td class=\"number\">7\n",
	    hostile[_i].shown);
	ck_assert_msg(has(row), "no %s", row);
}
END_TEST

START_TEST(a_path_of_4096_bytes_is_whole)
{
	static char want[3 * PATH_MAX + 16];
	size_t i;

	memset(list[0].path, '\n', PATH_MAX);
	for (i = 0; i < PATH_MAX; i++)
		memcpy(want + 3 * i, "%0A", 3);
	memcpy(want + 3 * i, "</bdi>", 7);
	bed_cycle(list, 1, NULL);
	render();
	ck_assert(has(want));
}
END_TEST

START_TEST(of_a_thousand_failures_a_hundred_are_named)
{
	size_t i;

	for (i = 0; i < FIGURES_FAILURES; i++) {
		list[i].cls = ERR_DENIED;
		list[i].since_ms = bed_cfg.view.now_ms - 200 * 1000;
		(void)snprintf(list[i].path, sizeof(list[i].path), "/n%zu-",
		    i);
	}
	list[1].quarantined = true;
	bed_cycle(list, FIGURES_FAILURES, NULL);
	render();
	ck_assert_uint_eq(count_of("<td class=\"path\">"), 100);
	ck_assert(has("/n0-") && has("/n99-") && !has("/n100-"));
	ck_assert(has("denied, a worker died of it"));
	ck_assert(has(">3m20s ago</time>"));
	ck_assert(has("These are 100 of 1,000; <a href=\"/failures\">"));
}
END_TEST

START_TEST(the_hour_has_sixty_bars_with_their_words)
{
	int i;

	render();
	ck_assert(has("<p>Nothing was uploaded.</p>"));
	ck_assert_uint_eq(count_of("class=\"column\""), 60);
	ck_assert_uint_eq(count_of("class=\"bar\""), 0);
	for (i = 0; i < 5; i++)
		bed_upload(NULL, NULL);
	bed_cfg.view.now_ms = clock_real_ms();
	render();
	ck_assert_uint_eq(count_of("class=\"column\""), 60);
	ck_assert_uint_ge(count_of("class=\"bar\""), 1);
	ck_assert_uint_eq(count_of(" UTC: "), 60);
	ck_assert(has("<p>5 uploads, 500 bytes; at most "));
	ck_assert(has("<svg role=\"img\""));
	ck_assert(has("5 uploads, 500 bytes in 60 minutes</desc>"));
	/* They move to the left, and out. */
	bed_cfg.view.now_ms += 59 * 60 * 1000;
	render();
	ck_assert(has("<rect class=\"bar\" x=\"0.17%\"") ||
	    has("<rect class=\"bar\" x=\"1.83%\""));
	bed_cfg.view.now_ms += 2 * 60 * 1000;
	render();
	ck_assert_uint_eq(count_of("class=\"bar\""), 0);
}
END_TEST

START_TEST(numbers_and_workers_are_there)
{
	tally_take(&bed_board->slot[1].tally, "/x", TALLY_STORE);
	tally_add(&bed_board->slot[1].tally, TALLY_LOOKED, 1234);
	bed_upload(NULL, NULL);
	bed_cycle(NULL, 0, NULL);
	render();
	ck_assert(has("<dt>Databases</dt><dd>50<small>3 stored"));
	ck_assert(has("<dt>Uploads</dt><dd>1<small>100 bytes"));
	ck_assert(has("</dt><dd>13<small>8 write or list"));
	ck_assert(has("<dd>$0.03<small>at $0.005 a thousand"));
	ck_assert(has("<dd>none<small>95 % were stored within 3s"));
	ck_assert(has("<small>each 30s</small>"));
	ck_assert(has("<tr><td>1<td>storing<td class=\"number\">1,234<td"));
	ck_assert(has("<h1>litefleet</h1>\n<p><bdi>Box.example</bdi>, version "
	    LITEFLEET_VERSION ", up "));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("page");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_hash_is_that_of_the_style_sheet);
	tcase_add_test(tc, it_needs_nothing_from_elsewhere);
	tcase_add_test(tc, it_says_how_it_stands);
	tcase_add_test(tc, what_is_left_out_is_said);
	tcase_add_test(tc, what_was_not_done_is_said);
	tcase_add_test(tc, one_that_failed_is_one);
	tcase_add_loop_test(tc, it_loads_itself_again, 0, LENGTH(refreshes));
	tcase_add_loop_test(tc, a_hostile_path_is_text, 0, LENGTH(hostile));
	tcase_add_test(tc, a_path_of_4096_bytes_is_whole);
	tcase_add_test(tc, of_a_thousand_failures_a_hundred_are_named);
	tcase_add_test(tc, the_hour_has_sixty_bars_with_their_words);
	tcase_add_test(tc, numbers_and_workers_are_there);
	return (run_suite(tc));
}
