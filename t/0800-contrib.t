#!/bin/sh
#
# What is in contrib is sound, and its commands are commands that work: they are
# taken from the files, with their directories moved into the scratch directory.

. "$(dirname "$0")/lib.sh"

contrib=$top/contrib
k8s=$contrib/k8s
"$tools/mkfleet" "$scratch" 20 || exit 1
mkdir bin
ln -s "$lf" bin/litefleet
PATH=$scratch/bin:$PATH

for f in $(find "$contrib" -type f ! -name README ! -name '*.json' | sort); do
	ok "${f#"$contrib/"} begins with how it is used" \
	    sh -c 'grep -v "^#!\|^#SBATCH\|^#$" "$1" | head -n 1 |
	    grep -q "^# [a-zA-Z/]"' sh "$f"
done

# Without all of /proc there is no boot_id, by which a power failure is known.
not_ok 'no unit hides /proc/sys' \
    grep -r '^ProcSubset=' "$contrib/systemd"

# It would be stopped for good, and as if it had been told to.
not_ok 'no unit stops another' \
    grep -rE '^(Conflicts|PartOf)=' "$contrib/systemd"

# cron: the environment that it gives, and the line as sh gets it.
crontab=$contrib/cron/litefleet
line=$(sed -nE 's/^(([0-9*\/,-]+) +){5}root +(.*)/\3/p' "$crontab")
ok 'the crontab has one line, with its user' \
    test "$(echo "$line" | grep -c litefleet)" -eq 1
is '... without a %, which cron would take for a newline' \
    "$(echo "$line" | grep -c %)" 0
cron()
{
	env -i HOME="$scratch" SHELL=/bin/sh LOGNAME=root \
	    STATE_DIRECTORY="$scratch/cronstate" \
	    "$(sed -n 's/^LITEFLEET_TO=/&'"$(echo "$scratch" |
	    sed 's,/,\\/,g')"'/p' "$crontab")" \
	    "PATH=$scratch/bin:/usr/bin:/bin" \
	    sh -c "$(echo "$line" | sed "s,'/data/,'$scratch/data/,")"
}
mkdir backup
status 0 'what cron runs works' cron
is '... and says nothing' "$(cat "$out" "$err")" ''
is '... and all is saved' "$("$lf" list backup | wc -l)" 20

# The image holds the libraries that the program wants.
if command -v readelf >/dev/null && command -v dpkg-query >/dev/null; then
	in_image=$(sed -n '/install --no-install-recommends/,/rm -rf/p' \
	    "$contrib/docker/Dockerfile")
	for so in $(readelf -d "$lf" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p'); do
		package=$(dpkg-query -S "*/$so" 2>/dev/null |
		    sed -n '1s/:.*//p')
		case $package in
		'' | libc6 | libasan* | libubsan* | libgcc*) continue ;;
		esac
		ok "the image has $package" \
		    sh -c 'echo "$1" | grep -qw -e "$2"' sh "$in_image" \
		    "$package"
	done
else
	skip 'no readelf or dpkg-query here'
fi

python=
for p in python3 /usr/bin/python3; do
	[ -n "$python" ] || ! "$p" -c 'import yaml' 2>/dev/null || python=$p
done
if [ -z "$python" ]; then
	skip 'no python3 with yaml here'
	done_testing
fi

# faults FILE: what is wrong with it, a line each.
cat >faults.py <<'END'
import sys, yaml

path = sys.argv[1]
for doc in yaml.safe_load_all(open(path)):
    spec = doc['spec']
    if doc['kind'] == 'CronJob':
        spec = spec['jobTemplate']['spec']
    claims = {c['metadata']['name'] for c in
              spec.get('volumeClaimTemplates', [])}
    pod = spec['template']['spec']
    volumes = claims | {v['name'] for v in pod['volumes']}
    if not pod['securityContext'].get('runAsNonRoot'):
        print('the pod may be root')
    if pod['securityContext']['seccompProfile']['type'] != 'RuntimeDefault':
        print('no seccomp')
    ours = [c for c in pod['containers'] if c['name'] == 'litefleet']
    if len(ours) != 1:
        print('no container litefleet')
    for c in pod['containers']:
        for m in c['volumeMounts']:
            if m['name'] not in volumes:
                print('no volume', m['name'])
    for c in ours:
        s = c['securityContext']
        if not s.get('readOnlyRootFilesystem'):
            print('its root can be written')
        if s.get('allowPrivilegeEscalation') is not False:
            print('privileges can be gained')
        if s['capabilities'].get('drop') != ['ALL']:
            print('it has capabilities')
        for k in 'requests', 'limits':
            if set(c['resources'][k]) != {'cpu', 'memory'}:
                print('no', k)
        for m in c['volumeMounts']:
            if m['mountPath'] == '/data' and not m.get('readOnly'):
                print('/data can be written')
        if 'secretRef' not in c['envFrom'][0]:
            print('no secret')
        for e in c['env']:
            if 'KEY' in e['name']:
                print('a key in the file:', e['name'])
        if not all(isinstance(a, str) for a in c['args']):
            print('an argument is no string')
