#!/bin/bash
# guest-os.sh  - a real but tiny Linux guest for the libvirt hosts of libvirt.sh: Debian's cloud kernel + busybox + qemu-guest-agent in one initramfs.
#   The guest needs 96 MiB or more to boot (kernel and initrd overlap below that).
#   build [DIR]                          DIR/vmlinuz DIR/initrd (DIR defaults to /tmp/atalaya-guest; nothing is installed on this machine, only unpacked)
#   disk FILE [SIZE]                     blank qcow2 (the guest keeps its state in the first 8 MiB; the rest is raw room for known io)
#   seed FILE NAME [USER] [KEYFILE] [SCRIPT]   NoCloud seed (FAT, label CIDATA); SCRIPT becomes user-data if given (#! script or #cloud-config)
#   xml NAME DIR [VCPUS] [MiB] [key=value ...]  domain XML on stdout (kernel and initrd from GUEST_DIR, else DIR); keys: disk=FILE (default DIR/NAME.qcow2; 'none')  seed=FILE  seedbus=virtio|ide
#        nic=tap|tap:DEV|bridge:BR|network:NET|user|none (repeatable, default tap)  maxvcpus=N  maxmem=MiB  console=FILE|pty  append='kernel args'
# In the guest (by agent guest-exec, seed script, or serial login):  io read|write BYTES [DEV] [BLOCK]   net-send FRAMES [PAYLOAD] [IF] [ADDR]
# Kernel args: atalaya.net=dhcp|none|A.B.C.D/P (default: eth<n> is 10.<77+n>.<last two bytes of its MAC>/16)   atalaya.seed=none (do not look for one)
# Packages used, from apt: the kernel of linux-image-cloud-amd64, busybox-static, qemu-guest-agent and dropbear-bin with their libraries; mtools for seeds.
set -eu
G=/tmp/atalaya-guest
debs="busybox-static qemu-guest-agent libglib2.0-0 libnuma1 libudev1 liburing2 libpcre2-8-0 libc6 dropbear-bin libcrypt1 libtomcrypt1 libtommath1 libgmp10 zlib1g mtools"
mods="virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk failover net_failover virtio_net virtio_balloon virtio_console button evdev"
late="fat vfat nls_cp437 nls_iso8859-1 nls_ascii cdrom isofs scsi_common scsi_mod sr_mod sd_mod virtio_scsi libata ata_piix"   # loaded only when a seed needs them
busy() { "$1/debs/x/bin/busybox" "${@:2}"; }

