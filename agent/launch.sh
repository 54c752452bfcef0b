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
