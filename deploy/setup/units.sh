# shellcheck shell=bash
# The two services: what this door adds to their units, how they are started, and whether they serve; sourced, not run.

lock_dropins=$units/faceplate.service.d
bridge_dropins=$units/faceplate-bridge.service.d

needs_restart() { remember restart yes; }

dropins_step() {
  if [ -e "$credentials/faceplate.gallery.key" ] || { [ -n "$dry" ] && ! key_is_there && can_seal; }; then
    dropin "$lock_dropins/50-setup-key.conf" "LoadCredentialEncrypted=gallery.key:faceplate.gallery.key"
  fi
  if [ -e "$credentials/faceplate.mqtt.password" ]; then
    dropin "$bridge_dropins/50-setup-password.conf" "LoadCredentialEncrypted=mqtt.password:faceplate.mqtt.password"
  fi
  [ -n "$answers_given" ] || return 0
  if is_network_camera; then
    dropin "$lock_dropins/50-setup-camera.conf" \
      $'PrivateNetwork=no\nRestrictAddressFamilies=AF_INET\nIPAddressAllow='"$(camera_address)"
  else
    no_dropin "$lock_dropins/50-setup-camera.conf" # the lock has no network but for its camera's sake
  fi
  if [ "${answer[SPEECH]}" = yes ]; then
    dropin "$lock_dropins/50-setup-speech.conf" $'DeviceAllow=char-alsa rw\nSupplementaryGroups=audio'
  else
    no_dropin "$lock_dropins/50-setup-speech.conf"
  fi
  if [ "${answer[JOURNALD]}" != leave ]; then
    step "keep the system's log small, as asked (${answer[JOURNALD]})" journald_is_bounded bound_journald
  fi
}
dropin() { step "add $1" dropin_is_there add_dropin "$1" $'[Service]\n'"$2"; }
no_dropin() { step "remove $1" is_gone remove_dropin "$1"; }
remove_dropin() { needs_restart; rm -f "$1"; }
dropin_is_there() { holds "$1" 0644 root:root "$2"; }
add_dropin() { needs_restart; put "$1" 0644 root:root "$2"; }

journald_file=$prefix/etc/systemd/journald.conf.d/60-faceplate.conf
journald_text() { if [ "${answer[JOURNALD]}" = volatile ]; then printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M'; else printf '[Journal]\nSystemMaxUse=64M'; fi; }
journald_is_bounded() { holds "$journald_file" 0644 root:root "$(journald_text)"; }
bound_journald() { put "$journald_file" 0644 root:root "$(journald_text)"; quietly systemctl restart systemd-journald; }

# --- the command ---

command_text() {
  cat <<'END_OF_FILE'
#!/bin/sh
# Faceplate's command line. Root's orders that open the people's faces run as the daemon's user, so that what they write
# stays the daemon's. Where systemd sealed a secret to this machine, it hands it to them, and to root's doctor.
program=/opt/faceplate/bin/faceplate
sealed=/etc/credstore.encrypted/faceplate
case ${1-} in
  people | enroll | check-gallery | thresholds | replay | journal | bundle) user=faceplate opens=gallery.key ;;
  doctor) user=root opens="gallery.key mqtt.password" ;;
  *) exec $program "$@" ;;
esac
if [ "$(id -u)" != 0 ]; then
  if [ -e $sealed.gallery.key ] && [ $user = faceplate ]; then
    echo "faceplate: the key of the faces is sealed: run this with sudo" >&2
    exit 7
  fi
  exec $program "$@"
fi
secrets=
for secret in $opens; do
  if [ -e $sealed.$secret ]; then secrets="$secrets -p LoadCredentialEncrypted=$secret:$sealed.$secret"; fi
done
if [ -z "$secrets" ]; then
  [ $user = root ] && exec $program "$@"
  exec setpriv --reuid=$user --regid=$user --init-groups $program "$@"
fi
terminal=--pipe
if [ -t 0 ] && [ -t 1 ]; then terminal=--pty; fi
exec systemd-run --quiet --wait $terminal --collect --same-dir -p User=$user $secrets $program "$@"
END_OF_FILE
}
command_step() { step "make the command $command" command_is_there make_command; }
command_is_there() { holds "$command" 0755 root:root "$(command_text)"; }
make_command() { put "$command" 0755 root:root "$(command_text)"; }

