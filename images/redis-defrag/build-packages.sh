#!/bin/sh
# Makes Debian's packages of Redis anew in /packages, with the jemalloc that is part of Redis' sources in the place of Debian's: a server can
# ask only that one which pages are hardly used. All else is what Debian builds, with its security updates.
set -eu

apt-get update
apt-get install -y --no-install-recommends dpkg-dev
. /etc/os-release
release=$VERSION_CODENAME
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $release" | head -n 1)
wanted=$(apt-cache show --no-all-versions redis-server | sed -n 's/^Version: //p')

# Files of another line of versions could not be read once the setting is off again.
line=$(echo "${wanted#*:}" | cut -d . -f 1,2)

# Mirrors that are filled as somebody asks may have the sources of some updates only; then those of Debian's next release are taken, which
# gets security updates as well, though not always the same. They are signed by Debian; their date only says when the mirror last looked.
next_release=forky

mkdir /packages /source
cd /source
find /etc/apt -name '*.list' -exec sed -i 's/^deb \(.*\)/&\ndeb-src \1/' {} +
find /etc/apt -name '*.sources' -exec sed -i 's/^Types: deb$/& deb-src/' {} +
if ! { apt-get update && apt-get source "redis=$wanted"; }; then
  rm -rf ./*
  echo "deb-src [check-valid-until=no] $mirror $next_release main" > /etc/apt/sources.list.d/next-release.list
  apt-get update || true
  apt-get source "redis/$next_release" || true
fi
if ! cd redis-"$line".*/; then
  echo "redis.activeDefrag needs Redis built from source, and $mirror has the sources neither of redis $wanted nor of a later $line."
  echo "Name a Debian mirror that holds sources (mirrors.debian in .platform/site.json), or leave redis.activeDefrag out."
  exit 1
fi

export DEB_BUILD_PROFILES=nocheck DEB_BUILD_OPTIONS='nocheck noautodbgsym'
apt-get build-dep -y --no-install-recommends .
sed -i 's/USE_SYSTEM_JEMALLOC=yes/USE_SYSTEM_JEMALLOC=no/' debian/rules
sed -i '1s/)/+defrag)/' debian/changelog
dpkg-buildpackage --build=any,all --no-sign
mv ../redis-server_*.deb ../redis-tools_*.deb /packages

if dpkg-deb --field /packages/redis-tools_*.deb Depends | grep jemalloc; then
  echo "Debian's rules have changed: Redis is still built with Debian's jemalloc."
  exit 1
fi
