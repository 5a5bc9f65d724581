#include "store/s3call.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct s3_call *
s3_call_new(struct s3 *s, enum store_request kind, const char *method,
    const char *name)
{
	struct s3_call *c = mem_zero(sizeof(*c));

	c->kind = kind;
	c->method = method;
	c->key = name == NULL ? mem_strdup("") :
	    mem_printf("%s%s", s->prefix, name);
	c->fd = -1;
	return (c);
}

static void
add(struct sigv4_pair *pairs, size_t *n, const char *name, const char *value)
{
	if (*n == S3_PAIRS)
		log_fatal("a request with too many parameters");
	pairs[*n].name = name;
	pairs[*n].value = mem_strdup(value);
	(*n)++;
}

void
s3_call_query(struct s3_call *c, const char *name, const char *value)
{
	add(c->query, &c->nquery, name, value);
}

void
s3_call_header(struct s3_call *c, const char *name, const char *value)
{
	add(c->headers, &c->nheaders, name, value);
}

void
s3_call_free(struct s3 *s, struct s3_call *c)
{
	size_t i;

	if (c == NULL)
		return;
	http_fini_req(s->http, &c->req);
	for (i = 0; i < c->nquery; i++)
		free((char *)c->query[i].value);
	for (i = 0; i < c->nheaders; i++)
		free((char *)c->headers[i].value);
	buf_fini(&c->url);
	buf_fini(&c->lines);
	free(c->moved);
	free(c->key);
	free(c);
}

int
s3_call_md5(struct s3_call *c, struct err *e)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t skip = c->fd == -1 ? 0 : c->body_off % page;
	size_t len = (size_t)(c->body_bytes + skip);
	char base64[25];
	uint8_t *map;

	if (c->fd == -1 || c->body_bytes == 0) {
		sigv4_md5(c->body, (size_t)c->body_bytes, base64);
	} else {
		map = mmap(NULL, len, PROT_READ, MAP_SHARED, c->fd,
		    (off_t)(c->body_off - skip));
		if (map == MAP_FAILED) {
			err_sys(e, ERR_IO, "map the spool");
			return (-1);
		}
		sigv4_md5(map + skip, (size_t)c->body_bytes, base64);
		(void)munmap(map, len);
	}
	s3_call_header(c, "content-md5", base64);
	return (0);
}
