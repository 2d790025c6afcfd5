# shellcheck shell=bash
# /etc/faceplate/config.yaml from the answers, and never over what somebody wrote there; sourced, not run.

quoted() { printf "'%s'" "${1//\'/\'\'}"; }
optional() { [ "$1" = none ] || printf ', %s: %s' "$2" "$3"; }

# config_text: the configuration. Only what was asked; what is left out means its default.
config_text() {
  cat <<END_OF_FILE
# Written by deploy/setup.sh, and yours from now on: it is not overwritten once you have changed it.
# Every key, and what it means: $current/config.default.yaml

device:
  id: ${answer[DEVICE_ID]}
  name: $(quoted "${answer[DEVICE_NAME]}")

camera:
  driver: ${answer[CAMERA_DRIVER]}
  source: $(camera_source)

access:
  risk: ${answer[RISK]}

door:
$(door_text)
$(bridge_text)$(speech_text)
END_OF_FILE
}

camera_source() {
  if [[ ${answer[CAMERA_SOURCE]} =~ ^[0-9]{1,3}$ ]]; then
    printf '%d' "$((10#${answer[CAMERA_SOURCE]}))"
  else
    quoted "${answer[CAMERA_SOURCE]}"
  fi
}

number() { printf '%d' "$((10#$1))"; } # 017 is 17

door_text() {
  case ${answer[LOCK]} in
    simulated | none)
      printf '  driver: %s' "${answer[LOCK]}"
      return
      ;;
  esac
  local kind=${answer[LOCK]} wiring=fail_secure high=true exit=null contact=null
  case $kind in
    maglock) wiring=fail_safe ;;
    strike_fail_safe) kind=strike wiring=fail_safe ;;
  esac
  # The lock of a fail-safe door hangs on the contact that is closed while the relay rests (docs/wiring.md).
  if [ "$wiring" = fail_safe ]; then high=false; fi
  if [ "${answer[RELAY]}" = low ]; then if [ $high = true ]; then high=false; else high=true; fi; fi
  [ "${answer[EXIT_LINE]}" = none ] || exit="{line: $(number "${answer[EXIT_LINE]}")}"
  [ "${answer[CONTACT_LINE]}" = none ] || contact="{line: $(number "${answer[CONTACT_LINE]}"), active_high: true}"
  cat <<END_OF_FILE
  driver: gpiozero
  chip: ${answer[GPIO_CHIP]}
  line: $(number "${answer[LOCK_LINE]}")
  active_high: $high
  lock: $kind
  wiring: $wiring
  lock_line: $(if [ "${answer[LOCKING_LINE]}" = none ]; then echo null; else number "${answer[LOCKING_LINE]}"; fi)
  inputs: {exit: $exit, contact: $contact}
  release_time: $(release_time)
END_OF_FILE
}
release_time() { local time=${answer[RELEASE_TIME]}; if [[ $time == *.* ]]; then number "${time%.*}"; printf '.%s' "${time#*.}"; else number "$time"; fi; }

bridge_text() {
  [ "${answer[MQTT_HOST]}" != none ] || return 0
  local ca=null user=null
  [ "${answer[MQTT_CA]}" = none ] || ca=broker-ca.crt
  [ "${answer[MQTT_USER]}" = none ] || user=$(quoted "${answer[MQTT_USER]}")
  cat <<END_OF_FILE

bridge:
  host: $(quoted "${answer[MQTT_HOST]}")
  port: $(number "${answer[MQTT_PORT]}")
  username: $user
  password_file: $(password_file)
  tls: {enabled: $(truth "${answer[MQTT_TLS]}"), ca_file: $ca}
END_OF_FILE
}
truth() { if [ "$1" = yes ]; then echo true; else echo false; fi; }
# Where systemd cannot seal it, the bridge reads it from a file of its own.
password_file() { if { [ -n "${answer[MQTT_PASSWORD]}" ] || [ -e "$etc/mqtt.password" ]; } && ! can_seal; then echo mqtt.password; else echo null; fi; }
speech_text() { [ "${answer[SPEECH]}" = no ] || printf '\n\nspeech: {hints: true}'; }

# --- into place ---

config_step() {
  if [ -n "$answers_given" ]; then
    broker_authority_step
    step "write $config" config_is_written write_config
  fi
  config_access_step
}
config_is_written() { { [ -f "$config" ] && [ "$(cat "$config")" = "$(config_text)" ]; } || config_is_offered; }
# Whoever changed the file keeps it: theirs is told from ours by what we remember to have written.
config_is_edited() { [ -f "$config" ] && ! remembered config | grep -qxF "$(sha256sum <"$config")"; }
config_is_offered() { config_is_edited && [ "$(cat "$config.new" 2>/dev/null)" = "$(config_text)" ]; }

write_config() {
  local text
  text=$(config_text)
  put "$etc/config.yaml.new" 0640 faceplate:faceplate "$text"
  loads "$etc/config.yaml.new" || fail "the program does not take the configuration that the answers make; it lies in $config.new, and nothing else was changed"
  if config_is_edited; then
    warn "$config was changed by somebody, and stays. What the answers make lies beside it: $config.new"
    return
  fi
  # Before it is in place, and beside the last one's: whenever the power goes, ours is known as ours.
  remember config "$(remembered config | tail -n 1; sha256sum <"$etc/config.yaml.new")"
  needs_restart
  mv -T "$etc/config.yaml.new" "$config"
}

# loads FILE: the program itself reads it, and tells every fault.
loads() { quietly "$releases/$wanted/bin/faceplate" doctor --config "$1" --only liveness; }

broker_authority_step() {
  if [ "${answer[MQTT_HOST]}" = none ] || [ "${answer[MQTT_CA]}" = none ]; then return 0; fi
  [ -r "${answer[MQTT_CA]}" ] || fail "cannot read the broker's authority ${answer[MQTT_CA]}"
  step "keep the broker's authority in $etc/broker-ca.crt" authority_is_kept keep_authority
}
authority_is_kept() { holds "$etc/broker-ca.crt" 0640 faceplate:faceplate "$(cat "${answer[MQTT_CA]}")"; }
keep_authority() { put "$etc/broker-ca.crt" 0640 faceplate:faceplate "$(cat "${answer[MQTT_CA]}")"; }

config_access_step() {
  [ -e "$config" ] || return 0
  step "let only root and the daemon's user read $config" config_is_closed close_config
}
config_is_closed() { [ "$(stat -c '%a %U:%G' "$config")" = "640 faceplate:faceplate" ]; }
close_config() { chown faceplate:faceplate "$config"; chmod 0640 "$config"; }

wiring_picture() {
  cat <<'PICTURE'

   fail-secure strike: power opens        fail-safe magnet: power holds shut
   12 V + ────── COM ┐                    12 V + ────── COM ┐
                     │ relay                                │ relay
              NC ────┘ (at rest)              ┌───── NC ────┘ (at rest)
              NO ──────┐                      │      NO
                    [strike]               [magnet]
   12 V - ─────────────┘                  12 V - ┘

   line 17 ────┬──── IN of the relay module        line 5 ───[exit button]─── GND
            [10 kOhm]                              line 6 ───[door contact]── GND  (closed while the door is)
   GND ────────┴──── GND                           (docs/wiring.md has all of it)
   People must always be able to leave without any computer.

PICTURE
}