END
# field FILE PATH: e.g. args, a line each.
cat >args.py <<'END'
import sys, yaml

doc = yaml.safe_load(open(sys.argv[1]))
spec = doc['spec']
spec = spec.get('jobTemplate', {}).get('spec', spec)
for c in spec['template']['spec']['containers']:
    if c['name'] == 'litefleet':
        print('\n'.join(c['args']))
END
# What is in the one and not in the other: a field that the kind does not have
# is lost when kubectl has read it.
cat >lost.py <<'END'
import json, sys, yaml

def lost(a, b, where):
    if isinstance(a, dict):
        for k in a:
            if k not in (b or {}):
                print(where + '.' + k)
            else:
                lost(a[k], b[k], where + '.' + k)
    elif isinstance(a, list):
        if len(a) != len(b or []):
            print(where)
        for i, x in enumerate(a[:len(b or [])]):
            lost(x, b[i], '%s[%d]' % (where, i))

with open(sys.argv[1]) as f:
    lost(yaml.safe_load(f), json.load(sys.stdin), '')
END
for f in sidecar cronjob restore-job; do
	ok "$f.yaml is YAML, and what it should be" \
	    sh -c '"$@" >faults 2>&1 && ! [ -s faults ] || { cat faults; exit 1
	    }' sh "$python" faults.py "$k8s/$f.yaml"
	if command -v kubectl >/dev/null; then
		ok '... kubectl knows each field' sh -c '
			kubectl set image --local -f "$1" litefleet=x -o json |
			"$2" lost.py "$1" >lost 2>&1 && ! [ -s lost ] || {
				cat lost; exit 1; }' sh "$k8s/$f.yaml" "$python"
	else
		skip 'no kubectl here'
	fi
done

# args FILE: of the container, for this place.
args()
{
	"$python" args.py "$k8s/$1" |
	    sed "s,^/data/,$scratch/data/,; s/^0\.0\.0\.0:9090/127.0.0.1:0/"
}
cat >run_args <<'END'
set --
while read -r a; do
	set -- "$@" "$a"
done <arguments
exec env LITEFLEET_TO=store litefleet "$@"
END
args cronjob.yaml >arguments
export STATE_DIRECTORY="$scratch/cronjob"
status 0 'what the CronJob runs works' sh run_args
ok '... under the name that stays' \
    sh -c 'litefleet list store | grep -q "	app$1/data/"' sh "$scratch"

# In another pod, which the store must accept.
if unshare -u true 2>/dev/null; then
	sql "$scratch/data/p0/databases/d0/branches/b0/tenants/t000001.db" \
	    'CREATE TABLE one_more(x)'
	status 0 'the next run, in a pod with another name, too' \
	    unshare -u sh -c 'hostname another && exec env \
	    LITEFLEET_TO=store litefleet "$@"' sh \
	    backup -q --host app --key '{{host}}/{{path}}' "$scratch/data/**/*.db"
else
	skip 'cannot be a host of another name here'
fi

rm -rf store
args sidecar.yaml | sed "s,^30s,500ms," >arguments
export STATE_DIRECTORY="$scratch/sidecar"
start sh run_args
ok 'what the sidecar runs stores all' wait_for 20 sh -c \
    '[ "$(find store -name "*.db.lz4" | wc -l)" -eq 20 ]'
ok '... under the name of its host' \
    sh -c 'litefleet list store | grep -q "	$(hostname)$1/data/"' sh "$scratch"

# What Docker asks for the health of a container, with that port.
port=$(sed -n 's,.*shown at http://127.0.0.1:\([0-9]*\)/,\1,p' "$perr")
sed -n "/--health-cmd '/,/\"'/p" "$contrib/docker/README" |
    sed "s/.*--health-cmd '//; s/\"'$/\"/; s,127.0.0.1/9090,127.0.0.1/$port," \
    >health
health()
{
	sh health
}
ok 'a container is healthy when all is well' wait_for 20 health
mv store away
sql "$scratch/data/p0/databases/d0/branches/b0/tenants/t000002.db" \
    'CREATE TABLE one_more(x)'
unwell()
{
	! health
}
ok '... and not while the store is away' wait_for 60 unwell
mv away store
stop "$pid"
is '... and ends when it is told to' $? 0

done_testing
