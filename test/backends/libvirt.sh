#!/bin/bash
# Starts real libvirt hosts (libvirtd with QEMU by software emulation) on loopback, for tests; as root, without systemd, dbus or polkit.
#   libvirt.sh start|stop|status|kill [HOST ...]     HOST: 1 … LV_HOSTS; all of them if none is named. `kill` ends libvirtd alone, as a crash would.
#   env: LV_DIR    where all their files are (default /tmp/atalaya-libvirt)
#        LV_HOSTS  how many there are (default 2)
#        LV_PORT   host i listens on LV_PORT+i, and takes migrations on LV_PORT+100·i … +99 (default 16500)
# Each host runs in its own mount namespace with its own /etc/libvirt, /var/lib/libvirt, /run/libvirt …, so several fit on one machine.
# Packages: apt-get install -y --no-install-recommends libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils
set -eu
D=${LV_DIR:-/tmp/atalaya-libvirt}; N=${LV_HOSTS:-2}; P=${LV_PORT:-16500}
command=${1:-start}; [ $# -eq 0 ] || shift
hosts=${*:-$(seq 1 "$N")}
alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }
uri() { echo "qemu+tcp://127.0.0.1:$((P+$1))/system"; }

configure() { # HOST
  local H=$D/host$1
  mkdir -p "$H"/{etc,lib,run,cache,log,images} /etc/libvirt /var/lib/libvirt /run/libvirt /var/cache/libvirt /var/log/libvirt
  cat > "$H/etc/libvirtd.conf" <<C
listen_tls = 0
listen_tcp = 1
listen_addr = "127.0.0.1"
tcp_port = "$((P+$1))"
auth_tcp = "none"
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_rw_perms = "0700"
host_uuid = "$(printf '00000000-0000-4000-8000-%012x' $((0x1000+$1)))"
log_outputs = "3:file:$H/log/libvirtd.log"
C
  cat > "$H/etc/qemu.conf" <<C
user = "root"
group = "root"
dynamic_ownership = 0
security_driver = "none"
cgroup_controllers = [ ]
stdio_handler = "file"
namespaces = [ ]
vnc_listen = "127.0.0.1"
migration_port_min = $((P + $1*100))
migration_port_max = $((P + $1*100 + 99))
C
}

up() { # HOST
  local H=$D/host$1 u; u=$(uri "$1")
  if alive "$H/run/libvirtd.pid"; then return; fi
  configure "$1"
  # its guests outlive libvirtd: their state in run/ stays, only the old sockets go
  rm -f "$H"/run/libvirt-sock* "$H"/run/libvirt-admin-sock "$H"/run/libvirtd.pid
  unshare -m -u --propagation private setsid bash -c '
    H=$1
    mount --bind "$H/etc" /etc/libvirt; mount --bind "$H/lib" /var/lib/libvirt; mount --bind "$H/run" /run/libvirt
    mount --bind "$H/cache" /var/cache/libvirt; mount --bind "$H/log" /var/log/libvirt
    hostname "$2" 2>/dev/null || true
    exec libvirtd --listen -f /etc/libvirt/libvirtd.conf -p /run/libvirt/libvirtd.pid -d' _ "$H" "kvm-host$1"
  for _ in $(seq 1 200); do virsh -q -c "$u" version >/dev/null 2>&1 && break; sleep 0.1; done
  virsh -q -c "$u" pool-info default >/dev/null 2>&1 ||
    virsh -q -c "$u" "pool-define-as default dir --target $H/images; pool-start default" >/dev/null
}

end() { # PIDFILE SIGNAL
  local p; alive "$1" || return 0
  p=$(cat "$1"); kill "$2" "$p"; for _ in $(seq 1 50); do kill -0 "$p" 2>/dev/null || return 0; sleep 0.1; done; kill -KILL "$p" || true
}

down() { # HOST
  local H=$D/host$1 g
  end "$H/run/libvirtd.pid" -TERM
  for g in "$H"/run/qemu/*.pid; do end "$g" -TERM; done
  rm -rf "$H/run"
}

case $command in
start)
  # libvirtd's qemu driver doesn't load unless this user exists
  getent passwd libvirt-qemu >/dev/null || useradd -r -U -M -d /var/lib/libvirt -s /usr/sbin/nologin libvirt-qemu
  for i in $hosts; do up "$i"; echo "host$i  $(uri "$i")  qemu+unix:///system?socket=$D/host$i/run/libvirt-sock  (no auth)"; done ;;
stop) for i in $hosts; do down "$i"; echo "host$i stopped"; done ;;
kill) for i in $hosts; do end "$D/host$i/run/libvirtd.pid" -KILL; echo "host$i killed"; done ;;
status) for i in $hosts; do alive "$D/host$i/run/libvirtd.pid" && echo "host$i up" || echo "host$i down"; done ;;
*) sed -n '2,8p' "$0"; exit 2 ;;
esac
