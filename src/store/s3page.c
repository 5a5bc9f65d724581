#include "store/s3page.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/num.h"
#include "base/utf8.h"
#include "net/xml.h"

enum {
	TAG_MAX_BYTES = 1024
};

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

char *
s3_key_decode(const char *text)
{
	char *out = mem_zero(strlen(text) + 1);
	size_t n = 0;
	int hi, lo;

	for (; *text != '\0'; text++) {
		if (*text == '+')
			out[n++] = ' ';
		else if (*text != '%')
			out[n++] = *text;
		else if ((hi = hex(text[1])) != -1 &&
		    (lo = hex(text[2])) != -1 && (hi | lo) != 0) {
			out[n++] = (char)(hi << 4 | lo);
			text += 2;
		} else {
			free(out);
			return (NULL);
		}
	}
	return (out);
}

/* The key as it is, encoded or not. */
static char *
take_key(const char *text, bool encoded)
{
	return (encoded ? s3_key_decode(text) : mem_strdup(text));
}

static bool
is_encoded(const struct xml *x, const char *path)
{
	const char *type = xml_text(x, path);

	return (type != NULL && strcmp(type, "url") == 0);
}

/* It goes into a header: what can be none is no tag. */
static char *
take_tag(const char *text)
{
	size_t n;

	for (n = 0; text[n] >= ' ' && text[n] < 0x7f; n++)
		continue;
	return (n <= TAG_MAX_BYTES && text[n] == '\0' ? mem_strdup(text) :
	    NULL);
}

void
s3_object_fini(struct s3_object *o)
{
	free(o->key);
	free(o->tag);
	o->key = o->tag = NULL;
}

static void
add(struct s3_page *page, struct s3_object *o)
{
	if (o->key == NULL) {
		s3_object_fini(o);
		return;
	}
	if (page->n == page->cap) {
		page->cap = page->cap == 0 ? 64 : page->cap * 2;
		page->v = mem_resize(page->v, page->cap, sizeof(*page->v));
	}
	page->v[page->n++] = *o;
}

/* One text of an object's entry; "what": which. */
static int
take_text(struct s3_object *o, const char *what, const char *text,
    bool encoded, struct err *e)
{
	if (strcmp(what, "/Key") == 0) {
		free(o->key);
		o->key = take_key(text, encoded);
	} else if (strcmp(what, "/ETag") == 0) {
		free(o->tag);
		o->tag = take_tag(text);
	} else if (strcmp(what, "/Size") == 0)
		return (num_parse(text, 0, INT64_MAX, "Size", &o->bytes, e));
	else if (strcmp(what, "/LastModified") == 0)
		return (clock_parse(text, "LastModified", &o->ms, e));
	return (0);
}

static int
take_objects(const struct xml *x, struct s3_page *page, struct err *e)
{
	static const char top[] = "ListBucketResult/Contents";
	static const char dir[] = "ListBucketResult/CommonPrefixes/Prefix";
	bool encoded = is_encoded(x, "ListBucketResult/EncodingType");
	struct s3_object o = { 0 };
	const struct xml_item *it;
	const char *what;
	size_t i;

	for (i = 0; i < xml_nitems(x); i++) {
		it = xml_item(x, i);
		if (strcmp(it->path, dir) == 0) {
			struct s3_object d = { .directory = true,
			    .key = take_key(it->text, encoded) };

			add(page, &d);
			continue;
		}
		if (strncmp(it->path, top, sizeof(top) - 1) != 0)
			continue;
		what = it->path + sizeof(top) - 1;
		if (it->end && *what == '\0') {
			add(page, &o);
			memset(&o, 0, sizeof(o));
		} else if (take_text(&o, what, it->text, encoded, e) == -1) {
			s3_object_fini(&o);
			return (-1);
		}
	}
	s3_object_fini(&o);
	return (0);
}

