// The numbers of the run, out of the JSON block of the page.

export type Column = Float32Array | Float64Array | Int32Array | Int16Array | Uint16Array | Uint8Array;
export type Side = "train" | "test";

/** One training example a place, the most memorized first. */
export interface Train {
  row: Column;
  id: Column;
  label: Column;
  mislabelled: Column;
  mem: Column;
  stderr: Column;
  numIn: Column;
  numOut: Column;
  correctIn: Column;
  correctOut: Column;
  probabilityOut: Column | null;
  low?: Column; // of intervals, of scores from 0 to 1
  high?: Column;
}

export interface Test {
  row: Column;
  id: Column;
  label: Column;
  correct: Column;
}

/** A list of train-test pairs. */
export interface Pairs {
  train: Column;
  test: Column;
  infl: Column;
  stderr: Column;
  /** The share of false ones among the pairs that are at least as sure. */
  q: Column | null;
}

/** For each training example `count` test examples, one training example after the other. */
export interface Extremes {
  count: number;
  test: Column;
  infl: Column;
  stderr: Column;
  alike: Uint8Array | null;
}

export interface Alike {
  threshold: number;
  searched: number;
  of: Column;
  train: Column;
  value: Column;
}

/** Something of the models that trained on an example, and of those that did not. */
export interface Sides<T> {
  in: T;
  out: T;
}
export type SideName = keyof Sides<unknown>;

/** Trajectories: `epochs.length` bytes an example, one example after the other. */
export interface Curves {
  metric: "loss" | "error";
  epochs: number[];
  mean: Sides<Roots>;
  stderr: Sides<Roots>;
  /** Mean over all recorded epochs. */
  over: Sides<Column>;
  typical: Sides<Column>;
  easiest: Sides<number[]>;
  hardest: Sides<number[]>;
}

/** What was recorded while the models trained. */
export interface Dynamics {
  learnedFrom: string;
  first: number;
  last: number;
  num: Sides<Column>;
  /** Epochs until an example is right for the first time; null where nothing says when. */
  learned: Sides<Column> | null;
  learnedStderr: Sides<Column> | null;
  numLearned: Sides<Column> | null;
  curves: Curves | null;
}

/** Numbers kept as bytes on a scale of square roots. */
export class Roots {
  constructor(
    private readonly bytes: Uint8Array,
    private readonly top: number,
  ) {}

  at(index: number): number {
    const byte = this.bytes[index];
    return byte === 255 ? NaN : this.top * (byte / 254) ** 2;
  }
}

/** How the images of one side lie on their sheets; `files` is null where the sheets are in the page. */
export interface Pictures {
  kind: "pixels" | "photo";
  width: number;
  height: number;
  columns: number;
  rows: number;
  train: string[] | null;
  test: string[] | null;
}

/** The labels to look at, most suspicious first. */
export interface Suspects {
  answer: string;
  place: Column;
  wrong: Column;
  label: string[];
  preferred: string[];
  probability: Column;
  preferredProbability: Column;
  low: Column;
  high: Column;
}

/** The columns of a table, for the first places of each side.  A column of texts holds places in `texts`. */
export interface Cells {
  names: string[];
  columns: { texts: string[] | null; train: Column; test: Column; standing: Column | null }[];
  numTrain: number;
  numTest: number;
}

export interface Run {
  name: string;
  /** The user's own names of the examples of a side. */
  names: Record<Side, string[] | null>;
  suspects: Suspects | null;
  cells: Cells | null;
  classes: string[];
  numModels: number | null;
  shares: boolean; // what models reach on an example is a share that is right, and not another mean
  counted: boolean; // correctness of independent models, so that intervals come from counts
  bounded: boolean; // scores from -1 to 1, differences of shares or of probabilities
  train: Train;
  test: Test;
  numTrain: number;
  numTest: number;
  pairs: Pairs;
  pairsAlike: Column | null;
  numPairs: number;
  helped: Extremes | null;
  hurt: Extremes | null;
  alike: Alike | null;
  thresholds: { mem: number; infl: number };
  expectedByChance: number | null;
  dynamics: Dynamics | null;
  pictures: Pictures | null;
  checksums: Record<string, string>;
}

