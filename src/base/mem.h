/*
 * mem -- memory that is there, or the process ends: a worker is the recovery
 * boundary, and the supervisor reports its death.  Release with free(3).
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

/* n bytes, zeroed; n = 0 gives a pointer that may be freed. */
void *mem_zero(size_t n) __attribute__((__malloc__));

/* Resize "p" (may be NULL) to n elements of "size" bytes each. */
void *mem_resize(void *p, size_t n, size_t size);

/* A copy of a string; of n bytes with a NUL behind them. */
char *mem_strdup(const char *s) __attribute__((__malloc__));
char *mem_strndup(const void *s, size_t n) __attribute__((__malloc__));

/* A formatted string. */
char *mem_printf(const char *fmt, ...)
    __attribute__((__format__(__printf__, 1, 2), __malloc__));

#endif
