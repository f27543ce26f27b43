#!/bin/bash
# Cloud TPU VMs: the same command on every host of a slice.
#   RUN=gs://BUCKET/cifar100 PROJECT=... ZONE=... bash tpu.sh NAME --preset fz-cifar100 --precision bfloat16
# NAME is an existing TPU VM with memjax installed in ~/memjax/.venv on each host.  RUN is a run folder that all hosts see: in
# a bucket, or on a shared disk.  Each host asks the metadata server for its number and the list of hosts, and is that worker;
# the hosts exchange only files.  Compiled programs are kept beside the run, so that the next start does not compile again.
# Run it again after a preemption to continue.
set -euo pipefail

name=$1
shift
run=$(printf %q "${RUN:-/mnt/shared/runs/memjax}")
options=$(printf ' %q' "$@")

gcloud compute tpus tpu-vm ssh "$name" --project="$PROJECT" --zone="$ZONE" --worker=all --command="
  set -e
  about() { curl -sf -H Metadata-Flavor:Google http://metadata.google.internal/computeMetadata/v1/instance/attributes/\$1; }
  index=\$(about agent-worker-number)
  hosts=\$(about worker-network-endpoints)
  count=\$(echo \$hosts | tr , '\n' | wc -l)
  export JAX_COMPILATION_CACHE_DIR=$run-compiled
  cd ~/memjax && .venv/bin/python -m memjax.run --run $run --worker \$index/\$count$options"
