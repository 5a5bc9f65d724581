/*
 * fuzz_s3call -- any bytes as the body of a refusal by S3, with any status:
 * what becomes of it is one line with a class, whose parts fit and cannot
 * speak to a terminal; and whether to try again is decided.
 *
 * Input: u16 status, the body.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/utf8.h"
#include "fuzz/driver.h"
#include "store/s3call.h"

static void
plain(const char *s, size_t room)
{
	size_t left = strnlen(s, room), step;

	must(left < room);
	for (; left > 0; s += step, left -= step) {
		step = utf8_step((const unsigned char *)s, left);
		must(step > 0);
		must(!utf8_is_control((const unsigned char *)s, step));
	}
}

static void
try_fault(const struct s3_fault *f)
{
	struct s3_site site = { .bucket = (char *)(uintptr_t)"bucket",
	    .region = (char *)(uintptr_t)"us-east-1" };
	struct retry_facts facts = { .status = f->status, .code = f->code };
	struct err e = { 0 };

	plain(f->code, sizeof(f->code));
	plain(f->message, sizeof(f->message));
	plain(f->request_id, sizeof(f->request_id));
	plain(f->region, sizeof(f->region));
	plain(f->endpoint, sizeof(f->endpoint));
	s3_fault_err(f, &site, "key", &e);
	must(e.cls > ERR_NONE && e.cls < ERR_NCLASS);
	must(strncmp(e.msg, "s3://bucket/key: ", 17) == 0);
	must(f->status / 100 == 2 || retry_judge(&facts) != RETRY_DONE);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_req r = { 0 };
	struct s3_fault f = { 0 };

	if (size < 2)
		return (0);
	r.finished = true;
	r.status = f.status = le16_get(data) % 600;
	buf_put(&r.answer, data + 2, size - 2);
	s3_fault_read(&f, &r);
	try_fault(&f);
	buf_fini(&r.answer);
	return (0);
}
