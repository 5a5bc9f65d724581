#include "serve/face.h"
#include "serve/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/io.h"
#include "base/mem.h"
#include "base/num.h"

enum {
	PORT_MAX = 65535,
	LOCK_MS = 2000		/* for another that starts just now */
};

static const char local_prefix[] = "unix:";

/* Split the text at its last colon; a host with colons is in brackets. */
static int
parse(const char *text, char **host, const char **port, struct err *e)
{
	const char *colon = strrchr(text, ':'), *from = text;
	size_t n = colon == NULL ? 0 : (size_t)(colon - text);
	uint64_t number;

	if (n == 0) {
		err_set(e, ERR_USAGE, "--listen wants ADDRESS:PORT or"
		    " unix:PATH, not \"%s\"", text);
		return (-1);
	}
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		from++;
		n -= 2;
	} else if (memchr(text, ':', n) != NULL) {
		err_set(e, ERR_USAGE, "--listen \"%s\": an IPv6 address stands"
		    " in brackets, as in [::1]:9090", text);
		return (-1);
	}
	if (num_parse(colon + 1, 0, PORT_MAX, "the port of --listen", &number,
	    e) == -1)
		return (-1);
	*host = mem_strndup(from, n);
	*port = colon + 1;
	return (0);
}

/* What bind(2) or listen(2) had against it. */
static void
complain(const char *text, struct err *e)
{
	switch (errno) {
	case EADDRINUSE:
		err_set(e, ERR_EXISTS, "cannot listen on %s: another process"
		    " does; end it, or give --listen another port", text);
		break;
	case EADDRNOTAVAIL:
		err_set(e, ERR_USAGE, "cannot listen on %s: this host does not"
		    " have that address", text);
		break;
	case EACCES:
		err_set(e, ERR_DENIED, "cannot listen on %s: ports below 1024"
		    " need a privilege", text);
		break;
	default:
		err_io(e, "cannot listen on %s", text);
	}
}

static int
listen_on(const struct addrinfo *ai)
{
	int fd, on = 1, saved;

	if ((fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1)
		return (-1);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, SOMAXCONN) == 0)
		return (fd);
	saved = errno;
	io_close(&fd);
	errno = saved;
	return (-1);
}

static int
listen_tcp(const char *text, struct face_where *w, struct err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICSERV };
	struct addrinfo *list = NULL, *ai;
	const char *port;
	int rc;

	if (parse(text, &w->host, &port, e) == -1)
		return (-1);
	if ((rc = getaddrinfo(w->host, port, &hints, &list)) != 0) {
		err_set(e, ERR_USAGE, "--listen %s: no address for \"%s\": %s",
		    text, w->host, rc == EAI_SYSTEM ? strerror(errno) :
		    gai_strerror(rc));
		return (-1);
	}
	for (ai = list; ai != NULL && w->fd == -1; ai = ai->ai_next)
		w->fd = listen_on(ai);
	if (w->fd == -1)
		complain(text, e);
	freeaddrinfo(list);
	return (w->fd == -1 ? -1 : 0);
}

/* Does anybody listen there?  -1 with errno: connect(2) cannot tell. */
static int
is_alive(const struct sockaddr_un *sun)
{
	int fd, rc;

	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) == -1)
		return (-1);
	rc = connect(fd, (const struct sockaddr *)sun, sizeof(*sun));
	io_close(&fd);
	if (rc == 0 || errno == EAGAIN || errno == EPROTOTYPE)
		return (1);
	return (errno == ECONNREFUSED ? 0 : -1);
}

/* Remove the socket that somebody left there. */
static int
clear(const struct sockaddr_un *sun, struct err *e)
{
	const char *path = sun->sun_path;
	struct stat st;

	if (lstat(path, &st) == -1) {
		if (errno == ENOENT)
			return (0);
		err_io(e, "cannot look at %s", path);
		return (-1);
	}
	if (!S_ISSOCK(st.st_mode)) {
		err_set(e, ERR_EXISTS, "cannot listen on %s: what is there is"
		    " no socket, and is left alone", path);
		return (-1);
	}
	switch (is_alive(sun)) {
	case 1:
		err_set(e, ERR_EXISTS, "cannot listen on %s: another process"
		    " does; end it, or give --listen another path", path);
		return (-1);
	case -1:
		err_io(e, "cannot find out whether anybody listens on %s",
		    path);
		return (-1);
	}
	if (unlink(path) == -1 && errno != ENOENT) {
		err_io(e, "cannot replace the socket %s, on which nobody"
		    " listens", path);
		return (-1);
	}
	return (0);
}