init() { cat <<'I'
#!/bin/sh
export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=linux
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev 2>/dev/null; mkdir -p /dev/pts; mount -t devpts pts /dev/pts; mount -t tmpfs run /run
for m in $(cat /lib/m/now); do insmod /lib/m/$m.ko; done
ip link set lo up
say kernel and modules up
state-open && [ -f /state/root.tar ] && tar xf /state/root.tar -C / 2>/dev/null       # users, keys and passwords of earlier boots
/sbin/seed; hostname -F /etc/hostname
state-close
uevent /sbin/hotplug >/dev/null 2>&1 &
for i in /sys/class/net/eth*; do [ -e "$i" ] && nic-up ${i##*/}; done
for c in /sys/devices/system/cpu/cpu*/online; do [ "$(cat $c 2>/dev/null)" = 0 ] && echo 1 > $c; done
acpid -f -l /dev/null >/dev/null 2>&1 &
( n=0; while [ $n -lt 100 ]; do n=$((n+1)); for p in /sys/class/virtio-ports/*/name; do [ "$(cat $p 2>/dev/null)" = org.qemu.guest_agent.0 ] && break 2; done; sleep 0.1; done
  [ -e "$p" ] || exit; p=${p%/name}; while :; do qemu-ga -m virtio-serial -p /dev/${p##*/} -t /run; sleep 1; done ) >/dev/null 2>&1 &
[ -n "$(find /root/.ssh /home -name authorized_keys 2>/dev/null)" ] && dropbear -R -s 2>/dev/null
say READY hostname=$(hostname) boot=$(cat /run/boot 2>/dev/null || echo 0) addr=$(ip -4 -o addr show | awk '$2!="lo"{printf "%s%s=%s",s,$2,$4;s=","}')
while :; do setsid getty -L 115200 ttyS0 vt100; sleep 1; done &
while :; do wait; sleep 1; done
I
}
files() { # the guest's other small programs, each "== path" then its text
cat <<'F'
== bin/say
#!/bin/sh
echo "atalaya-guest: $* [$(cut -d' ' -f1 /proc/uptime)s]" > /dev/console
== bin/state-open
#!/bin/sh
# mounts the 8 MiB state area of the first disk on /state (made if the disk is blank). Mounted only while in use, so an idle guest does no disk io.
d=/dev/vda; [ -b $d ] && [ $(blockdev --getsz $d) -ge 16384 ] || exit 1
n=0; while ! mkdir /run/state.lock 2>/dev/null; do n=$((n+1)); [ $n -gt 100 ] && exit 1; sleep 0.1; done
if [ "$(dd if=$d bs=1 skip=1144 count=13 2>/dev/null)" != atalaya-state ]; then
  [ "$(dd if=$d bs=4k count=16 2>/dev/null | tr -d '\0' | wc -c)" = 0 ] || { rmdir /run/state.lock; exit 1; }
  mke2fs -L atalaya-state $d 8192 >/dev/null 2>&1; echo 1 > /run/newdisk
fi
mount -t ext4 $d /state || { rmdir /run/state.lock; exit 1; }
== bin/state-close
#!/bin/sh
umount /state 2>/dev/null; rmdir /run/state.lock 2>/dev/null; true
== bin/state-save
#!/bin/sh
# keeps users, keys, passwords and host name over a reboot (the root itself is in memory)
[ -d /run/state.lock ] && mine= || { state-open || exit 0; mine=1; }
tar cf /state/root.tar -C / etc/passwd etc/shadow etc/group etc/hostname home root 2>/dev/null; sync; [ -z "$mine" ] || state-close
== bin/io
#!/bin/sh
# io read|write BYTES [DEV] [BLOCK]: exactly BYTES (a multiple of 4096: busybox dd falls back to cached io below that) past the page cache; the first 16 MiB are left alone
n=$2; d=${3:-/dev/vda}; b=${4:-65536}; s=16777216; c=$((n/b)); r=$((n%b))
[ $((n%4096)) = 0 ] || { echo "not a multiple of 4096"; exit 2; }
[ $(($(blockdev --getsz $d)*512)) -gt $((s+n)) ] || s=0
x() { if [ $op = read ]; then dd if=$d of=/dev/null iflag=direct,skip_bytes skip=$s bs=$1 count=$2; else dd if=/dev/zero of=$d oflag=direct,seek_bytes seek=$s conv=notrunc bs=$1 count=$2; fi 2>&1 | tail -1; s=$((s+$1*$2)); }
op=$1; [ $c = 0 ] || x $b $c; [ $r = 0 ] || x $r 1; echo "io $op $n $d"
== bin/net-send
#!/bin/sh
# net-send FRAMES [PAYLOAD=958] [IF=eth0] [ADDR]: FRAMES frames of PAYLOAD+42 bytes (ICMP echo). Without ADDR they go to a neighbour that does not exist and nothing answers.
f=$1; p=${2:-958}; i=${3:-eth0}; a=${4:-}
if [ -z "$a" ]; then a=$(ip -4 -o addr show $i | awk '{split($4,q,"."); print q[1]"."q[2]".255.254"}'); arp -i $i -s $a 02:00:00:00:00:fe; fi
ping -q -I $i -c $f -s $p -i 0.002 -W 1 $a | tail -3; echo "net $i frames=$f bytes=$((f*(p+42)))"
== bin/nic-up
#!/bin/sh
i=$1; ip link set $i up; n=${i#eth}; m=$(cat /sys/class/net/$i/address)
a=$(sed -n 's/.*atalaya\.net=\([^ ]*\).*/\1/p' /proc/cmdline); [ $n = 0 ] || a=
[ -n "$a" ] || [ $n != 0 ] || a=$(cat /run/addr 2>/dev/null)
case $a in
none) ;; dhcp) udhcpc -i $i -b -q -t 5 -T 1 -s /etc/udhcpc.sh >/dev/null 2>&1 & ;;
'') ip addr add 10.$((77+n)).$((0x$(echo $m | cut -d: -f5))).$((0x$(echo $m | cut -d: -f6)))/16 dev $i ;;
*) ip addr add $a dev $i ;; esac
== etc/udhcpc.sh
#!/bin/sh
case $1 in bound|renew) ip addr flush dev $interface; ip addr add $ip/$mask dev $interface; [ -z "$router" ] || ip route replace default via $router; say dhcp $interface=$ip/$mask;; esac
== sbin/hotplug
#!/bin/sh
# run by busybox uevent for each kernel event
case $ACTION:$SUBSYSTEM in
add:cpu) echo 1 > /sys$DEVPATH/online; say cpu add ${DEVPATH##*/} online=$(cat /sys/devices/system/cpu/online) ;;
remove:cpu) say cpu remove ${DEVPATH##*/} online=$(cat /sys/devices/system/cpu/online) ;;
add:net) nic-up $INTERFACE; say net add $INTERFACE ;;
remove:net) say net remove $INTERFACE ;;
add:memory) say memory add ${DEVPATH##*/} ;;
add:block|remove:block) [ "$DEVTYPE" = disk ] && say block $ACTION $DEVNAME ;;
esac
== sbin/shutdown
#!/bin/sh
case " $* " in *" -r "*) w=reboot;; *) w=poweroff;; esac
say shutdown: $w; sync; umount /state 2>/dev/null; exec /bin/busybox $w -f
== etc/acpi/PWRF/00000080
#!/bin/sh
say power button; exec /sbin/shutdown -h now
== sbin/chpasswd
#!/bin/sh
# what the agent's guest-set-user-password runs: "user:secret" lines, -e when already hashed
while IFS=: read -r u p; do
  grep -q "^$u:" /etc/passwd || { echo "chpasswd: no user $u" >&2; exit 1; }
  case " $* " in *" -e "*) ;; *) p=$(mkpasswd -m sha512 "$p") ;; esac
  awk -F: -v OFS=: -v u="$u" -v p="$p" '$1==u{$2=p}1' /etc/shadow > /etc/shadow.new && chmod 600 /etc/shadow.new && mv /etc/shadow.new /etc/shadow
