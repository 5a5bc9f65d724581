#!/bin/sh
#
# The program is built so that a fault in memory is hard to use: PIE, full
# RELRO, no memory both writable and executable, _FORTIFY_SOURCE, the stack
# protector and stack clash protection.  Asked of the program, not of the
# flags.

. "$(dirname "$0")/lib.sh"

for tool in readelf objdump; do
	command -v "$tool" >/dev/null || skip_all "no $tool here"
done
readelf -W -h "$lf" >header
readelf -W -l "$lf" >segments
readelf -W -d "$lf" >dynamic
readelf -W --dyn-syms "$lf" >symbols
! grep -q '__asan_init' symbols || skip_all "built with sanitizers (DEV=1)"

ok 'PIE: it can be loaded anywhere' grep -qE '^ *Type: *DYN' header
ok '... and says so' grep -qE 'FLAGS_1.*\<PIE\>' dynamic
ok 'RELRO' grep -q GNU_RELRO segments
ok '... and full: all is bound at once' grep -qE 'BIND_NOW|FLAGS.*\<NOW\>' \
    dynamic
ok 'the stack is declared' grep -q GNU_STACK segments
is 'no segment is both writable and executable' \
    "$(grep -cE '0x[0-9a-f]+ +(R| )WE ' segments)" 0
not_ok 'no code is relocated' grep -q TEXTREL dynamic
ok 'the stack protector' grep -q '__stack_chk_fail' symbols
for call in memcpy snprintf realpath; do
	ok "_FORTIFY_SOURCE: $call is checked" \
	    grep -qE "__(v|p)?${call}_chk" symbols
done
not_ok '... and unchecked sprintf is not there' grep -qE '\<v?sprintf@' symbols

# Some functions have 64 KiB on the stack.  They must touch each page on the
# way; and none may step over one.
case $(uname -m) in
x86_64)
	objdump -d --no-show-raw-insn "$lf" >code
	ok 'there are frames of more than a page' \
	    grep -qE 'sub +\$0x[1-9a-f]([0-9a-f]{3}|[0-9a-f]{4}),%r(sp|11)' code
	is 'stack clash protection: none is made in one step' \
	    "$(grep -E 'sub +\$0x[0-9a-f]{4,8},%rsp' code |
		grep -vcE '\$0x1000,%rsp')" 0
	;;
*)
	skip "only x86_64 code is looked at" 2
	;;
esac

done_testing
