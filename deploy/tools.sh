# Gets the programs that Atalaya needs, into .tools and without root; sourced by up.sh and test/run.sh.
# shellcheck shell=sh

BUN_VERSION=1.4.5
tools=$root/.tools

ok() { printf '  ✓ %s\n' "$*"; }
doing() { printf '  · %s …\n' "$*"; }
fail() {
  printf '\n  ✗ %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '    %s\n' "$line" >&2; done
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# quietly COMMAND...: shows the output only if the command fails.
quietly() {
  mkdir -p "$tools"
  quiet_log=$tools/last-command.log
  if "$@" >"$quiet_log" 2>&1 </dev/null; then return 0; fi
  tail -n 20 "$quiet_log" | sed 's/^/    /' >&2
  return 1
}

is_bun() { [ "$("$1" --version 2>/dev/null)" = "$BUN_VERSION" ]; }

# Puts Bun's folder at the front of PATH, so that `bun` and `bunx` are the right version for every child.
get_bun() {
  if have bun && have bunx && is_bun bun; then ok "Bun $BUN_VERSION"; return; fi
  bin=$tools/node_modules/.bin
  if ! is_bun "$bin/bun"; then
    have npm || fail "Bun $BUN_VERSION is missing, and so is npm, which would fetch it" \
      "Install Node.js 20 with npm, or Bun $BUN_VERSION itself, and run this again."
    doing "fetching Bun $BUN_VERSION (once)"
    quietly npm install --no-audit --no-fund --no-save --no-update-notifier --loglevel=error \
      --prefix "$tools" "bun@$BUN_VERSION" || fail "npm could not fetch Bun $BUN_VERSION" \
      "Is the package registry reachable from here? Try: npm view bun@$BUN_VERSION version"
    # Where npm may not run install scripts, Bun's own is still to be run.
    is_bun "$bin/bun" || (cd "$tools/node_modules/bun" && quietly node install.js) || true
    is_bun "$bin/bun" || fail "Bun $BUN_VERSION was fetched but does not start on this machine ($(uname -sm))" \
      "It needs a 64-bit Linux (glibc or musl) or macOS."
  fi
  [ -e "$bin/bunx" ] || ln -s bun "$bin/bunx"
  PATH=$bin:$PATH
  export PATH
  ok "Bun $BUN_VERSION"
}

# What was installed lies in node_modules, with the patches: deleting that folder is enough to install afresh.
get_packages() {
  installed=$root/node_modules/.installed-bun.lock
  if ! cat "$root/bun.lock" "$root"/patches/* | cmp -s - "$installed"; then
    doing 'installing packages (once for each lockfile)'
    (cd "$root" && quietly bun install --frozen-lockfile) || fail 'the packages could not be installed' \
      'If package.json was changed, run `bun install` to bring bun.lock in line, and commit both.'
    cat "$root/bun.lock" "$root"/patches/* >"$installed"
  fi
  ok 'packages'
}

# apt_get ARGUMENT...: apt with a cache of ours; with $lists set also with package lists of ours. Needs no root.
apt_get() {
  apt-get -qq -o "Dir::Cache=$tools/apt/cache" -o Debug::NoLocking=1 -o APT::Sandbox::User= \
    ${lists:+-o "Dir::State::lists=$lists"} "$@"
}
# The packages, and with $libraries=yes also those of their dependencies that this machine lacks.
apt_names() {
  if [ "${libraries:-no}" = no ]; then printf '%s\n' "$@"; return; fi
  apt_get install -s --no-install-recommends "$@" | awk '/^Inst /{print $2}'
}
apt_download() {
  names=$(apt_names "$@")
  # shellcheck disable=SC2086 # a list of names
  [ -n "$names" ] && apt_get download $names
}

# debian_unpack FOLDER PACKAGE...: fetches packages with apt and unpacks them there; nothing is installed or started.
debian_unpack() (
  folder=$1
  shift
  have apt-get && have dpkg || return 1
  mkdir -p "$tools/apt/cache/archives/partial" "$folder.debs"
  trap 'rm -rf "$tools/apt" "$folder.debs"' EXIT
  cd "$folder.debs" || return 1
  lists=''
  if ! apt_download "$@"; then
    # no package lists (a fresh container), or outdated ones, which an ordinary user can't refresh: take private ones
    lists=$tools/apt/lists
    mkdir -p "$lists/partial"
    apt_get update && apt_download "$@" || return 1
  fi
  mkdir -p "$folder"
  for package in ./*.deb; do dpkg -x "$package" "$folder" || return 1; done
)

# Sets ATALAYA_NATS_SERVER to the program, unless NATS_URL says that a server runs elsewhere.
get_nats() {
  if [ -n "${NATS_URL:-}" ]; then ok 'NATS: the server of NATS_URL'; return; fi
  unpacked=$tools/debian/nats-server/usr/sbin/nats-server
  if have nats-server; then
    ATALAYA_NATS_SERVER=$(command -v nats-server)
  elif [ -x /usr/sbin/nats-server ]; then
    ATALAYA_NATS_SERVER=/usr/sbin/nats-server
  else
    if [ ! -x "$unpacked" ] && have apt-get; then
      doing "fetching Debian's nats-server (once; it is unpacked here, not installed)"
      mkdir -p "$tools"
      quietly debian_unpack "$tools/debian/nats-server" nats-server || true
      [ -x "$unpacked" ] || unpacked=$(find "$tools/debian/nats-server" -type f -name nats-server -perm -u+x 2>/dev/null | head -n 1)
    fi
    [ -x "$unpacked" ] || fail 'nats-server (2.9 or newer) was not found and could not be fetched' \
      'Put it on PATH (Debian: apt-get install nats-server; macOS: brew install nats-server),' \
      'or start one yourself and set NATS_URL=nats://user:password@host:4222.'
    ATALAYA_NATS_SERVER=$unpacked
  fi
  export ATALAYA_NATS_SERVER
  ok "nats-server $("$ATALAYA_NATS_SERVER" --version 2>/dev/null | sed 's/^[^0-9]*//')"
}
