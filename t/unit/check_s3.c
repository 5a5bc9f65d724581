/*
 * The S3 store without a server: what answers mean, where requests go.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/s3call.h"
#include "store/s3page.h"
#include "unit/suite.h"

static const struct {
	int status;
	const char *code;
	enum err_class cls;
	const char *says;
} faults[] = {
	{ 403, "AccessDenied", ERR_DENIED, "403 AccessDenied: the message" },
	{ 403, "InvalidAccessKeyId", ERR_DENIED, "does not know this" },
	{ 403, "SignatureDoesNotMatch", ERR_DENIED, "secret key" },
	{ 403, "RequestTimeTooSkewed", ERR_DENIED, "clock" },
	{ 403, "QuotaExceeded", ERR_SPACE, "quota" },
	{ 404, "NoSuchBucket", ERR_STATE, "create it" },
	{ 404, "NoSuchKey", ERR_NOTFOUND, "no such object" },
	{ 412, "PreconditionFailed", ERR_EXISTS, "412" },
	{ 503, "SlowDown", ERR_THROTTLED, "slow down" },
	{ 500, "InternalError", ERR_NETWORK, "500 InternalError" },
	{ 400, "Whatever", ERR_IO, "400 Whatever: the message" },
	{ 404, "", ERR_NOTFOUND, "404: the message" },
	{ 403, "", ERR_DENIED, "403: the message" },
};

START_TEST(a_refusal_is_one_sentence_with_all_that_helps)
{
	struct s3_site site = { .bucket = mem_strdup("bkt"),
	    .region = mem_strdup("here") };
	struct s3_fault f = { .status = faults[_i].status };
	struct err e;

	strcpy(f.code, faults[_i].code);
	strcpy(f.message, "the message");
	strcpy(f.request_id, "tx1");
	strcpy(f.region, "there");
	s3_fault_err(&f, &site, "a/b", &e);
	ck_assert_int_eq(e.cls, faults[_i].cls);
	ck_assert_ptr_nonnull(strstr(e.msg, faults[_i].says));
	ck_assert_int_eq(strncmp(e.msg, "s3://bkt/a/b: ", 14), 0);
	ck_assert_ptr_nonnull(strstr(e.msg, "region is there (request tx1)"));
	s3_site_fini(&site);
}
END_TEST

static const struct {
	int status;
	const char *says;
} bare[] = {
	{ 307, "307: the server sends us elsewhere" },
	{ 400, "400 InvalidArgument: the server does not take this; do the "
	    "options of the store's URL suit it?" },
	{ 403, "403: access denied" },
	{ 407, "407: the proxy that the environment names wants a user and "
	    "a password" },
	{ 418, "418: the server refuses" },
	{ 501, "501: the server cannot do this" },
	{ 502, "502: the server failed" },
};

START_TEST(what_comes_without_words_is_said_by_its_status)
{
	struct s3_site site = { .bucket = mem_strdup("bkt"),
	    .region = mem_strdup("here") };
	struct s3_fault f = { .status = bare[_i].status };
	struct err e;

	if (f.status == 400)
		strcpy(f.code, "InvalidArgument");
	s3_fault_err(&f, &site, "a/b", &e);
	ck_assert_str_eq(e.msg + strlen("s3://bkt/a/b: "), bare[_i].says);
	s3_site_fini(&site);
}
END_TEST

/* With a 200 first, S3 sends blanks for as long as it puts parts together. */
START_TEST(an_error_is_read_behind_blanks)
{
	static const char *const before[] = { "", " \n", " \r\n\t  " };
	struct http_req r = { .status = 200 };
	struct s3_fault f = { 0 };

	buf_printf(&r.answer, "%s<?xml version=\"1.0\"?>\n<Error><Code>"
	    "InternalError</Code><Message>Again</Message></Error>",
	    before[_i]);
	s3_fault_read(&f, &r);
	ck_assert_str_eq(f.code, "InternalError");
	ck_assert_str_eq(f.message, "Again");
	memset(&f, 0, sizeof(f));
	buf_reset(&r.answer);
	buf_puts(&r.answer, before[_i]);
	s3_fault_read(&f, &r);
	ck_assert_str_eq(f.code, "");
	buf_fini(&r.answer);
}
END_TEST

START_TEST(a_servers_text_cannot_break_the_line)
{
	char to[8];

	s3_fault_text(to, sizeof(to), "a\nb\x1b\x80z");
	ck_assert_str_eq(to, "a?b??z");
	s3_fault_text(to, sizeof(to), "123456\xc3\xbc");
	ck_assert_str_eq(to, "123456");
	s3_fault_text(to, sizeof(to), NULL);
	ck_assert_str_eq(to, "");
}
END_TEST

static const struct {
	const char *text, *want;
} keys[] = {
	{ "a/b", "a/b" }, { "a+b%2Bc", "a b+c" }, { "%e2%82%AC", "\u20ac" },
	{ "%", NULL }, { "%4", NULL }, { "%zz", NULL }, { "a%00b", NULL },
	{ "", "" }, { "%25", "%" },
};

