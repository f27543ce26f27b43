// A number with its 95 % interval, as a dot on a line.
import { scaleLinear } from "d3-scale";
import { bins, run } from "./state";
import { differenceLimits } from "./statistics";
import { number } from "./words";

const WIDTH = 200;

export function Interval({ value, low, high, from, to }: { value: number; low: number; high: number; from: number; to: number }) {
  const x = scaleLinear([from, to], [4, WIDTH - 4]).clamp(true);
  if (!Number.isFinite(value)) return null;
  return (
    <svg class="interval" viewBox={`0 0 ${WIDTH} 16`} aria-hidden="true">
      <line class="track" x1={x(from)} x2={x(to)} y1={8} y2={8} />
      {from < 0 && <line class="zero" x1={x(0)} x2={x(0)} y1={2} y2={14} />}
      {Number.isFinite(low) && <line class="range" x1={x(low)} x2={x(high)} y1={8} y2={8} />}
      <circle cx={x(value)} cy={8} r={4} />
    </svg>
  );
}

/** How far a line of differences reaches to either side. */
export const reach = Math.max(bins.end, -bins.start);

/** The 95 % interval of memorization, or of influence on a test example: from counts of right answers where they are known. */
export function limits(train: number, value: number, stderr: number, test?: number): [number, number] {
  const { numIn, numOut, correctIn, correctOut, low, high } = run.train;
  if (low && high && test === undefined) return [low[train], high[train]];
  const [inside, outside] = [numIn[train], numOut[train]];
  if (!run.counted || !Number.isFinite(stderr)) {
    const most = run.bounded ? 1 : Infinity;
    return [Math.max(-most, value - 1.96 * stderr), Math.min(most, value + 1.96 * stderr)];
  }
  const all = test === undefined ? NaN : Math.round(run.test.correct[test] * (inside + outside));
  const rightIn = Math.round(test === undefined ? correctIn[train] * inside : (value + all / outside) / (1 / inside + 1 / outside));
  const rightOut = test === undefined ? Math.round(correctOut[train] * outside) : all - rightIn;
  return differenceLimits(rightIn, inside, rightOut, outside);
}

/** An interval in words. */
export function interval95([low, high]: [number, number]): string {
  return Number.isFinite(low) ? `95 % interval ${number(low, 2)} to ${number(high, 2)}` : "no interval: fewer than two models on a side";
}
