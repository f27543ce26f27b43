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
}

/** For each training example `count` test examples, one training example after the other. */
export interface Extremes {
  count: number;
  test: Column;
  infl: Float32Array;
  stderr: Float32Array;
  alike: Uint8Array | null;
}

export interface Alike {
  threshold: number;
  searched: number;
  of: Column;
  train: Column;
  value: Column;
}

/** How the images of one side lie on their sheets; `files` is null where the sheets are in the page. */
export interface Pictures {
  kind: "pixels" | "photo" | "strip";
  width: number;
  height: number;
  columns: number;
  rows: number;
  train: string[] | null;
  test: string[] | null;
}

export interface Run {
  name: string;
  classes: string[];
  numModels: number | null;
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

/** Whole ten-thousandths as numbers. */
function fromPlaces(packed: Packed): Float32Array {
  const whole = unpack(packed);
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
    alike: raw.alike
      ? { ...raw.alike, of: unpack(raw.alike.of), train: unpack(raw.alike.train), value: unpack(raw.alike.value) }
      : null,
  };
}
