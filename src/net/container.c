#include "net/container.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/io.h"
#include "base/mem.h"
#include "net/ask.h"

#define ECS	"http://169.254.170.2"

enum {
	TOKEN_MAX_BYTES = 64 * 1024,
	TIMEOUT_MS = 2000,
	NTRIES = 3
};

/* May the token go to this host in the clear? */
static bool
is_near(const char *host)
{
	struct in_addr a;
	struct in6_addr a6, near6;

	if (strcasecmp(host, "localhost") == 0)
		return (true);
	if (inet_pton(AF_INET, host, &a) == 1)
		return ((ntohl(a.s_addr) >> 24) == 127 ||
		    strcmp(host, "169.254.170.2") == 0 ||
		    strcmp(host, "169.254.170.23") == 0);
	if (inet_pton(AF_INET6, host, &a6) != 1)
		return (false);
	return (IN6_IS_ADDR_LOOPBACK(&a6) ||
	    (inet_pton(AF_INET6, "fd00:ec2::23", &near6) == 1 &&
	    IN6_ARE_ADDR_EQUAL(&a6, &near6)));
}

char *
container_url(const struct container_cfg *cfg, struct err *e)
{
	const char *host, *end;
	char *name;
	bool good, tls;
	size_t n;

	if (cfg->relative != NULL && cfg->relative[0] == '/')
		return (mem_printf(ECS "%s", cfg->relative));
	if (cfg->relative != NULL) {
		err_set(e, ERR_CONFIG, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI "
		    "does not begin with a slash");
		return (NULL);
	}
	tls = strncmp(cfg->full, "https://", 8) == 0;
	n = tls ? strcspn(cfg->full + 8, "/?#@") : 0;
	if (tls && cfg->full[8 + n] == '@') {
		err_set(e, ERR_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI "
		    "may not name a user; AWS_CONTAINER_AUTHORIZATION_TOKEN "
		    "is for what proves who we are");
		return (NULL);
	}
	/* Where there is no host, curl looks for one behind more slashes. */
	if (tls && n > 0)
		return (mem_strdup(cfg->full));
	good = strncmp(cfg->full, "http://", 7) == 0;
	host = cfg->full + (good ? 7 : 0);
	/* With a user in front, what looks like a host need not be it. */
	good = good && host[strcspn(host, "@\\")] == '\0';
	if (*host == '[') {
		host++;
		end = host + strcspn(host, "]");
		good = good && *end == ']' &&
		    strchr(":/?", end[1]) != NULL;
	} else
		end = host + strcspn(host, ":/?#");
	name = mem_strndup(host, (size_t)(end - host));
	good = good && is_near(name);
	free(name);
	if (good)
		return (mem_strdup(cfg->full));
	err_set(e, ERR_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither "
	    "https nor http to this host (127.0.0.0/8, ::1, 169.254.170.2, "
	    "169.254.170.23, fd00:ec2::23)");
	return (NULL);
}

/* The Authorization header into *line; "" if there is none. */
static int
authorize(const struct container_cfg *cfg, struct buf *line, struct err *e)
{
	size_t i;

	if (cfg->token_file == NULL && cfg->token == NULL)
		return (0);
	buf_puts(line, "Authorization: ");
	if (cfg->token_file == NULL)
		buf_puts(line, cfg->token);
	else if (io_read_file(AT_FDCWD, cfg->token_file, TOKEN_MAX_BYTES, line,
	    e) == -1) {
		e->cls = ERR_CONFIG;
		err_prefix(e, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
		return (-1);
	}
	while (isspace(line->data[line->len - 1]))
		line->data[--line->len] = '\0';
	for (i = 0; i < line->len; i++)
		if (line->data[i] < ' ' || line->data[i] > '~') {
			err_set(e, ERR_CONFIG, "%s: not a token: it has more "
			    "than a line", cfg->token_file != NULL ?
			    cfg->token_file :
			    "AWS_CONTAINER_AUTHORIZATION_TOKEN");
			return (-1);
		}
	return (0);
}

static enum err_class
class_of(int status)
{
	if (status == 429)
		return (ERR_THROTTLED);
	return (status >= 500 ? ERR_NETWORK : ERR_DENIED);
}

int
container_ask(struct http *h, const struct container_cfg *cfg,
    struct lease *l, struct err *e)
{
	const char *headers[] = { "Accept: application/json", NULL, NULL };
	struct ask q = { .method = "GET", .headers = headers,
	    .timeout_ms = TIMEOUT_MS, .ntries = NTRIES };
	struct ask_answer a = { 0 };
	struct buf line = { 0 };
	char *url = NULL, *from = NULL;
	const char *host;
	int ret = -1;

	if ((url = container_url(cfg, e)) == NULL ||
	    authorize(cfg, &line, e) == -1)
		goto out;
	/* Not the path: to know it is all that ECS asks of a container. */
	host = strstr(url, "://") + 3;
	from = mem_printf("container credentials: %.*s",
	    (int)strcspn(host, "/?#"), host);
	headers[1] = line.len > 0 ? buf_str(&line) : NULL;
	q.url = url;
	if (ask(h, &q, &a, e) == -1)
		err_prefix(e, "container credentials");
	else if (a.status != 200)
		err_set(e, class_of(a.status), "%s: HTTP status %d", from,
		    a.status);
	else
		ret = lease_parse(l, a.body.data, a.body.len, from, e);
out:
	ask_fini(&a);
	if (line.data != NULL)
		explicit_bzero(line.data, line.len);
	buf_fini(&line);
	free(from);
	free(url);
	return (ret);
}
