#!/usr/bin/env bash
# Installs from Debian what the whole test run needs beside Node. Safe to run again: it asks apt only for what is missing.
#   postgresql    the smoke run on an external database        nginx, hydra, iproute2   the loop in network namespaces
#   chromium      pages, axe, pictures                         fail2ban                 the peer of the benchmarks
#   redis-server  a shared store of the guard                  oathtool, zbar-tools     codes and QR codes, made and read by somebody else
#   python3-django the example for Django, and its guide
set -euo pipefail
packages=(postgresql nginx-light hydra iproute2 chromium fonts-dejavu-core fail2ban crowdsec python3 python3-django util-linux procps redis-server
  oathtool zbar-tools openssh-server openssh-client logrotate rsyslog nftables openssl)
missing=()
for name in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing from Debian: ${missing[*]}"
# A package must not start a service of its own on the machine that runs the tests: the tests start what they need.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' > "$policy" && chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi
# Its package registers with a service outside unless this file says something, and fails where there is no way out.
capi=/etc/crowdsec/online_api_credentials.yaml
if [[ " ${missing[*]} " == *' crowdsec '* ]] && [ ! -s "$capi" ]; then
  mkdir -p "$(dirname "$capi")" && echo '# not registered: it only reads files here' > "$capi"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
