// Train-test pairs, a row a training example as in the paper, chosen by thresholds.
import { computed, signal } from "@preact/signals";
import { Picture } from "./picture";
import { bins, className, hasAccuracy, nameOf, permalink, run, view } from "./state";
import { Virtual } from "./virtual";
import { number, percent, plural, whole, withError } from "./words";

const ROW_HEIGHT = { pixels: 196, photo: 196, cells: 168, none: 108 };

type Relation = "same" | "other" | "all";

const mem = signal(run.thresholds.mem);
const infl = signal(run.thresholds.infl);
const hurts = signal(false);
const relation = signal<Relation>("same");
const hideAlike = signal(false);
const byScore = signal(false);
const FALSE_SHARE = 0.05;
const holding = run.pairs.q ? run.pairs.q.filter((q: number) => q <= FALSE_SHARE).length : 0;
/** Only pairs of which no more than a twentieth is expected to be false. */
const significant = signal(holding > 0);

interface Pair {
  train: number;
  test: number;
  infl: number;
  stderr: number;
  alike: boolean;
}

/** The pairs that pass, strongest first: of the strong ones, and of the extremes of each training example. */
const passed = computed(() => {
  const found: Pair[] = [];
  const seen = new Set<number>();
  const [sign, leastMem, leastInfl, which, hidden] = [hurts.value ? -1 : 1, mem.value, infl.value, relation.value, hideAlike.value];
  const add = (train: number, test: number, value: number, stderr: number, alike: boolean) => {
    if (!(run.train.mem[train] >= leastMem && sign * value >= leastInfl) || (hidden && alike)) return;
    if (which !== "all" && (run.train.label[train] === run.test.label[test]) !== (which === "same")) return;
    const key = train * run.numTest + test;
    if (seen.has(key)) return;
    seen.add(key);
    found.push({ train, test, infl: value, stderr, alike });
  };
  const { pairs, pairsAlike, helped, hurt } = run;
  const sure = significant.value;
  for (let pair = 0; pair < pairs.train.length; pair++) {
    if (!sure || pairs.q![pair] <= FALSE_SHARE) add(pairs.train[pair], pairs.test[pair], pairs.infl[pair], pairs.stderr[pair], pairsAlike?.[pair] === 1);
  }
  const list = hurts.value ? hurt : helped;
  for (let at = 0; !sure && list && at < list.test.length; at++) {
    const alike = !!list.alike && ((list.alike[at >> 3] >> (at & 7)) & 1) === 1;
    add(Math.floor(at / list.count), list.test[at], list.infl[at], list.stderr[at], alike);
  }
  const strength = (pair: Pair) => Math.abs(pair.infl) / (byScore.value ? pair.stderr || Infinity : 1);
  return found.sort((one, other) => strength(other) - strength(one));
});

/** Those of one training example in one row, rows by their strongest pair. */
const rows = computed(() => {
  const grouped = new Map<number, Pair[]>();
  for (const pair of passed.value) {
    const group = grouped.get(pair.train);
    if (group) group.push(pair);
    else grouped.set(pair.train, [pair]);
  }
  const tests = new Set(passed.value.map((pair) => pair.test)).size;
  return { count: passed.value.length, tests, groups: [...grouped.values()] };
});

export function Pairs() {
  if (view.value !== "pairs") return null;
  const { count, tests, groups } = rows.value;
  return (
    <>
      <Controls />
      <p role="status" class="found">
        <strong>{plural(count, "pair")}</strong> of {plural(groups.length, "training example")} and{" "}
        {plural(tests, "test example")}
      </p>
      <Known />
      {groups.length > 0 && (
        <Virtual
          count={groups.length} rowHeight={ROW_HEIGHT[run.pictures?.kind ?? (run.cells ? "cells" : "none")]} cellWidth={0} label="Training examples and the test examples they influence"
          row={(index) => <Row key={groups[index][0].train} pairs={groups[index]} />}
        />
      )}
    </>
  );
}

