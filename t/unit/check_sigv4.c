#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/sigv4.h"
#include "unit/suite.h"

#define EMPTY	\
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SECRET_S3	"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
#define SECRET_SUITE	"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define TOKEN	\
	"AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4" \
	"FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI" \
	"/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQ" \
	"DYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT" \
	"38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9K" \
	"SYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
#define ALNUM	"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

enum {
	S3_TIME = 1369353600,		/* 2013-05-24 00:00:00 */
	SUITE_TIME = 1440938160		/* 2015-08-30 12:36:00 */
};

/*
 * The first four are AWS's examples for S3 ("Signature Calculations for the
 * Authorization Header: Transferring Payload in a Single Chunk"), the others
 * cases of its aws-sig-v4-test-suite.
 */
static const struct {
	const char *name;
	bool s3;
	const char *method;
	const char *path;
	struct sigv4_pair query[2], headers[4];
	size_t nquery, nheaders;
	const char *body;
	const char *token;
	const char *signed_names;
	const char *signature;
} vectors[] = {
	{ "s3 get object", true, "GET", "/test.txt", { { 0 } },
	    { { "range", "bytes=0-9" } }, 0, 1, "", NULL,
	    "host;range;x-amz-content-sha256;x-amz-date",
	"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41" },
	{ "s3 put object", true, "PUT", "/test%24file.text", { { 0 } },
	    { { "x-amz-storage-class", "REDUCED_REDUNDANCY" },
	    { "date", "Fri, 24 May 2013 00:00:00 GMT" } }, 0, 2,
	    "Welcome to Amazon S3.", NULL,
	    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
	"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd" },
	{ "s3 get bucket lifecycle", true, "GET", "/",
	    { { "lifecycle", "" } }, { { 0 } }, 1, 0, "", NULL,
	    "host;x-amz-content-sha256;x-amz-date",
	"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543" },
	{ "s3 list objects", true, "GET", "/",
	    { { "prefix", "J" }, { "max-keys", "2" } }, { { 0 } }, 2, 0, "",
	    NULL, "host;x-amz-content-sha256;x-amz-date",
	"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7" },
	{ "get-vanilla", false, "GET", "/", { { 0 } }, { { 0 } }, 0, 0, "",
	    NULL, "host;x-amz-date",
	"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31" },
	{ "get-header-key-duplicate", false, "GET", "/", { { 0 } },
	    { { "my-header1", "value2" }, { "my-header1", "value2" },
	    { "my-header1", "value1" } }, 0, 3, "", NULL,
	    "host;my-header1;x-amz-date",
	"c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea" },
	{ "get-header-value-order", false, "GET", "/", { { 0 } },
	    { { "my-header1", "value4" }, { "my-header1", "value1" },
	    { "my-header1", "value3" }, { "my-header1", "value2" } }, 0, 4,
	    "", NULL, "host;my-header1;x-amz-date",
	"08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01" },
	{ "get-header-value-trim", false, "GET", "/", { { 0 } },
	    { { "my-header1", " value1" }, { "my-header2", "\"a   b   c\"" } },
	    0, 2, "", NULL, "host;my-header1;my-header2;x-amz-date",
	"acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736" },
	{ "get-unreserved", false, "GET", "/-._~" ALNUM, { { 0 } }, { { 0 } },
	    0, 0, "", NULL, "host;x-amz-date",
	"07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f" },
	{ "get-utf8", false, "GET", "/%E1%88%B4", { { 0 } }, { { 0 } }, 0, 0,
	    "", NULL, "host;x-amz-date",
	"8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85" },
	{ "get-vanilla-query-order-key", false, "GET", "/",
	    { { "Param1", "value2" }, { "Param1", "Value1" } }, { { 0 } }, 2,
	    0, "", NULL, "host;x-amz-date",
	"eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1" },
	{ "get-vanilla-query-order-key-case", false, "GET", "/",
	    { { "Param2", "value2" }, { "Param1", "value1" } }, { { 0 } }, 2,
	    0, "", NULL, "host;x-amz-date",
	"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500" },
	{ "get-vanilla-query-order-value", false, "GET", "/",
	    { { "Param1", "value2" }, { "Param1", "value1" } }, { { 0 } }, 2,
	    0, "", NULL, "host;x-amz-date",
	"5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694" },
	{ "post-vanilla", false, "POST", "/", { { 0 } }, { { 0 } }, 0, 0, "",
	    NULL, "host;x-amz-date",
	"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b" },
	{ "post-header-key-sort", false, "POST", "/", { { 0 } },
	    { { "my-header1", "value1" } }, 0, 1, "", NULL,
	    "host;my-header1;x-amz-date",
	"c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c" },
	{ "post-x-www-form-urlencoded", false, "POST", "/", { { 0 } },
	    { { "content-type", "application/x-www-form-urlencoded" } }, 0, 1,
	    "Param1=value1", NULL, "content-type;host;x-amz-date",
	"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a" },
	{ "post-sts-header-before", false, "POST", "/", { { 0 } }, { { 0 } },
	    0, 0, "", TOKEN, "host;x-amz-date;x-amz-security-token",
	"85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead" },
};

