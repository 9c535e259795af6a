#!/bin/bash
# SPDX-License-Identifier: BSL-1.0
#
# certificates.sh FOLDER: makes an authority, a certificate of it for localhost only, and another authority.
# Prints the SHA-256 of the certificate's public key.
set -eu

cd "$1"
exec 2>openssl.log
key=(-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc)

for name in authority stranger; do
  openssl req -x509 "${key[@]}" -days 1 -subj "/CN=hawser $name" -keyout "$name-key.pem" -out "$name.pem"
done
printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >server.cnf
openssl req "${key[@]}" -subj /CN=localhost -keyout server-key.pem -out server.csr
openssl x509 -req -in server.csr -CA authority.pem -CAkey authority-key.pem -days 1 \
  -extfile server.cnf -out server.pem
openssl x509 -in server.pem -noout -pubkey | openssl pkey -pubin -outform der |
  openssl dgst -sha256 -binary | openssl base64
