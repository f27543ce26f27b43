// What the reader has asked for, and what follows from it.
import { computed, effect, signal } from "@preact/signals";
import { readRun } from "./data";
import { Steps } from "./speed";
import { Bins } from "./statistics";

export const run = readRun();
export const bins = new Bins(run.train.mem);
const binOf = new Int8Array(run.numTrain);
for (let place = 0; place < run.numTrain; place++) binOf[place] = bins.of(run.train.mem[place]);

/** Epochs until an example is learned by models that train on it; null where that was not recorded. */
export const learned = run.dynamics?.learned?.in ?? null;
export const steps = new Steps(learned ?? []);
const stepOf = new Int8Array(run.numTrain).fill(-1);
if (learned) for (let place = 0; place < run.numTrain; place++) stepOf[place] = steps.of(learned[place]);

/** Bins from the first to the one before the second. */
export const range = signal<[number, number] | null>(null);
/** The same of the steps of learning speed. */
export const speeds = signal<[number, number] | null>(null);
export const classes = signal<ReadonlySet<number>>(new Set());
export const query = signal("");
export const marks = signal<ReadonlySet<number>>(new Set());
export const onlyMarked = signal(false);
export const onlyMislabelled = signal(false);

export type SortKey = "mem" | "stderr" | "influence" | "probability" | "speed" | "id";
export const sortKey = signal<SortKey>("mem");
export const ascending = signal(false);

const words = computed(() => query.value.trim().toLowerCase());
const foundIds = computed(() => new Set(words.value.match(/\d+/g)?.map(Number)));
const foundNames = computed(() => {
  const [names, wanted] = [run.names.train, words.value];
  return new Set(names && wanted ? names.flatMap((name, place) => (name.toLowerCase().includes(wanted) ? [place] : [])) : []);
});
const foundLabels = computed(
  () => new Set(run.classes.flatMap((name, label) => (name.toLowerCase().includes(words.value) ? [label] : []))),
);

/** The largest influence of each training example, as far as the page knows it. */
export const largestInfluence = computed(() => {
  const largest = new Float32Array(run.numTrain).fill(NaN);
  const { helped, pairs } = run;
  if (helped) for (let place = 0; place < run.numTrain; place++) largest[place] = helped.infl[place * helped.count];
  else {
    for (let pair = 0; pair < pairs.train.length; pair++) {
      if (!(largest[pairs.train[pair]] >= pairs.infl[pair])) largest[pairs.train[pair]] = pairs.infl[pair];
    }
  }
  return largest;
});

const numbersOnly = computed(() => /^[\d\s,;]+$/.test(words.value));

/** Whether search and the small switches let an example through; classes, bins and steps come after. */
const passes = computed(() => {
  const { id, label, mislabelled } = run.train;
  const [ids, named, labels, searching] = [foundIds.value, foundNames.value, foundLabels.value, words.value !== ""];
  const [marked, only, wrong, plain] = [marks.value, onlyMarked.value, onlyMislabelled.value, numbersOnly.value];
  return (place: number) =>
    (!searching || (plain && !run.names.train && ids.has(id[place])) || named.has(place) || labels.has(label[place])) &&
    (!only || marked.has(place)) &&
    (!wrong || mislabelled[place] === 1);
});

const inRange = computed(() => {
  const chosen = range.value;
  return (place: number) => !chosen || (binOf[place] >= chosen[0] && binOf[place] < chosen[1]);
});

const inSpeeds = computed(() => {
  const chosen = speeds.value;
  return (place: number) => !chosen || (stepOf[place] >= chosen[0] && stepOf[place] < chosen[1]);
});

const inClasses = computed(() => {
  const chosen = classes.value;
  return (place: number) => !chosen.size || chosen.has(run.train.label[place]);
});

/** Examples a bin: all, and those that everything but the brush lets through. */
export const allCounts = countBins(() => true);
export const barCounts = computed(() => {
  const [pass, mine, timed] = [passes.value, inClasses.value, inSpeeds.value];
  return countBins((place) => pass(place) && mine(place) && timed(place));
});

/** Whether everything but the brush of learning speed against memorization lets an example through. */
export const besidesBrush = computed(() => {
  const [pass, mine] = [passes.value, inClasses.value];
  return (place: number) => pass(place) && mine(place);
});

function countBins(wanted: (place: number) => boolean): number[] {
  const counts = new Array<number>(Bins.COUNT).fill(0);
  for (let place = 0; place < run.numTrain; place++) if (binOf[place] >= 0 && wanted(place)) counts[binOf[place]]++;
  return counts;
}