static char payload[SIGV4_HASH_BYTES];

static struct sigv4_req
vector_req(int i)
{
	bool s3 = vectors[i].s3;
	struct sigv4_req r = {
		.method = vectors[i].method,
		.host = s3 ? "examplebucket.s3.amazonaws.com" :
		    "example.amazonaws.com",
		.path = vectors[i].path,
		.query = vectors[i].query,
		.nquery = vectors[i].nquery,
		.headers = vectors[i].headers,
		.nheaders = vectors[i].nheaders,
		.payload = payload,
		.time_ms = (s3 ? S3_TIME : SUITE_TIME) * 1000LL + 999,
		.region = "us-east-1",
		.service = s3 ? "s3" : "service",
	};

	sigv4_hash(vectors[i].body, strlen(vectors[i].body), payload);
	return (r);
}

static struct sigv4_keys
vector_keys(int i)
{
	return ((struct sigv4_keys){
		.access = vectors[i].s3 ? "AKIAIOSFODNN7EXAMPLE" :
		    "AKIDEXAMPLE",
		.secret = vectors[i].s3 ? SECRET_S3 : SECRET_SUITE,
		.token = vectors[i].token,
	});
}

/* The line of a header among those that were made, or NULL. */
static const char *
line_of(const struct buf *b, const char *name)
{
	const char *line;
	size_t at, n = strlen(name);

	for (at = 0; at < b->len; at += strlen(line) + 1) {
		line = (const char *)b->data + at;
		if (strncmp(line, name, n) == 0 &&
		    strncmp(line + n, ": ", 2) == 0)
			return (line + n + 2);
	}
	return (NULL);
}

START_TEST(published_vectors_are_signed_as_published)
{
	struct sigv4_req req = vector_req(_i);
	struct sigv4_keys keys = vector_keys(_i);
	struct sigv4 *s = sigv4_new();
	struct buf out = { 0 };
	char want[512];

	(void)snprintf(want, sizeof(want), "AWS4-HMAC-SHA256 Credential=%s/"
	    "%s/us-east-1/%s/aws4_request, SignedHeaders=%s, Signature=%s",
	    keys.access, vectors[_i].s3 ? "20130524" : "20150830",
	    req.service, vectors[_i].signed_names, vectors[_i].signature);
	sigv4_sign(s, &req, &keys, &out);
	ck_assert_msg(strcmp(line_of(&out, "Authorization"), want) == 0,
	    "%s: %s", vectors[_i].name, line_of(&out, "Authorization"));
	ck_assert_str_eq(line_of(&out, "x-amz-date"), vectors[_i].s3 ?
	    "20130524T000000Z" : "20150830T123600Z");
	ck_assert_pstr_eq(line_of(&out, "x-amz-security-token"),
	    vectors[_i].token);
	ck_assert_pstr_eq(line_of(&out, "x-amz-content-sha256"),
	    vectors[_i].s3 ? payload : NULL);
	buf_fini(&out);
	sigv4_free(s);
}
END_TEST

