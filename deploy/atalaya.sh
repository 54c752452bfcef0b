#!/bin/sh
# Backs up, restores or verifies the installation of this machine: `sh deploy/atalaya.sh backup FILE`.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
. "$root/deploy/tools.sh"

{
  get_bun
  get_packages
} >/dev/null
exec bun "$root/deploy/command.ts" "$@"
