/*
 * httpbed -- an HTTP server with bad manners, for tests: a process that forks
 * one for each connection and does what the path asks for.  What it saw is in
 * shared memory.  It ends with the test that started it.
 */
#ifndef UNIT_HTTPBED_H
#define UNIT_HTTPBED_H

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

#include "unit/suite.h"

struct httpbed {
	atomic_uint connections;
	atomic_uint requests;
	atomic_uint flaky;		/* of those, for /flaky/N */
	atomic_ullong body_bytes;	/* received */
	atomic_ullong sent_bytes;	/* of endless answers */
	char head[8192];		/* of the last request */
};

static struct httpbed *bed;
static int bed_port;
static pid_t bed_pid = -1;

static void
bed_die(int fd, bool reset)
{
	struct linger l = { .l_onoff = 1, .l_linger = 0 };

	if (reset)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	(void)close(fd);
	_exit(0);
}

static void
bed_put(int fd, const char *s, size_t n)
{
	ssize_t k;

	for (; n > 0; s += k, n -= (size_t)k)
		if ((k = send(fd, s, n, MSG_NOSIGNAL)) <= 0)
			_exit(0);
}

static void
bed_say(int fd, const char *s)
{
	bed_put(fd, s, strlen(s));
}

static void
bed_answer(int fd, int status, const char *more, const char *body)
{
	char text[4096];

	(void)snprintf(text, sizeof(text), "HTTP/1.1 %d Text\r\n%s"
	    "Content-Length: %zu\r\n\r\n%s", status, more, strlen(body), body);
	bed_say(fd, text);
}

static char
bed_byte(uint64_t at)
{
	return ((char)(at * 31 + at / 509));
}

static void
bed_put_pattern(int fd, uint64_t n)
{
	char chunk[16384];
	uint64_t at, k;

	for (at = 0; at < n; at += k) {
		for (k = 0; k < sizeof(chunk) && k < n - at; k++)
			chunk[k] = bed_byte(at + k);
		bed_put(fd, chunk, k);
	}
}

/* The head up to its empty line; false at the end of the connection. */
static bool
bed_read_head(int fd, char *head, size_t size)
{
	size_t n;

	for (n = 0; n < size - 1; n++) {
		if (recv(fd, head + n, 1, 0) != 1)
			return (false);
		head[n + 1] = '\0';
		if (n >= 3 && memcmp(head + n - 3, "\r\n\r\n", 4) == 0)
			return (true);
	}
	return (false);
}

/* Returns whether the body was bed_byte() all over.  Slowly: the most of it
 * waits in the sender's kernel. */
static bool
bed_read_body(int fd, uint64_t n, bool slowly)
{
	char chunk[16384];
	uint64_t at = 0;
	bool good = true;
	ssize_t k, i;

	for (; n > 0; n -= (uint64_t)k) {
		if (slowly)
			(void)usleep(20 * 1000);
		k = recv(fd, chunk, n < sizeof(chunk) ? n : sizeof(chunk), 0);
		if (k <= 0)
			_exit(0);
		for (i = 0; i < k; i++)
			good = good && chunk[i] == bed_byte(at++);
		bed->body_bytes += (uint64_t)k;
	}
	return (good);
}

static void
bed_chunks(int fd, bool endless)
{
	char chunk[10000];
	int i;

	memset(chunk, 'c', sizeof(chunk));
	bed_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (i = 0; endless || i < 3; i++) {
		bed_say(fd, "2710\r\n");
		bed_put(fd, chunk, sizeof(chunk));
		bed_say(fd, "\r\n");
		bed->sent_bytes += sizeof(chunk);
	}
	bed_say(fd, "0\r\n\r\n");
}

/* 1,000 bytes in chunks of one, sent in one piece. */
static void
bed_grains(int fd)
{
	char all[100 + 1000 * 6];
	size_t i, n;

	n = (size_t)snprintf(all, sizeof(all), "HTTP/1.1 200 OK\r\n"
	    "Transfer-Encoding: chunked\r\n\r\n");
	for (i = 0; i < 1000; i++, n += 6)
		memcpy(all + n, "1\r\ng\r\n", 6);
	bed_put(fd, all, n);
	bed_say(fd, "0\r\n\r\n");
}

static void
bed_drip(int fd, int n, int ms)
{
	char head[128];

	(void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
	    "Content-Length: %d\r\n\r\n", n);
	bed_say(fd, head);
	for (; n > 0; n--) {
		(void)usleep((unsigned)ms * 1000);
		bed_say(fd, "d");
	}
}

/* What expects a leave to send its body gets none; "late": some has come. */
static void
bed_refuse_expect(int fd, bool late)
{
	char byte;

	if (late && recv(fd, &byte, 1, 0) != 1)
		_exit(0);
	bed_answer(fd, 417, late ? "Connection: close\r\n" : "", "");
	if (late) {
		(void)shutdown(fd, SHUT_WR);
		(void)bed_read_body(fd, UINT64_MAX, false);
	}
}

/* What is done before the body is read, and ends the connection. */
static void
bed_serve_rudely(int fd, const char *path)
{
	if (strcmp(path, "/reset") == 0)
		bed_die(fd, true);
	if (strcmp(path, "/close") == 0)
		bed_die(fd, false);
	if (strcmp(path, "/silence") == 0 || strcmp(path, "/deaf") == 0)
		for (;;)
			(void)pause();
	if (strcmp(path, "/short") == 0 || strcmp(path, "/shortreset") == 0) {
		bed_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
		    "ten bytes.");
		(void)usleep(50 * 1000);
		bed_die(fd, strcmp(path, "/shortreset") == 0);
	}
	if (strcmp(path, "/shorthead") == 0) {
		bed_say(fd, "HTTP/1.1 200 OK\r\nContent-Le");
		bed_die(fd, false);
	}
	if (strcmp(path, "/half") == 0) {
		bed_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
		    "half.");
		for (;;)
			(void)pause();
	}
	if (strcmp(path, "/early") == 0) {
		bed_answer(fd, 403, "Connection: close\r\n", "denied");
		(void)shutdown(fd, SHUT_WR);
		(void)bed_read_body(fd, UINT64_MAX, false);
	}
	if (strcmp(path, "/headers") == 0) {
		bed_say(fd, "HTTP/1.1 200 OK\r\n");
		for (;;)
			bed_say(fd, "X-Filler: 0123456789012345678901234\r\n");
	}
}

