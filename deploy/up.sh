#!/bin/sh
# Starts all of Atalaya on this machine with one command: `npm run up`.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/deploy/tools.sh"

printf '\n  Atalaya\n\n'
get_bun
get_packages
get_nats
cd "$root"
# a dump of the memory would hold keys and secrets
ulimit -c 0
exec bun deploy/up.ts "$@"
