#!/bin/sh
# Where credentials come from may mean harm, too (t/s3/lender): the endpoint of
# a container, the metadata of an instance, STS.  Whatever it answers, the
# command ends, in little memory, with a status and one line that says what is
# wrong; nothing of it gets into a header, and nobody is sent elsewhere.
. "$(dirname "$0")/lib.sh"
# shellcheck source=t/s3/harm.sh
. "$_s3/harm.sh"

harm lender
AWS_CONTAINER_AUTHORIZATION_TOKEN=hiddenauth
export AWS_CONTAINER_AUTHORIZATION_TOKEN
unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN \
    AWS_EC2_METADATA_DISABLED
echo hiddenjwt >jwt
fast='--request-timeout 200ms --connect-timeout 2s'
# Nobody is there: who has got keys says so.
store='s3://bucket/p?endpoint=http://127.0.0.1:1'

# List with keys from there, of a deed.
container()
{
	AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:$port/$1/hiddenid
	export AWS_CONTAINER_CREDENTIALS_FULL_URI
	run "container.$1" list -vv "$store"
	unset AWS_CONTAINER_CREDENTIALS_FULL_URI
}
sts()
{
	AWS_WEB_IDENTITY_TOKEN_FILE=$scratch/jwt
	AWS_ROLE_ARN=arn:aws:iam::1:role/x
	AWS_ENDPOINT_URL_STS=http://127.0.0.1:$port/$1
	export AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN AWS_ENDPOINT_URL_STS
	run "sts.$1" list "$store"
	unset AWS_WEB_IDENTITY_TOKEN_FILE AWS_ROLE_ARN AWS_ENDPOINT_URL_STS
}

# A line a deed: the status, what is said of it, and by which way.
cat >deeds <<'END'
any-short	3	cut short	container sts
any-negative-length	3	.	container sts
any-endless	3	(too long|larger than)	container sts
any-endless-refusal	3	(too long|larger than)	container sts
any-endless-length	3	(too long|larger than)	container sts
any-endless-head	3	.	container sts
any-long-head	3	.	container sts
any-line-head	3	.	container sts
any-interim	3	.	container sts
any-trailers	3	.	container sts
any-chunk-extension	3	.	container sts
any-drip	3	.	container sts
any-http09	3	does not answer as HTTP has it	container sts
any-junk	3	does not answer as HTTP has it	container sts
any-switch	3	.	container sts
any-gzip	2	no JSON	container
any-gzip	2	cannot be understood	sts
any-html	2	no JSON	container
any-html	2	the access key is missing	sts
any-text	2	no JSON	container
any-text	2	cannot be understood	sts
any-empty	2	no JSON	container
any-empty	2	cannot be understood	sts
any-moved	3	HTTP status 301	container sts
any-moved-302	3	HTTP status 302	container sts
any-moved-307	3	HTTP status 307	container sts
any-moved-308	3	HTTP status 308	container sts
any-moved-file	3	HTTP status 307	container sts
any-moved-metadata	3	HTTP status 307	container sts
any-json-cut	2	no JSON	container
any-json-deep	2	no JSON	container
any-json-more	2	no JSON	container
any-json-list	2	but no object	container
any-json-number	2	no JSON	container
any-json-object	2	the access key is missing	container
any-json-large	3	larger than 262144 bytes	container
any-no-secret	2	the secret key is missing	container
any-empty-access	2	the access key is missing	container
any-split-access	2	the access key holds a blank	container
any-split-token	2	the session token holds a blank	container
any-nul-token	2	no JSON	container
any-escape-access	2	the access key holds a blank	container
any-never	2	when the keys expire	container
any-year	2	when the keys expire	container
any-past	3	refuses the connection	container
any-code	2	the access key is missing	container
any-refusal	3	HTTP status 403	container sts
any-refusal-large	3	.	container sts
any-echo	3	HTTP status 403	container sts
any-bomb	2	cannot be understood	sts
any-entity	2	cannot be understood	sts
any-deep	2	cannot be understood	sts
any-split-xml	2	the access key holds a blank	sts
good-	3	refuses the connection	container sts
END
while IFS='	' read -r deed status said ways; do
	for way in $ways; do
		"$way" "$deed"
	done
done <deeds
# shellcheck disable=SC2086	# words
wait $running
while IFS='	' read -r deed status said ways; do
	for way in $ways; do
		ends "$way.$deed" "$status" "$said"
	done
done <deeds

# The metadata has a second to answer, and is asked when all of that is over.
imds()
{
	AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:$port/$1
	export AWS_EC2_METADATA_SERVICE_ENDPOINT
	for _ in 1 2 3; do
		run "imds.$1" list "$store"
		wait "$!"
		grep -q 'within 1000 ms' "e.imds.$1" || break
	done
	unset AWS_EC2_METADATA_SERVICE_ENDPOINT
}
while IFS='	' read -r deed status said; do
	imds "$deed"
	ends "imds.$deed" "$status" "$said"
done <<'END'
any-short	2	no credentials found: .*cut short
any-endless	3	larger than 262144 bytes
any-endless-head	2	no credentials found:
any-http09	2	no credentials found: .*does not answer as HTTP
any-moved	3	HTTP status 301
any-moved-308	3	HTTP status 308
any-refusal	3	HTTP status 403
any-echo	3	HTTP status 403
token-token-split	2	the answer is no token
token-token-long	2	the answer is no token
token-empty	2	the answer is no token
token-moved	3	HTTP status 301
roles-role-path	2	is no role.s name
roles-role-url	2	is no role.s name
roles-role-long	2	is no role.s name
roles-role-split	2	is no role.s name
roles-html	2	is no role.s name
roles-moved	3	HTTP status 301
keys-moved	3	HTTP status 301
keys-no-secret	2	the secret key is missing
keys-split-token	2	the session token holds a blank
keys-json-deep	2	no JSON
keys-endless	3	larger than 262144 bytes
good-	3	refuses the connection
END
held
is "what was lent is not said" "$(grep -al lentsecret e.* o.* | wc -l)" 0
is "no control character is" \
    "$(cat e.* o.* | tr -d '\n' | tr -cd '\000-\037\177' | wc -c)" 0
ok "headers are seen" grep -q '^	Authorization: hiddenauth$' server/log
not_ok "nothing was smuggled into a request" grep -qi smuggled server/log
done_testing
