#!/bin/sh
# Installs the Atalaya agent on a Linux server: curl … | sudo sh -s -- --url https://atalaya.example --token TOKEN
set -eu

program=/usr/local/bin/atalaya-agent
launcher=/usr/local/lib/atalaya-agent/launch.sh
state=/var/lib/atalaya-agent
unit=/etc/systemd/system/atalaya-agent.service
user=atalaya-agent

fail() {
  printf 'atalaya-agent: %s\n' "$@" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

usage='Usage: install-agent.sh --url URL --token TOKEN [--from FILE] [--name NAME]
       install-agent.sh --uninstall'

# All is in functions that the last line calls: a download that breaks off runs nothing.
read_arguments() {
  url='' token='' from='' name='' uninstall=no
  while [ $# -gt 0 ]; do
    case "$1" in
      --uninstall) uninstall=yes && shift && continue ;;
      --help) printf '%s\n' "$usage" && exit 0 ;;
      --url | --token | --from | --name) [ $# -ge 2 ] || fail "$1 needs a value" "$usage" ;;
      *) fail "unknown argument: $1" "$usage" ;;
    esac
    case "$1" in
      --url) url=${2%/} ;;
      --token) token=$2 ;;
      --from) from=$2 ;;
      --name) name=$2 ;;
    esac
    shift 2
  done
  [ $uninstall = yes ] && return
  [ -n "$url" ] && [ -n "$token" ] || fail '--url and --token are needed' "$usage"
  case "$url" in
    https://* | http://127.0.0.1* | http://localhost* | 'http://[::1]'*) ;;
    *) fail "$url is not https: the token and the program itself would travel unprotected" ;;
  esac
}

check_machine() {
  [ "$(id -u)" = 0 ] || fail 'run this as root (sudo): it adds a user and a service'
  [ "$(uname -s)" = Linux ] || fail "this is $(uname -s): the agent's service needs Linux"
  have systemctl || fail 'systemctl was not found: without systemd, start "atalaya-agent run" by your own service manager'
}

fetch() {
  case "$(uname -m)" in
    x86_64 | amd64) architecture=x64 ;;
    aarch64 | arm64) architecture=arm64 ;;
    *) fail "there is no agent for $(uname -m)" ;;
  esac
  address=$url/install/atalaya-agent-linux-$architecture
  if have curl; then
    curl -fsS --proto '=https,http' -o "$1" "$address"
  elif have wget; then
    wget -q -O "$1" "$address"
  else
    fail 'neither curl nor wget was found'
  fi || fail "the program could not be fetched from $address"
}

# Written beside and renamed: a running agent keeps its file until it is restarted.
install_program() {
  next=$(mktemp "$program.XXXXXX")
  trap 'rm -f "$next"' EXIT
  if [ -n "$from" ]; then cp "$from" "$next"; else fetch "$next"; fi
  chmod 0755 "$next"
  "$next" --version >/dev/null 2>&1 || fail 'the program does not start on this machine'
  mv "$next" "$program"
  # what is installed by hand runs from now on, whatever came by updates before
  rm -f "$state/versions/trial" "$state/versions/previous" "$state/versions/current"
}

make_user() {
  id "$user" >/dev/null 2>&1 ||
    useradd --system --user-group --home-dir "$state" --no-create-home --shell /usr/sbin/nologin "$user"
  # where libvirt runs, its group may read it
  if getent group libvirt >/dev/null; then usermod -aG libvirt "$user"; fi
  install -d -m 0700 -o "$user" -g "$user" "$state"
}

# The token goes by the environment: arguments are visible to every user of the machine.
enrol() {
  if [ -e "$state/agent.json" ]; then
    printf 'This machine is enrolled already; its identity is kept.\n'
    # one from before agents kept them learns where its control plane is, and whose releases it may run
    { grep -q '"url"' "$state/agent.json" && [ -e "$state/release-keys" ]; } ||
      setpriv --reuid="$user" --regid="$user" --init-groups "$program" enrol --url "$url" --state "$state"
    return
  fi
  set -- enrol --url "$url" --state "$state" ${name:+--name "$name"}
  ATALAYA_TOKEN=$token setpriv --reuid="$user" --regid="$user" --init-groups "$program" "$@" ||
    fail 'enrolment failed; see the line above. A token works once and not for long: make a new one.'
}

