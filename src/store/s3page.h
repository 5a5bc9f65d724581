/*
 * s3page -- what S3 answers when it is asked what there is: a page of keys,
 * or of unfinished uploads; and text for what it is asked with.
 */
#ifndef STORE_S3PAGE_H
#define STORE_S3PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

struct s3_object {
	char *key;
	char *tag;		/* NULL: the server says none,
				 * or none that a header could have */
	uint64_t bytes;
	int64_t ms;
	bool directory;		/* a common prefix */
};

struct s3_page {
	struct s3_object *v;
	size_t n, cap;
	char *next;		/* continuation token, NULL: the last page */
};

enum {
	S3_UPLOAD_ID_BYTES = 4096	/* a longer one is none */
};

struct s3_upload {
	char *key;
	char *id;
	int64_t ms;		/* when it was begun */
};

struct s3_uploads {
	struct s3_upload *v;
	size_t n, cap;
};

/* Append the objects and common prefixes of a page (ListBucketResult), and set
 * "next".  Keys with a NUL are passed over.  Class network: the answer is
 * none. */
int s3_page_parse(const void *p, size_t n, struct s3_page *page,
    struct err *e);
void s3_object_fini(struct s3_object *o);
void s3_page_fini(struct s3_page *page);

/* The same for a page of unfinished uploads (ListMultipartUploadsResult); those
 * without key, id or time are passed over. */
int s3_uploads_parse(const void *p, size_t n, struct s3_uploads *u,
    struct err *e);
void s3_uploads_fini(struct s3_uploads *u);

/* What encoding-type=url wrote; NULL: it is no such thing, or has a NUL. */
char *s3_key_decode(const char *text);

/* Append text as XML has it; can XML 1.0 have it at all? */
void s3_xml_put(struct buf *b, const char *text);
bool s3_xml_can(const char *text);

/* How large the parts of so large an object are; wish 0: the default. */
uint64_t s3_part_bytes(uint64_t bytes, uint64_t wish);

#endif
