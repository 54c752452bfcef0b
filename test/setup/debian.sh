# Gets what only tests need: Chromium, and for `--backends` libvirt, QEMU, Ceph, an IPMI simulator and Prometheus; sourced by test/run.sh.
# shellcheck shell=sh

# install PACKAGE...: as root, from Debian, without starting the services that come along.
install_packages() {
  policy=/usr/sbin/policy-rc.d
  ours=no
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    ours=yes
  fi
  status=0
  quietly apt_install "$@" || status=1
  [ $ours = no ] || rm -f "$policy"
  return $status
}
# apt_install PACKAGE...: with the lists there are, else with fresh ones.
apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -qq -y --no-install-recommends "$@" || { apt-get -qq update && apt-get install -qq -y --no-install-recommends "$@"; }
}
is_root() { [ "$(id -u)" = 0 ]; }

# Unpacks Chromium and the libraries that this machine lacks, with a start script that finds them.
unpack_chromium() (
  folder=$tools/debian/chromium
  libraries=yes
  quietly debian_unpack "$folder" chromium fonts-dejavu-core || return 1
  found=$(find "$folder/usr/lib" -maxdepth 1 -name '*-linux-gnu*' | head -n 1)
  cat >"$folder/start" <<SCRIPT
#!/bin/sh
LD_LIBRARY_PATH=$found:$found/pulseaudio XDG_DATA_DIRS=$folder/usr/share exec $folder/usr/lib/chromium/chromium "\$@"
SCRIPT
  chmod +x "$folder/start"
  "$folder/start" --version >/dev/null 2>&1
)

# Sets ATALAYA_CHROMIUM where a browser can be had; without it the browser tests are skipped, named and counted.
get_chromium() {
  ATALAYA_CHROMIUM=${ATALAYA_CHROMIUM:-}
  for name in chromium chromium-browser google-chrome; do
    [ -n "$ATALAYA_CHROMIUM" ] || ATALAYA_CHROMIUM=$(command -v $name || true)
  done
  if [ -z "$ATALAYA_CHROMIUM" ] && [ -x "$tools/debian/chromium/start" ]; then ATALAYA_CHROMIUM=$tools/debian/chromium/start; fi
  if [ -z "$ATALAYA_CHROMIUM" ] && have apt-get; then
    doing 'fetching Chromium for the browser tests (once)'
    if is_root && install_packages chromium fonts-dejavu-core; then
      ATALAYA_CHROMIUM=$(command -v chromium || true)
    elif unpack_chromium; then
      ATALAYA_CHROMIUM=$tools/debian/chromium/start
    fi
  fi
  export ATALAYA_CHROMIUM
  if [ -n "$ATALAYA_CHROMIUM" ]; then ok 'Chromium'; else printf '  ! no Chromium: the browser tests are skipped. Install it, or set ATALAYA_CHROMIUM.\n'; fi
}

get_backends() {
  if have virsh && have libvirtd && have qemu-system-x86_64 && have qemu-img; then
    ok 'libvirt and QEMU'
  elif is_root && have apt-get; then
    doing 'installing libvirt and QEMU (once)'
    install_packages libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils ||
      fail 'libvirt and QEMU could not be installed' 'See the lines above.'
    ok 'libvirt and QEMU'
  else
    printf '  ! no libvirt: its tests are skipped. As root: apt-get install --no-install-recommends %s\n' \
      'libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients qemu-system-x86 qemu-utils'
  fi
  if have ipmi_sim && have ipmitool; then
    ok 'IPMI simulator'
  elif is_root && have apt-get && install_packages openipmi ipmitool; then
    ok 'IPMI simulator'
  else
    printf '  ! no IPMI simulator: its tests are skipped. As root: apt-get install --no-install-recommends openipmi ipmitool\n'
  fi
  if have radosgw && have radosgw-admin && have ceph-mon && have ceph-osd; then
    ok 'Ceph'
  elif is_root && have apt-get; then
    doing 'installing Ceph (once)'
    install_packages ceph-mon ceph-osd radosgw ceph-common || fail 'Ceph could not be installed' 'See the lines above.'
    ok 'Ceph'
  else
    printf '  ! no Ceph: its tests are skipped. As root: apt-get install --no-install-recommends %s\n' \
      'ceph-mon ceph-osd radosgw ceph-common'
  fi
  if have prometheus && have promtool; then
    ATALAYA_PROMETHEUS=$(command -v prometheus)
    ATALAYA_PROMTOOL=$(command -v promtool)
  else
    unpacked=$tools/debian/prometheus/usr/bin
    if [ ! -x "$unpacked/promtool" ] && have apt-get; then
      doing 'fetching Prometheus (once; it is unpacked here, not installed)'
      quietly debian_unpack "$tools/debian/prometheus" prometheus prometheus-node-exporter || true
    fi
    ATALAYA_PROMETHEUS=$unpacked/prometheus
    ATALAYA_PROMTOOL=$unpacked/promtool
  fi
  if [ -x "$ATALAYA_PROMTOOL" ]; then
    export ATALAYA_PROMETHEUS ATALAYA_PROMTOOL
    ok 'Prometheus'
  else
    unset ATALAYA_PROMETHEUS ATALAYA_PROMTOOL
    printf '  ! no Prometheus: its tests are skipped. Install Debian'"'"'s package prometheus.\n'
  fi
}
