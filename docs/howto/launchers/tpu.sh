#!/bin/bash
# Cloud TPU VMs: the same command on every host of a slice.
#   PROJECT=... ZONE=... bash tpu.sh NAME --preset fz-cifar100 --precision bfloat16 --num-models 2000
# NAME is an existing TPU VM with memjax installed in ~/memjax/.venv on each host, and with a disk under /mnt/shared that all
# hosts see (Filestore).  Each host asks the metadata server for its number and the list of hosts, and is that worker; the
# hosts exchange only files.  Run it again after a preemption to continue.
set -euo pipefail

name=$1
shift
options=$(printf ' %q' "$@")

gcloud compute tpus tpu-vm ssh "$name" --project="$PROJECT" --zone="$ZONE" --worker=all --command="
  set -e
  about() { curl -sf -H Metadata-Flavor:Google http://metadata.google.internal/computeMetadata/v1/instance/attributes/\$1; }
  index=\$(about agent-worker-number)
  hosts=\$(about worker-network-endpoints)
  count=\$(echo \$hosts | tr , '\n' | wc -l)
  cd ~/memjax && .venv/bin/python -m memjax.run --run /mnt/shared/runs/memjax --worker \$index/\$count$options"
