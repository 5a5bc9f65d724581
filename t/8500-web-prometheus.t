#!/bin/sh
#
# Prometheus and its promtool about what a service shows, the alerts and the
# dashboard of contrib: all of it is as it should be, and a Prometheus that asks a
# live service has an answer to each question of the dashboard.

. "$(dirname "$0")/lib.sh"

for p in promtool prometheus curl; do
	command -v "$p" >/dev/null || skip_all "no $p here (bin/setup --web)"
done

rules=$top/contrib/prometheus
dashboard=$top/contrib/grafana/litefleet.json
"$tools/mkfleet" "$scratch" 10 || exit 1
sql "$scratch/data/p0/databases/d0/bad.db" 'CREATE TABLE t(x)'
truncate -s 5000 "$scratch/data/p0/databases/d0/bad.db"
start "$lf" backup --to store --interval 500ms --listen 127.0.0.1:0 \
    "$scratch/data/{{project}}/databases/{{database}}/**/*.db"
wait_for 20 grep -q 'Scan complete' "$perr" || exit 1
at=$(sed -n 's,.*shown at http://\(.*\)/$,\1,p' "$perr")

status 0 'promtool takes what is shown' sh -c 'curl -s "$1" |
    promtool check metrics' sh "http://$at/metrics"
is '... and has nothing to say of it' "$(cat "$out" "$err")" ''
status 0 'promtool takes the alerts' promtool check rules "$rules/alerts.yml"
cd "$rules" || exit 1
status 0 '... and each comes when it should' \
    promtool test rules alerts_test.yml
status 0 'promtool takes the configuration' \
    promtool check config prometheus.yml
cd "$scratch" || exit 1

# The same configuration, for this place and in more of a hurry.
port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1,
    LocalAddr => "127.0.0.1")->sockport')
sed "s,127.0.0.1:9090,$at,; s/scrape_interval: 30s/scrape_interval: 500ms/" \
    "$rules/prometheus.yml" >prometheus.yml
cp "$rules/alerts.yml" .
start prometheus --config.file=prometheus.yml --storage.tsdb.path=tsdb \
    --web.listen-address="127.0.0.1:$port"

# ask QUERY: the answer, as JSON.
ask()
{
	curl -sG "http://127.0.0.1:$port/api/v1/query" \
	    --data-urlencode "query=$1"
}
seen()
{
	[ "$(ask "$1" | jq '.data.result | length' 2>/dev/null || echo 0)" -gt 0 ]
}
ok 'Prometheus sees the service' wait_for 30 seen \
    'count_over_time(litefleet_cycles_total[1m]) > 8'
is '... under the name of its job' "$(ask 'up{job="litefleet"}' |
    jq -r '.data.result[0].value[1]')" 1
is '... which has a failing database' "$(ask \
    'litefleet_failing_databases > 0' |
    jq -r '.data.result[].metric.class')" corrupt

jq -r '.panels[].targets[]?.expr' "$dashboard" |
    sed 's/\$__rate_interval/20s/g; s/\$[a-z]*/.*/g' >exprs
while read -r expr; do
	ask "$expr" >answer
	case $(jq -r .status answer) in
	success)
		seen "$expr" >/dev/null || echo "$expr" >>nothing
		;;
	*)
		jq -r .error answer
		echo "$expr"
		;;
	esac
done <exprs >refused
: >>nothing
is 'it understands each question of the dashboard' "$(cat refused)" ''
is '... and has an answer to it' "$(cat nothing)" ''
is 'it can evaluate each alert' "$(curl -s \
    "http://127.0.0.1:$port/api/v1/rules" | jq -r '.data.groups[].rules[] |
    select(.health == "err") | .name, .lastError')" ''
is '... all of them' "$(curl -s "http://127.0.0.1:$port/api/v1/rules" |
    jq '[.data.groups[].rules[]] | length')" \
    "$(grep -c -- '- alert:' "$rules/alerts.yml")"

done_testing