START_TEST(the_parts_are_those_of_the_documentation)
{
	struct sigv4_req req = vector_req(0);
	struct sigv4_keys keys = vector_keys(0);
	struct buf b = { 0 };

	sigv4_canonical(&req, &keys, &b);
	ck_assert_str_eq(buf_str(&b), "GET\n/test.txt\n\n"
	    "host:examplebucket.s3.amazonaws.com\nrange:bytes=0-9\n"
	    "x-amz-content-sha256:" EMPTY "\nx-amz-date:20130524T000000Z\n\n"
	    "host;range;x-amz-content-sha256;x-amz-date\n" EMPTY);
	buf_reset(&b);
	sigv4_string_to_sign(&req, &keys, &b);
	ck_assert_str_eq(buf_str(&b), "AWS4-HMAC-SHA256\n20130524T000000Z\n"
	    "20130524/us-east-1/s3/aws4_request\n"
	    "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
	buf_fini(&b);
}
END_TEST

/* What a fresh signer makes of it. */
static void
check_as_fresh(struct sigv4 *s, const struct sigv4_req *req,
    const struct sigv4_keys *keys)
{
	struct sigv4 *fresh = sigv4_new();
	struct buf a = { 0 }, b = { 0 };

	sigv4_sign(s, req, keys, &a);
	sigv4_sign(fresh, req, keys, &b);
	ck_assert_str_eq(line_of(&a, "Authorization"),
	    line_of(&b, "Authorization"));
	buf_fini(&a);
	buf_fini(&b);
	sigv4_free(fresh);
}

START_TEST(a_kept_key_serves_only_what_it_was_made_for)
{
	struct sigv4_req req = vector_req(0), other;
	struct sigv4_keys keys = vector_keys(0), others = keys;
	struct sigv4 *s = sigv4_new();
	int i;

	for (i = 0; i < 2; i++) {
		check_as_fresh(s, &req, &keys);
		check_as_fresh(s, &req, &keys);
		other = req;
		other.time_ms += 24 * 3600 * 1000;
		check_as_fresh(s, &other, &keys);
		other = req;
		other.region = "eu-central-1";
		check_as_fresh(s, &other, &keys);
		other = req;
		other.service = "sts";
		check_as_fresh(s, &other, &keys);
		others.secret = "another";
		check_as_fresh(s, &req, &others);
	}
	sigv4_free(s);
	sigv4_free(NULL);
}
END_TEST

START_TEST(another_request_has_another_signature)
{
	struct sigv4_req req = vector_req(0), other = req;
	struct sigv4_keys keys = vector_keys(0);
	struct sigv4 *s = sigv4_new();
	struct buf a = { 0 }, b = { 0 };

	other.payload = SIGV4_UNSIGNED;
	sigv4_sign(s, &req, &keys, &a);
	sigv4_sign(s, &other, &keys, &b);
	ck_assert_str_eq(line_of(&b, "x-amz-content-sha256"),
	    "UNSIGNED-PAYLOAD");
	ck_assert_str_ne(line_of(&a, "Authorization"),
	    line_of(&b, "Authorization"));
	buf_fini(&a);
	buf_fini(&b);
	sigv4_free(s);
}
END_TEST

START_TEST(query_parameters_are_encoded_and_then_sorted)
{
	static const struct sigv4_pair query[] = {
		{ "prefix", "a b/\xc3\xa4+%&=" }, { "list-type", "2" },
		{ "prefix!", "1" }, { "prefix-", "2" },
	};
	struct sigv4_req req = vector_req(0);
	struct sigv4_keys keys = vector_keys(0);
	struct buf b = { 0 };

	req.query = query;
	req.nquery = 4;
	sigv4_canonical(&req, &keys, &b);
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "\nlist-type=2&"
	    "prefix=a%20b%2F%C3%A4%2B%25%26%3D&prefix%21=1&prefix-=2\n"));
	buf_fini(&b);
}
END_TEST