done; state-save
== sbin/seed
#!/bin/sh
# a small NoCloud: block-style YAML only. Every boot: host name, users, keys. Once per instance-id: passwords, runcmd or the #! script.
label() { case $(dd if=$1 bs=1 skip=32808 count=6 2>/dev/null) in cidata|CIDATA) echo iso9660; return;; esac
  for o in 43 71; do case $(dd if=$1 bs=1 skip=$o count=6 2>/dev/null) in cidata|CIDATA) echo vfat; return;; esac; done; }
look() { for d in "$@"; do [ -b $d ] && t=$(label $d) && [ -n "$t" ] && return 0; done; return 1; }
ins() { for m in "$@"; do insmod /lib/m/$m.ko 2>/dev/null; done; }
d=; t=; grep -q atalaya.seed=none /proc/cmdline && exit 0
look /dev/vd? || { ins scsi_common scsi_mod cdrom sr_mod sd_mod virtio_scsi libata ata_piix; n=0; while ! look /dev/sr? /dev/sd? && [ $n -lt 6 ]; do n=$((n+1)); sleep 0.1; done; }
[ -n "$t" ] || { say no seed; exit 0; }
[ $t = vfat ] && ins fat nls_cp437 nls_iso8859-1 nls_ascii vfat || ins cdrom isofs
mkdir -p /run/seed /mnt; mount -r -t $t $d /mnt || { say seed $d does not mount; exit 1; }
cp /mnt/* /run/seed/; umount /mnt; cd /run/seed
for f in meta-data user-data network-config; do [ -f $f ] && sed -i 's/\r$//' $f || : > $f; done
val() { sed -n "s/^ *$2: *//p" $1 | head -n 1 | sed "s/^[\"']//; s/[\"']\$//"; }
id=$(val meta-data instance-id); h=$(val user-data hostname); h=${h:-$(val meta-data local-hostname)}; [ -z "$h" ] || echo "$h" > /etc/hostname
a=$(sed -n 's/^ *-* *\(addresses: *\[ *\|address: *\|- \)["'\'']*\([0-9.]*\/[0-9]*\).*/\2/p' network-config | head -1); [ -n "$a" ] || ! grep -Eq 'dhcp4: *(true|yes)|type: *dhcp' network-config || a=dhcp
[ -z "$a" ] || echo "$a" > /run/addr
: > runcmd
case $(head -1 user-data) in
'#!'*) cp user-data runcmd ;;
*) awk -v q="'" '
  function un(s) { sub(/[ \t]+$/,"",s); if (s ~ "^\".*\"$" || s ~ "^" q ".*" q "$") s=substr(s,2,length(s)-2); return s }
  function flow(s) { gsub(/^\[ *| *\]$/,"",s); n=split(s,w,/, */); r=""; for(k=1;k<=n;k++) { e=un(w[k]); gsub(q, q "\\" q q, e); r=r q e q " " } return r }
  /^[ \t]*#/ && !blk {next}
  { ind=match($0,/[^ ]/)-1 }
  blk && (ind>bi || ind<0) { if(b0<0&&ind>=0)b0=ind; print substr($0,b0+1) > "runcmd"; next } { blk=0 }
  ind==0 && /^[a-z_]+:/ { sec=$1; sub(/:.*/,"",sec); v=$0; sub(/^[^:]*:[ \t]*/,"",v); sub_="" ; if(v!="") print sec "\t" un(v); next }
  sec=="runcmd" && /^ *- / { v=$0; sub(/^ *- +/,"",v); if (v ~ /^[|>]/) {blk=1;bi=ind;b0=-1} else print (v ~ /^\[/ ? flow(v) : un(v)) > "runcmd"; next }
  sec=="ssh_authorized_keys" && /^ *- / { v=$0; sub(/^ *- +/,"",v); print "key\t" un(v); next }
  sec=="users" { l=$0; sub(/^ *(- +)?/,"",l)
    if (l ~ /^name:/) { v=l; sub(/^name: */,"",v); print "user\t" un(v); sub_="" }
    else if (l ~ /^ssh[_-]authorized[_-]keys:/) { sub_="k"; v=l; sub(/^[^:]*: */,"",v); if (v ~ /^\[/) { gsub(/^\[ *| *\]$/,"",v); print "key\t" un(v) } }
    else if (l ~ /^(passwd|hashed_passwd):/) { v=l; sub(/^[^:]*: */,"",v); print "hash\t" un(v); sub_="" }
    else if (l ~ /^plain_text_passwd:/) { v=l; sub(/^[^:]*: */,"",v); print "password\t" un(v); sub_="" }
    else if (sub_=="k" && $0 ~ /^ *- /) print "key\t" un(l); else if (l ~ /^[a-z_]+:/) sub_="" }' user-data > facts ;;
esac
touch facts; u=root; mkdir -p /state; new=1; [ -n "$id" ] && [ "$(cat /state/instance-id 2>/dev/null)" = "$id" ] && new=
grep '^ *public-keys:' -A9 meta-data | sed -n 's/^ *\(- \|[0-9a-z]*: *\)\(ssh-[^"]*\).*/key\t\2/p' > mdkeys
adduser_() { u=$1; grep -q "^$u:" /etc/passwd || { n=$((1000+$(grep -c :/home/ /etc/passwd))); echo "$u:x:$n:$n:$u:/home/$u:/bin/sh" >> /etc/passwd; echo "$u:x:$n:" >> /etc/group; echo "$u:!:19000:0:99999:7:::" >> /etc/shadow; }
  mkdir -p /home/$u; chown $u:$u /home/$u; }
T=$(printf '\t')
while IFS="$T" read -r k v; do case $k in
  user) [ "$v" = default ] && v=debian; adduser_ "$v" ;;
  hash) [ -z "$new" ] || p=$v awk -F: -v OFS=: -v u=$u '$1==u{$2=ENVIRON["p"]}1' /etc/shadow > s && [ -s s ] && cat s > /etc/shadow ;;
  password) [ -z "$new" ] || p=$(mkpasswd -m sha512 "$v") awk -F: -v OFS=: -v u=$u '$1==u{$2=ENVIRON["p"]}1' /etc/shadow > s && [ -s s ] && cat s > /etc/shadow ;;
  key) hd=$(awk -F: -v u=$u '$1==u{print $6}' /etc/passwd); mkdir -p $hd/.ssh; grep -qxF "$v" $hd/.ssh/authorized_keys 2>/dev/null || echo "$v" >> $hd/.ssh/authorized_keys; chown -R $u:$u $hd/.ssh; chmod 700 $hd/.ssh; chmod 600 $hd/.ssh/authorized_keys ;;
