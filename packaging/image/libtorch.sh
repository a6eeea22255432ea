#!/usr/bin/env bash
# LibTorch into /opt/torch, with /opt/libtorch as the link that the packaged program looks at. First of the image's
# build steps, because it changes least. TORCH_INDEX: another package index, such as PyTorch's for CPU-only wheels.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../../launch/lib/common.sh" # torch_version

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends ca-certificates python3 python3-venv
python3 -m venv /opt/torch
/opt/torch/bin/pip install --quiet --no-cache-dir ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} "torch==$torch_version"
ln -s "$(echo /opt/torch/lib/python3*/site-packages/torch)" /opt/libtorch