START_TEST(a_key_is_decoded)
{
	char *key = s3_key_decode(keys[_i].text);

	if (keys[_i].want == NULL)
		ck_assert_ptr_null(key);
	else
		ck_assert_str_eq(key, keys[_i].want);
	free(key);
}
END_TEST

#define HEAD	"<ListBucketResult xmlns=\"x\">"
#define TAIL	"</ListBucketResult>"

START_TEST(a_page_is_read)
{
	static const char text[] = HEAD "<IsTruncated>true</IsTruncated>"
	    "<NextContinuationToken>t&amp;1</NextContinuationToken>"
	    "<EncodingType>url</EncodingType><Contents><Key>a%2Fb+c</Key>"
	    "<LastModified>2026-11-20T10:30:00.123Z</LastModified>"
	    "<Size>17</Size></Contents><Contents><Key>d</Key></Contents>" TAIL;
	struct s3_page page = { 0 };
	struct err e;

	ck_assert_int_eq(s3_page_parse(text, sizeof(text) - 1, &page, &e), 0);
	ck_assert_uint_eq(page.n, 2);
	ck_assert_str_eq(page.v[0].key, "a/b c");
	ck_assert_uint_eq(page.v[0].bytes, 17);
	ck_assert_int_eq(page.v[0].ms, INT64_C(1795170600123));
	ck_assert_str_eq(page.v[1].key, "d");
	ck_assert_str_eq(page.next, "t&1");
	s3_page_fini(&page);
}
END_TEST

static const char *const no_pages[] = {
	"", "<html/>", HEAD TAIL,
	HEAD "<IsTruncated>true</IsTruncated>" TAIL,
	HEAD "<IsTruncated>false</IsTruncated><Contents><Key>k</Key>"
	    "<Size>-1</Size></Contents>" TAIL,
	HEAD "<IsTruncated>false</IsTruncated><Contents>",
};

START_TEST(what_is_no_page_is_refused)
{
	struct s3_page page = { 0 };
	struct err e;

	ck_assert_int_eq(s3_page_parse(no_pages[_i], strlen(no_pages[_i]),
	    &page, &e), -1);
	ck_assert_int_eq(e.cls, ERR_NETWORK);
	s3_page_fini(&page);
}
END_TEST

START_TEST(ten_thousand_parts_always_do)
{
	const uint64_t mib = 1024 * 1024, big = 5 * mib * mib;

	ck_assert_uint_eq(s3_part_bytes(100 * mib, 0), S3_PART_BYTES);
	ck_assert_uint_eq(s3_part_bytes(100 * mib, 5 * mib), 5 * mib);
	ck_assert_uint_eq(s3_part_bytes(10000 * 5 * mib, 5 * mib), 5 * mib);
	ck_assert_uint_eq(s3_part_bytes(10000 * 5 * mib + 1, 5 * mib),
	    6 * mib);
	ck_assert_uint_ge(s3_part_bytes(big, 0) * S3_PARTS, big);
}
END_TEST

static const struct {
	const char *endpoint, *bucket;
	int path_style;
	const char *host, *base;
} sites[] = {
	{ NULL, "bkt", -1, "bkt.s3.eu-west-1.amazonaws.com", "/" },
	{ NULL, "b.k.t", -1, "s3.eu-west-1.amazonaws.com", "/b.k.t/" },
	{ NULL, "bkt", 1, "s3.eu-west-1.amazonaws.com", "/bkt/" },
	{ "http://h:9000", "bkt", -1, "h:9000", "/bkt/" },
	{ "http://h:80", "bkt", -1, "h", "/bkt/" },
	{ "https://h:443", "bkt", 0, "bkt.h", "/" },
	{ "https://h:80", "bkt", 1, "h:80", "/bkt/" },
};

START_TEST(requests_go_to_the_right_place)
{
	struct store_url_s3 u = { .path_style = sites[_i].path_style };
	struct s3_site site;
	struct err e;

	u.bucket = mem_strdup(sites[_i].bucket);
	ck_assert_int_eq(s3_site_init(&site, &u, "eu-west-1",
	    sites[_i].endpoint, &e), 0);
	ck_assert_str_eq(site.host, sites[_i].host);
	ck_assert_str_eq(site.base, sites[_i].base);
	s3_site_fini(&site);
	free(u.bucket);
}
END_TEST

