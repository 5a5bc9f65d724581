#include "net/profile.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct entry {
	size_t section;		/* of p->sections */
	char *name;		/* lower case */
	char *value;
};

struct profile {
	char **sections;
	size_t nsections;
	struct entry *entries;
	size_t nentries;
};

/* Where the parser is. */
struct place {
	size_t section;
	bool in_section;
	char *parent;		/* "s3" after a line "s3 =", else NULL */
};

struct profile *
profile_new(void)
{
	return (mem_zero(sizeof(struct profile)));
}

static void
wipe(char *s)
{
	explicit_bzero(s, strlen(s));
	free(s);
}

void
profile_free(struct profile *p)
{
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->nentries; i++) {
		free(p->entries[i].name);
		wipe(p->entries[i].value);
	}
	for (i = 0; i < p->nsections; i++)
		free(p->sections[i]);
	free(p->entries);
	free(p->sections);
	free(p);
}

static bool
is_blank(char ch)
{
	return (ch == ' ' || ch == '\t' || ch == '\r');
}

/* Take blanks off both ends of s[0 .. *n-1]. */
static const char *
trim(const char *s, size_t *n)
{
	while (*n > 0 && is_blank(s[*n - 1]))
		(*n)--;
	while (*n > 0 && is_blank(*s)) {
		s++;
		(*n)--;
	}
	return (s);
}

/* The index of a section, or nsections. */
static size_t
find(const struct profile *p, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < p->nsections; i++)
		if (strlen(p->sections[i]) == n &&
		    memcmp(p->sections[i], s, n) == 0)
			break;
	return (i);
}

/* Of s[0 .. *n-1] in quotes, what is in them. */
static const char *
unquote(const char *s, size_t *n)
{
	if (*n < 2 || (*s != '"' && *s != '\'') || s[*n - 1] != *s)
		return (s);
	*n -= 2;
	return (s + 1);
}

/* "[ profile  x ] # comment": its name, with one blank inside. */
static bool
enter(struct profile *p, struct place *at, const char *s, size_t n)
{
	const char *end = memchr(s, ']', n), *rest;
	size_t len, left, word;
	char *name;

	if (end == NULL)
		return (false);
	left = n - (size_t)(end + 1 - s);
	rest = trim(end + 1, &left);
	if (left > 0 && *rest != '#' && *rest != ';')
		return (false);
	len = (size_t)(end - s) - 1;
	s = trim(s + 1, &len);
	if (len == 0)
		return (false);
	for (word = 0; word < len && !is_blank(s[word]); word++)
		continue;
	left = len - word;
	rest = trim(s + word, &left);
	rest = unquote(rest, &left);
	name = mem_printf("%.*s%s%.*s", (int)word, s, left > 0 ? " " : "",
	    (int)left, rest);
	at->section = find(p, name, strlen(name));
	at->in_section = true;
	if (at->section < p->nsections) {
		free(name);
		return (true);
	}
	p->sections = mem_resize(p->sections, p->nsections + 1,
	    sizeof(*p->sections));
	p->sections[p->nsections++] = name;
	return (true);
}

/* A '#' or ';' behind a blank ends a value. */
static size_t
uncomment(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (i > 0 && (s[i] == '#' || s[i] == ';') &&
		    is_blank(s[i - 1]))
			return (i);
	return (n);
}

/* "name = value"; "indented" below the last line without a value. */
static bool
assign(struct profile *p, struct place *at, const char *s, size_t n,
    bool indented)
{
	const char *eq = memchr(s, '=', n), *value;
	size_t nname, nvalue;
	struct entry *en;
	char *c;

	/* An indented line may go on with the value of a setting that is
	 * none of ours. */
	if (eq == NULL || !at->in_section)
		return (indented && at->in_section);
	nname = (size_t)(eq - s);
	s = trim(s, &nname);
	if (nname == 0)
		return (false);
	nvalue = uncomment(eq + 1, n - (size_t)(eq + 1 - s));
	value = trim(eq + 1, &nvalue);
	p->entries = mem_resize(p->entries, p->nentries + 1,
	    sizeof(*p->entries));
	en = &p->entries[p->nentries++];
	en->section = at->section;
	en->name = indented && at->parent != NULL ? mem_printf("%s.%.*s",
	    at->parent, (int)nname, s) : mem_strndup(s, nname);
	for (c = en->name; *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	en->value = mem_strndup(value, nvalue);
	if (indented)
		return (true);
	free(at->parent);
	at->parent = nvalue == 0 ? mem_strdup(en->name) : NULL;
	return (true);
}

static bool
take(struct profile *p, struct place *at, const char *line, size_t n)
{
	bool indented = n > 0 && is_blank(line[0]);
	const char *s = trim(line, &n);

	if (n == 0 || *s == '#' || *s == ';')
		return (true);
	if (memchr(s, '\0', n) != NULL)
		return (false);
	if (*s != '[')
		return (assign(p, at, s, n, indented));
	free(at->parent);
	at->parent = NULL;
	return (enter(p, at, s, n));
}

int
profile_parse(struct profile *p, const char *text, size_t n,
    const char *file, struct err *e)
{
	struct place at = { 0 };
	const char *end;
	size_t len, nline = 0;
	bool good = true;

	if (n > PROFILE_MAX_BYTES) {
		err_set(e, ERR_CONFIG, "%s: more than %d bytes", file,
		    PROFILE_MAX_BYTES);
		return (-1);
	}
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		n -= 3;
	}
	for (; n > 0 && good; n -= len, text += len) {
		end = memchr(text, '\n', n);
		len = end != NULL ? (size_t)(end + 1 - text) : n;
		nline++;
		good = take(p, &at, text, end != NULL ? len - 1 : len);
	}
	free(at.parent);
	if (good)
		return (0);
	err_set(e, ERR_CONFIG, "%s: line %zu is no section, no \"name = "
	    "value\" in a section and no comment", file, nline);
	return (-1);
}

const char *
profile_get(const struct profile *p, const char *section, const char *name)
{
	size_t i, at = find(p, section, strlen(section));

	for (i = p->nentries; i > 0; i--)
		if (p->entries[i - 1].section == at &&
		    strcmp(p->entries[i - 1].name, name) == 0)
			return (p->entries[i - 1].value);
	return (NULL);
}

int
profile_has(const struct profile *p, const char *section)
{
	return (find(p, section, strlen(section)) < p->nsections);
}
