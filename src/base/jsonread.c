#include "base/jsonread.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/mem.h"

struct jsonread {
	json_t *obj;
};

struct jsonread *
jsonread_parse(const void *p, size_t n, struct err *e)
{
	struct jsonread *j;
	json_error_t why;
	json_t *obj;

	if (n > JSONREAD_MAX_BYTES) {
		err_set(e, ERR_LIMIT, "JSON of more than %d bytes",
		    JSONREAD_MAX_BYTES);
		return (NULL);
	}
	/* Not why.text: it quotes what it stumbled over. */
	if ((obj = json_loadb(p, n, JSON_REJECT_DUPLICATES, &why)) == NULL) {
		err_set(e, ERR_CORRUPT, "no JSON (line %d, column %d)",
		    why.line, why.column);
		return (NULL);
	}
	if (!json_is_object(obj)) {
		err_set(e, ERR_CORRUPT, "JSON, but no object");
		json_decref(obj);
		return (NULL);
	}
	j = mem_zero(sizeof(*j));
	j->obj = obj;
	return (j);
}

void
jsonread_free(struct jsonread *j)
{
	const char *name;
	json_t *value;

	if (j == NULL)
		return;
	/* The object is ours alone, so what jansson calls const may go. */
	json_object_foreach(j->obj, name, value)
		if (json_is_string(value))
			explicit_bzero((void *)(uintptr_t)
			    json_string_value(value),
			    json_string_length(value));
	json_decref(j->obj);
	free(j);
}

const char *
jsonread_str(const struct jsonread *j, const char *name)
{
	return (json_string_value(json_object_get(j->obj, name)));
}

bool
jsonread_int(const struct jsonread *j, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(j->obj, name);

	if (!json_is_integer(value))
		return (false);
	*out = json_integer_value(value);
	return (true);
}
