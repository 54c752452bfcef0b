#!/bin/sh
# Runs the tests: `npm test`, with `-- STAGE...` for some of them, with `-- --backends` for real hypervisors too, with `-- --full` for all.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/deploy/tools.sh"
. "$root/test/setup/debian.sh"

wanted=" $* "
# asked NAME: whether this stage runs; without names all but `backends` do
asked() {
  case "$wanted" in *" $1 "*) return 0 ;; esac
  case "$wanted" in *' backends '* | *' browser '* | *' long '* | *' integration '* | *' unit '* | *' format '* | *' lint '* | *' types '* | *' dead-code '*) return 1 ;; esac
  [ "$1" != backends ]
}

printf '\n  Tests of Atalaya\n\n'
get_bun
get_packages
cd "$root"
case "$wanted" in *' --backends '* | *' --full '*) backends=yes ;; *) asked backends && backends=yes || backends=no ;; esac
if asked integration || asked browser || asked long || [ $backends = yes ]; then get_nats; fi
if asked browser || asked long; then get_chromium; fi
if [ $backends = yes ]; then get_backends; fi
printf '\n'
exec bun test/run.ts "$@"