/*
 * Two that start at once must not take each other's fresh socket for a stale
 * one: they take turns by a lock on the directory.  Who may not lock it, or
 * has waited long enough for someone's, goes on without.
 */
static int
lock_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = mem_strndup(path, (size_t)(slash - path) + 1);
	int64_t until_ms = clock_mono_ms() + LOCK_MS;
	int fd;

	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	while (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1 &&
	    clock_mono_ms() < until_ms)
		clock_sleep_ms(10);
	return (fd);
}

static int
bind_0600(int fd, const struct sockaddr_un *sun)
{
	mode_t old = umask(S_IXUSR | S_IRWXG | S_IRWXO);
	int rc = bind(fd, (const struct sockaddr *)sun, sizeof(*sun));

	(void)umask(old);
	return (rc);
}

static char *
absolute(const char *path)
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL)
		return (mem_strdup(path));
	return (mem_printf("%s/%s", cwd, path));
}

static int
listen_local(const char *path, struct face_where *w, struct err *e)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	struct stat st;
	int lock = -1, rc = -1;

	w->local = true;
	w->path = absolute(path);
	if (path[0] == '\0' || w->path[0] != '/') {
		err_set(e, ERR_USAGE, "--listen unix: wants a path");
		return (-1);
	}
	if (strlen(w->path) >= sizeof(sun.sun_path)) {
		err_set(e, ERR_USAGE, "--listen unix:%s: the path of a socket"
		    " has at most %zu bytes", path, sizeof(sun.sun_path) - 1);
		return (-1);
	}
	memcpy(sun.sun_path, w->path, strlen(w->path) + 1);
	lock = lock_directory(w->path);
	if (clear(&sun, e) == -1)
		goto out;
	if ((w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0)) == -1 || bind_0600(w->fd, &sun) == -1) {
		err_io(e, "cannot listen on %s", w->path);
		goto out;
	}
	/* Ours from here on, to be removed if the rest fails. */
	if (lstat(w->path, &st) == 0) {
		w->dev = st.st_dev;
		w->ino = st.st_ino;
	}
	if (listen(w->fd, SOMAXCONN) == -1) {
		err_io(e, "cannot listen on %s", w->path);
		goto out;
	}
	rc = 0;
out:
	io_close(&lock);
	return (rc);
}

int
face_listen(const char *text, struct face_where *w, struct err *e)
{
	size_t n = sizeof(local_prefix) - 1;
	int rc;

	memset(w, 0, sizeof(*w));
	w->fd = -1;
	rc = strncmp(text, local_prefix, n) == 0 ?
	    listen_local(text + n, w, e) : listen_tcp(text, w, e);
	if (rc == -1)
		face_close(w);
	return (rc);
}

void
face_close(struct face_where *w)
{
	struct stat st;

	if (w->local && w->fd != -1 && w->ino != 0 &&
	    lstat(w->path, &st) == 0 && st.st_dev == w->dev &&
	    st.st_ino == w->ino)
		(void)unlink(w->path);
	io_close(&w->fd);
	free(w->path);
	free(w->host);
	w->path = w->host = NULL;
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

/* That of a socket of TCP; otherwise false. */
static bool
address_of(const struct face_where *w, union address *a)
{
	socklen_t len = sizeof(*a);

	memset(a, 0, sizeof(*a));
	return (!w->local && getsockname(w->fd, &a->any, &len) == 0);
}

unsigned
face_port(const struct face_where *w)
{
	union address a;

	if (!address_of(w, &a))
		return (0);
	return (ntohs(a.any.sa_family == AF_INET6 ? a.in6.sin6_port :
	    a.in.sin_port));
}

bool
face_is_loopback(const struct face_where *w)
{
	union address a;

	if (!address_of(w, &a))
		return (false);
	return (a.any.sa_family == AF_INET6 ?
	    host_is_loopback6(&a.in6.sin6_addr) :
	    host_is_loopback4(&a.in.sin_addr));
}