START_TEST(a_redirect_is_followed_where_it_is_safe)
{
	struct store_url_s3 u = { .path_style = -1 };
	struct s3_fault f = { .status = 301 };
	struct s3_site site;
	struct err e;
	char *moved;

	u.bucket = mem_strdup("bkt");
	ck_assert_int_eq(s3_site_init(&site, &u, "us-east-1", NULL, &e), 0);
	strcpy(f.region, "eu-west-1");
	ck_assert(s3_site_follow(&site, &f, NULL, &moved));
	ck_assert_str_eq(site.host, "bkt.s3.eu-west-1.amazonaws.com");
	/* It is said again, and leads nowhere. */
	ck_assert(!s3_site_follow(&site, &f, NULL, &moved));
	f.status = 307;
	ck_assert(s3_site_follow(&site, &f,
	    "https://bkt.s3-eu-west-1.amazonaws.com/k?a=b", &moved));
	ck_assert_str_eq(moved, "https://bkt.s3-eu-west-1.amazonaws.com/");
	free(moved);
	ck_assert(!s3_site_follow(&site, &f, "https://x.y/bkt/k?a=b",
	    &moved));
	ck_assert(!s3_site_follow(&site, &f, "http://x.y/bkt/k", &moved));
	ck_assert(!s3_site_follow(&site, &f, "https://u@x.y/k", &moved));
	f.status = 301;
	f.region[0] = '\0';
	strcpy(f.endpoint, "bkt.evil.example");
	ck_assert(!s3_site_follow(&site, &f, NULL, &moved));
	s3_site_fini(&site);
	free(u.bucket);
}
END_TEST

static const struct {
	const char *endpoint, *host;
	bool ours, bucket;	/* which is in front of it */
} hosts[] = {
	{ NULL, "s3.eu-west-1.amazonaws.com", true, false },
	{ NULL, "bkt.s3.cn-north-1.amazonaws.com.cn", true, true },
	{ NULL, "amazonaws.com.example.org", false, false },
	{ NULL, "evilamazonaws.com", false, false },
	{ "h", "h:9000", true, false },
	{ "h", "bkt.h", true, true },
	{ "h", "h.example.org", false, false },
	{ "s3.example.org", "S3-EU.example.org:8000", true, false },
	{ "s3.example.org", "bkt.s3.example.org", true, true },
	{ "s3.example.org", "example.org", false, false },
	{ "s3.example.org", "badexample.org", false, false },
	{ "s3.example.org", "s3.example.com", false, false },
	{ "example.org", "evil.org", false, false },
	{ "bkt.example.org", "bkt.example.org:8000", true, false },
	{ "bkt.example.org", "bkt.bkt.example.org", true, true },
	{ "bkt.example.org", "bkt.example.com", false, false },
	{ "10.0.0.1:9000", "10.0.0.1:9001", true, false },
	{ "10.0.0.1", "20.0.0.1", false, false },
	{ "10.0.0.1", "evil.0.0.1", false, false },
	{ "[fd00::1]:9000", "[fd00::1]", true, false },
	{ "[fd00::1]", "[fd00::2]", false, false },
};

/* In either way: for good, and for one request. */
START_TEST(a_redirect_to_a_foreign_host_is_not_followed)
{
	struct store_url_s3 u = { .path_style = _i % 2 };
	struct s3_fault good = { .status = 301 }, once = { .status = 307 };
	char *endpoint = NULL, *location, *moved = NULL;
	struct s3_site site;
	struct err e;
	bool there;

	u.bucket = mem_strdup("bkt");
	if (hosts[_i / 2].endpoint != NULL)
		endpoint = mem_printf("https://%s", hosts[_i / 2].endpoint);
	ck_assert_int_eq(s3_site_init(&site, &u, "eu-west-2", endpoint, &e),
	    0);
	location = mem_printf("https://%s/k", hosts[_i / 2].host);
	ck_assert_msg(s3_site_follow(&site, &once, location, &moved) ==
	    hosts[_i / 2].ours, "%s", location);
	/* Whatever it names is not looked at: the key is ours. */
	if (moved != NULL) {
		free(location);
		location = mem_printf("https://%s/%s", hosts[_i / 2].host,
		    hosts[_i / 2].bucket ? "" : "bkt/");
		ck_assert_str_eq(moved, location);
	}
	free(moved);
	strcpy(good.endpoint, hosts[_i / 2].host);
	there = strcmp(site.host, hosts[_i / 2].host) == 0;
	ck_assert_msg(s3_site_follow(&site, &good, NULL, &moved) ==
	    (hosts[_i / 2].ours && !there), "%s", location);
	ck_assert_ptr_null(moved);
	s3_site_fini(&site);
	free(u.bucket);
	free(endpoint);
	free(location);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("s3");

	tcase_add_loop_test(tc, a_refusal_is_one_sentence_with_all_that_helps,
	    0, LENGTH(faults));
	tcase_add_loop_test(tc, what_comes_without_words_is_said_by_its_status,
	    0, LENGTH(bare));
	tcase_add_loop_test(tc, an_error_is_read_behind_blanks, 0, 3);
	tcase_add_test(tc, a_servers_text_cannot_break_the_line);
	tcase_add_loop_test(tc, a_key_is_decoded, 0, LENGTH(keys));
	tcase_add_test(tc, a_page_is_read);
	tcase_add_loop_test(tc, what_is_no_page_is_refused, 0,
	    LENGTH(no_pages));
	tcase_add_test(tc, ten_thousand_parts_always_do);
	tcase_add_loop_test(tc, requests_go_to_the_right_place, 0,
	    LENGTH(sites));
	tcase_add_test(tc, a_redirect_is_followed_where_it_is_safe);
	tcase_add_loop_test(tc, a_redirect_to_a_foreign_host_is_not_followed,
	    0, 2 * LENGTH(hosts));
	return (run_suite(tc));
}
