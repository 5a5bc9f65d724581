/*
 * facebed -- a face (serve/face.h) in a real role on a free port of loopback
 * or on a socket in a scratch directory, figures for it, and a client that
 * sends what it is told and reads to the end.
 */
#ifndef UNIT_FACEBED_H
#define UNIT_FACEBED_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "proc/role.h"
#include "serve/face.h"
#include "unit/suite.h"

static const struct face_request bed_requests[] = { { "put", true },
    { "get", false }, { "list", true } };

static struct board *bed_board;
static struct figures *bed_figures;
static struct face_where bed_where = { .fd = -1 };
static struct face_cfg bed_cfg;
static struct role *bed_role;
static int (*bed_run)(void *ctx, struct role_self *self, struct err *e) =
    face_run;

static inline void
bed_figures_begin(size_t max_series)
{
	struct err e;

	ck_assert_ptr_nonnull(bed_board = board_map(2, &e));
	ck_assert_ptr_nonnull(bed_figures = figures_new(bed_board, 30000,
	    max_series, &e));
	bed_cfg = (struct face_cfg){ .where = &bed_where,
	    .view = { .figures = bed_figures, .host = "Box.example",
	    .requests = bed_requests, .nrequests = LENGTH(bed_requests),
	    .put_price_usd = 0.005, .now_ms = clock_real_ms(),
	    .mono = clock_mono_ms() } };
}

static inline void
bed_figures_end(void)
{
	figures_free(bed_figures);
	board_unmap(bed_board);
}

/* A cycle over 50 databases, of which n failed: these. */
static inline void
bed_cycle(const struct figures_failure *v, size_t n, const char *why)
{
	uint64_t count[TALLY_NCOUNT] = { [TALLY_LOOKED] = 50,
	    [TALLY_SYNCED] = 3, [TALLY_FAILED] = n,
	    [TALLY_CLASS + ERR_CORRUPT] = n, [TALLY_BYTES_READ] = 4096,
	    [TALLY_REQUEST] = 7, [TALLY_REQUEST + 1] = 5,
	    [TALLY_REQUEST + 2] = 1 };
	struct figures_cycle c = { .count = count, .took_ms = 78,
	    .scan_ms = 60, .complete = why == NULL, .why = why,
	    .failures = v, .nfailures = n };

	figures_begin(bed_figures);
	figures_end(bed_figures, &c);
}

static inline void
bed_upload(const char *project, const char *database)
{
	struct figures_upload u = { .bytes = 100, .took_ms = 40,
	    .lag_ms = 2500, .project = project, .database = database };

	figures_upload(bed_figures, &u);
}

static inline void
bed_serve(void)
{
	struct role_cfg cfg = { .name = "face", .run = bed_run,
	    .ctx = &bed_cfg, .keep_fd = bed_where.fd };
	struct err e;

	ck_assert_ptr_nonnull(bed_role = role_start(&cfg, &e));
}

static inline void
bed_start(const char *where)
{
	struct err e;

	ck_assert_msg(face_listen(where, &bed_where, &e) == 0, "%s", e.msg);
	bed_serve();
}

/* The process of the role: it is the only child. */
static inline long
bed_pid(void)
{
	char path[64];
	long pid = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
	    (int)getpid(), (int)getpid());
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	ck_assert_int_eq(fscanf(f, "%ld", &pid), 1);
	(void)fclose(f);
	return (pid);
}

static inline long
bed_rss_kb(void)
{
	char path[64], line[256], word[8];
	long kb = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/status", bed_pid());
	ck_assert_ptr_nonnull(f = fopen(path, "r"));
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%7s %ld", word, &kb) == 2 &&
		    strcmp(word, "VmRSS:") == 0)
			break;
	(void)fclose(f);
	return (kb);
}

static inline void
bed_stop(void)
{
	role_stop(bed_role);
	face_close(&bed_where);
}

static inline int
bed_connect(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	    .sin_port = htons((uint16_t)face_port(&bed_where)) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&sin, sizeof(sin)),
	    0);
	return (fd);
}

/* What has been closed at the other end takes no more; that is seen by who
 * reads. */
static inline void
bed_send(int fd, const void *p, size_t n)
{
	const char *at = p;
	ssize_t k;

	for (; n > 0; at += k, n -= (size_t)k)
		if ((k = send(fd, at, n, MSG_NOSIGNAL)) <= 0)
			return;
}

/* All that comes until the end; false: it has not ended in time. */
static inline bool
bed_read(int fd, struct buf *b, int64_t ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	int64_t until_ms = clock_mono_ms() + ms, left_ms;
	ssize_t n;

	buf_reset(b);
	for (;;) {
		left_ms = until_ms - clock_mono_ms();
		if (left_ms <= 0 || poll(&pfd, 1, (int)left_ms) != 1)
			return (false);
		n = recv(fd, buf_room(b, 65536), 65536, 0);
		if (n <= 0)
			return (true);
		b->len += (size_t)n;
		b->data[b->len] = '\0';
	}
}

/* Ask as "head" says (without the empty line) on a connection of its own, read
 * all of the answer into *b, and return its status; 0: there was none. */
static inline int
bed_ask(const char *head, struct buf *b)
{
	int fd = bed_connect(), status = 0;

	bed_send(fd, head, strlen(head));
	bed_send(fd, "\r\n", 2);
	ck_assert_msg(bed_read(fd, b, 20000), "no end of the answer to %s",
	    head);
	(void)close(fd);
	(void)sscanf(buf_str(b), "HTTP/1.1 %d ", &status);
	return (status);
}

static inline int
bed_get(const char *path, struct buf *b)
{
	char head[256];

	(void)snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n"
	    "Host: localhost\r\nConnection: close\r\n", path);
	return (bed_ask(head, b));
}

static inline const char *
bed_body(const struct buf *b)
{
	const char *p = strstr(buf_str(b), "\r\n\r\n");

	return (p == NULL ? "" : p + 4);
}

#endif