const KINDS = {
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};

type Packed = [keyof typeof KINDS, string];

const UNDEFINED = -32768;
const PLACES = 10_000;

export function unpack([kind, base64]: Packed): Column {
  return new KINDS[kind](bytesOf(base64).buffer);
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  const quick = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }).fromBase64;
  if (quick) return quick(base64);
  const text = atob(base64); // in browsers from before 2025
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return bytes;
}

function columns<T>(packed: Record<string, Packed | null>): T {
  return Object.fromEntries(Object.entries(packed).map(([name, value]) => [name, value && unpack(value)])) as T;
}

/** Whole ten-thousandths as numbers; of scores that go beyond 16 bits, the numbers themselves. */
function fromPlaces(packed: Packed): Column {
  const whole = unpack(packed);
  if (packed[0] === "float32") return whole;
  const values = new Float32Array(whole.length); // Float32Array.from is a hundred times slower
  for (let at = 0; at < whole.length; at++) values[at] = whole[at] === UNDEFINED ? NaN : whole[at] / PLACES;
  return values;
}

function extremes(packed: any, alike: Packed | undefined): Extremes | null {
  if (!packed) return null;
  return {
    count: packed.count,
    test: unpack(packed.test),
    infl: fromPlaces(packed.infl),
    stderr: fromPlaces(packed.stderr),
    alike: alike ? (unpack(alike) as Uint8Array) : null,
  };
}

function sides<T>(raw: any, of: (side: SideName) => T): Sides<T> {
  return raw && { in: of("in"), out: of("out") };
}

function dynamicsOf(raw: any): Dynamics | null {
  if (!raw) return null;
  const known = raw.learned_in ? raw : null;
  const { curves } = raw;
  return {
    ...raw,
    num: sides(raw, (side) => unpack(raw[`num_${side}`])),
    learned: sides(known, (side) => unpack(raw[`learned_${side}`])),
    learnedStderr: sides(known, (side) => unpack(raw[`learned_${side}_stderr`])),
    numLearned: sides(known, (side) => unpack(raw[`num_learned_${side}`])),
    curves: curves && {
      metric: curves.metric,
      epochs: curves.epochs,
      mean: sides(curves, (side) => new Roots(unpack(curves[`mean_${side}`]) as Uint8Array, curves.mean_top)),
      stderr: sides(curves, (side) => new Roots(unpack(curves[`stderr_${side}`]) as Uint8Array, curves.stderr_top)),
      over: sides(curves, (side) => unpack(curves[`over_${side}`])),
      typical: sides(curves, (side) => unpack(curves[`typical_${side}`])),
      easiest: sides(curves, (side) => curves[`easiest_${side}`]),
      hardest: sides(curves, (side) => curves[`hardest_${side}`]),
    },
  };
}

function suspectsOf(raw: any): Suspects | null {
  if (!raw) return null;
  const { answer, label, preferred, ...numbers } = raw;
  return { answer, label, preferred, ...columns<Omit<Suspects, "answer" | "label" | "preferred">>(numbers) };
}

function cellsOf({ texts, ...numbers }: any): Cells["columns"][number] {
  return { texts: texts ?? null, standing: null, ...columns<{ train: Column; test: Column }>(numbers) };
}

export function readRun(): Run {
  const raw = JSON.parse(document.getElementById("run")!.textContent!);
  const train = columns<Train>(raw.train);
  const test = columns<Test>(raw.test);
  return {
    ...raw,
    train,
    test,
    numTrain: train.id.length,
    numTest: test.id.length,
    pairs: columns<Pairs>(raw.pairs),
    pairsAlike: raw.pairsAlike ? unpack(raw.pairsAlike) : null,
    helped: extremes(raw.helped, raw.helpedAlike),
    hurt: extremes(raw.hurt, raw.hurtAlike),
    dynamics: dynamicsOf(raw.dynamics),
    suspects: suspectsOf(raw.suspects),
    cells: raw.cells && { ...raw.cells, columns: raw.cells.columns.map(cellsOf) },
    alike: raw.alike
      ? { ...raw.alike, of: unpack(raw.alike.of), train: unpack(raw.alike.train), value: unpack(raw.alike.value) }
      : null,
  };
}