/** What the thresholds leave out of the page, in words. */
function Known() {
  const { helped, numPairs, pairs, expectedByChance, thresholds } = run;
  const below = infl.value < thresholds.infl || mem.value < thresholds.mem || relation.value !== "same" || hurts.value;
  return (
    <p class="hint">
      {numPairs > pairs.train.length && `The page holds the strongest ${whole(pairs.train.length)} of ${whole(numPairs)} pairs. `}
      {below && helped &&
        `Below memorization of ${number(thresholds.mem, 2)} or influence of ${number(thresholds.infl, 2)}, or across classes, it holds only the ${whole(helped.count)} strongest pairs of each training example. `}
      {!below && expectedByChance !== null &&
        `Under the null, about ${whole(expectedByChance)} pairs are expected to pass the thresholds of ${number(thresholds.mem, 2)} and ${number(thresholds.infl, 2)}.`}
    </p>
  );
}

function Controls() {
  return (
    <div class="controls">
      <Slider id="mem-threshold" label="memorization at least" at={mem} />
      <Slider id="infl-threshold" label="influence at least" at={infl} />
      <label>
        <span>the training example</span>
        <select id="pairs-direction" value={hurts.value ? "hurts" : "helps"} onChange={(event) => (hurts.value = event.currentTarget.value === "hurts")}>
          <option value="helps">helps</option>
          <option value="hurts" disabled={!run.hurt}>hurts</option>
        </select>
      </label>
      <label>
        <span>test examples of</span>
        <select id="pairs-relation" value={relation.value} onChange={(event) => (relation.value = event.currentTarget.value as Relation)}>
          <option value="same">the same class</option>
          <option value="other">another class</option>
          <option value="all">all classes</option>
        </select>
      </label>
      <label>
        <span>strongest by</span>
        <select id="pairs-sort" value={byScore.value ? "z" : "value"} onChange={(event) => (byScore.value = event.currentTarget.value === "z")}>
          <option value="value">influence</option>
          <option value="z">z-score</option>
        </select>
      </label>
      {holding > 0 && (
        <label class="switch">
          <input id="significant" type="checkbox" checked={significant.value} onChange={(event) => (significant.value = event.currentTarget.checked)} />
          only significant ({whole(holding)} at a false discovery rate of 5 %)
        </label>
      )}
      {run.pairsAlike && (
        <label class="switch">
          <input id="hide-alike" type="checkbox" checked={hideAlike.value} onChange={(event) => (hideAlike.value = event.currentTarget.checked)} />
          hide near-duplicates
        </label>
      )}
    </div>
  );
}

function Slider({ id, label, at }: { id: string; label: string; at: typeof mem }) {
  return (
    <label class="slider">
      <span>{label} <output>{number(at.value, 2)}</output></span>
      <input id={id} type="range" min={0} max={bins.end} step={0.01} value={at.value} onInput={(event) => (at.value = event.currentTarget.valueAsNumber)} />
    </label>
  );
}

function Row({ pairs }: { pairs: Pair[] }) {
  const { train } = run;
  const place = pairs[0].train;
  const name = className(train.label[place]);
  return (
    <li class="pair-row">
      <a class="pair-train" href={`#${permalink("train", place)}`}>
        <Picture side="train" place={place} alt={`Training example ${nameOf("train", place)}, labelled ${name}`} />
        <span class="name"><bdi>{name}</bdi></span>
        <span class="id">training id {nameOf("train", place)}</span>
        <span><span class="soft">mem</span> <span class="score">{withError(train.mem[place], train.stderr[place], 2)}</span></span>
      </a>
      <div class="pair-tests" tabIndex={0} role="group" aria-label={`${plural(pairs.length, "test example")} of training example ${nameOf("train", place)}`}>
        {pairs.slice(0, 24).map((pair) => <Tested key={pair.test} pair={pair} />)}
        {pairs.length > 24 && <span class="soft">and {whole(pairs.length - 24)} more</span>}
      </div>
    </li>
  );
}

function Tested({ pair }: { pair: Pair }) {
  const { test } = run;
  const name = className(test.label[pair.test]);
  return (
    <a href={`#${permalink("test", pair.test)}`} data-infl={pair.infl.toFixed(4)}>
      <Picture side="test" place={pair.test} alt={`Test example ${nameOf("test", pair.test)}, labelled ${name}`} />
      <span class="name"><bdi>{name}</bdi></span>
      <span class="id">test id {nameOf("test", pair.test)}</span>
      <span class="score">{withError(pair.infl, pair.stderr, 2)}</span>
      <span class="soft">
        {pair.alike ? "near-duplicate" : `z ${number(pair.infl / pair.stderr, 1)}`}
        {hasAccuracy(pair.test) && `, right ${percent(test.correct[pair.test], 0)}`}
      </span>
    </a>
  );
}
