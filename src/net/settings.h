/*
 * settings -- what the environment and the profile in the shared files say.
 * Which profile: AWS_PROFILE, else "default"; which files:
 * AWS_SHARED_CREDENTIALS_FILE and AWS_CONFIG_FILE, else ~/.aws/credentials and
 * ~/.aws/config.  Where both have a setting, the former counts.
 */
#ifndef NET_SETTINGS_H
#define NET_SETTINGS_H

#include "base/buf.h"
#include "base/err.h"

struct settings;

/*
 * Read the files; one that is missing is an empty one, and so is one below
 * the home directory that may not be read.  Class config: another that cannot
 * be read or understood; AWS_PROFILE names a profile that is in neither; a
 * region that is no name.
 */
struct settings *settings_new(struct err *e);
void settings_free(struct settings *s);		/* wipes */

/* A variable of the environment that is set and not empty, or NULL. */
const char *settings_env(const char *name);

/* A setting of the profile ("region") that is not empty, or NULL; lives as
 * long as s. */
const char *settings_get(const struct settings *s, const char *name);

/* As credentials_region() and credentials_endpoint() have them. */
const char *settings_region(const struct settings *s);
const char *settings_endpoint(const struct settings *s);
const char *settings_env_endpoint(void);

/* Append which profile of which files that is, for a message. */
void settings_describe(const struct settings *s, struct buf *b);

#endif