/** Examples a class that everything but the choice of classes lets through. */
export const classCounts = computed(() => {
  const [pass, mine, timed] = [passes.value, inRange.value, inSpeeds.value];
  const counts = new Array<number>(run.classes.length).fill(0);
  for (let place = 0; place < run.numTrain; place++) {
    if (pass(place) && mine(place) && timed(place)) counts[run.train.label[place]]++;
  }
  return counts;
});

const values = computed<ArrayLike<number>>(() => {
  const { mem, stderr, probabilityOut, id } = run.train;
  const by = { mem, stderr, influence: largestInfluence.value, probability: probabilityOut ?? mem, speed: learned ?? mem, id };
  return by[sortKey.value];
});

/** The selection: places of the examples that are left, in the order asked for; undefined values come last. */
export const selection = computed(() => {
  const [pass, ranged, timed, classed, value] = [passes.value, inRange.value, inSpeeds.value, inClasses.value, values.value];
  const sign = ascending.value ? 1 : -1;
  const kept = new Int32Array(run.numTrain);
  let count = 0;
  for (let place = 0; place < run.numTrain; place++) {
    if (pass(place) && ranged(place) && timed(place) && classed(place)) kept[count++] = place;
  }
  const left = kept.subarray(0, count);
  if (sortKey.value === "mem" && !ascending.value) return left;
  const key = (place: number) => (Number.isNaN(value[place]) ? Infinity : sign * value[place]);
  return left.sort((one, other) => {
    const [first, second] = [key(one), key(other)];
    return first === second ? one - other : first - second;
  });
});

/** Steps from one to the one before another; all of them are no choice. */
export function chooseSpeeds(first: number, last: number): void {
  speeds.value = chosen(first, last, Steps.COUNT);
}

/** Bins in the same way. */
export function chooseRange(first: number, last: number): void {
  range.value = chosen(first, last, Bins.COUNT);
}

function chosen(first: number, last: number, count: number): [number, number] | null {
  const [low, high] = [Math.max(0, Math.min(first, last)), Math.min(count, Math.max(first, last))];
  return high <= low || (low === 0 && high === count) ? null : [low, high];
}

export const isFiltered = computed(() => selection.value.length < run.numTrain);

export function clearFilters(): void {
  range.value = null;
  speeds.value = null;
  classes.value = new Set();
  query.value = "";
  onlyMarked.value = false;
  onlyMislabelled.value = false;
}

export function toggled(set: ReadonlySet<number>, member: number): Set<number> {
  const changed = new Set(set);
  if (!changed.delete(member)) changed.add(member);
  return changed;
}

const places = { train: new Map<number, number>(), test: new Map<number, number>() };

export function placeOf(side: "train" | "test", id: number): number | undefined {
  const known = places[side];
  if (!known.size) run[side].id.forEach((value, place) => known.set(value, place));
  return known.get(id);
}

/** Where the reader is: a view by its name, #train/ID or #test/ID. */
export const VIEWS = ["overview", "examples", "pairs", ...(run.dynamics ? ["dynamics"] : []), "methods"];
const hash = signal(location.hash.slice(1));
export const shown = computed(() => {
  const [side, id] = hash.value.split("/");
  if ((side !== "train" && side !== "test") || !/^\d+$/.test(id ?? "")) return null;
  const place = placeOf(side, Number(id));
  return place === undefined ? null : { side, place };
});
export const view = signal("overview");

effect(() => {
  if (VIEWS.includes(hash.value)) view.value = hash.value;
  else if (shown.value && view.peek() === "overview") view.value = "examples";
});
addEventListener("hashchange", () => (hash.value = location.hash.slice(1)));

/** Another place of the page without a step in the browser's history, and without scrolling. */
export function replace(target: string): void {
  history.replaceState(null, "", `#${target}`);
  hash.value = target;
}

export function permalink(side: "train" | "test", place: number): string {
  return `${side}/${run[side].id[place]}`;
}

/** What the user calls an example. */
export function nameOf(side: "train" | "test", place: number): string {
  return run.names[side]?.[place] ?? String(run[side].id[place]);
}

/** Whether models can be right about a test example: tasks without classes have other scores. */
export function hasAccuracy(place: number): boolean {
  return Number.isFinite(run.test.correct[place]);
}

export function className(label: number): string {
  return run.classes[label] ?? "";
}
