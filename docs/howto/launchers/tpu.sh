#!/bin/bash
# Cloud TPU VMs: the same command on every host of a slice.
#   PROJECT=... ZONE=... bash tpu.sh NAME --preset fz-cifar100 --precision bfloat16 --num-models 2000
# NAME is a TPU VM that is there already, with memjax installed in ~/memjax/.venv on each host and a disk that all hosts
# see under /mnt/shared (Filestore).  --distributed auto asks jax.distributed once which host is which; from then on they
# exchange nothing but files.  Run it again after a preemption: it goes on where it was.
set -euo pipefail

name=$1
shift
options=$(printf ' %q' "$@")

gcloud compute tpus tpu-vm ssh "$name" --project="$PROJECT" --zone="$ZONE" --worker=all --command="
  cd ~/memjax && .venv/bin/python -m memjax.run --run /mnt/shared/runs/memjax --distributed auto$options"
