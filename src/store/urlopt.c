#include "store/urls3.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/num.h"

#define LOWER	"abcdefghijklmnopqrstuvwxyz"
#define UPPER	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT	"0123456789"

#define MIB	((uint64_t)1 << 20)

enum kind {
	KIND_TEXT,		/* char *; of "chars" alone */
	KIND_ENDPOINT,		/* char * */
	KIND_BOOL,		/* bool */
	KIND_TRI,		/* int: 1, 0 */
	KIND_SIZE		/* uint64_t */
};

static const struct option {
	const char *name;
	enum kind kind;
	size_t off;		/* in struct store_url_s3 */
	const char *chars;
} options[] = {
#define AT(field)	offsetof(struct store_url_s3, field)
	{ "endpoint", KIND_ENDPOINT, AT(endpoint), NULL },
	{ "region", KIND_TEXT, AT(region), LOWER UPPER DIGIT "-_" },
	{ "path-style", KIND_TRI, AT(path_style), NULL },
	{ "storage-class", KIND_TEXT, AT(storage_class), UPPER DIGIT "_-" },
	{ "sse", KIND_TEXT, AT(sse), LOWER UPPER DIGIT ":" },
	{ "sse-kms-key-id", KIND_TEXT, AT(sse_kms_key_id), LOWER UPPER DIGIT
	    ":/-_" },
	{ "acl", KIND_TEXT, AT(acl), LOWER "-" },
	{ "require-content-md5", KIND_BOOL, AT(require_content_md5), NULL },
	{ "part-size", KIND_SIZE, AT(part_bytes), NULL },
	{ "sign-payload", KIND_TRI, AT(sign_payload), NULL },
	{ "skip-verify", KIND_BOOL, AT(skip_verify), NULL },
#undef AT
};

enum {
	NOPTIONS = sizeof(options) / sizeof(options[0])
};

static int
hex(int ch)
{
	if (ch >= '0' && ch <= '9')
		return (ch - '0');
	if (ch >= 'a' && ch <= 'f')
		return (ch - 'a' + 10);
	if (ch >= 'A' && ch <= 'F')
		return (ch - 'A' + 10);
	return (-1);
}

/* The bytes that s[0 .. n-1] stands for; NULL: a stray '%', a control. */
static char *
decode(const char *s, size_t n)
{
	struct buf b = { 0 };
	char *value = NULL;
	size_t i;
	int ch;

	for (i = 0; i < n; i++) {
		ch = (unsigned char)s[i];
		if (ch == '%') {
			if (n - i < 3 || hex(s[i + 1]) == -1 ||
			    hex(s[i + 2]) == -1)
				goto out;
			ch = hex(s[i + 1]) * 16 + hex(s[i + 2]);
			i += 2;
		}
		if (ch < ' ' || ch == 0x7f)
			goto out;
		buf_putc(&b, ch);
	}
	value = mem_strndup(buf_str(&b), b.len);
out:
	buf_fini(&b);
	return (value);
}

static void
refuse(const char *where, const char *name, size_t n, struct err *e)
{
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < NOPTIONS; i++)
		buf_printf(&b, "%s%s", i > 0 ? ", " : "", options[i].name);
	err_set(e, ERR_USAGE, "%s: there is no option \"%.*s\"; there are "
	    "%s", where, (int)(n > 64 ? 64 : n), name, buf_str(&b));
	buf_fini(&b);
}

static int
set_bool(const char *value, bool *out)
{
	if (strcmp(value, "1") == 0 || strcmp(value, "true") == 0)
		*out = true;
	else if (strcmp(value, "0") == 0 || strcmp(value, "false") == 0)
		*out = false;
	else
		return (-1);
	return (0);
}

/* Put the value in its place; NULL, or what would have been right. */
static const char *
set(const struct option *o, const char *value, struct store_url_s3 *s)
{
	void *at = (char *)s + o->off;
	struct err why;
	uint64_t bytes;
	bool yes;

	switch (o->kind) {
	case KIND_TEXT:
		if (*value == '\0' || strspn(value, o->chars) !=
		    strlen(value))
			return ("a name");
		*(char **)at = mem_strdup(value);
		return (NULL);
	case KIND_ENDPOINT:
		*(char **)at = store_url_endpoint(value, "", &why);
		return (*(char **)at != NULL ? NULL : "host, host:port, "
		    "http://host:port or https://host:port");
	case KIND_BOOL:
	case KIND_TRI:
		if (set_bool(value, &yes) == -1)
			return ("1 or 0");
		if (o->kind == KIND_BOOL)
			*(bool *)at = yes;
		else
			*(int *)at = yes;
		return (NULL);
	case KIND_SIZE:
		if (num_parse_size(value, "", &bytes, &why) == -1 ||
		    bytes < 5 * MIB || bytes > 5120 * MIB)
			return ("a size from 5M to 5G");
		*(uint64_t *)at = bytes;
		return (NULL);
	}
	return ("known");
}

static int
take(const char *s, size_t n, const char *where, struct store_url_s3 *out,
    bool *seen, struct err *e)
{
	const char *eq = memchr(s, '=', n), *wants;
	size_t nname = eq != NULL ? (size_t)(eq - s) : n, i;
	char *value;

	for (i = 0; i < NOPTIONS; i++)
		if (strlen(options[i].name) == nname &&
		    memcmp(options[i].name, s, nname) == 0)
			break;
	if (i == NOPTIONS) {
		refuse(where, s, nname, e);
		return (-1);
	}
	if (seen[i]) {
		err_set(e, ERR_USAGE, "%s: the option %s is there twice",
		    where, options[i].name);
		return (-1);
	}
	seen[i] = true;
	value = eq != NULL ? decode(eq + 1, n - nname - 1) : NULL;
	wants = value != NULL ? set(&options[i], value, out) :
	    eq != NULL ? "percent-encoded text" : "a value (\"=\")";
	free(value);
	if (wants == NULL)
		return (0);
	err_set(e, ERR_USAGE, "%s: the option %s needs %s", where,
	    options[i].name, wants);
	return (-1);
}

int
urls3_options(const char *query, const char *where, struct store_url_s3 *s,
    struct err *e)
{
	bool seen[NOPTIONS] = { false };
	size_t n;

	for (; *query != '\0'; query += n + (query[n] == '&')) {
		n = strcspn(query, "&");
		if (n > 0 && take(query, n, where, s, seen, e) == -1)
			return (-1);
	}
	if (s->sse != NULL && strcmp(s->sse, "AES256") != 0 &&
	    strcmp(s->sse, "aws:kms") != 0) {
		err_set(e, ERR_USAGE, "%s: the option sse needs AES256 or "
		    "aws:kms", where);
		return (-1);
	}
	if (s->sse_kms_key_id != NULL && (s->sse == NULL ||
	    strcmp(s->sse, "aws:kms") != 0)) {
		err_set(e, ERR_USAGE, "%s: the option sse-kms-key-id needs "
		    "sse=aws:kms", where);
		return (-1);
	}
	return (0);
}
