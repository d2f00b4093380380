#!/bin/sh
# The main job on a simulated estate: plan, apply, prove, drift, repair. Nothing outside a temporary directory is touched.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cp -R "$root/samples/contoso" "$work/contoso"
cd "$work"

bold=''; plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$(printf '\033[1m'); plain=$(printf '\033[0m')
fi

say() {
    printf '\n%s%s%s\n\n' "$bold" "$1" "$plain"
}

run() {
    printf '%s$ reconciler' "$bold"
    for word in "$@"; do
        case $word in
            *[!A-Za-z0-9_./:=@%+-]*) printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '%s\n' "$plain"
    status=0
    reconciler "$@" || status=$?
    if [ "$status" -ne "${expected:-0}" ]; then
        printf 'The demo expected exit code %s and got %s.\n' "${expected:-0}" "$status" >&2
        exit 1
    fi
    expected=0
}

say '1. What would joining Exchange UM and Lync at Contoso take? A plan changes nothing.'
run plan contoso

say '2. Do it. Every command is written down before it is sent, and proven by reading back.'
run apply contoso --auto-approve

say '3. Once more: there is nothing left to do.'
run plan contoso

say '4. Meanwhile, other administrators change three things by hand.'
run simulate contoso --invoke "Set-UMIPGateway -Identity '1:2' -OutcallsAllowed \$true"
run simulate contoso --invoke 'Disable-UMAutoAttendant -Identity RedmondMain'
run simulate contoso --invoke 'Set-UMMailboxPolicy -Identity Executives -MinPINLength 4'

say '5. The drift report tells what differs, and both ways out of each. (Exit code 2: something drifted.)'
expected=2
run drift contoso

say '6. Repair it.'
run apply contoso --auto-approve

say '7. And everything is as the files say.'
run drift contoso
