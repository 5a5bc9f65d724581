/*
 * objectbed -- an S3 server with one object, for tests: a process that answers
 * GET with Range and If-Match, and can break off.  What it holds and what it
 * saw is in shared memory.  It ends with the test that started it.
 */
#ifndef UNIT_OBJECTBED_H
#define UNIT_OBJECTBED_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

#include "store/store.h"

enum {
	OBJECT_ROOM = 80 << 20
};

struct objectbed {
	atomic_uint requests;
	atomic_ullong first;	/* byte of the last answer */
	atomic_ullong sent;	/* bytes of the object, over all answers */
	atomic_ullong stop_at;	/* answers end there; 0: nowhere */
	atomic_ullong size;
	char tag[64];
	char data[OBJECT_ROOM];
};

static struct objectbed *object;
static pid_t object_pid = -1;
static int object_port;

/* The value of a header line, or NULL. */
static inline const char *
object_header(const char *head, const char *name)
{
	const char *p = strcasestr(head, name);

	return (p == NULL ? NULL : p + strlen(name));
}

static inline void
object_answer(int fd, const char *head)
{
	const char *match = object_header(head, "\r\nif-match: ");
	const char *range = object_header(head, "\r\nrange: bytes=");
	uint64_t from = range == NULL ? 0 : strtoull(range, NULL, 10);
	uint64_t size = object->size, end = size;
	char text[512];
	ssize_t n;

	object->requests++;
	if (match != NULL && strncmp(match, object->tag,
	    strlen(object->tag)) != 0) {
		(void)snprintf(text, sizeof(text), "HTTP/1.1 412 No\r\n"
		    "Content-Length: 0\r\nConnection: close\r\n\r\n");
		(void)!write(fd, text, strlen(text));
		return;
	}
	(void)snprintf(text, sizeof(text), "HTTP/1.1 %s\r\nETag: %s\r\n"
	    "Content-Length: %llu\r\nContent-Range: bytes %llu-%llu/%llu\r\n"
	    "Connection: close\r\n\r\n",
	    range == NULL ? "200 OK" : "206 Partial Content", object->tag,
	    (unsigned long long)(size - from), (unsigned long long)from,
	    (unsigned long long)size - 1, (unsigned long long)size);
	(void)!write(fd, text, strlen(text));
	object->first = from;
	if (object->stop_at > 0 && object->stop_at < end)
		end = object->stop_at;
	for (; from < end; from += (uint64_t)n, object->sent += (uint64_t)n)
		if ((n = send(fd, object->data + from, end - from < 65536 ?
		    (size_t)(end - from) : 65536, MSG_NOSIGNAL)) <= 0)
			return;
	/* Whoever reads gets what there is, and then waits. */
	if (end < size)
		(void)!recv(fd, text, sizeof(text), 0);
}

static inline void
object_serve(int fd)
{
	char head[16384];
	size_t n;
	int c;

	for (;;) {
		if ((c = accept(fd, NULL, NULL)) == -1)
			continue;
		for (n = 0; n < sizeof(head) - 1; n++) {
			if (recv(c, head + n, 1, 0) != 1)
				break;
			head[n + 1] = '\0';
			if (n >= 3 &&
			    memcmp(head + n - 3, "\r\n\r\n", 4) == 0) {
				object_answer(c, head);
				break;
			}
		}
		(void)close(c);
	}
}

static inline void
object_start(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	ck_assert_int_eq(listen(fd, 64), 0);
	object_port = ntohs(a.sin_port);
	object = mmap(NULL, sizeof(*object), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert(object != MAP_FAILED);
	strcpy(object->tag, "\"tag\"");
	ck_assert_int_ne(object_pid = fork(), -1);
	if (object_pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		object_serve(fd);
	}
	(void)close(fd);
}

static inline void
object_end(void)
{
	(void)kill(object_pid, SIGKILL);
	(void)waitpid(object_pid, NULL, 0);
	(void)munmap(object, sizeof(*object));
}

/* The object is this now. */
static inline void
object_set(const void *p, size_t n)
{
	ck_assert_uint_le(n, OBJECT_ROOM);
	memcpy(object->data, p, n);
	object->size = n;
}

/* The store in which everything is this object. */
static inline void
object_url(struct store_url *u, struct store_s3_cfg *s3)
{
	char text[128];
	struct err e;

	(void)snprintf(text, sizeof(text), "s3://bucket/prefix?region=here&"
	    "path-style=1&endpoint=http://127.0.0.1:%d", object_port);
	ck_assert_msg(store_url_parse(text, "--from", u, &e) == 0, "%s",
	    e.msg);
	*s3 = (struct store_s3_cfg){ .access = "access", .secret = "secret" };
}

#endif
