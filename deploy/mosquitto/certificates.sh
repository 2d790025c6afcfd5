#!/usr/bin/env bash
# A certificate authority of one's own, and the broker's certificate: ca.crt, ca.key, server.crt and server.key, here.
# Usage: deploy/mosquitto/certificates.sh NAME, where NAME is what the doors call the broker: broker.lan
set -euo pipefail

[[ $# -eq 1 && -n $1 ]] || { echo "usage: $0 NAME, the broker's host name, such as broker.lan" >&2; exit 2; }
name=$1
umask 077
curve=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes)

# A second run makes a new certificate for the broker; the doors keep the authority they know.
if [[ ! -e ca.key ]]; then
    openssl req -x509 "${curve[@]}" -days 3650 -subj "/CN=Home CA" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" -keyout ca.key -out ca.crt
fi
openssl req "${curve[@]}" -subj "/CN=$name" -keyout server.key -out server.csr
printf 'subjectAltName=DNS:%s\nauthorityKeyIdentifier=keyid\n' "$name" >extensions
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 825 -extfile extensions -out server.crt
rm server.csr extensions
chmod 644 ca.crt server.crt
echo "server.crt and server.key go to the broker, ca.crt to every door, and ca.key into a drawer."