esac; done <<E
$(cat facts mdkeys)
E
rm -f s
say seed $d $t instance-id=$id hostname=$h user=$u keys=$(cat facts mdkeys | grep -c ^key)
echo $(($(cat /state/boots 2>/dev/null || echo 0)+1)) > /state/boots; cp /state/boots /run/boot
if [ -s runcmd ] && [ -n "$new" ]; then
  case $(head -1 runcmd) in '#!'*) ;; *) sed -i '1i #!/bin/sh' runcmd;; esac
  chmod +x runcmd; hostname -F /etc/hostname; say user-data begins
  { ./runcmd 2>&1; echo $? > rc; } | tee -a /state/cloud-init-output.log > /dev/console; say user-data ended rc=$(cat rc)
elif [ -s runcmd ]; then say user-data already ran for $id; fi
echo "$id" > /state/instance-id; state-save; sync
F
}

case "${1:-}" in
build)
  D=${2:-$G}; mkdir -p "$D/debs"; self=$(md5sum < "$0" | cut -c1-12)
  k=$(apt-cache depends linux-image-cloud-amd64 | awk '/Depends:/{print $2; exit}'); [ -n "$k" ] || { echo "no kernel package known: apt-get update" >&2; exit 1; }
  if [ "$(cat "$D/stamp" 2>/dev/null)" = "$k $self" ] && [ -s "$D/initrd" ]; then echo "$D already built ($k)"; exit 0; fi
  cd "$D/debs"
  for p in $k $debs; do
    ls "$p"_*.deb >/dev/null 2>&1 || apt-get -qq -o APT::Sandbox::User=root download "$p"
    t=$([ "$p" = "$k" ] && echo kernel || echo x); [ -e "$p.unpacked" ] || { dpkg -x "$p"_*.deb "$t"; : > "$p.unpacked"; }
  done
  cp kernel/boot/vmlinuz-* "$D/vmlinuz"
  R=$D/root; rm -rf "$R"; mkdir -p "$R"/{bin,sbin,usr/bin,usr/sbin,lib/m,lib64,lib/x86_64-linux-gnu,etc/dropbear,etc/acpi,proc,sys,dev,run,tmp,state,mnt,root,home,var/log}; ln -s /run "$R/var/run"
  cp x/bin/busybox "$R/bin/"; for a in $(busy "$D" --list); do case $a in busybox|dpkg*|rpm*) ;; *) ln -sf busybox "$R/bin/$a";; esac; done
  rm -f "$R/bin/reboot" "$R/bin/poweroff" "$R/bin/halt"
  for a in reboot poweroff; do printf '#!/bin/sh\nexec /sbin/shutdown %s now\n' "$([ $a = reboot ] && echo -r || echo -h)" > "$R/sbin/$a"; done
  cp x/usr/sbin/qemu-ga x/usr/sbin/dropbear "$R/usr/sbin/"
  for l in libglib-2.0.so.0 libgmodule-2.0.so.0 libnuma.so.1 libudev.so.1 liburing.so.2 libpcre2-8.so.0 libc.so.6 libm.so.6 libresolv.so.2 libutil.so.1 libnss_files.so.2 ld-linux-x86-64.so.2 libcrypt.so.1 libtomcrypt.so.1 libtommath.so.1 libgmp.so.10 libz.so.1; do
    f=$(find x/lib x/usr/lib -name "$l" | head -1); [ -n "$f" ] && cp -L "$f" "$R/lib/x86_64-linux-gnu/$l"; done
  ln -s /lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 "$R/lib64/ld-linux-x86-64.so.2"
  for m in $mods $late; do cp "$(find kernel -name "$m.ko")" "$R/lib/m/"; done; echo "$mods" > "$R/lib/m/now"
  files | (cd "$R"; f=; while IFS= read -r l; do case $l in '== '*) f=${l#== }; mkdir -p "$(dirname "$f")"; : > "$f"; chmod 755 "$f";; *) printf '%s\n' "$l" >> "$f";; esac; done)
  init > "$R/init"; chmod 755 "$R/init" "$R"/sbin/*
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n' > "$R/etc/passwd"; printf 'root:!:19000:0:99999:7:::\n' > "$R/etc/shadow"; chmod 600 "$R/etc/shadow"
  printf 'root:x:0:\ntty:x:5:\nnobody:x:65534:\n' > "$R/etc/group"; echo guest > "$R/etc/hostname"; echo /bin/sh > "$R/etc/shells"; echo "127.0.0.1 localhost" > "$R/etc/hosts"
  printf 'NAME="Atalaya test guest"\nID=atalaya-guest\nVERSION_ID="1"\nPRETTY_NAME="Atalaya test guest (%s)"\n' "$k" > "$R/etc/os-release"
  (cd "$R"; find . | LC_ALL=C sort | "$D/debs/x/bin/busybox" cpio -o -H newc 2>/dev/null) > "$D/initrd"
  rm -rf "$R"; echo "$k $self" > "$D/stamp"; ls -la "$D/vmlinuz" "$D/initrd" ;;
disk) qemu-img create -q -f qcow2 "$2" "${3:-64M}" ;;
seed)
  F=$2; N=$3; U=${4:-}; K=${5:-}; S=${6:-}; T=$(mktemp -d); m=${GUEST_DIR:-$G}/debs/x/usr/bin; [ -x "$m/mcopy" ] || m=/usr/bin
  printf 'instance-id: %s\nlocal-hostname: %s\n' "${INSTANCE_ID:-i-$N}" "$N" > "$T/meta-data"
  if [ -n "$S" ]; then cp "$S" "$T/user-data"; [ -z "$K" ] || printf 'public-keys:\n  - %s\n' "$(cat "$K")" >> "$T/meta-data"
  else { echo '#cloud-config'; [ -z "$U" ] || { printf 'users:\n  - name: %s\n' "$U"; [ -z "$K" ] || printf '    ssh_authorized_keys:\n      - %s\n' "$(cat "$K")"; }; } > "$T/user-data"; fi
  rm -f "$F"; "$m/mformat" -C -i "$F" -f 1440 -v CIDATA ::; "$m/mcopy" -i "$F" "$T/meta-data" "$T/user-data" ::; rm -r "$T" ;;
xml)
  N=$2; D=$3; V=${4:-1}; M=${5:-96}; if [ $# -gt 5 ]; then shift 5; else shift $#; fi
  disk=$D/$N.qcow2; seed=; seedbus=virtio; maxvcpus=$V; maxmem=$M; append=; nics=; console=$D/$N.console
  for a in "$@"; do case $a in disk=*) disk=${a#*=};; seed=*) seed=${a#*=};; seedbus=*) seedbus=${a#*=};; nic=*) nics="$nics ${a#*=}";; maxvcpus=*) maxvcpus=${a#*=};;
    maxmem=*) maxmem=${a#*=};; console=*) console=${a#*=};; append=*) append=${a#*=};; *) echo "unknown: $a" >&2; exit 2;; esac; done
  [ -n "$seed" ] || append="atalaya.seed=none $append"
  cat <<X
<domain type='qemu'>
  <name>$N</name>
  <memory unit='MiB'>$maxmem</memory><currentMemory unit='MiB'>$M</currentMemory>
  <vcpu current='$V'>$maxvcpus</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type><kernel>${GUEST_DIR:-$D}/vmlinuz</kernel><initrd>${GUEST_DIR:-$D}/initrd</initrd>
    <cmdline>console=ttyS0 quiet loglevel=1 panic=1 ipv6.disable=1 mitigations=off nokaslr no_timer_check tsc=reliable audit=0 apparmor=0 memhp_default_state=online rcupdate.rcu_expedited=1 $append</cmdline></os>
  <features><acpi/><apic/><tcg><tb-cache unit='MiB'>${TB_MIB:-32}</tb-cache></tcg></features>
  <cpu mode='custom'><model>qemu64</model><feature policy='require' name='rdrand'/></cpu>
  <on_poweroff>destroy</on_poweroff><on_reboot>restart</on_reboot><on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
X
  [ "$disk" = none ] || echo "    <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='$disk'/><target dev='vda' bus='virtio'/></disk>"
  if [ -n "$seed" ]; then case $seedbus in
    ide) echo "    <disk type='file' device='cdrom'><driver name='qemu' type='raw'/><source file='$seed'/><target dev='hdc' bus='ide'/><readonly/></disk>" ;;
    *) echo "    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='$seed'/><target dev='vdz' bus='virtio'/><readonly/></disk>" ;; esac; fi
  for n in ${nics:-tap}; do case $n in
    none) ;;
    user) echo "    <interface type='user'><model type='virtio'/></interface>" ;;
    tap) echo "    <interface type='ethernet'><model type='virtio'/><driver name='qemu'/><rom enabled='no'/></interface>" ;;
    tap:*) echo "    <interface type='ethernet'><target dev='${n#*:}'/><model type='virtio'/><driver name='qemu'/><rom enabled='no'/></interface>" ;;
    bridge:*) echo "    <interface type='bridge'><source bridge='${n#*:}'/><model type='virtio'/><driver name='qemu'/><rom enabled='no'/></interface>" ;;
    network:*) echo "    <interface type='network'><source network='${n#*:}'/><model type='virtio'/><driver name='qemu'/><rom enabled='no'/></interface>" ;;
    *) echo "unknown nic: $n" >&2; exit 2 ;; esac; done
  case $console in pty) echo "    <serial type='pty'/>" ;; *) echo "    <serial type='file'><source path='$console' append='on'/></serial>" ;; esac
  cat <<X
    <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
    <controller type='usb' model='none'/>
    <memballoon model='virtio'><stats period='2'/></memballoon>
    <video><model type='none'/></video>
  </devices>
</domain>
X
  ;;
*) sed -n '2,11p' "$0"; exit 2 ;;
esac
