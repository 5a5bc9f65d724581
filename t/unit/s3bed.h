/*
 * s3bed -- an S3 server that lists and gets, and does it badly if it is told
 * to, for what a real one cannot be made to do.  It has the keys of bed_keys,
 * sorted, each with its own name for content and an ETag made of its length;
 * it does not look at signatures.  Ends with the test that started it.
 */
#ifndef UNIT_S3BED_H
#define UNIT_S3BED_H

#include <time.h>

#include "base/buf.h"
#include "base/mem.h"
#include "store/store.h"
#include "unit/httpbed.h"

#define S3_MAYBE	__attribute__((__unused__)) static

struct s3bed {
	atomic_uint lists, gets;	/* requests */
	atomic_uint now;		/* lists in hand, which */
	atomic_uint gather;		/* wait for so many of them, once, */
	atomic_uint alone;		/* but for the first so many */
	atomic_uint whole;		/* lists answered, not shallow */
	atomic_bool shallow_last;	/* pages of others wait for one more */
	atomic_uint cut;		/* gets that are to break off */
	atomic_bool weak;		/* a get is answered with a weak tag */
	atomic_bool same_token;		/* "there is more", ever the same */
	atomic_bool same_keys;		/* ... with another token */
	atomic_bool empty;		/* ... without a key */
	atomic_uint broken;		/* lists that are to end in a 500 */
	atomic_bool refuse;		/* each list is denied */
	atomic_bool dated;		/* a list says what time it is: */
	atomic_int ahead_s;		/* so much later than here */
};

static struct s3bed *s3bed;
static char **bed_keys;
static size_t bed_nkeys;
static const char bed_prefix[] = "p/";

struct bed_query {
	char prefix[1100], after[1100], token[1100];
	bool delimiter;
};

static void
bed_decode(char *to, const char *from, size_t n)
{
	unsigned hex;

	for (; n > 0 && *from != '&' && *from != ' '; n--) {
		if (*from == '%' && sscanf(from + 1, "%2x", &hex) == 1) {
			*to++ = (char)hex;
			from += 3;
		} else
			*to++ = *from++;
	}
	*to = '\0';
}

static void
bed_parse(const char *line, struct bed_query *q)
{
	static const char *const names[] = { "prefix=", "start-after=",
	    "continuation-token=" };
	char *const to[] = { q->prefix, q->after, q->token };
	const char *p;
	size_t i;

	memset(q, 0, sizeof(*q));
	q->delimiter = strstr(line, "delimiter=") != NULL;
	for (i = 0; i < 3; i++)
		if ((p = strstr(line, names[i])) != NULL)
			bed_decode(to[i], p + strlen(names[i]), 1099);
}

/* Is the key part of the answer?  *dir: bytes of its common prefix, or 0. */
static bool
bed_listed(const struct bed_query *q, const char *key, size_t *dir)
{
	const char *after = q->token[0] != '\0' ? q->token + 1 : q->after;
	const char *slash;
	size_t n = strlen(q->prefix);

	*dir = 0;
	if (strncmp(key, q->prefix, n) != 0 || strcmp(key, after) <= 0)
		return (false);
	if (q->delimiter && (slash = strchr(key + n, '/')) != NULL)
		*dir = (size_t)(slash - key) + 1;
	/* The token of a common prefix stands for all that begins so. */
	n = strlen(after);
	return (*dir == 0 || *dir != n || strncmp(key, after, n) != 0);
}

static void
bed_date(struct buf *b)
{
	time_t t = time(NULL) + s3bed->ahead_s;
	char text[64];

	if (!s3bed->dated)
		return;
	(void)strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT",
	    gmtime(&t));
	buf_printf(b, "Date: %s\r\n", text);
}

