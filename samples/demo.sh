#!/bin/sh
# The main job on a simulated estate: plan, apply, prove, drift, repair. It works on a copy in a temporary directory.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cp -R "$root/samples/contoso" "$work/contoso"
rm -rf "$work/contoso/.reconciler" # the demo begins where nothing was tried yet
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

say '1. What does it take to join Exchange UM and Lync? A plan changes nothing.'
run plan contoso --out contoso.plan

say '2. Do exactly that: journal each command, send it, prove it by reading back.'
run apply contoso.plan

say '3. Plan again: nothing is left to do.'
run plan contoso

say '4. Meanwhile other administrators change three things by hand.'
run simulate contoso --invoke 'Set-UMIPGateway -Identity 1:2 -OutcallsAllowed $true'
run simulate contoso --invoke 'Disable-UMAutoAttendant -Identity RedmondMain'
run simulate contoso --invoke 'Set-UMMailboxPolicy -Identity Executives -MinPINLength 4'

say '5. The drift report finds all three, with both ways out, and exits with 2.'
expected=2
run drift contoso

say '6. Repair it.'
run apply contoso --auto-approve

say '7. Nothing drifts any more.'
run drift contoso

say 'Your turn:

    cp -r samples/contoso trial
    .venv/bin/reconciler plan trial'