install_service() {
  install -d -m 0755 "$(dirname "$launcher")"
  cat >"$launcher" <<'LAUNCHER'
#!/bin/sh
# Starts the version of the agent that is in force: launch.sh STATE PROGRAM [ARGUMENT…], the latter being the installed one.
# A version on trial that doesn't prove itself makes way, in one step on the disk, for the one before it. See agent/update/.
set -u

state=$1
shift
versions=$state/versions
starts_max=${ATALAYA_TRIAL_STARTS:-3}
seconds_max=${ATALAYA_TRIAL_SECONDS:-120}

# The link's own target is the version's name: 1.2.3/atalaya-agent.
in_force() { readlink "$versions/current" 2>/dev/null; }
on_trial() {
  { read -r trial starts <"$versions/trial"; } 2>/dev/null && [ "$trial" = "$(in_force)" ]
}

# What can't be written for want of space doesn't keep it from going back: that takes but a new name.
go_back() {
  printf '%s %s\n' "$trial" "$1" >"$versions/failed" 2>/dev/null
  if [ -L "$versions/previous" ]; then mv -f "$versions/previous" "$versions/current"; else rm -f "$versions/current"; fi
  rm -f "$versions/trial"
}

# Beside the program, until it has proved itself, has ended, or the time is over: one that hangs can't watch itself.
watch() {
  seconds=0
  while [ "$seconds" -lt "$seconds_max" ]; do
    sleep 1
    seconds=$((seconds + 1))
    kill -0 "$1" 2>/dev/null && on_trial || return
  done
  go_back silent
  kill -9 "$1"
}

try() {
  case $starts in '' | *[!0-9]*) starts=$starts_max ;; esac
  if [ "$starts" -ge "$starts_max" ]; then
    go_back crashed
  elif printf '%s %s\n' "$trial" $((starts + 1)) 2>/dev/null >"$versions/trial.tmp" && mv -f "$versions/trial.tmp" "$versions/trial"; then
    (exec </dev/null >/dev/null 2>&1 && watch $$) &
  else
    go_back uncounted
  fi
}

export ATALAYA_LAUNCHED=1
if on_trial; then try; fi
if [ -x "$versions/current" ]; then exec "$versions/current" run --state "$state"; fi
exec "$@"
LAUNCHER
  chmod 0755 "$launcher"
  cat >"$unit" <<'UNIT'
# The agent on a server; installed by deploy/install-agent.sh.
[Unit]
Description=Atalaya agent
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
User=atalaya-agent
Group=atalaya-agent
# starts the version in force, which may have come by an update
ExecStart=/usr/local/lib/atalaya-agent/launch.sh /var/lib/atalaya-agent /usr/local/bin/atalaya-agent run --state /var/lib/atalaya-agent
Restart=always
RestartSec=5
TimeoutStopSec=15
# the spool: what could not be sent yet
StateDirectory=atalaya-agent
StateDirectoryMode=0700
UMask=0077
MemoryHigh=128M
MemoryMax=256M
TasksMax=64
LimitNOFILE=4096
# a dump of the memory would hold keys and secrets
LimitCORE=0
# read-only rather than hidden: the agent reports how full these file systems are
ProtectSystem=strict
ProtectHome=read-only
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
NoNewPrivileges=yes
CapabilityBoundingSet=CAP_DAC_READ_SEARCH
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable --quiet atalaya-agent
  systemctl restart atalaya-agent
}

remove() {
  systemctl disable --now --quiet atalaya-agent 2>/dev/null || true
  rm -rf "$unit" "$program" "$(dirname "$launcher")"
  systemctl daemon-reload
  printf 'The agent was removed. Its state, with what was not sent, is still in %s.\n' "$state"
}

main() {
  read_arguments "$@"
  check_machine
  if [ $uninstall = yes ]; then
    remove
    return
  fi
  install_program
  make_user
  enrol
  install_service
  printf 'The agent runs: systemctl status atalaya-agent\n'
}

main "$@"
