#!/usr/bin/env bash
# What is in the image: the package and what it needs, LibTorch (already in /opt/torch), and a user who is not root.
set -euo pipefail
ln -sfn "$(echo /opt/torch/lib/python3*/site-packages/torch)" /opt/libtorch
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends python3 /opt/package/interlock.deb
rm -rf /var/lib/apt/lists/* /opt/package
useradd --create-home --uid 1000 interlock
# Ranks are more than cores on most laptops, and Open MPI in a container sees no binding that is worth having. Debian's file
# ends without a line's end.
printf '\nrmaps_base_oversubscribe = 1\nhwloc_base_binding_policy = none\n' >> /etc/openmpi/openmpi-mca-params.conf
