// One example, opened by its card or by its permalink, in a dialog over the page.
import { useEffect, useRef, useState } from "preact/hooks";
import { Recorded } from "./curve";
import type { Extremes, Side } from "./data";
import { Interval, interval95, limits, reach } from "./intervals";
import { Picture } from "./picture";
import { className, hasAccuracy, marks, nameOf, permalink, replace, run, selection, shown, toggled, view } from "./state";
import { largestOfNoise, wilson } from "./statistics";
import { number, percent, reached, whole, withError } from "./words";

export function ExampleDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = shown.value;

  useEffect(() => {
    const element = dialog.current!;
    if (open && !element.open) element.showModal();
    if (!open && element.open) element.close();
    element.scrollTo(0, 0);
  }, [open]);

  const step = (by: number) => {
    if (open?.side !== "train") return;
    const next = selection.value[selection.value.indexOf(open.place) + by];
    if (next !== undefined) replace(permalink("train", next));
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowRight") step(1);
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "m" && open?.side === "train") marks.value = toggled(marks.value, open.place);
  };
  const close = () => replace(view.peek());

  return (
    <dialog
      ref={dialog} class="example" aria-labelledby="example-title" onKeyDown={keys} onClose={() => shown.peek() && close()}
      onClick={(event) => event.target === dialog.current && close()}
    >
      {open && (
        <div class="inside">
          <div class="bar">
            {open.side === "train" && (
              <>
                <button type="button" onClick={() => step(-1)} aria-label="Previous example">{"\u2190"}</button>
                <button type="button" onClick={() => step(1)} aria-label="Next example">{"\u2192"}</button>
              </>
            )}
            <button type="button" class="close" onClick={close}>Close</button>
          </div>
          {open.side === "train" ? <TrainExample place={open.place} /> : <TestExample place={open.place} />}
        </div>
      )}
    </dialog>
  );
}

function TrainExample({ place }: { place: number }) {
  const { train } = run;
  const name = className(train.label[place]);
  const [mem, stderr] = [train.mem[place], train.stderr[place]];
  return (
    <>
      <div class="portrait">
        <Picture side="train" place={place} alt={`Training example ${nameOf("train", place)}, labelled ${name}`} most={Infinity} />
        <div>
          <h2 id="example-title"><bdi>{run.classes.length > 1 ? name : nameOf("train", place)}</bdi></h2>
          <p class="id">training example {nameOf("train", place)}, row {train.row[place]}</p>
          {train.mislabelled[place] === 1 && <p><span class="changed">label changed on purpose</span></p>}
          <Score place={place} mem={mem} stderr={stderr} />
          <div class="line wrap">
            <CopyId id={nameOf("train", place)} />
            <button type="button" aria-pressed={marks.value.has(place)} onClick={() => (marks.value = toggled(marks.value, place))}>
              {marks.value.has(place) ? "Marked" : "Mark"}
            </button>
          </div>
        </div>
      </div>
      <Accuracies place={place} />
      <Recorded place={place} />
      <Influenced place={place} title="Helps most" list={run.helped} sign={1} />
      <Influenced place={place} title="Hurts most" list={run.hurt} sign={-1} />
      <p class="hint">
        Under the null, the largest of {whole(run.numTest)} influences is expected to be about{" "}
        {largestOfNoise(run.numTest).toFixed(1)} standard errors from 0.
      </p>
      <Alikes place={place} />
    </>
  );
}

function Score({ place, mem, stderr }: { place: number; mem: number; stderr: number }) {
  if (Number.isNaN(mem)) return <p class="big">no score: all models trained on it, or none did</p>;
  const ends = limits(place, mem, stderr);
  return (
    <>
      <p class="big"><span class="soft">memorization</span> <span class="score">{withError(mem, stderr)}</span></p>
      <Interval value={mem} low={ends[0]} high={ends[1]} from={-reach} to={reach} />
      <p class="hint">{interval95(ends)}; number {whole(place + 1)} of {whole(run.numTrain)} by memorization</p>
    </>
  );
}

function Accuracies({ place }: { place: number }) {
  const { train } = run;
  const rows: [string, number, number][] = [
    ["in sample", train.correctIn[place], train.numIn[place]],
    ["held out", train.correctOut[place], train.numOut[place]],
  ];
  return (
    <section>
      <h3>{run.shares ? "Accuracy" : "Mean score"} on this example</h3>
      <table class="rates">
        <thead>
          <tr>
            <th scope="col">models</th><th scope="col">{run.shares ? "accuracy" : "mean"}</th>
            {run.shares && <><th scope="col">95 % interval</th><td /></>}
          </tr>
        </thead>
        <tbody>
          {rows.map(([word, rate, count]) => {
            const [low, high] = wilson(rate, count);
            return (
              <tr key={word}>
                <th scope="row">{word}, {whole(count)}</th>
                <td>{reached(rate, run.shares)}</td>
                {run.shares && <td>{percent(low)} to {percent(high)}</td>}
                {run.shares && <td><Interval value={rate} low={low} high={high} from={0} to={1} /></td>}
              </tr>
            );
          })}
        </tbody>
      </table>
      {train.probabilityOut && (
        <p class="hint">
          Held-out models give its label a mean probability of {number(train.probabilityOut[place])}.
        </p>
      )}
    </section>
  );
}

/** The test examples of one side of the extremes; of old files, which have none, those of the strong pairs. */
function influencedBy(place: number, list: Extremes | null, sign: number) {
  if (list) {
    const start = place * list.count;
    return Array.from({ length: list.count }, (_, number) => start + number)
      .map((at) => ({ test: list.test[at], infl: list.infl[at], stderr: list.stderr[at] }))
      .filter(({ infl }) => infl * sign > 0);
  }
  const found = [];
  const { pairs } = run;
  for (let pair = 0; pair < pairs.train.length; pair++) {
    if (pairs.train[pair] === place && pairs.infl[pair] * sign > 0) {
      found.push({ test: pairs.test[pair], infl: pairs.infl[pair], stderr: pairs.stderr[pair] });
    }
  }
  return found.slice(0, 5);
}