int
s3_page_parse(const void *p, size_t n, struct s3_page *page, struct err *e)
{
	const char *more, *next;
	struct xml *x;
	int ret = -1;

	if ((x = xml_parse(p, n, e)) == NULL)
		return (-1);
	free(page->next);
	page->next = NULL;
	more = xml_text(x, "ListBucketResult/IsTruncated");
	next = xml_text(x, "ListBucketResult/NextContinuationToken");
	if (more == NULL) {
		err_set(e, ERR_NETWORK, "the answer is no list of objects");
		goto out;
	}
	if (strcmp(more, "true") == 0) {
		if (next == NULL || *next == '\0') {
			err_set(e, ERR_NETWORK, "the list of objects is cut "
			    "short and does not say how to go on");
			goto out;
		}
		page->next = mem_strdup(next);
	}
	if (take_objects(x, page, e) == -1) {
		e->cls = ERR_NETWORK;
		goto out;
	}
	ret = 0;
out:
	xml_free(x);
	return (ret);
}

void
s3_page_fini(struct s3_page *page)
{
	size_t i;

	for (i = 0; i < page->n; i++)
		s3_object_fini(&page->v[i]);
	free(page->v);
	free(page->next);
	memset(page, 0, sizeof(*page));
}

/* Keep an upload that is whole. */
static void
add_upload(struct s3_uploads *all, struct s3_upload *u)
{
	if (u->key == NULL || u->id == NULL || u->id[0] == '\0' ||
	    strlen(u->id) > S3_UPLOAD_ID_BYTES || u->ms == 0) {
		free(u->key);
		free(u->id);
	} else {
		if (all->n == all->cap) {
			all->cap = all->cap == 0 ? 16 : all->cap * 2;
			all->v = mem_resize(all->v, all->cap,
			    sizeof(*all->v));
		}
		all->v[all->n++] = *u;
	}
	memset(u, 0, sizeof(*u));
}

int
s3_uploads_parse(const void *p, size_t n, struct s3_uploads *all,
    struct err *e)
{
	static const char top[] = "ListMultipartUploadsResult/Upload";
	struct s3_upload u = { 0 };
	const struct xml_item *it;
	struct err ignored;
	const char *what;
	bool encoded;
	struct xml *x;
	size_t i;

	if ((x = xml_parse(p, n, e)) == NULL)
		return (-1);
	encoded = is_encoded(x, "ListMultipartUploadsResult/EncodingType");
	for (i = 0; i < xml_nitems(x); i++) {
		it = xml_item(x, i);
		if (strncmp(it->path, top, sizeof(top) - 1) != 0)
			continue;
		what = it->path + sizeof(top) - 1;
		if (it->end && *what == '\0')
			add_upload(all, &u);
		else if (strcmp(what, "/Key") == 0 && u.key == NULL)
			u.key = take_key(it->text, encoded);
		else if (strcmp(what, "/UploadId") == 0 && u.id == NULL)
			u.id = mem_strdup(it->text);
		else if (strcmp(what, "/Initiated") == 0 &&
		    clock_parse(it->text, "Initiated", &u.ms, &ignored) == -1)
			u.ms = 0;
	}
	free(u.key);
	free(u.id);
	xml_free(x);
	return (0);
}

void
s3_uploads_fini(struct s3_uploads *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		free(all->v[i].key);
		free(all->v[i].id);
	}
	free(all->v);
	memset(all, 0, sizeof(*all));
}

void
s3_xml_put(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			buf_puts(b, "&amp;");
			break;
		case '<':
			buf_puts(b, "&lt;");
			break;
		case '>':
			buf_puts(b, "&gt;");
			break;
		case '"':
			buf_puts(b, "&quot;");
			break;
		default:
			buf_putc(b, *text);
		}
}

bool
s3_xml_can(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t left = strlen(text), step;

	for (; left > 0; p += step, left -= step) {
		step = utf8_step(p, left);
		if (step == 0 || utf8_is_control(p, step))
			return (false);
		/* U+FFFE and U+FFFF are no characters of XML 1.0. */
		if (step == 3 && memcmp(p, "\xef\xbf", 2) == 0 && p[2] >= 0xbe)
			return (false);
	}
	return (true);
}
