// Epochs until an example is learned, on a scale of logarithms that has a place for 0.

const TICKS = [0, 1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500, 1000];

/** Forty equal steps of the logarithm from the earliest to the latest. */
export class Steps {
  static readonly COUNT = 40;
  private readonly start: number;
  private readonly span: number;

  constructor(values: ArrayLike<number>) {
    let [low, high] = [Infinity, -Infinity];
    for (let place = 0; place < values.length; place++) {
      if (values[place] < low) low = values[place];
      if (values[place] > high) high = values[place];
    }
    this.start = Number.isFinite(low) ? Math.log1p(low) : 0;
    this.span = Math.log1p(high) - this.start || 1;
    if (!Number.isFinite(this.span)) this.span = 1;
  }

  /** Where epochs lie between the earliest, 0, and the latest, 1. */
  fraction(epochs: number): number {
    return (Math.log1p(epochs) - this.start) / this.span;
  }

  /** The step of a number of epochs; -1 where it is undefined. */
  of(epochs: number): number {
    if (Number.isNaN(epochs)) return -1;
    return Math.max(0, Math.min(Steps.COUNT - 1, Math.floor(this.fraction(epochs) * Steps.COUNT)));
  }

  edge(step: number): number {
    return Math.expm1(this.start + (this.span * step) / Steps.COUNT);
  }

  get ticks(): number[] {
    return TICKS.filter((epochs) => this.fraction(epochs) > -1e-6 && this.fraction(epochs) < 1 + 1e-6);
  }
}
