// The selection as files: made in the page and handed to the browser as downloads.
import { className, learned, marks, onlyMarked, query, range, bins, classes, run, speeds, steps } from "./state";

const COLUMNS = {
  id: (place: number) => (run.names.train ? run.names.train[place] : run.train.id[place]),
  row: (place: number) => run.train.row[place],
  label: (place: number) => run.train.label[place],
  class_name: (place: number) => className(run.train.label[place]),
  mem: (place: number) => rounded(run.train.mem[place]),
  mem_stderr: (place: number) => rounded(run.train.stderr[place]),
  correct_in: (place: number) => rounded(run.train.correctIn[place]),
  num_in: (place: number) => run.train.numIn[place],
  correct_out: (place: number) => rounded(run.train.correctOut[place]),
  num_out: (place: number) => run.train.numOut[place],
  ...(learned && {
    learned_in: (place: number) => rounded(learned![place]),
    learned_out: (place: number) => rounded(run.dynamics!.learned!.out[place]),
  }),
  mislabelled: (place: number) => run.train.mislabelled[place] === 1,
  marked: (place: number) => marks.value.has(place),
};

/** Six digits are more than a score is known to; null is what is undefined. */
function rounded(value: number): number | null {
  return Number.isFinite(value) ? Number(value.toPrecision(6)) : null;
}

export function save(name: string, parts: BlobPart[], type: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(parts, { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A cell that a spreadsheet takes for text: a formula in a class name must not be run. */
export function cell(value: string | number | boolean | null): string {
  if (typeof value !== "string") return value === null ? "" : String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function saveCsv(places: Int32Array): void {
  const lines = [Object.keys(COLUMNS).join(",")];
  for (const place of places) lines.push(Object.values(COLUMNS).map((of) => cell(of(place))).join(","));
  save("selection.csv", [`${lines.join("\r\n")}\r\n`], "text/csv");
}

export function saveJson(places: Int32Array): void {
  const [chosen, times] = [range.value, speeds.value];
  const content = {
    data: run.name,
    models: run.numModels,
    sha256: run.checksums,
    selected: {
      memorization: chosen && [bins.edge(chosen[0]), bins.edge(chosen[1])],
      learned_in: times && [steps.edge(times[0]), steps.edge(times[1])],
      classes: [...classes.value].map(className),
      search: query.value,
      only_marked: onlyMarked.value,
    },
    ids: Array.from(places, (place) => run.train.id[place]),
    examples: Array.from(places, (place) =>
      Object.fromEntries(Object.entries(COLUMNS).map(([name, of]) => [name, of(place)])),
    ),
  };
  save("selection.json", [JSON.stringify(content, null, 1)], "application/json");
}

/** A NumPy file of bool, a row an example of the data set: False for the selected, True for all others. */
export function saveKeepMask(places: Int32Array): void {
  const keep = new Uint8Array(run.numTrain).fill(1);
  for (const place of places) keep[run.train.row[place]] = 0;
  const dictionary = `{'descr': '|b1', 'fortran_order': False, 'shape': (${run.numTrain},), }`;
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const head = new Uint8Array(10 + length).fill(0x20);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 255, length >> 8]);
  head.set(new TextEncoder().encode(dictionary), 10);
  head[head.length - 1] = 0x0a;
  save("keep_mask.npy", [head, keep], "application/octet-stream");
}
