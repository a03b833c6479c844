#!/usr/bin/env bash
# The part of scripts/bench.sh that runs in its own mount namespace. There it mounts empty file systems
# over /etc/ssl/certs and /run, so that the results do not depend on the machine, and the machine is not
# changed.
# Usage: inside.sh WORK ROUNDS. Writes WORK/roots, WORK/entrypoints, WORK/stages and WORK/many; and
# WORK/java, if this machine has a JVM.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$1 rounds=$2
bench=/run/bench
ca=/usr/local/share/ca-certificates/custom-ca.crt
roots=/etc/ssl/certs/ca-certificates.crt

# A JVM's roots and its keytool, if a JVM is installed; then the JVM is hidden, because trust-init does
# nothing for Java in an image without one.
keytool=$(readlink -f "$(command -v keytool || true)")
if [ -n "$keytool" ]; then
    home=${keytool%/bin/keytool}
    mkdir -p "$work/jvm" "$work/home/lib/security"
    cp -L "$home/lib/security/cacerts" "$work/home/lib/security"
    mount --bind "$home" "$work/jvm"
fi
[ ! -d /usr/lib/jvm ] || mount -t tmpfs tmpfs /usr/lib/jvm

# As in an image: all of Mozilla's roots, without additions of this machine. No hooks: the usual one
# imports every root into a Java key store, and takes longer than everything else.
for directory in /run /etc/ssl/certs /usr/local/share/ca-certificates /etc/ca-certificates/update.d; do
    mount -t tmpfs -o mode=755 tmpfs "$directory"
done
(cd /usr/share/ca-certificates && printf '%s\n' mozilla/*.crt) >"$work/ca-certificates.conf"
mount --bind "$work/ca-certificates.conf" /etc/ca-certificates.conf
update-ca-certificates >/dev/null
mkdir "$bench"
cp -a /etc/ssl/certs "$bench/certs"
count=$(grep -c BEGIN "$roots")
echo "$count" >"$work/roots"
if ((count < 140)); then
    echo "bench.sh: error: cannot compare: only $count public roots are on this machine, 140 are needed" >&2
    echo "bench.sh: fix: apt-get install --only-upgrade ca-certificates" >&2
    exit 1
fi

# Common entrypoints of other projects. The variables are those that trust-init sets.
cat >"$bench/sh" <<'EOF'
#!/bin/sh
exec "$@"
EOF
cat >"$bench/sh-cat" <<'EOF'
#!/bin/sh
set -e
bundle=/run/ca-bundle.crt
cat /etc/ssl/certs/ca-certificates.crt /usr/local/share/ca-certificates/*.crt >$bundle
export SSL_CERT_FILE=$bundle REQUESTS_CA_BUNDLE=$bundle CURL_CA_BUNDLE=$bundle
export GIT_SSL_CAINFO=$bundle AWS_CA_BUNDLE=$bundle PIP_CERT=$bundle
export NODE_EXTRA_CA_CERTS=/usr/local/share/ca-certificates/custom-ca.crt
export DENO_CERT=/usr/local/share/ca-certificates/custom-ca.crt
exec "$@"
EOF
cat >"$bench/update" <<'EOF'
#!/bin/sh
set -e
update-ca-certificates
exec "$@"
EOF
cat >"$bench/trust" <<'EOF'
#!/bin/sh
set -e
trust extract --format=pem-bundle --filter=ca-anchors --purpose=server-auth --overwrite /run/ca-bundle.crt
exec "$@"
EOF
chmod +x "$bench/trust" "$bench/sh" "$bench/sh-cat" "$bench/update"

# An environment without trust variables, terminal and input.
measure() {
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin ${java:+JAVA_HOME=$java} \
        "$work/runner" "$@" </dev/null
}

# Every entry starts with the mounted CA and the image's roots, and restores them; each run is followed by a
# check of the files that it must create. The restart must follow the start.
holds() { echo "[ \$(grep -c BEGIN $1) = $((count + 1)) ]"; }
cp "$work/ca.crt" "$ca"
run="$work/true"
cat >"$work/plan" <<EOF
none|1|||$run
trampoline|1|||$work/trampoline $run
tini|1|||$(command -v tini-static) -- $run
sh|1|||$bench/sh $run
sh-cat|1|rm -f /run/ca-bundle.crt|$(holds /run/ca-bundle.crt)|$bench/sh-cat $run
first|1|rm -rf /run/trust-init|$(holds /run/trust-init/ca-bundle.crt)|$work/trust-init -- $run
restart|1||$(holds /run/trust-init/ca-bundle.crt)|$work/trust-init -- $run
no-ca|1|rm -rf $ca /run/trust-init|[ ! -e /run/trust-init ] && cp $work/ca.crt $ca|$work/trust-init -- $run
trust|5|rm -f /run/ca-bundle.crt|[ -s /run/ca-bundle.crt ]|$bench/trust $run
update|10||$(holds $roots) && rm -rf /etc/ssl/certs/* && cp -a $bench/certs/. /etc/ssl/certs|$bench/update $run
EOF
measure "$rounds" "$work/plan" >"$work/entrypoints"

# The steps of a start, one more in each line.
before="rm -rf /run/trust-init; $work/trust-init --log quiet --prepare"
cat >"$work/plan" <<EOF
none|1|||$run
trampoline|1|||$work/trampoline $run
no-ca|1|rm -rf $ca /run/trust-init|cp $work/ca.crt $ca|$work/trust-init -- $run
ca-alone|1|$before --roots none||$work/trust-init --java off --roots none -- $run
roots|1|$before||$work/trust-init --java off -- $run
restart|1|$before||$work/trust-init -- $run
first|1|rm -rf /run/trust-init||$work/trust-init -- $run
EOF
measure "$rounds" "$work/plan" >"$work/stages"

# Thousands of certificates: the cost per certificate must not grow with their number.
numbers=(10 100 1000 10000)
python3 certificates.py "$work/ca.crt" "$bench/many" "${numbers[@]}"
out=$bench/out
echo "none|1|||$run" >"$work/plan"
for count in "${numbers[@]}"; do
    after="[ \$(grep -hc BEGIN $out/*/ca-bundle.crt) = $count ]"
    command="$work/trust-init --prepare --dir $out --roots none --log quiet --ca $bench/many/$count"
    echo "$count|1|rm -rf $out|$after|$command"
done >>"$work/plan"
measure 10 "$work/plan" >"$work/many"

# A key store with the JVM's own roots and the CA: by trust-init at a start, and by keytool.
if [ -n "$keytool" ]; then
    store=/run/cacerts
    cat >"$work/plan" <<EOF
none|1|||$run
off|1|rm -rf /run/trust-init||$work/trust-init --java off -- $run
on|1|rm -rf /run/trust-init|[ -s /run/trust-init/truststore.jks ]|$work/trust-init -- $run
keytool|5|cp $work/home/lib/security/cacerts $store|[ -s $store ]|$work/jvm/bin/keytool -importcert -noprompt -alias ca -file $ca -keystore $store -storepass changeit
EOF
    java=$work/home measure "$rounds" "$work/plan" >"$work/java"
fi
