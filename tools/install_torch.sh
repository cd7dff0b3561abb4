#!/usr/bin/env bash
# Installs PyTorch into a virtual environment. The build of an ordinary package index brings gigabytes
# of GPU libraries, so where there is no GPU the one for CPUs is taken from PyTorch's own index,
# unless that cannot be reached within seconds.
# usage: tools/install_torch.sh VENV auto|cpu|gpu
set -euo pipefail
python=$1/bin/python build=$2
cpu_index=https://download.pytorch.org/whl/cpu

has_gpu() {
  nvidia-smi -L > /dev/null 2>&1 || compgen -G "/dev/nvidia[0-9]*" > /dev/null
}

cpu_index_answers() {
  timeout 8 "$python" -c \
    "import sys, urllib.request as web; web.urlopen(sys.argv[1], timeout=5)" \
    "$cpu_index/torch/" > /dev/null 2>&1
}

install() {
  "$python" -m pip --disable-pip-version-check install -c constraints.txt "$@"
}

case $build in
  auto) if has_gpu; then build=gpu; else build=cpu; fi ;;
  cpu | gpu) ;;
  *) echo "TORCH is auto, cpu or gpu, not $build" >&2; exit 2 ;;
esac
if [ "$build" = cpu ]; then
  echo "PyTorch: its build for CPUs, 200 MB (TORCH=gpu takes the one for GPUs)"
  if cpu_index_answers && install --no-deps --index-url "$cpu_index" torch; then
    exit
  fi
  echo "PyTorch: $cpu_index cannot be used from here; the configured package index has to do," \
    "and its build may bring gigabytes of GPU libraries"
else
  echo "PyTorch: its build for GPUs, gigabytes (TORCH=cpu takes the one for CPUs)"
fi
install torch
