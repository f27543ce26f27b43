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

if [ "$code" -eq 75 ]; then # the time was up: finished models are saved
  job=$SLURM_JOB_ID
  [ -n "$SLURM_ARRAY_JOB_ID" ] && job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
  scontrol requeue "$job"
fi
exit "$code"
