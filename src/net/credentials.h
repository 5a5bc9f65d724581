/*
 * credentials -- who we are to S3, found as the AWS tools find it, in this
 * order: given on the command line; the environment (AWS_ACCESS_KEY_ID,
 * AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN; LITESTREAM_ACCESS_KEY_ID and
 * LITESTREAM_SECRET_ACCESS_KEY where those are unset); the files
 * ~/.aws/credentials and ~/.aws/config (AWS_SHARED_CREDENTIALS_FILE,
 * AWS_CONFIG_FILE) of AWS_PROFILE; web identity (AWS_WEB_IDENTITY_TOKEN_FILE,
 * AWS_ROLE_ARN: STS); the container endpoint (AWS_CONTAINER_CREDENTIALS_*);
 * the instance's metadata (IMDSv2; AWS_EC2_METADATA_DISABLED,
 * AWS_EC2_METADATA_SERVICE_ENDPOINT).
 *
 * The first of these that is set up counts, even where it then fails: another
 * identity than the one asked for is worse than none.
 *
 * Owner: a worker.  Secrets are wiped when freed, and in no message.
 */
#ifndef NET_CREDENTIALS_H
#define NET_CREDENTIALS_H

#include <stdbool.h>

#include "base/err.h"
#include "net/sigv4.h"

struct credentials;

struct credentials_cfg {
	const char *access;	/* given, or NULL */
	const char *secret;
	const char *ca_file;	/* for the last three, or NULL (http.h); they
				 * have a connection of their own, with short
				 * time-outs */
};

/*
 * Class config: a file that cannot be understood, a profile that is not there
 * or asks for what is not supported here (SSO, a process, a chain of roles),
 * half a pair, a key with a blank in it, a region that is no name.  Makes no
 * request.
 */
struct credentials *credentials_new(const struct credentials_cfg *cfg,
    struct err *e);
void credentials_free(struct credentials *c);

/*
 * The keys as of now; refreshed here, blocking (a few seconds at most), five
 * minutes before they expire, or half-way if they live for less than ten.  A
 * refresh that fails while the old ones are still good is tried again after
 * five seconds; without old ones its error stands for that long.  *keys live
 * until the next call.  Class config: none found, naming every place that was
 * looked at; denied, network, throttled.
 */
int credentials_get(struct credentials *c, struct sigv4_keys *keys,
    struct err *e);

/*
 * Get new ones the next time: the server said that these have expired.  Keys
 * younger than a second are not meant: many requests were signed with the
 * ones before.  Returns false if there can be no others: these were given, or
 * came from the environment or a file.
 */
bool credentials_expired(struct credentials *c);

/*
 * Settings of the environment and the profile, for URLs that do not say:
 * region: AWS_REGION, AWS_DEFAULT_REGION, profile, "us-east-1"; endpoint:
 * AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_ENDPOINT, profile, NULL.
 * Allocated; the caller frees.
 */
char *credentials_region(const struct credentials *c);
char *credentials_endpoint(const struct credentials *c);

/* The endpoint of the environment alone, or NULL. */
const char *credentials_env_endpoint(void);

#endif
