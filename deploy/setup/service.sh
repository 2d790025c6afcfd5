# shellcheck shell=bash
# Packages, users, folders, keys and units; sourced, not run.

# --- packages ---

packages_step() {
  local package wanted_packages=()
  if [ -z "$chosen_python" ] && [[ ${python:-/usr/bin/python3} == /usr/bin/* ]]; then
    package=$(basename "${python:-python3}")
    wanted_packages+=("$package" "$package-venv")
    if is_pi; then wanted_packages+=(python3-picamera2); fi
  fi
  if [ "${answer[SPEECH]}" = yes ]; then wanted_packages+=(espeak-ng); fi
  step "finish what apt was doing when it was cut off" dpkg_is_whole mend_dpkg
  step "install the packages ${wanted_packages[*]}" are_installed install_packages "${wanted_packages[@]}"
  if [ -z "$dry" ] && [ -z "$python" ]; then find_python; fi
  [ -n "$dry" ] || [ -n "$python" ] || fail "there is still no Python 3.11 or newer"
}
dpkg_is_whole() { ! command -v dpkg >/dev/null || { [ -z "$(dpkg --audit 2>/dev/null)" ] && [ -z "$(ls /var/lib/dpkg/updates 2>/dev/null)" ]; }; }
mend_dpkg() {
  quietly env DEBIAN_FRONTEND=noninteractive dpkg --configure -a || true
  quietly env DEBIAN_FRONTEND=noninteractive apt-get -y --fix-broken install || fail "apt is in disorder; run: sudo dpkg --configure -a"
}
are_installed() {
  local package
  for package in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || return 1
  done
}
install_packages() {
  local package missing=()
  for package in "$@"; do are_installed "$package" || missing+=("$package"); done
  remember packages "$({ remembered packages; printf '%s\n' "${missing[@]}"; } | sort -u)"
  # Without the network, what apt has already may do.
  quietly apt-get -qq update || warn "apt cannot be brought up to date; going on with what it knows"
  quietly env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "${missing[@]}" ||
    fail "apt could not install ${missing[*]}"
}

# --- users and folders ---

users_step() {
  step "make the group gpio" group_exists make_gpio_group gpio
  step "let the group gpio open the GPIO chips" chips_are_open open_chips
  local name
  for name in faceplate faceplate-bridge; do
    step "make the group $name" group_exists make_group $name
    step "make the user $name" user_exists make_user $name
  done
  step "let faceplate use GPIO" is_member join faceplate gpio
  step "let faceplate use GPIO and cameras" is_member join faceplate video
  step "let faceplate-bridge ask the lock" is_member join faceplate-bridge faceplate
  step "make $store" is_folder make_folder "$store" 700
  step "make $etc" is_folder make_folder "$etc" 750
  step "give what was kept in $store and $etc back to its users" is_owned own
}
group_exists() { getent group "$1" >/dev/null; }
make_group() { groupadd --system "$1"; }
make_gpio_group() { remember made-gpio yes; groupadd --system gpio; }
user_exists() { getent passwd "$1" >/dev/null; }
make_user() { useradd --system --gid "$1" --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin "$1" 2>/dev/null; }
is_member() { id -nG "$1" 2>/dev/null | tr ' ' '\n' | grep -qx "$2"; }
join() { usermod --append --groups "$2" "$1"; }
is_folder() { [ "$(stat -c '%a %U:%G' "$1" 2>/dev/null)" = "$2 faceplate:faceplate" ]; }
make_folder() { install -d -o faceplate -g faceplate -m "$2" "$1"; }
is_owned() { [ -z "$(foreign)" ]; }
foreign() {
  local name
  if ! user_exists faceplate || ! user_exists faceplate-bridge; then return 0; fi
  if [ -d "$store" ]; then find "$store" -not -user faceplate -print -quit; fi
  for name in config.yaml gallery.key broker-ca.crt; do find "$etc/$name" -not -user faceplate 2>/dev/null || true; done
  find "$etc/mqtt.password" -not -user faceplate-bridge 2>/dev/null || true
}
own() {
  local name
  chown -Rh faceplate:faceplate "$store"
  for name in config.yaml gallery.key broker-ca.crt; do if [ -e "$etc/$name" ]; then chown faceplate:faceplate "$etc/$name"; fi; done
  if [ -e "$etc/mqtt.password" ]; then chown faceplate-bridge:faceplate-bridge "$etc/mqtt.password"; fi
}
# Raspberry Pi OS has such a rule, and its group; a plain Debian has neither.
udev_rule='SUBSYSTEM=="gpio", KERNEL=="gpiochip*", GROUP="gpio", MODE="0660"'
udev_file=$prefix/etc/udev/rules.d/60-faceplate-gpio.rules
chips_are_open() { { [ -z "$(remembered made-gpio)" ] && group_exists gpio; } || holds "$udev_file" 0644 root:root "$udev_rule"; }
open_chips() {
  put "$udev_file" 0644 root:root "$udev_rule"
  if command -v udevadm >/dev/null; then
    { udevadm control --reload && udevadm trigger --subsystem-match=gpio; } || warn "udev did not read its new rule; it will after a restart"
  fi
}

# --- keys ---

keys_step() {
  step "make the key of the people's faces, and keep it: $(how_kept)" key_is_there make_key
  if [ "${answer[MQTT_HOST]}" != none ] && [ -n "${answer[MQTT_PASSWORD]}" ]; then
    step "keep the broker's password: $(how_kept)" password_is_kept keep_password
  fi
}
how_kept() { if can_seal; then echo "sealed to this machine by systemd"; else echo "in a file that only its user can read"; fi; }

# can_seal: systemd seals a secret, and hands it to a service that runs as our user. Tried once, and remembered.
can_seal() {
  case $(remembered keys) in sealed) return 0 ;; file) return 1 ;; esac
  { [ "${answer[KEYS]}" = auto ] && command -v systemd-creds >/dev/null; } || return 1
  if [ -n "$dry" ]; then return 0; fi
  if user_exists faceplate && seals; then remember keys sealed; return 0; fi
  remember keys file
  return 1
}
seals() {
  local trial told
  trial=$(mktemp "$prefix/run/faceplate-seal.XXXXXX")
  if echo works | systemd-creds encrypt --name=trial - "$trial" 2>/dev/null; then
    # shellcheck disable=SC2016 # the service's own variable
    told=$(systemd-run --quiet --wait --pipe --collect -p User=faceplate -p "LoadCredentialEncrypted=trial:$trial" \
      /bin/sh -c 'cat "$CREDENTIALS_DIRECTORY/trial"' 2>/dev/null </dev/null) || true
  fi
  rm -f "$trial"
  [ "${told:-}" = works ]
}

key_is_there() { [ -e "$etc/gallery.key" ] || [ -e "$credentials/faceplate.gallery.key" ] || [ -e "${credentials%.encrypted}/faceplate.gallery.key" ]; }
make_key() {
  if [ -n "$(ls "$store/people" 2>/dev/null)" ]; then
    fail "there are people in $store/people, and their key is gone. Put back $etc/gallery.key from the copy you keep, or remove that folder and enrol again"
  fi
  if can_seal; then seal gallery.key < <(head -c 32 /dev/urandom); else keep gallery.key faceplate < <(head -c 32 /dev/urandom); fi
}
# seal NAME, keep NAME OWNER: standard input, whole or not at all. A secret is never among a program's words.
seal() {
  local file=$credentials/faceplate.$1
  folder_for "$credentials"
  chmod 700 "$credentials"
  rm -f "$file.setup"
  systemd-creds encrypt --name="$1" - "$file.setup" 2>>"$log_file" || fail "systemd could not seal $1; $log_file tells why"
  chmod 600 "$file.setup"
  sync "$file.setup"
  mv -T "$file.setup" "$file"
}
keep() {
  local file=$etc/$1
  install -m 600 -o "$2" -g "$2" /dev/null "$file.setup"
  cat >"$file.setup"
  sync "$file.setup"
  mv -T "$file.setup" "$file"
}
password_is_kept() { [ "$(kept_password)" = "${answer[MQTT_PASSWORD]}" ]; }
kept_password() {
  if can_seal; then
    systemd-creds decrypt --name=mqtt.password "$credentials/faceplate.mqtt.password" - 2>/dev/null
  else
    cat "$etc/mqtt.password" 2>/dev/null
  fi || true
}
keep_password() {
  needs_restart
  if can_seal; then seal mqtt.password < <(printf '%s' "${answer[MQTT_PASSWORD]}"); else keep mqtt.password faceplate-bridge < <(printf '%s' "${answer[MQTT_PASSWORD]}"); fi
}

# as_daemon COMMAND...: as the daemon's user, with its sealed key if that is sealed.
as_daemon() {
  if [ -e "$credentials/faceplate.gallery.key" ]; then
    systemd-run --quiet --wait --pipe --collect -p User=faceplate \
      -p "LoadCredentialEncrypted=gallery.key:$credentials/faceplate.gallery.key" "$@" </dev/null
  else
    env -C / runuser -u faceplate -- "$@" </dev/null
  fi
}
