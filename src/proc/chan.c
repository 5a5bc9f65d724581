#include "proc/chan.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	/* Asked for; the kernel cuts it to net.core.wmem_max.  What lies
	 * there need not lie in the queue. */
	SNDBUF_BYTES = 512 * 1024
};

struct chan_msg {
	STAILQ_ENTRY(chan_msg) next;
	size_t len;
	uint8_t data[];		/* kind, body */
};

int
chan_pair(struct chan *c, int *other, struct err *e)
{
	int sv[2], n = SNDBUF_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) == -1) {
		err_sys(e, ERR_IO, "make a channel between processes");
		return (-1);
	}
	(void)setsockopt(sv[0], SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
	chan_init(c, sv[0]);
	*other = sv[1];
	return (0);
}

void
chan_init(struct chan *c, int fd)
{
	c->fd = fd;
	c->broken = fd == -1;
	c->queued_bytes = 0;
	STAILQ_INIT(&c->queue);
}

static void
shift(struct chan *c)
{
	struct chan_msg *m = STAILQ_FIRST(&c->queue);

	c->queued_bytes -= m->len;
	STAILQ_REMOVE_HEAD(&c->queue, next);
	free(m);
}

void
chan_fini(struct chan *c)
{
	while (chan_pending(c))
		shift(c);
	io_close(&c->fd);
	c->broken = true;
}

/* Returns whether the message needs no more care: sent, or nobody is there. */
static bool
transmit(struct chan *c, struct iovec *iov, size_t niov, int flags)
{
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = niov };

	while (!c->broken &&
	    sendmsg(c->fd, &mh, MSG_NOSIGNAL | flags) == -1) {
		switch (errno) {
		case EINTR:
			break;
		case EAGAIN:
			return (false);
		case ENOBUFS:
		case ENOMEM:
			/* poll(2) would call it writable: do not spin. */
			clock_sleep_ms(1);
			if (flags & MSG_DONTWAIT)
				return (false);
			break;
		case EPIPE:
		case ECONNRESET:
			c->broken = true;
			break;
		default:
			log_fatal("a channel between processes failed: %s",
			    strerror(errno));
		}
	}
	return (true);
}

void
chan_flush(struct chan *c)
{
	struct chan_msg *m;
	struct iovec iov;

	while ((m = STAILQ_FIRST(&c->queue)) != NULL) {
		iov.iov_base = m->data;
		iov.iov_len = m->len;
		if (!transmit(c, &iov, 1, MSG_DONTWAIT))
			return;
		shift(c);
	}
}

/* The parts of a message; returns how many. */
static size_t
gather(struct iovec iov[2], uint8_t *kind, const void *body, size_t len)
{
	iov[0].iov_base = kind;
	iov[0].iov_len = 1;
	iov[1].iov_base = (void *)(uintptr_t)body;
	iov[1].iov_len = len;
	return (len > 0 ? 2 : 1);
}

void
chan_post(struct chan *c, enum wire_kind kind, const void *body, size_t len)
{
	struct chan_msg *m;
	struct iovec iov[2];
	uint8_t first = (uint8_t)kind;
	size_t niov = gather(iov, &first, body, len);

	chan_flush(c);
	if (!chan_pending(c) && transmit(c, iov, niov, MSG_DONTWAIT))
		return;
	m = mem_resize(NULL, 1, sizeof(*m) + 1 + len);
	m->len = 1 + len;
	m->data[0] = first;
	if (len > 0)
		memcpy(m->data + 1, body, len);
	STAILQ_INSERT_TAIL(&c->queue, m, next);
	c->queued_bytes += m->len;
}

bool
chan_pending(const struct chan *c)
{
	return (!STAILQ_EMPTY(&c->queue));
}

uint64_t
chan_hangup(struct chan *c, enum wire_kind kind)
{
	uint64_t n = 0;

	for (; chan_pending(c); shift(c))
		if (STAILQ_FIRST(&c->queue)->data[0] == kind)
			n++;
	if (c->fd != -1)
		(void)shutdown(c->fd, SHUT_WR);
	c->broken = true;
	return (n);
}

void
chan_say(struct chan *c, enum wire_kind kind, const void *body, size_t len)
{
	struct iovec iov[2];
	uint8_t first = (uint8_t)kind;
	size_t niov = gather(iov, &first, body, len);

	(void)transmit(c, iov, niov, 0);
}

int
chan_recv(struct chan *c, uint8_t *kind, void *body, size_t size, size_t *len)
{
	struct iovec iov[2];
	struct msghdr mh = { .msg_iov = iov };
	ssize_t n;

	mh.msg_iovlen = gather(iov, kind, body, size);
	for (;;) {
		n = recvmsg(c->fd, &mh, MSG_DONTWAIT);
		if (n > 0) {
			*len = (size_t)n - 1;
			return (1);
		}
		if (n == 0)
			return (-1);
		/*
		 * ECONNRESET, once: the peer went with messages unread.  What
		 * it had sent itself is still there.
		 */
		if (errno == EAGAIN)
			return (0);
		if (errno != EINTR && errno != ECONNRESET)
			log_fatal("a channel between processes failed: %s",
			    strerror(errno));
	}
}

void
chan_wait(const struct chan *c)
{
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };

	while (poll(&pfd, 1, -1) == -1 && errno == EINTR)
		continue;
}