function Influenced({ place, title, list, sign }: { place: number; title: string; list: Extremes | null; sign: number }) {
  const found = influencedBy(place, list, sign);
  return (
    <section>
      <h3>{title}</h3>
      {!found.length && <p class="soft">No test example.</p>}
      <ul class="strip-list">
        {found.map(({ test, infl, stderr }) => <Linked key={test} side="test" place={test} other={place} infl={infl} stderr={stderr} />)}
      </ul>
    </section>
  );
}

type Link = { side: Side; place: number; other: number; infl: number; stderr: number };

function Linked({ side, place, other, infl, stderr }: Link) {
  const ends = limits(side === "train" ? place : other, infl, stderr, side === "train" ? other : place);
  const name = className(run[side].label[place]);
  const kind = side === "train" ? "Training" : "Test";
  return (
    <li>
      <a href={`#${permalink(side, place)}`}>
        <Picture side={side} place={place} alt={`${kind} example ${nameOf(side, place)}, labelled ${name}`} />
        <span class="name"><bdi>{name}</bdi></span>
        <span class="id">{kind.toLowerCase()} id {nameOf(side, place)}</span>
        <span class="score" title={interval95(ends)}>{withError(infl, stderr, 2)}</span>
        <Interval value={infl} low={ends[0]} high={ends[1]} from={-reach} to={reach} />
        <span class="soft">
          {Number.isFinite(stderr) && `${number(Math.abs(infl) / stderr, 1)} standard errors`}
          {side === "test" && hasAccuracy(place) && <><br />accuracy {percent(run.test.correct[place], 0)}</>}
        </span>
      </a>
    </li>
  );
}

function Alikes({ place }: { place: number }) {
  const { alike } = run;
  if (!alike) return null;
  if (place >= alike.searched) {
    return <p class="hint">Near-duplicates were searched only for the {whole(alike.searched)} most memorized examples.</p>;
  }
  const found = [];
  for (let at = 0; at < alike.of.length; at++) if (alike.of[at] === place) found.push(at);
  return (
    <section>
      <h3>Near-duplicates</h3>
      {!found.length && <p class="soft">No training example has a correlation of {alike.threshold} or more with it.</p>}
      <ul class="strip-list">
        {found.map((at) => {
          const other = alike.train[at];
          const name = className(run.train.label[other]);
          return (
            <li key={other}>
              <a href={`#${permalink("train", other)}`}>
                <Picture side="train" place={other} alt={`Training example ${nameOf("train", other)}, labelled ${name}`} />
                <span class="name"><bdi>{name}</bdi></span>
                <span class="id">training id {nameOf("train", other)}</span>
                <span class="soft">correlation {number(alike.value[at])}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function TestExample({ place }: { place: number }) {
  const name = className(run.test.label[place]);
  return (
    <>
      <div class="portrait">
        <Picture side="test" place={place} alt={`Test example ${nameOf("test", place)}, labelled ${name}`} most={Infinity} />
        <div>
          <h2 id="example-title"><bdi>{run.classes.length > 1 ? name : nameOf("test", place)}</bdi></h2>
          <p class="id">test example {nameOf("test", place)}, row {run.test.row[place]}</p>
          {hasAccuracy(place) && (
            <p class="big">
              <span class="soft">accuracy</span> <span class="score">{percent(run.test.correct[place])}</span>{" "}
              <span class="soft">of all models</span>
            </p>
          )}
          <CopyId id={nameOf("test", place)} />
        </div>
      </div>
      <Influencing place={place} title="Helped by" list={run.helped} sign={1} />
      <Influencing place={place} title="Hurt by" list={run.hurt} sign={-1} />
      <p class="hint">
        The page knows the training examples of the strong pairs
        {run.helped && `, and those for which this test example is one of the ${whole(run.helped.count)} they help or hurt most`}.
      </p>
    </>
  );
}

function Influencing({ place, title, list, sign }: { place: number; title: string; list: Extremes | null; sign: number }) {
  const by = new Map<number, { infl: number; stderr: number }>();
  const { pairs } = run;
  for (let pair = 0; pair < pairs.test.length; pair++) {
    if (pairs.test[pair] === place && pairs.infl[pair] * sign > 0) {
      by.set(pairs.train[pair], { infl: pairs.infl[pair], stderr: pairs.stderr[pair] });
    }
  }
  for (let at = 0; list && at < list.test.length; at++) {
    const train = Math.floor(at / list.count);
    if (list.test[at] === place && list.infl[at] * sign > 0 && !by.has(train)) {
      by.set(train, { infl: list.infl[at], stderr: list.stderr[at] });
    }
  }
  const found = [...by].sort(([, one], [, other]) => sign * (other.infl - one.infl)).slice(0, 10);
  return (
    <section>
      <h3>{title}</h3>
      {!found.length && <p class="soft">The page knows of no training example.</p>}
      <ul class="strip-list">
        {found.map(([train, { infl, stderr }]) => <Linked key={train} side="train" place={train} other={place} infl={infl} stderr={stderr} />)}
      </ul>
    </section>
  );
}

function CopyId({ id }: { id: string }) {
  const [copied, setCopied] = useState<string | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(id);
      setCopied(id);
    } catch {
      prompt("The id:", id); // the browser keeps the clipboard from pages on disk
    }
  };
  return <button type="button" onClick={copy}>{copied === id ? "Copied" : "Copy id"}</button>;
}
