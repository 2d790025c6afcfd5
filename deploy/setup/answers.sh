# shellcheck shell=bash
# What the owner wants: from a file of answers, or asked in the terminal; sourced, not run.

# Each answer, what it may be (an extended regular expression), and what it is when nobody says.
declare -A answer_form=(
  [DEVICE_ID]='[a-z0-9][a-z0-9_-]{0,47}'
  [DEVICE_NAME]='[^[:cntrl:]]{1,80}'
  [CAMERA_DRIVER]='picamera2|opencv|replay'
  [CAMERA_SOURCE]='[^[:cntrl:][:space:]]+'
  [LOCK]='strike|strike_fail_safe|maglock|latching|motor|simulated|none'
  [GPIO_CHIP]='/dev/gpiochip[0-9]{1,3}'
  [LOCK_LINE]='[0-9]{1,3}'
  [LOCKING_LINE]='none|[0-9]{1,3}'
  [RELAY]='high|low'
  [RELEASE_TIME]='[0-9]{1,2}(\.[0-9])?'
  [EXIT_LINE]='none|[0-9]{1,3}'
  [CONTACT_LINE]='none|[0-9]{1,3}'
  [RISK]='convenience|standard|high'
  [MQTT_HOST]='none|[A-Za-z0-9._:-]{1,253}'
  [MQTT_PORT]='[0-9]{1,5}'
  [MQTT_TLS]='yes|no'
  [MQTT_CA]='none|/[^[:cntrl:]]+'
  [MQTT_USER]='none|[^[:cntrl:]]+'
  [MQTT_PASSWORD]='[^[:cntrl:]]+'
  [SPEECH]='yes|no'
  [KEYS]='auto|file'
  [JOURNALD]='leave|limit|volatile'
  [TEST_LOCK]='yes|no'
  [ENROL_NAME]='none|[^[:cntrl:]/]{1,80}'
  [ENROL_PICTURES]='none|/[^[:cntrl:]]+'
)
declare -A answer=(
  [DEVICE_ID]=front-door [DEVICE_NAME]="Front door" [CAMERA_DRIVER]='' [CAMERA_SOURCE]='' [LOCK]=simulated
  [GPIO_CHIP]=/dev/gpiochip0 [LOCK_LINE]=17 [LOCKING_LINE]=none [RELAY]=high [RELEASE_TIME]=5.0 [EXIT_LINE]=none
  [CONTACT_LINE]=none [RISK]=standard [MQTT_HOST]=none [MQTT_PORT]='' [MQTT_TLS]=yes [MQTT_CA]=none [MQTT_USER]=none
  [MQTT_PASSWORD]='' [SPEECH]=no [KEYS]=auto [JOURNALD]=leave [TEST_LOCK]=no [ENROL_NAME]=none [ENROL_PICTURES]=none
)

is_answer() { [[ $2 =~ ^(${answer_form[$1]})$ ]]; }