# --- starting, stopping ---

shown() { systemctl show --value -p "$2" "$1.service"; }
is_enabled() { systemctl is-enabled --quiet "$1.service" 2>/dev/null; }
enable() { quietly systemctl enable "$1.service"; }
is_disabled() { ! is_enabled "$1"; }
disable() { quietly systemctl disable --now "$1.service"; }
# choose_bridge: whether it is to run. A configuration that was there before the first set-up is asked, too.
choose_bridge() {
  bridge_wanted=
  if [ -n "$answers_given" ]; then
    [ "${answer[MQTT_HOST]}" = none ] || bridge_wanted=yes
  elif is_enabled faceplate-bridge || { is_disabled faceplate && grep -q '^bridge:' "$config" 2>/dev/null; }; then
    bridge_wanted=yes
  fi
}
wants_bridge() { [ -n "$bridge_wanted" ]; }

services_step() {
  if wants_bridge; then
    step "start the bridge with the machine" is_enabled enable faceplate-bridge
  else
    step "not start the bridge: there is no broker" is_disabled disable faceplate-bridge
  fi
  step "start the lock with the machine" is_enabled enable faceplate
  step "start the lock$(wants_bridge && echo " and the bridge"), and wait until it serves" all_runs start_all
}
all_runs() {
  [ -z "$(remembered restart)" ] && [ "$(shown faceplate ActiveState)" = active ] &&
    { ! wants_bridge || [ "$(shown faceplate-bridge ActiveState)" = active ]; }
}
start_all() {
  if [ -n "$(remembered restart)" ]; then stop_units; fi
  quietly systemctl daemon-reload
  if ! start_units || ! serves "" answering 90; then
    why
    fail "the service does not run (the reason is above). The door is locked. Mend it, and run this again"
  fi
  forget restart
}

# stop_units: the bridge first. The lock's own unit drives the relay to its locked level, however the daemon ends.
stop_units() {
  local unit
  for unit in faceplate-bridge faceplate; do
    if [ "$(shown $unit LoadState)" = loaded ]; then quietly systemctl stop $unit.service || return 1; fi
  done
}
start_units() {
  quietly systemctl start faceplate.service || return 1
  if wants_bridge; then quietly systemctl start faceplate-bridge.service || return 1; fi
  # A screen at the door, where there is one, is of the release before until now. No lock waits for it.
  quietly systemctl try-restart faceplate-kiosk.service || true
}

# guards VERSION STATE: it is active and answers; of that version, unless empty. STATE is guarding: with its networks loaded
# and pictures coming, too; or answering: that is all.
guards() {
  local told
  [ "$(shown faceplate ActiveState)" = active ] && told=$("$current/bin/faceplate" status --json 2>/dev/null) &&
    is_right "$told" "$1" "$2"
}
# serves VERSION STATE SECONDS: within so many, for three seconds on end, and without having fallen once since it was
# started: systemd starts it again and again, and that is no service.
serves() {
  local end=$((SECONDS + $3)) since=
  while [ $SECONDS -lt $end ] && [ "$(shown faceplate NRestarts)" = 0 ]; do
    if guards "$1" "$2"; then
      since=${since:-$SECONDS}
      if [ $((SECONDS - since)) -ge 3 ]; then return 0; fi
    else
      since=
    fi
    sleep 0.5
  done
  return 1
}
is_right() {
  [ -n "$1" ] && { [ -z "$2" ] || [[ $1 == *"\"version\": \"$2\""* ]]; } &&
    { [ "$3" != guarding ] || [[ $1 != *'"bundle": null'* && $1 == *'"camera": "online"'* ]]; }
}

why() {
  warn "systemd says: faceplate is $(shown faceplate ActiveState) ($(shown faceplate Result)), restarted $(shown faceplate NRestarts) times"
  journalctl --quiet --no-pager --output=cat -n 12 -u faceplate -u faceplate-bridge 2>/dev/null | sed 's/^/   | /' >&2 || true
}
