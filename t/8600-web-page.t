#!/bin/sh
#
# The page of --listen in a real browser: headless Chromium, told what to do by
# its driver (WebDriver, by curl).  It shows what is so, asks nobody else for
# anything, breaks none of its own rules, needs no JavaScript, and takes any path
# for what it is.

. "$(dirname "$0")/lib.sh"

for p in chromium chromedriver curl; do
	command -v "$p" >/dev/null || skip_all "no $p here (bin/setup --web)"
done

"$tools/mkfleet" "$scratch" 10 || exit 1
d=$scratch/data/p0/databases/d0
bad="$d/<img src=x onerror=alert(1)>\"'&amp;.db"
sql "$d/good.db" 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
start "$lf" backup --to store --interval 500ms --listen 127.0.0.1:0 \
    "$scratch/data/{{project}}/databases/{{database}}/**/*.db"
wait_for 20 grep -q 'Scan complete' "$perr" || exit 1
url=$(sed -n 's,.*shown at \(http://.*/\)$,\1,p' "$perr")

start chromedriver --port=0
wait_for 20 grep -q 'successfully on port' "$pout" || exit 1
driver=http://127.0.0.1:$(sed -n 's/.*successfully on port \([0-9]*\).*/\1/p' "$pout")

# browse OPTIONS: a new browser; its window is $session.
browse()
{
	session=$(jq -n --arg dir "$scratch/profile" --arg more "$1" '{
	    capabilities: {alwaysMatch: {
	    "goog:loggingPrefs": {browser: "ALL", performance: "ALL"},
	    "goog:chromeOptions": {binary: "/usr/bin/chromium",
	    prefs: (if $more == "noscript" then
	    {"profile.managed_default_content_settings.javascript": 2}
	    else {} end),
	    args: ["--headless=new", "--no-sandbox", "--disable-gpu",
	    "--disable-dev-shm-usage", "--user-data-dir=\($dir)\($more)",
	    "--disable-background-networking", "--no-first-run",
	    "--window-size=1200,1000"]}}}}' |
	    curl -s "$driver/session" -d @- | jq -r .value.sessionId)
}
# tell METHOD PATH [JSON]: to that window; the value of the answer.
tell()
{
	curl -s -X "$1" "$driver/session/$session$2" ${3+-d "$3"} | jq .value
}
run()
{
	tell POST /execute/sync "$(jq -n --arg s "$1" '{script: $s, args: []}')"
}
shoot()
{
	tell GET /screenshot | tr -d '"' | base64 -d >"$1"
}
# How many colours there are in a picture, at least: one of nothing has one.
drawn()
{
	[ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ] &&
	    [ "$(wc -c <"$1")" -gt 5000 ]
}
text()
{
	run 'return document.body.innerText' | jq -r .
}
has()
{
	text | grep -qE -e "$1"
}

browse yes
ok 'there is a browser' test "${#session}" -gt 10 || done_testing
tell POST /url "{\"url\": \"$url\"}" >/dev/null
title=$(tell GET /title)
ok 'the page has a title' sh -c 'echo "$1" | grep -qi "safe"' sh "$title"
ok '... says that all is safe' has '[Aa]ll.*safe|[Ss]afe'
ok '... and how many databases there are' has '\b11\b'
ok 'it draws a chart' test "$(run 'return document.querySelectorAll(
    "svg *").length')" -gt 3
shoot page.png
ok '... that can be seen' drawn page.png
is 'it has no script' \
    "$(run 'return document.scripts.length')" 0
is '... and its style is taken' "$(run 'return document.styleSheets.length > 0 &&
    document.styleSheets[0].cssRules.length > 5')" true

# One that fails, with a name that would be a script if it were not escaped.
sql "$bad" 'CREATE TABLE t(x)'
truncate -s 5000 "$bad"
ok 'a failing database is named, as it is called' wait_for 30 has \
    'onerror=alert\(1\)>"'"'&amp;\.db"
is '... and is no picture' "$(run 'return document.images.length')" 0
ok '... and the title says so' wait_for 10 sh -c '
	curl -s "$1/title" | jq -r .value | grep -qvi "all safe"' sh \
    "$driver/session/$session"
is 'nothing is wider than a telephone' "$(tell POST /window/rect \
    '{"width": 500, "height": 900}' >/dev/null
    run 'return document.documentElement.scrollWidth >
    document.documentElement.clientWidth')" false
shoot failing.png
ok '... and it can be seen' drawn failing.png

is 'the console is empty' "$(tell POST /se/log '{"type": "browser"}' |
    jq -r '.[] | .message')" ''
tell POST /se/log '{"type": "performance"}' >log.json
# Of our page: the browser has one of its own, which it opens first.
jq -r --arg url "$url" '[.[].message | fromjson.message |
    select(.method == "Network.requestWillBeSent" and
    .params.documentURL == $url) | .params]' log.json >asked
ok 'what the page asks for is known' \
    test "$(jq --arg url "$url" '[.[] | select(.request.url == $url)] |
    length' asked)" -ge 1
is '... and nobody else is asked' "$(jq -r --arg url "$url" '.[].request.url |
    select(. != $url and (startswith("data:") | not))' asked)" ''
is 'nothing was kept from being loaded' "$(jq -r --slurpfile asked asked '
    ($asked[0] | map(.requestId)) as $ours | .[].message | fromjson.message |
    select(.method == "Network.loadingFailed" and
    (.params.requestId | IN($ours[]))) |
    "failed: \(.params.errorText) \(.params.blockedReason)"' log.json)" ''
tell DELETE '' >/dev/null

# The same without JavaScript (of the page; the driver has its own ways).
browse noscript
tell POST /url "{\"url\": \"data:text/html,<title>a</title>\
<script>document.title='script'</script>\"}" >/dev/null
is 'this browser runs no scripts' "$(tell GET /title)" '"a"'
tell POST /url "{\"url\": \"$url\"}" >/dev/null
is 'without JavaScript the page is the same' \
    "$(tell GET /source | jq -r . | grep -c 'onerror=alert')" \
    "$(curl -s "$url" | grep -c 'onerror=alert')"
shoot noscript.png
ok '... and can be seen' drawn noscript.png
tell DELETE '' >/dev/null

done_testing