# read_answers FILE: KEY=value, one a line. It is read and never run; each fault is told, and one is enough to stop.
read_answers() {
  local file=$1 line key value number=0 faults=() seen=' '
  [ -r "$file" ] || fail "cannot read the answers $file"
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    [[ $line =~ ^[[:space:]]*(#.*)?$ ]] && continue
    key=${line%%=*} value=${line#*=}
    if [ "$key" = "$line" ]; then faults+=("line $number: expected KEY=value"); continue; fi
    if ! [[ $key =~ ^[A-Z_]+$ ]] || [ -z "${answer_form[$key]+there}" ]; then faults+=("line $number: there is no answer of that name; known: $(known_answers)"); continue; fi
    if [[ $seen == *" $key "* ]]; then faults+=("line $number: $key is given twice"); continue; fi
    seen+="$key "
    if ! is_answer "$key" "$value"; then faults+=("line $number: $key may be ${answer_form[$key]}"); continue; fi
    answer[$key]=$value
  done <"$file"
  if [[ $seen == *" MQTT_PASSWORD "* ]] && (($(stat -c '0%a' "$file") & 077)); then
    faults+=("it holds a password, and others can read it. Run: chmod 600 $file")
  fi
  [ ${#faults[@]} -eq 0 ] || fail "$file: $(printf '%s\n' "${faults[@]}")"
}

known_answers() { printf '%s\n' "${!answer_form[@]}" | sort | tr '\n' ' '; }

# finish_answers: what follows from the machine and from other answers, and what does not go together.
finish_answers() {
  if [ -z "${answer[CAMERA_DRIVER]}" ]; then
    answer[CAMERA_DRIVER]=${found_driver:-opencv}
    [ -n "${answer[CAMERA_SOURCE]}" ] || answer[CAMERA_SOURCE]=${found_source:-0}
  fi
  if [ -z "${answer[CAMERA_SOURCE]}" ]; then
    [ "${answer[CAMERA_DRIVER]}" != replay ] || fail "CAMERA_DRIVER=replay needs CAMERA_SOURCE, the recording"
    answer[CAMERA_SOURCE]=0
  fi
  if [ -z "${answer[MQTT_PORT]}" ]; then
    if [ "${answer[MQTT_TLS]}" = yes ]; then answer[MQTT_PORT]=8883; else answer[MQTT_PORT]=1883; fi
  fi
  case ${answer[LOCK]} in
    latching | motor) [ "${answer[LOCKING_LINE]}" != none ] || fail "LOCK=${answer[LOCK]} needs LOCKING_LINE, the line whose pulse locks" ;;
    *) [ "${answer[LOCKING_LINE]}" = none ] || fail "LOCKING_LINE is for LOCK=latching and LOCK=motor alone" ;;
  esac
  if is_network_camera && [ -z "$(camera_address)" ]; then
    fail "a network camera needs its address in numbers, such as rtsp://192.0.2.17/stream: the lock may ask no name server"
  fi
  if [ "${answer[ENROL_PICTURES]}" != none ] && [ "${answer[ENROL_NAME]}" = none ]; then fail "ENROL_PICTURES needs ENROL_NAME"; fi
}

is_network_camera() { [[ ${answer[CAMERA_SOURCE]} == *://* ]]; }

# camera_address: the IPv4 address in the camera's URL.
camera_address() {
  if [[ ${answer[CAMERA_SOURCE]} =~ ^[a-z]+://([^/]*@)?([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+)(:[0-9]+)?(/|$) ]]; then
    printf '%s' "${BASH_REMATCH[2]}"
  fi
}

# ask KEY QUESTION: until the answer is one; Enter keeps what is there. A password is not shown.
ask() {
  local key=$1 question=$2 given secretly=() shown=${answer[$1]}
  if [ "$key" = MQTT_PASSWORD ]; then secretly=(-s) shown=; fi
  while :; do
    read -r "${secretly[@]}" -p "$question${shown:+ [$shown]}: " given || fail "no answer; nothing is changed"
    if [ "$key" = MQTT_PASSWORD ]; then echo; fi
    given=${given:-${answer[$key]}}
    if [ -z "$given" ] && [ "$key" = MQTT_PASSWORD ]; then return 0; fi
    if is_answer "$key" "$given"; then answer[$key]=$given; return 0; fi
    warn "that cannot be: expected ${answer_form[$key]}"
  done
}

# ask_everything: the few questions of a first set-up.
ask_everything() {
  say "a few questions; Enter takes what is in brackets"
  ask DEVICE_NAME "What is this door called"
  answer[CAMERA_DRIVER]=${found_driver:-opencv} answer[CAMERA_SOURCE]=${found_source:-0}
  ask CAMERA_DRIVER "Camera: picamera2 (ribbon cable), opencv (USB, network) or replay (a recording)"
  ask CAMERA_SOURCE "Which one: its number, its path, or rtsp://user:password@192.0.2.17/path"
  ask_lock
  ask RISK "Risk: convenience (quick), standard, or high (careful; docs/access.md)"
  ask_broker
  ask SPEECH "Hints spoken aloud, by a loudspeaker at this machine"
}

ask_lock() {
  wiring_picture
  ask LOCK "Lock: strike, strike_fail_safe, maglock, latching, motor, simulated (try it without one) or none (a kiosk)"
  case ${answer[LOCK]} in simulated | none) return 0 ;; esac
  answer[GPIO_CHIP]=${found_chip:-/dev/gpiochip0}
  ask GPIO_CHIP "GPIO chip"
  ask LOCK_LINE "Line of the relay, as gpioinfo counts (on a Pi the GPIO number)"
  case ${answer[LOCK]} in latching | motor) ask LOCKING_LINE "Line whose pulse locks" ;; esac
  ask RELAY "The relay module pulls in on: high or low"
  ask RELEASE_TIME "Seconds for which the door stays unlocked"
  ask EXIT_LINE "Line of the exit button inside, or none"
  ask CONTACT_LINE "Line of the door contact, or none"
}

ask_broker() {
  local found
  found=$(find_broker)
  if [ -n "$found" ]; then tell "an MQTT broker answers at $found"; fi
  if [ -n "$found" ]; then answer[MQTT_HOST]=${found%:*} answer[MQTT_PORT]=${found##*:}; fi
  ask MQTT_HOST "MQTT broker (Home Assistant), or none"
  [ "${answer[MQTT_HOST]}" != none ] || return 0
  if [ "${answer[MQTT_PORT]}" = 1883 ]; then answer[MQTT_TLS]=no; fi
  ask MQTT_TLS "With TLS, so that nobody on the network reads along"
  if [ "${answer[MQTT_TLS]}" = yes ]; then
    answer[MQTT_PORT]=8883
    ask MQTT_CA "File of the broker's certificate authority, or none (the system's)"
  fi
  ask MQTT_PORT "Port"
  ask MQTT_USER "User at the broker, or none"
  [ "${answer[MQTT_USER]}" = none ] || ask MQTT_PASSWORD "Its password (not shown)"
}
