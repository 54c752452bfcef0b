#!/bin/sh
# Installs the Atalaya agent on a Linux server: curl … | sudo sh -s -- --url https://atalaya.example --token TOKEN
set -eu

program=/usr/local/bin/atalaya-agent
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
    # one from before agents kept it learns where its control plane is, and gets its credential there
    grep -q '"url"' "$state/agent.json" ||
      setpriv --reuid="$user" --regid="$user" --init-groups "$program" enrol --url "$url" --state "$state"
    return
  fi
  set -- enrol --url "$url" --state "$state" ${name:+--name "$name"}
  ATALAYA_TOKEN=$token setpriv --reuid="$user" --regid="$user" --init-groups "$program" "$@" ||
    fail 'enrolment failed; see the line above. A token works once and not for long: make a new one.'
}

install_service() {
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
ExecStart=/usr/local/bin/atalaya-agent run --state /var/lib/atalaya-agent
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
  rm -f "$unit" "$program"
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
