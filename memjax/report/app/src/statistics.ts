// The few formulas that the page needs besides the numbers it is given.

/** Wilson's 95 % interval of a rate seen in `count` trials. */
export function wilson(rate: number, count: number): [number, number] {
  if (!(count > 0) || !Number.isFinite(rate)) return [NaN, NaN];
  const z = 1.96;
  const shrink = 1 + (z * z) / count;
  const centre = (rate + (z * z) / (2 * count)) / shrink;
  const half = (z / shrink) * Math.sqrt((rate * (1 - rate)) / count + (z * z) / (4 * count * count));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}

/** Mid-p limits of a difference of two rates, from counts: those of `difference_limits` in Python. */
export function differenceLimits(rightIn: number, numIn: number, rightOut: number, numOut: number): [number, number] {
  const [p, q] = [rightIn / numIn, rightOut / numOut];
  const lower = [leastRate(rightIn, numIn), leastRate(rightOut, numOut)];
  const upper = [1 - leastRate(numIn - rightIn, numIn), 1 - leastRate(numOut - rightOut, numOut)];
  return [p - q - Math.hypot(p - lower[0], upper[1] - q), p - q + Math.hypot(upper[0] - p, q - lower[1])];
}

/** The rate at which more right answers, or just so many counted by half, have a probability of 2.5 %. */
function leastRate(right: number, count: number): number {
  let ways = 0; // logarithm of `count` choose `right`
  for (let k = 1; k <= right; k++) ways += Math.log((count - right + k) / k);
  let [low, high] = [0, right / count];
  for (let step = 0; step < 40; step++) {
    const rate = (low + high) / 2;
    let term = Math.exp(ways + right * Math.log(rate) + (count - right) * Math.log1p(-rate));
    let chance = term / 2;
    for (let k = right; k < count; k++) chance += term *= (((count - k) / (k + 1)) * rate) / (1 - rate);
    if (chance < 0.025) low = rate;
    else high = rate;
  }
  return low;
}

/** About how many standard errors the largest of so many numbers lies above 0 if all of them are noise. */
export function largestOfNoise(count: number): number {
  if (count < 2) return 0;
  const tail = Math.sqrt(2 * Math.log(count));
  return tail - (Math.log(Math.log(count)) + Math.log(4 * Math.PI)) / (2 * tail);
}

/** Spearman's rank correlation over the places where both are defined; equal values share their mean rank. */
export function rankCorrelation(one: ArrayLike<number>, other: ArrayLike<number>): number {
  const known: number[] = [];
  for (let place = 0; place < one.length; place++) {
    if (Number.isFinite(one[place]) && Number.isFinite(other[place])) known.push(place);
  }
  const [first, second] = [ranks(known.map((place) => one[place])), ranks(known.map((place) => other[place]))];
  const middle = (known.length - 1) / 2;
  let [both, left, right] = [0, 0, 0];
  for (let at = 0; at < known.length; at++) {
    const [a, b] = [first[at] - middle, second[at] - middle];
    [both, left, right] = [both + a * b, left + a * a, right + b * b];
  }
  return both / Math.sqrt(left * right);
}

function ranks(values: number[]): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((one, other) => values[one] - values[other]);
  const found = new Float64Array(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let at = start; at < end; at++) found[order[at]] = (start + end - 1) / 2;
  }
  return found;
}

/** The bins of the histogram: 18 equal ones from the lowest value, or 0, to the highest, or 1. */
export class Bins {
  static readonly COUNT = 18;
  readonly start: number;
  readonly end: number;
  readonly width: number;

  constructor(values: ArrayLike<number>) {
    let [low, high] = [0, 1];
    for (let place = 0; place < values.length; place++) {
      if (values[place] < low) low = values[place];
      if (values[place] > high) high = values[place];
    }
    [this.start, this.end] = [low, high > 1.001 ? high : 1]; // by less it is rounding
    this.width = (this.end - low) / Bins.COUNT;
  }

  /** The bin of a value; -1 where it is undefined. */
  of(value: number): number {
    if (Number.isNaN(value)) return -1;
    return Math.max(0, Math.min(Bins.COUNT - 1, Math.floor((value - this.start) / this.width)));
  }

  edge(bin: number): number {
    return bin >= Bins.COUNT ? this.end : this.start + bin * this.width;
  }
}
