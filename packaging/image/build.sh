#!/usr/bin/env bash
# The Debian package from this source tree, as /opt/package/interlock.deb. launch/setup knows what that needs.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export LIBTORCH_ROOT=/opt/libtorch INTERLOCK_CMAKE_ARGS="-DINTERLOCK_TESTS=OFF ${INTERLOCK_CMAKE_ARGS:-}"
"$root/launch/setup"
apt-get install -y -qq --no-install-recommends dpkg-dev # dpkg-shlibdeps: which packages the program needs
cd "$root/build/release"
cpack -G DEB
mkdir -p /opt/package
mv interlock_*.deb /opt/package/interlock.deb
