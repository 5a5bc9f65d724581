#include "fleet/finding.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/path.h"
#include "fleet/key.h"
#include "fleet/order.h"

enum {
	NUMBER_BYTES = 8
};

static void
put_number(struct buf *b, uint64_t n)
{
	le64_put(buf_room(b, NUMBER_BYTES), n);
	b->len += NUMBER_BYTES;
}

static void
put_text(struct buf *b, const char *s, size_t max)
{
	buf_put(b, s, strnlen(s, max));
	buf_putc(b, '\0');
}

void
finding_put(struct buf *b, const struct finding *f)
{
	buf_putc(b, (char)f->kind);
	switch (f->kind) {
	case FINDING_ORDERS:
		buf_put(b, f->parcel, f->nparcel);
		break;
	case FINDING_REFUSED:
		put_number(b, f->cls);
		put_number(b, (uint64_t)f->ms);
		put_text(b, f->key, ORDER_NAME_MAX);
		put_text(b, f->target, ORDER_NAME_MAX);
		put_text(b, f->text, ERR_MSG_BYTES);
		break;
	case FINDING_YOUNG:
		put_number(b, (uint64_t)f->ms);
		put_text(b, f->key, ORDER_NAME_MAX);
		put_text(b, f->target, ORDER_NAME_MAX);
		break;
	case FINDING_ELSEWHERE:
	case FINDING_FOREIGN:
		put_number(b, f->n);
		break;
	case FINDING_STORE:
		put_number(b, f->n);
		put_number(b, f->id.hi);
		put_number(b, f->id.lo);
		break;
	case FINDING_ORIGINAL:
		put_number(b, (uint64_t)f->ms);
		put_text(b, f->key, ORDER_NAME_MAX);
		put_text(b, f->text, ORDER_NAME_MAX);
		break;
	}
}

struct reader {
	const uint8_t *p;
	size_t left;
};

static bool
number(struct reader *r, uint64_t *n)
{
	if (r->left < NUMBER_BYTES)
		return (false);
	*n = le64_get(r->p);
	r->p += NUMBER_BYTES;
	r->left -= NUMBER_BYTES;
	return (true);
}

static bool
moment(struct reader *r, int64_t *ms)
{
	uint64_t n;

	if (!number(r, &n))
		return (false);
	*ms = (int64_t)n;
	return (clock_can_stamp(*ms));
}

static bool
text(struct reader *r, const char **s)
{
	size_t n = strnlen((const char *)r->p, r->left);

	if (n == r->left)
		return (false);
	*s = (const char *)r->p;
	r->p += n + 1;
	r->left -= n + 1;
	return (true);
}

static bool
key(struct reader *r, const char **s)
{
	return (text(r, s) && **s != '\0');
}

static bool
class(struct reader *r, enum err_class *cls)
{
	uint64_t n;

	if (!number(r, &n) || n == ERR_NONE || n >= ERR_NCLASS)
		return (false);
	*cls = (enum err_class)n;
	return (true);
}

/* Could a store hold an object of it? */
static bool
is_key(const char *s)
{
	struct buf name = { 0 };
	int64_t ms;
	bool ret;

	key_object(&name, s, 0);
	ret = key_object_parse(buf_str(&name), &ms) == strlen(s);
	buf_fini(&name);
	return (ret);
}

static bool
is_path(const char *s)
{
	struct err ignored;
	char *normal;
	bool ret;

	if (s[0] != '/' || s[1] == '\0' ||
	    (normal = path_absolute(s, "", &ignored)) == NULL)
		return (false);
	ret = strcmp(normal, s) == 0;
	free(normal);
	return (ret);
}

bool
finding_parse(const void *msg, size_t len, struct finding *f)
{
	struct reader r = { .p = msg, .left = len };
	bool ok = false;

	memset(f, 0, sizeof(*f));
	if (len == 0)
		return (false);
	f->kind = (enum finding_kind)*r.p;
	r.p++;
	r.left--;
	switch (f->kind) {
	case FINDING_ORDERS:
		f->parcel = r.p;
		f->nparcel = r.left;
		return (true);
	case FINDING_REFUSED:
		ok = class(&r, &f->cls) && moment(&r, &f->ms) &&
		    key(&r, &f->key) && text(&r, &f->target) &&
		    text(&r, &f->text);
		break;
	case FINDING_YOUNG:
		ok = moment(&r, &f->ms) && key(&r, &f->key) &&
		    text(&r, &f->target);
		break;
	case FINDING_ELSEWHERE:
		ok = number(&r, &f->n) && f->n <= 1;
		break;
	case FINDING_FOREIGN:
		ok = number(&r, &f->n);
		break;
	case FINDING_STORE:
		ok = number(&r, &f->n) && number(&r, &f->id.hi) &&
		    number(&r, &f->id.lo);
		break;
	case FINDING_ORIGINAL:
		ok = moment(&r, &f->ms) && key(&r, &f->key) &&
		    is_key(f->key) && text(&r, &f->text) && is_path(f->text);
		break;
	}
	return (ok && r.left == 0);
}
