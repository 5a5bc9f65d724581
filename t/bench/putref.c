/*
 * putref -- the reference for storing in S3: a loop of bare PUTs over kept
 * connections.  All requests are read, hashed and signed before the clock
 * starts; what is measured is sending them and waiting for the answers.  One
 * process, no retries: any answer but 200 ends it.
 *
 * usage: putref BUCKET PREFIX DIR LIST CONNECTIONS
 *	LIST: a file of names below DIR, one a line; AWS_ENDPOINT_URL (http,
 *	an address and a port) and AWS_... keys are in the environment
 * prints: OBJECTS MILLISECONDS CPU_MICROSECONDS
 */
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

enum {
	CONNECTIONS_MAX = 1000,
	HEX_BYTES = 2 * SHA256_DIGEST_LENGTH + 1
};

/* One request as it goes over the wire. */
struct request {
	char *p;
	size_t n;
};

struct connection {
	int fd;
	const struct request *req;
	size_t sent, got;
	char answer[8192];
};

static struct request *requests;
static size_t nrequests, next, nanswered;
static struct sockaddr_in server;
static const char *host, *access_key;
static unsigned char day_key[SHA256_DIGEST_LENGTH];
static char stamp[32], day[16];
static int ep;

static const char *
setting(const char *name)
{
	const char *v = getenv(name);

	if (v == NULL || v[0] == '\0')
		errx(2, "%s is not set", name);
	return (v);
}

static void
find_server(void)
{
	char address[64];
	const char *colon;

	host = setting("AWS_ENDPOINT_URL");
	if (strncmp(host, "http://", 7) != 0 ||
	    (colon = strchr(host += 7, ':')) == NULL ||
	    (size_t)(colon - host) >= sizeof(address))
		errx(2, "AWS_ENDPOINT_URL: not http://ADDRESS:PORT");
	(void)snprintf(address, sizeof(address), "%.*s", (int)(colon - host),
	    host);
	server.sin_family = AF_INET;
	server.sin_port = htons((in_port_t)atoi(colon + 1));
	if (inet_pton(AF_INET, address, &server.sin_addr) != 1)
		errx(2, "AWS_ENDPOINT_URL: %s is no address", address);
}

static void
mac(const void *key, size_t nkey, const char *text,
    unsigned char out[SHA256_DIGEST_LENGTH])
{
	if (HMAC(EVP_sha256(), key, (int)nkey, (const unsigned char *)text,
	    strlen(text), out, NULL) == NULL)
		errx(1, "libcrypto");
}

/* The signing key of today. */
static void
make_key(void)
{
	unsigned char k[SHA256_DIGEST_LENGTH];
	time_t now = time(NULL);
	char secret[256];
	struct tm tm;

	access_key = setting("AWS_ACCESS_KEY_ID");
	(void)snprintf(secret, sizeof(secret), "AWS4%s",
	    setting("AWS_SECRET_ACCESS_KEY"));
	(void)gmtime_r(&now, &tm);
	(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &tm);
	(void)strftime(day, sizeof(day), "%Y%m%d", &tm);
	mac(secret, strlen(secret), day, k);
	mac(k, sizeof(k), "us-east-1", day_key);
	mac(day_key, sizeof(day_key), "s3", k);
	mac(k, sizeof(k), "aws4_request", day_key);
}

