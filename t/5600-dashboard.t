#!/bin/sh
#
# The dashboard and the alerts of contrib speak of what a service really shows:
# each metric and each label in them is in a live /metrics.

. "$(dirname "$0")/lib.sh"

command -v curl >/dev/null || skip_all 'no curl here'

dashboard=$top/contrib/grafana/litefleet.json
alerts=$top/contrib/prometheus/alerts.yml
"$tools/mkfleet" "$scratch" 10 || exit 1
start "$lf" backup --to store --interval 500ms --listen 127.0.0.1:0 \
    "$scratch/data/{{project}}/databases/{{database}}/**/*.db"
wait_for 20 grep -q 'Scan complete' "$perr" || exit 1
at=$(sed -n 's,.*shown at \(http://.*\)/$,\1,p' "$perr")
curl -s "$at/metrics" >metrics
stop "$pid"
is 'the service ends' $? 0
grep -v '^#' metrics | sed 's/[{ ].*//' | sort -u >shown
ok 'there are metrics' test "$(wc -l <shown)" -ge 20

jq -r '[.. | .expr?, .definition? | strings] | .[]' "$dashboard" >exprs
ok 'the dashboard asks for something' test "$(wc -l <exprs)" -ge 30
for f in exprs "$alerts" "${alerts%.yml}_test.yml"; do
	grep -oE '\blitefleet_[a-z_]+\b' "$f" | sort -u >wanted
	ok "${f##*/} names metrics" test -s wanted
	is '... that are shown' "$(comm -23 wanted shown)" ''
done

# Names of labels: of those shown, and of what Prometheus itself adds; "fleet" is
# given by contrib/prometheus/prometheus.yml.
{
	grep -oE '[{,][a-z]+="' metrics | tr -d '{,="' | sort -u
	printf 'instance\njob\nfleet\nseverity\nalertname\nalertstate\n'
} | sort -u >labels
for f in exprs "$alerts" "${alerts%.yml}_test.yml"; do
	{
		grep -oE '[a-z]+ *=~?"' "$f" | tr -d ' =~"'
		grep -oE 'by \([a-z, ]*\)' "$f" | sed 's/by (//; s/)//' |
		    tr -s ', ' '\n'
		grep -oE '\$labels\.[a-z]+' "$f" | sed 's/.*\.//'
	} | grep . | sort -u >wanted
	is "${f##*/} names labels that there are" "$(comm -23 wanted labels)" ''
done
is 'the legends, too' "$(jq -r '.. | .legendFormat? | strings' "$dashboard" |
    grep -oE '\{\{[a-z]+\}\}' | tr -d '{}' | sort -u | comm -23 - labels)" ''

# The scrape example is of the job that they are about.
ok 'the job of the example is that of the alerts' \
    grep -q 'job_name: litefleet$' "$top/contrib/prometheus/prometheus.yml"
is '... of all of them' "$(grep -oE '(litefleet_[a-z_]+|up)\{[^}]*' "$alerts" |
    grep -vc 'job="litefleet"')" 0

# How it is laid out.
is 'each panel has an id of its own' \
    "$(jq '[.panels[].id] | length - (unique | length)' "$dashboard")" 0
is '... the data source that was chosen' "$(jq -r '[.panels[] |
    select(.type != "row") | .datasource.uid, .targets[].datasource.uid] |
    unique | .[]' "$dashboard")" "\${datasource}"
is '... and says what it shows' "$(jq -r '.panels[] | select(.type != "row" and
    ((.description // "") == "" or .title == "")) | .id' "$dashboard")" ''
is 'no panel lies on another' "$(jq -r '[.panels[] | {id} + .gridPos] as $p |
    $p[] | . as $a | $p[] | select(.id > $a.id and .x < $a.x + $a.w and
    $a.x < .x + .w and .y < $a.y + $a.h and $a.y < .y + .h) |
    "\($a.id) \(.id)"' "$dashboard")" ''
is '... or over the edge' "$(jq -r '.panels[] | select(.gridPos.x +
    .gridPos.w > 24) | .id' "$dashboard")" ''
ok 'it says how it is used' \
    sh -c 'jq -r .description "$1" | grep -q Import' sh "$dashboard"

done_testing