static void
bed_list(int fd, const struct bed_query *q)
{
	struct buf objects = { 0 }, dirs = { 0 }, head = { 0 }, all = { 0 };
	size_t i, n = 0, dir, lastlen = 0;
	const char *last = "";
	char count[16] = "";
	bool more = false;

	for (i = 0; i < bed_nkeys && !s3bed->empty; i++) {
		if (!bed_listed(q, bed_keys[i], &dir) || (dir > 0 &&
		    dir == lastlen && strncmp(bed_keys[i], last, dir) == 0))
			continue;
		if ((more = n == 1000))
			break;
		n++;
		last = bed_keys[i];
		lastlen = dir > 0 ? dir : strlen(last);
		if (dir > 0)
			buf_printf(&dirs, "<CommonPrefixes><Prefix>%.*s"
			    "</Prefix></CommonPrefixes>", (int)dir, last);
		else
			buf_printf(&objects, "<Contents><Key>%s</Key>"
			    "<LastModified>2026-11-20T12:00:00.000Z"
			    "</LastModified><ETag>&quot;e%zu&quot;</ETag>"
			    "<Size>%zu</Size></Contents>", last, lastlen,
			    lastlen);
	}
	buf_printf(&head, "<ListBucketResult><IsTruncated>%s</IsTruncated>",
	    more || s3bed->empty || s3bed->same_token || s3bed->same_keys ?
	    "true" : "false");
	if (s3bed->same_token)
		lastlen = 0;
	else if (s3bed->empty)
		(void)snprintf(count, sizeof(count), "%u", s3bed->lists);
	buf_printf(&head, "<NextContinuationToken>@%.*s%s"
	    "</NextContinuationToken>", (int)lastlen, last, count);
	buf_printf(&objects, "%s</ListBucketResult>", buf_str(&dirs));
	/* In one piece: two would be held up by Nagle. */
	buf_puts(&all, "HTTP/1.1 200 OK\r\n");
	bed_date(&all);
	buf_printf(&all, "Content-Length: %zu\r\n\r\n",
	    head.len + objects.len);
	buf_put(&all, buf_str(&head), head.len);
	buf_put(&all, buf_str(&objects), objects.len);
	bed_put(fd, buf_str(&all), all.len);
	buf_fini(&all);
	buf_fini(&head);
	buf_fini(&objects);
	buf_fini(&dirs);
}

/* Until as many lists as that are in hand at once; not for ever. */
static void
bed_gather(void)
{
	int i;

	if (s3bed->lists <= s3bed->alone)
		return;
	s3bed->now++;
	for (i = 0; i < 1000 && s3bed->now < s3bed->gather; i++)
		(void)usleep(5000);
	if (i < 1000)
		s3bed->gather = 0;
	s3bed->now--;
}

static void
bed_let_others(const struct bed_query *q)
{
	unsigned whole = s3bed->whole;
	int i;

	if (q->delimiter && q->token[0] != '\0' && s3bed->shallow_last)
		for (i = 0; i < 60 && s3bed->whole == whole; i++)
			(void)usleep(5000);
}

static void
bed_get(int fd, const char *key, const char *head)
{
	char tag[32];
	struct buf all = { 0 };
	size_t i, n = strlen(key), from = 0;
	const char *match = strstr(head, "f-Match: "), *range;

	for (i = 0; i < bed_nkeys && strcmp(bed_keys[i], key) != 0; i++)
		continue;
	if (i == bed_nkeys) {
		bed_answer(fd, 404, "", "<Error><Code>NoSuchKey</Code>"
		    "</Error>");
		return;
	}
	if (match == NULL)
		match = strstr(head, "f-match: ");
	(void)snprintf(tag, sizeof(tag), "\"e%zu\"\r\n", n);
	if (match != NULL && strncmp(match + 9, tag, strlen(tag)) != 0) {
		bed_answer(fd, 412, "", "<Error><Code>PreconditionFailed"
		    "</Code></Error>");
		return;
	}
	if ((range = strstr(head, "ange: bytes=")) != NULL)
		from = strtoul(range + 12, NULL, 10);
	buf_printf(&all, "HTTP/1.1 %s\r\nETag: %s%sContent-Length: %zu\r\n",
	    from > 0 ? "206 Part" : "200 OK", s3bed->weak ? "W/" : "", tag,
	    n - from);
	if (from > 0)
		buf_printf(&all, "Content-Range: bytes %zu-%zu/%zu\r\n",
		    from, n - 1, n);
	buf_puts(&all, "\r\n");
	buf_put(&all, key + from, s3bed->cut > 0 ? (n - from) / 2 : n - from);
	bed_put(fd, buf_str(&all), all.len);
	buf_fini(&all);
	if (s3bed->cut > 0) {
		s3bed->cut--;
		/* What came is to be taken before. */
		(void)usleep(50 * 1000);
		bed_die(fd, false);
	}
}

