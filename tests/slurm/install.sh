#!/bin/sh
# Installs SLURM for the tests of its launcher (Debian and its children).
set -eu
command -v slurmctld > /dev/null || {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge > /dev/null
}
slurmctld -V
