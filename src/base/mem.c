#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

void *
mem_zero(size_t n)
{
	void *p;

	if ((p = calloc(1, n > 0 ? n : 1)) == NULL)
		log_fatal("out of memory (%zu bytes)", n);
	return (p);
}

void *
mem_resize(void *p, size_t n, size_t size)
{
	void *q;

	if ((q = reallocarray(p, n > 0 ? n : 1, size)) == NULL)
		log_fatal("out of memory (%zu times %zu bytes)", n, size);
	return (q);
}

char *
mem_strdup(const char *s)
{
	return (mem_strndup(s, strlen(s)));
}

char *
mem_strndup(const void *s, size_t n)
{
	char *p;

	if (n == SIZE_MAX || (p = malloc(n + 1)) == NULL)
		log_fatal("out of memory (%zu bytes)", n);
	if (n > 0)		/* of nothing s may be NULL */
		memcpy(p, s, n);
	p[n] = '\0';
	return (p);
}

char *
mem_printf(const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	if (vasprintf(&p, fmt, ap) == -1)
		log_fatal("out of memory");
	va_end(ap);
	return (p);
}
