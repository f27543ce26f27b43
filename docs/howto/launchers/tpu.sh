#!/bin/bash
# Cloud TPU VMs: the same command on every host of a slice.
#   PROJECT=... ZONE=... bash tpu.sh NAME --preset fz-cifar100 --precision bfloat16 --num-models 2000
# NAME is an existing TPU VM with memjax installed in ~/memjax/.venv on each host, and with a disk under /mnt/shared that all
# hosts see (Filestore).  --distributed auto asks jax.distributed once for the number of each host; after that the hosts
# exchange only files.  Run it again after a preemption to continue.
set -euo pipefail

name=$1
shift
options=$(printf ' %q' "$@")

gcloud compute tpus tpu-vm ssh "$name" --project="$PROJECT" --zone="$ZONE" --worker=all --command="
  cd ~/memjax && .venv/bin/python -m memjax.run --run /mnt/shared/runs/memjax --distributed auto$options"
