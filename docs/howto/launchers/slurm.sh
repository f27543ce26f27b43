#!/bin/bash
# SLURM: an array of independent jobs on one run folder.
#   sbatch slurm.sh --preset fz-cifar100 --num-models 2000
# The place of a job in the array is its worker number.  A job whose time runs out is put back into the queue and continues
# later; SLURM itself puts back a job that it preempts.  A job that is cancelled, or that fails, stays away.
#SBATCH --job-name=memjax
#SBATCH --array=0-15
#SBATCH --ntasks=1
#SBATCH --gpus-per-task=1
#SBATCH --time=04:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@120
# Two minutes before the end the shell of the batch script gets USR1.  bash runs a trap only between two commands.  memjax
# therefore runs in the background; `wait` returns when the signal comes and has to be called again.

folder=${MEMJAX_RUN:-/shared/runs/memjax}
began=$(mktemp)

trap 'kill -USR1 $!' USR1 # srun passes the signal to memjax, which finishes the running models and ends with 75
trap 'kill -TERM $!' TERM # cancelled or preempted: it ends with 143
srun python -m memjax.run --run "$folder" "$@" &
step=$!

wait "$step"
code=$?
while kill -0 "$step" 2> /dev/null; do
  wait "$step"
  code=$?
done

gained() { # whether any model was finished or checkpointed since; not known of an object store
  case $folder in *://*) return 0 ;; esac
  [ -n "$(find "$folder"/blocks "$folder"/midway "$folder"/pieces -type f -newer "$began" -print -quit 2> /dev/null)" ]
}

if [ "$code" -eq 75 ] || [ "$code" -eq 138 ]; then # the time was up; 138: before memjax listened to the signal
  if [ "${SLURM_RESTART_COUNT:-0}" -gt 0 ] && ! gained; then
    echo "put back, and no model was finished again: give more --time, --checkpoint-minutes or a smaller --pack-size" >&2
    exit 1
  fi
  job=$SLURM_JOB_ID
  [ -n "$SLURM_ARRAY_JOB_ID" ] && job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
  scontrol requeue "$job"
fi
exit "$code"
