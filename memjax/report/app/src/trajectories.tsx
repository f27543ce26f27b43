// The loss of the easiest and the hardest examples while models train, each line a link to its example.
import { scaleLinear, scaleSqrt } from "d3-scale";
import { signal } from "@preact/signals";
import type { Curves, SideName } from "./data";
import { Picture } from "./picture";
import { Axes, MEASURES, line, rootTicks, useFrame } from "./plot";
import { className, nameOf, permalink, run } from "./state";
import { number, withError } from "./words";

const side = signal<SideName>("out");
const lit = signal<number | null>(null);

export function Trajectories({ curves }: { curves: Curves }) {
  const now = side.value;
  const [easiest, hardest] = [curves.easiest[now], curves.hardest[now]];
  return (
    <section>
      <h3>Easiest and hardest examples</h3>
      <p>
        Mean {MEASURES[curves.metric]} of the {easiest.length} examples with the lowest mean over training and of the{" "}
        {hardest.length} with the highest. The broad line is the mean of all examples. The vertical axis has a square-root scale.
      </p>
      <p>
        <label class="switch">
          in models that
          <select id="trajectories-side" value={now} onChange={(event) => (side.value = event.currentTarget.value as SideName)}>
            <option value="out">did not train on the example</option>
            <option value="in">trained on the example</option>
          </select>
        </label>
      </p>
      <Lines curves={curves} />
      <List title="Hardest" kind="hard" places={hardest} curves={curves} />
      <List title="Easiest" kind="easy" places={easiest} curves={curves} />
    </section>
  );
}

function Lines({ curves }: { curves: Curves }) {
  const { place, frame } = useFrame<HTMLDivElement>(0.45, 240, 400);
  const { width, height, left, right, top, bottom } = frame;
  const { epochs, metric } = curves;
  const now = side.value;
  const row = (example: number) => epochs.map((_, at) => curves.mean[now].at(example * epochs.length + at));
  const typical = Array.from(curves.typical[now]);
  const groups = [["easy", curves.easiest[now]], ["hard", curves.hardest[now]]] as const;
  const highest = Math.max(1e-6, ...groups.flatMap(([, places]) => places.flatMap(row)), ...typical.filter(Number.isFinite));
  const x = scaleLinear([epochs[0], Math.max(epochs[0] + 1, epochs[epochs.length - 1])], [left, right]);
  const y = scaleSqrt([0, highest], [bottom, top]);
  return (
    <div class="plot" ref={place}>
      <svg class="lines" width={width} height={height} aria-label={`Trajectories of the ${MEASURES[metric]}; the examples are listed below`} role="group">
        <Axes
          frame={frame} x={x} y={y} xTicks={x.ticks(Math.min(10, width / 60)).filter(Number.isInteger)} yTicks={rootTicks(highest)}
          across="epochs" up={MEASURES[metric]}
        />
        <path class="typical" d={line(epochs, typical, x, y)} />
        {groups.map(([kind, places]) =>
          places.map((example) => {
            const d = line(epochs, row(example), x, y);
            return (
              <a
                key={`${kind} ${example}`} class={lit.value === example ? `${kind} lit` : kind} href={`#${permalink("train", example)}`}
                aria-hidden="true" tabindex={-1} data-place={example}
                onMouseEnter={() => (lit.value = example)} onMouseLeave={() => (lit.value = null)}
              >
                <title>{`${className(run.train.label[example])}, training id ${nameOf("train", example)}`}</title>
                <path class="near" d={d} />
                <path d={d} />
              </a>
            );
          }),
        )}
      </svg>
    </div>
  );
}

function List({ title, kind, places, curves }: { title: string; kind: string; places: number[]; curves: Curves }) {
  const { train } = run;
  return (
    <>
      <h4><span class={`key ${kind}`} aria-hidden="true" /> {title}</h4>
      <ul class="strip-list few">
        {places.map((place) => {
          const name = className(train.label[place]);
          return (
            <li key={place}>
              <a
                class={lit.value === place ? "lit" : ""} href={`#${permalink("train", place)}`}
                onMouseEnter={() => (lit.value = place)} onMouseLeave={() => (lit.value = null)}
                onFocus={() => (lit.value = place)} onBlur={() => (lit.value = null)}
              >
                <Picture side="train" place={place} alt={`Training example ${nameOf("train", place)}, labelled ${name}`} />
                <span class="name"><bdi>{name}</bdi></span>
                <span class="id">id {nameOf("train", place)}</span>
                <span class="score">{withError(train.mem[place], train.stderr[place], 2)}</span>
                <span class="soft">{curves.metric} {number(curves.over[side.value][place])}</span>
              </a>
            </li>
          );
        })}
      </ul>
    </>
  );
}