static void
hex(const unsigned char sum[SHA256_DIGEST_LENGTH], char out[HEX_BYTES])
{
	int i;

	for (i = 0; i < SHA256_DIGEST_LENGTH; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void
hash(const void *p, size_t n, char out[HEX_BYTES])
{
	unsigned char sum[SHA256_DIGEST_LENGTH];

	(void)SHA256(p, n, sum);
	hex(sum, out);
}

/* The headers of a PUT of these bytes; returns their length. */
static size_t
sign(const char *path, const void *body, size_t nbody, char *out, size_t room)
{
	static const char names[] = "host;x-amz-content-sha256;x-amz-date";
	unsigned char sum[SHA256_DIGEST_LENGTH];
	char text[2 * PATH_MAX], payload[HEX_BYTES], digest[HEX_BYTES];

	hash(body, nbody, payload);
	(void)snprintf(text, sizeof(text), "PUT\n%s\n\nhost:%s\n"
	    "x-amz-content-sha256:%s\nx-amz-date:%s\n\n%s\n%s", path, host,
	    payload, stamp, names, payload);
	hash(text, strlen(text), digest);
	(void)snprintf(text, sizeof(text), "AWS4-HMAC-SHA256\n%s\n"
	    "%s/us-east-1/s3/aws4_request\n%s", stamp, day, digest);
	mac(day_key, sizeof(day_key), text, sum);
	hex(sum, digest);
	return ((size_t)snprintf(out, room, "PUT %s HTTP/1.1\r\nHost: %s\r\n"
	    "x-amz-content-sha256: %s\r\nx-amz-date: %s\r\n"
	    "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/s3/"
	    "aws4_request, SignedHeaders=%s, Signature=%s\r\n"
	    "Content-Length: %zu\r\n\r\n", path, host, payload, stamp,
	    access_key, day, names, digest, nbody));
}

static void
prepare(const char *file, const char *path, struct request *r)
{
	char head[2 * PATH_MAX];
	size_t nhead, nbody;
	struct stat st;
	void *body;
	int fd;

	if ((fd = open(file, O_RDONLY | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1)
		err(1, "%s", file);
	nbody = (size_t)st.st_size;
	if ((body = malloc(nbody + 1)) == NULL)
		err(1, NULL);
	if (read(fd, body, nbody) != (ssize_t)nbody)
		err(1, "read %s", file);
	(void)close(fd);
	nhead = sign(path, body, nbody, head, sizeof(head));
	r->n = nhead + nbody;
	if ((r->p = malloc(r->n)) == NULL)
		err(1, NULL);
	memcpy(r->p, head, nhead);
	memcpy(r->p + nhead, body, nbody);
	free(body);
}

static void
prepare_all(const char *bucket, const char *prefix, const char *dir,
    const char *list)
{
	char file[PATH_MAX], path[PATH_MAX], *line = NULL;
	size_t cap = 0, room = 0;
	ssize_t n;
	FILE *f;

	if ((f = fopen(list, "r")) == NULL)
		err(1, "%s", list);
	while ((n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		/* What would have to be encoded does not occur here. */
		if (strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789/._-"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(line))
			errx(1, "%s: a strange name", line);
		if (nrequests == room) {
			room = room * 2 + 1024;
			if ((requests = reallocarray(requests, room,
			    sizeof(*requests))) == NULL)
				err(1, NULL);
		}
		(void)snprintf(file, sizeof(file), "%s/%s", dir, line);
		(void)snprintf(path, sizeof(path), "/%s/%s/%s", bucket, prefix,
		    line);
		prepare(file, path, &requests[nrequests++]);
	}
	free(line);
	(void)fclose(f);
}

static void
open_connection(struct connection *c)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };
	int one = 1;

	if ((c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    connect(c->fd, (struct sockaddr *)&server, sizeof(server)) == -1 ||
	    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) ==
	    -1 || epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev) == -1)
		err(1, "connect to %s", host);
}

/* Small requests: the socket takes each at once. */
static void
send_next(struct connection *c)
{
	ssize_t n;

	c->req = &requests[next++];
	c->got = 0;
	for (c->sent = 0; c->sent < c->req->n; c->sent += (size_t)n)
		if ((n = send(c->fd, c->req->p + c->sent, c->req->n - c->sent,
		    MSG_NOSIGNAL)) <= 0)
			err(1, "send to %s", host);
}

/* Is all of the answer there? */
static int
is_whole(const struct connection *c)
{
	const char *end, *length;

	if ((end = strstr(c->answer, "\r\n\r\n")) == NULL)
		return (0);
	if (strncmp(c->answer, "HTTP/1.1 200", 12) != 0)
		errx(1, "%s answers: %s", host, c->answer);
	if ((length = strcasestr(c->answer, "\r\nContent-Length:")) == NULL ||
	    length > end)
		errx(1, "%s answers without a length", host);
	return (c->got >= (size_t)(end + 4 - c->answer) +
	    (size_t)atoi(length + 17));
}

static void
receive(struct connection *c)
{
	ssize_t n;

	n = recv(c->fd, c->answer + c->got, sizeof(c->answer) - 1 - c->got, 0);
	if (n <= 0)
		errx(1, "%s closed a connection", host);
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (!is_whole(c))
		return;
	nanswered++;
	if (next < nrequests)
		send_next(c);
}

static double
run(int connections)
{
	struct connection *all = calloc((size_t)connections, sizeof(*all));
	struct epoll_event ev[64];
	struct timespec a, b;
	int i, n;

	if (all == NULL || (ep = epoll_create1(EPOLL_CLOEXEC)) == -1)
		err(1, NULL);
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	for (i = 0; i < connections && next < nrequests; i++) {
		open_connection(&all[i]);
		send_next(&all[i]);
	}
	while (nanswered < nrequests) {
		if ((n = epoll_wait(ep, ev, 64, 60000)) <= 0)
			err(1, "%s does not answer", host);
		for (i = 0; i < n; i++)
			receive(ev[i].data.ptr);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &b);
	free(all);
	return ((double)(b.tv_sec - a.tv_sec) * 1e3 +
	    (double)(b.tv_nsec - a.tv_nsec) / 1e6);
}

static long long
cpu_us(void)
{
	struct rusage ru;

	(void)getrusage(RUSAGE_SELF, &ru);
	return ((long long)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) *
	    1000000 + ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}

int
main(int argc, char **argv)
{
	long long before;
	int connections;
	double ms;

	if (argc != 6 || (connections = atoi(argv[5])) < 1 ||
	    connections > CONNECTIONS_MAX)
		errx(2, "usage: putref BUCKET PREFIX DIR LIST CONNECTIONS");
	find_server();
	make_key();
	prepare_all(argv[1], argv[2], argv[3], argv[4]);
	before = cpu_us();
	ms = run(connections);
	printf("%zu %.1f %lld\n", nrequests, ms, cpu_us() - before);
	return (0);
}