START_TEST(an_empty_path_is_the_root_and_others_stay_as_they_are)
{
	struct sigv4_req req = vector_req(0);
	struct sigv4_keys keys = vector_keys(0);
	struct buf b = { 0 };

	req.path = "";
	sigv4_canonical(&req, &keys, &b);
	ck_assert_int_eq(strncmp(buf_str(&b), "GET\n/\n\n", 7), 0);
	buf_reset(&b);
	req.path = "/b/./a//../%20x/";
	sigv4_canonical(&req, &keys, &b);
	ck_assert_int_eq(strncmp(buf_str(&b), "GET\n/b/./a//../%20x/\n\n", 22),
	    0);
	buf_fini(&b);
}
END_TEST

START_TEST(all_bytes_but_the_unreserved_are_encoded)
{
	struct buf b = { 0 };
	char c, want[4];
	int i;

	for (i = 0; i < 256; i++) {
		c = (char)i;
		buf_reset(&b);
		sigv4_encode(&b, &c, 1, false);
		if (i != 0 && strchr("-_.~" ALNUM, i) != NULL)
			(void)snprintf(want, sizeof(want), "%c", i);
		else
			(void)snprintf(want, sizeof(want), "%%%02X", i);
		ck_assert_str_eq(buf_str(&b), want);
	}
	buf_reset(&b);
	sigv4_encode(&b, "a/b c", 5, true);
	sigv4_encode(&b, "/", 1, false);
	sigv4_encode(&b, "", 0, true);
	ck_assert_str_eq(buf_str(&b), "a/b%20c%2F");
	buf_fini(&b);
}
END_TEST

START_TEST(a_part_of_a_file_has_the_hash_of_its_bytes)
{
	char path[] = "/tmp/check_sigv4.XXXXXX", *text;
	char got[SIGV4_HASH_BYTES], want[SIGV4_HASH_BYTES];
	size_t i, n = 300 * 1000;
	int fd = mkstemp(path);

	ck_assert_int_ne(fd, -1);
	(void)unlink(path);
	ck_assert_ptr_nonnull(text = malloc(n));
	for (i = 0; i < n; i++)
		text[i] = (char)(i * 7 + i / 251);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	sigv4_hash(text + 3, n - 10, want);
	ck_assert_int_eq(sigv4_hash_fd(fd, 3, n - 10, got), 0);
	ck_assert_str_eq(got, want);
	ck_assert_int_eq(sigv4_hash_fd(fd, 0, 0, got), 0);
	ck_assert_str_eq(got, EMPTY);
	ck_assert_int_eq(sigv4_hash_fd(fd, 1, n, got), -1);
	ck_assert_int_eq(sigv4_hash_fd(-1, 0, 1, got), -1);
	(void)close(fd);
	free(text);
}
END_TEST

START_TEST(hashes_are_those_of_the_standards)
{
	char hex[SIGV4_HASH_BYTES], base64[25];

	sigv4_hash("abc", 3, hex);
	ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	sigv4_md5("", 0, base64);
	ck_assert_str_eq(base64, "1B2M2Y8AsgTpgAmY7PhCfg==");
	sigv4_md5("abc", 3, base64);
	ck_assert_str_eq(base64, "kAFQmDzST7DWlj99KOF/cg==");
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("sigv4");

	tcase_add_loop_test(tc, published_vectors_are_signed_as_published, 0,
	    LENGTH(vectors));
	tcase_add_test(tc, the_parts_are_those_of_the_documentation);
	tcase_add_test(tc, a_kept_key_serves_only_what_it_was_made_for);
	tcase_add_test(tc, another_request_has_another_signature);
	tcase_add_test(tc, query_parameters_are_encoded_and_then_sorted);
	tcase_add_test(tc,
	    an_empty_path_is_the_root_and_others_stay_as_they_are);
	tcase_add_test(tc, all_bytes_but_the_unreserved_are_encoded);
	tcase_add_test(tc, a_part_of_a_file_has_the_hash_of_its_bytes);
	tcase_add_test(tc, hashes_are_those_of_the_standards);
	return (run_suite(tc));
}
