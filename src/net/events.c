#include "net/events.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/log.h"

enum {
	READY_MAX = 64			/* taken from the kernel at once */
};

/* "known": not NULL from the second time on, for as long as fd is watched. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct events *ev = arg;
	struct epoll_event want = { .data = { .fd = fd } };

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		(void)epoll_ctl(ev->epfd, EPOLL_CTL_DEL, fd, NULL);
		return (0);
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		want.events |= EPOLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		want.events |= EPOLLOUT;
	if (epoll_ctl(ev->epfd, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD,
	    fd, &want) == -1)
		log_fatal("epoll does not take a socket: %s", strerror(errno));
	(void)curl_multi_assign(ev->multi, fd, ev);
	return (0);
}

static int
on_timer(CURLM *multi, long ms, void *arg)
{
	struct events *ev = arg;

	(void)multi;
	ev->due_ms = ms < 0 ? -1 : clock_mono_ms() + ms;
	return (0);
}

int
events_init(struct events *ev, CURLM *multi, struct err *e)
{
	ev->multi = multi;
	ev->due_ms = -1;
	if ((ev->epfd = epoll_create1(EPOLL_CLOEXEC)) == -1) {
		err_sys(e, ERR_CONFIG, "epoll");
		return (-1);
	}
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	(void)curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, ev);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
	(void)curl_multi_setopt(multi, CURLMOPT_TIMERDATA, ev);
	return (0);
}

void
events_fini(struct events *ev)
{
	io_close(&ev->epfd);
}

void
events_move(struct events *ev)
{
	struct epoll_event ready[READY_MAX];
	int i, n, which, running;

	if (events_due_ms(ev) == 0) {
		ev->due_ms = -1;
		(void)curl_multi_socket_action(ev->multi, CURL_SOCKET_TIMEOUT,
		    0, &running);
	}
	n = epoll_wait(ev->epfd, ready, READY_MAX, 0);
	for (i = 0; i < n; i++) {
		which = 0;
		if (ready[i].events & EPOLLIN)
			which |= CURL_CSELECT_IN;
		if (ready[i].events & EPOLLOUT)
			which |= CURL_CSELECT_OUT;
		if (ready[i].events & (EPOLLERR | EPOLLHUP))
			which |= CURL_CSELECT_ERR;
		(void)curl_multi_socket_action(ev->multi, ready[i].data.fd,
		    which, &running);
	}
}

int64_t
events_due_ms(const struct events *ev)
{
	int64_t left;

	if (ev->due_ms == -1)
		return (-1);
	left = ev->due_ms - clock_mono_ms();
	return (left > 0 ? left : 0);
}

bool
events_wait(const struct events *ev, int fd, int64_t ms)
{
	struct pollfd p[2] = {
		{ .fd = ev->epfd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN }	/* -1 is passed over */
	};

	return (poll(p, 2, (int)ms) > 0 && p[1].revents != 0);
}
