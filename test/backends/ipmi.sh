#!/bin/bash
# Starts BMCs on loopback for tests: OpenIPMI's ipmi_sim, IPMI 2.0 over LAN (user admin, password secret).
#   ipmi.sh start|stop|status
#   env: IPMI_DIR   where all their files are (default /tmp/atalaya-ipmi)
#        IPMI_PORT  BMC i listens on UDP IPMI_PORT+i-1 (default 17623)
#        IPMI_N     how many there are (default 1)
# In bmcI/: s1 … s4 hold raw bytes of Inlet Temp, CPU1 Temp, Fan1 (×100 RPM) and P12V (÷10 V), read each second; power holds 1 or 0.
# Packages: apt-get install -y --no-install-recommends openipmi ipmitool
set -eu
D=${IPMI_DIR:-/tmp/atalaya-ipmi}; P=${IPMI_PORT:-17623}; N=${IPMI_N:-1}
alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# sensor HOME NUMBER TYPE UNIT M REXP ENTITY UNC UC UNR LNC LC LNR EVENTS NAME: a full sensor record (IPMI 2.0, 43.1), raw thresholds.
# EVENTS is a mask of 15 bits: which crossings are written to the log.
sensor() {
  local home=$1 n=$2 type=$3 unit=$4 m=$5 rexp=$6 entity=$7 unc=$8 uc=$9 unr=${10} lnc=${11} lc=${12} lnr=${13} events=${14} name=${15} id="" i
  for ((i = 0; i < ${#name}; i++)); do id+=" 0x$(printf %02x "'${name:i:1}")"; done
  printf 'main_sdr_add 0x20 0x00 0x00 0x51 0x01 0x%02x 0x20 0x00 0x%02x 0x%02x 0x01 0x7f 0x68 0x%02x 0x01 0x85 0x7a 0x85 0x7a 0x3f 0x3f 0x00 0x%02x 0x00 0x00 0x%02x 0x00 0x00 0x00 0x00 0x%02x 0x00 0x00 0x00 0x00 0xff 0x00 0x%02x 0x%02x 0x%02x 0x%02x 0x%02x 0x%02x 0x01 0x01 0x00 0x00 0x00 0x%02x%s\n' \
    $((43 + ${#name})) "$n" "$entity" "$type" "$unit" "$m" "$rexp" "$unr" "$uc" "$unc" "$lnr" "$lc" "$lnc" $((0xc0 + ${#name})) "$id"
  printf 'sensor_add 0x20 0 %d 0x%02x 0x01 poll 1000 file "%s/s%d"\n' "$n" "$type" "$home" "$n"
  printf 'sensor_set_threshold 0x20 0 %d settable 111111 0x%02x 0x%02x 0x%02x 0x%02x 0x%02x 0x%02x\n' "$n" "$unr" "$uc" "$unc" "$lnr" "$lc" "$lnc"
  printf 'sensor_set_event_support 0x20 0 %d enable scanning per-state %s %s %s %s\n' "$n" "$events" "$events" "$events" "$events"
}

lan() { # HOME NUMBER PORT
  cat <<C
name "bmc$2"
set_working_mc 0x20
startlan 1
  addr 127.0.0.1 $3
  priv_limit admin
  allowed_auths_user none md2 md5 straight
  allowed_auths_operator none md2 md5 straight
  allowed_auths_admin none md2 md5 straight
  guid $(printf 'a1234567890123456789abcdef01%04x' "$2")
endlan
chassis_control "$1/chassis"
user 2 true "admin" "secret" admin 10 none md2 md5 straight
C
}

chassis() { # HOME: what ipmi_sim asks and tells of the power
  cat <<C
#!/bin/sh
op=\$1; shift
case "\$op" in
get) for what in "\$@"; do case "\$what" in power) echo "power:\$(cat $1/power)" ;; boot) echo boot:default ;; *) echo "\$what:0" ;; esac; done ;;
set) while [ -n "\${1-}" ]; do case "\$1" in power) echo "\$2" >$1/power ;; shutdown) echo 0 >$1/power ;; esac; shift 2; done ;;
esac
C
}

up() { # NUMBER
  local home=$D/bmc$1 all=000111111000000 none=000000000000000
  if alive "$home/pid"; then return; fi
  rm -rf "$home"; mkdir -p "$home/state"
  echo 35 >"$home/s1"; echo 42 >"$home/s2"; echo 60 >"$home/s3"; echo 121 >"$home/s4"; echo 1 >"$home/power"
  lan "$home" "$1" $((P + $1 - 1)) >"$home/lan.conf"
  chassis "$home" >"$home/chassis"; chmod +x "$home/chassis"
  {
    echo 'mc_setbmc 0x20'
    echo 'mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 '
    echo 'sel_enable 0x20 1000 0x0a'
    sensor "$home" 1 1 1 1 0 7 80 90 95 5 3 1 $all 'Inlet Temp'
    sensor "$home" 2 1 1 1 0 3 80 90 95 5 3 1 $all 'CPU1 Temp'
    # its crossings are not written to the log
    sensor "$home" 3 4 18 100 0 29 240 250 255 10 5 3 $none Fan1
    sensor "$home" 4 2 4 1 0xf0 10 130 135 140 110 105 100 $all P12V
    echo 'mc_enable 0x20'
  } >"$home/bmc.emu"
  setsid ipmi_sim -c "$home/lan.conf" -f "$home/bmc.emu" -s "$home/state" -n >"$home/out" 2>&1 </dev/null &
  echo $! >"$home/pid"
  sleep 0.3
}

down() { # NUMBER
  local pid children
  if alive "$D/bmc$1/pid"; then
    pid=$(cat "$D/bmc$1/pid"); children=$(ps -o pid= --ppid "$pid" || true)
    # shellcheck disable=SC2086 # several
    kill "$pid" $children
  fi
  rm -f "$D/bmc$1/pid"
}

case ${1:-start} in
start) for i in $(seq 1 "$N"); do up "$i"; echo "bmc$i  ipmitool -I lanplus -C 3 -H 127.0.0.1 -p $((P + i - 1)) -U admin -P secret …"; done ;;
stop) for i in $(seq 1 "$N"); do down "$i"; echo "bmc$i stopped"; done ;;
status) for i in $(seq 1 "$N"); do alive "$D/bmc$i/pid" && echo "bmc$i up" || echo "bmc$i down"; done ;;
*) sed -n '2,8p' "$0"; exit 2 ;;
esac