static void
bed_serve(int fd, const char *path, bool good)
{
	uint64_t n;
	char head[128];

	/* The first N fail. */
	if (sscanf(path, "/flaky/%lu", &n) == 1)
		bed_answer(fd, bed->flaky++ < n ? 500 : 200, "", "");
	else if (path[0] != '/' && strncmp(path, "http:", 5) != 0)
		bed_answer(fd, 403, "", "");	/* CONNECT */
	else if (strcmp(path, "/chunked") == 0)
		bed_chunks(fd, false);
	else if (strcmp(path, "/endless") == 0)
		bed_chunks(fd, true);
	else if (strcmp(path, "/grains") == 0)
		bed_grains(fd);
	else if (strcmp(path, "/drip") == 0)
		bed_drip(fd, 6, 200);
	else if (strcmp(path, "/late") == 0 || strcmp(path, "/later") == 0) {
		(void)usleep(path[5] == 'r' ? 900 * 1000 : 50 * 1000);
		bed_answer(fd, 200, "", "late");
	} else if (strcmp(path, "/moved") == 0)
		bed_answer(fd, 307, "Location: /ok\r\n", "elsewhere");
	else if (strcmp(path, "/gzip") == 0)
		bed_answer(fd, 200, "Content-Encoding: gzip\r\n", "not gzip");
	else if (strcmp(path, "/interim") == 0) {
		bed_say(fd, "HTTP/1.1 103 Early\r\nX-Early: 1\r\n\r\n");
		bed_answer(fd, 200, "X-Late: 1\r\n", "then");
	} else if (strcmp(path, "/missing") == 0)
		bed_answer(fd, 404, "", "<Error/>");
	else if (strcmp(path, "/nothing") == 0)
		bed_say(fd, "HTTP/1.1 204 No Content\r\n\r\n");
	else if (strcmp(path, "/head") == 0)
		bed_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n");
	else if (sscanf(path, "/big/%lu", &n) == 1) {
		(void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n"
		    "Content-Length: %lu\r\n\r\n", n);
		bed_say(fd, head);
		bed_put_pattern(fd, n);
	} else
		bed_answer(fd, good ? 200 : 400,
		    "Date: Fri, 20 Nov 2026 10:30:00 GMT\r\nX-Odd:  v w \r\n"
		    "Content-Type: text/plain\r\n", "hello");
}

static void
bed_talk(int fd)
{
	char head[sizeof(bed->head)], path[256];
	const char *length;
	unsigned served = 0;
	uint64_t n;
	bool good;

	while (bed_read_head(fd, head, sizeof(head))) {
		bed->requests++;
		memcpy(bed->head, head, sizeof(head));
		if (sscanf(head, "%*s %255[^ ?]", path) != 1)
			_exit(1);
		if (strncmp(path, "/bucket/", 8) == 0)
			memmove(path, path + 7, strlen(path + 7) + 1);
		/* A connection that dies when it is used again. */
		if (strcmp(path, "/once") == 0 && served > 0)
			bed_die(fd, true);
		bed_serve_rudely(fd, path);
		if (strncmp(path, "/unmet", 6) == 0 &&
		    strstr(head, "\r\nExpect:") != NULL) {
			bed_refuse_expect(fd, strcmp(path, "/unmetlate") == 0);
			continue;
		}
		length = strstr(head, "Content-Length: ");
		n = length != NULL ? strtoull(length + 16, NULL, 10) : 0;
		if (strstr(head, "Expect: 100-continue") != NULL &&
		    strcmp(path, "/unasked") != 0)
			bed_say(fd, "HTTP/1.1 100 Continue\r\n\r\n");
		good = bed_read_body(fd, n, strcmp(path, "/sip") == 0);
		bed_serve(fd, path, good);
		served++;
	}
	_exit(0);
}

static void
bed_listen(int fd)
{
	int c;

	(void)signal(SIGCHLD, SIG_IGN);
	for (;;) {
		if ((c = accept(fd, NULL, NULL)) == -1)
			continue;
		bed->connections++;
		if (fork() == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)close(fd);
			bed_talk(c);
		}
		(void)close(c);
	}
}

/* A listening socket of 127.0.0.1; its port in *port. */
static int
bed_socket(int backlog, int *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int window = 32 * 1024;

	ck_assert_int_ne(fd, -1);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	if (backlog >= 0)
		ck_assert_int_eq(listen(fd, backlog), 0);
	return (fd);
}

__attribute__((__unused__)) static void
bed_start(void)
{
	int fd = bed_socket(512, &bed_port);

	bed = mmap(NULL, sizeof(*bed), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(bed != MAP_FAILED);
	if ((bed_pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		bed_listen(fd);
	}
	ck_assert_int_ne(bed_pid, -1);
	(void)close(fd);
}

__attribute__((__unused__)) static void
bed_stop(void)
{
	(void)kill(bed_pid, SIGKILL);
	(void)waitpid(bed_pid, NULL, 0);
	(void)munmap(bed, sizeof(*bed));
}

#endif