static void
bed_s3_talk(int fd)
{
	char head[8192], key[1100];
	struct bed_query q;

	while (bed_read_head(fd, head, sizeof(head))) {
		*strstr(head, " HTTP/") = '\0';
		if (strstr(head, "list-type=2") != NULL) {
			s3bed->lists++;
			bed_gather();
			bed_parse(head, &q);
			if (s3bed->same_keys)
				q.token[0] = '\0';
			if (s3bed->broken > 0) {
				s3bed->broken--;
				bed_answer(fd, 500, "", "");
			} else if (s3bed->refuse)
				bed_answer(fd, 403, "", "<Error><Code>"
				    "AccessDenied</Code></Error>");
			else {
				bed_let_others(&q);
				bed_list(fd, &q);
				s3bed->whole += !q.delimiter;
			}
			continue;
		}
		s3bed->gets++;
		/* "GET /bkt/KEY" */
		bed_decode(key, head + 9, 1099);
		bed_get(fd, key, head + strlen(head) + 1);
	}
	_exit(0);
}

static int
bed_compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* Have an object; before s3bed_start(). */
S3_MAYBE void
bed_have(const char *name)
{
	bed_keys = mem_resize(bed_keys, bed_nkeys + 1, sizeof(*bed_keys));
	bed_keys[bed_nkeys++] = mem_printf("%s%s", bed_prefix, name);
}

static void
s3bed_listen(int fd)
{
	int c;

	(void)signal(SIGCHLD, SIG_IGN);
	while ((c = accept(fd, NULL, NULL)) != -1) {
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			bed_s3_talk(c);
		}
		(void)close(c);
	}
	_exit(1);
}

/* Start the server, and open a store on it. */
S3_MAYBE struct store *
s3bed_start(void)
{
	int port, fd = bed_socket(512, &port);
	struct store_url url;
	struct store_cfg cfg = { .url = &url };
	struct store *s;
	struct err e;
	char *text;

	if (bed_nkeys > 0)
		qsort(bed_keys, bed_nkeys, sizeof(*bed_keys), bed_compare);
	s3bed = mmap(NULL, sizeof(*s3bed), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(s3bed != MAP_FAILED);
	if ((bed_pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		s3bed_listen(fd);
	}
	ck_assert_int_ne(bed_pid, -1);
	(void)close(fd);
	text = mem_printf("s3://bkt/p?endpoint=http://127.0.0.1:%d", port);
	cfg.s3.access = cfg.s3.secret = "key";
	cfg.s3.request_timeout_ms = 10 * 1000;
	ck_assert_int_eq(store_url_parse(text, "--to", &url, &e), 0);
	s = store_open(&cfg, &e);
	ck_assert_msg(s != NULL, "%s", e.msg);
	store_url_fini(&url);
	free(text);
	return (s);
}

/* The last thing that a test does. */
S3_MAYBE void
s3bed_stop(struct store *s)
{
	store_close(s);
	(void)kill(bed_pid, SIGKILL);
	(void)waitpid(bed_pid, NULL, 0);
	while (bed_nkeys > 0)
		free(bed_keys[--bed_nkeys]);
	free(bed_keys);
}

#endif
