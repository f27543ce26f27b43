// What was recorded while the models trained: when examples are learned, and how their loss falls.
import { Picture } from "./picture";
import { Found, Scatter, inWords } from "./scatter";
import { bins, className, nameOf, clearFilters, isFiltered, learned, permalink, range, run, selection, speeds, view } from "./state";
import { Trajectories } from "./trajectories";
import { number, whole, withError } from "./words";

const SHOWN = 10;

export function DynamicsView() {
  if (view.value !== "dynamics") return null;
  const { curves } = run.dynamics!;
  return (
    <>
      {learned && <Speed />}
      {curves && <Trajectories curves={curves} />}
    </>
  );
}

function Speed() {
  const words = inWords();
  return (
    <section>
      <h3>Learning speed against memorization</h3>
      <p>{words[0].toUpperCase() + words.slice(1)} Drag over the plot, or move the sliders, to choose what the gallery shows.</p>
      <Scatter />
      <Selected />
      <Table />
    </section>
  );
}

/** The first of the selection, and the way to all of it. */
function Selected() {
  const places = selection.value;
  const { train } = run;
  return (
    <div class="selected">
      <div class="line wrap">
        <Found />
        {places.length > 0 && <a href="#examples">{places.length > SHOWN ? "all of them in the gallery" : "in the gallery"}</a>}
        {(speeds.value || range.value) && (
          <button type="button" class="plain" onClick={() => (speeds.value = range.value = null)}>Whole plot</button>
        )}
        {isFiltered.value && <button type="button" class="plain" onClick={clearFilters}>Show all</button>}
      </div>
      <ul class="strip-list few">
        {Array.from(places.subarray(0, SHOWN), (place) => {
          const name = className(train.label[place]);
          return (
            <li key={place}>
              <a href={`#${permalink("train", place)}`}>
                <Picture side="train" place={place} alt={`Training example ${nameOf("train", place)}, labelled ${name}`} />
                <span class="name"><bdi>{name}</bdi></span>
                <span class="id">id {nameOf("train", place)}</span>
                <span class="score">{withError(train.mem[place], train.stderr[place], 2)}</span>
                <span class="soft">{number(learned![place], 1)} epochs</span>
              </a>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** Learning by how much is memorized: the plot for those who cannot see it, and for those who want numbers. */
function Table() {
  const { learned: times, num, numLearned } = run.dynamics!;
  const [low, mem] = [Math.min(0, ...run.train.mem.filter(Number.isFinite).slice(-1)), run.train.mem];
  const edges = [...(low < 0 ? [low] : []), ...[0, 0.25, 0.5, 0.75, 1].map((part) => part * bins.end)];
  const rows = edges.slice(0, -1).map((from, row) => {
    const to = edges[row + 1];
    const inside = Array.from(mem.keys()).filter((at) => mem[at] >= from && (mem[at] < to || (row === edges.length - 2 && mem[at] === to)));
    const mean = (of: (place: number) => number) => {
      const known = inside.map(of).filter(Number.isFinite);
      return known.reduce((sum, value) => sum + value, 0) / known.length;
    };
    const ever = (side: "in" | "out") => mean((at) => numLearned![side][at] / num[side][at]);
    return { from, to, count: inside.length, epochsIn: mean((at) => times!.in[at]), epochsOut: mean((at) => times!.out[at]), everIn: ever("in"), everOut: ever("out") };
  });
  return (
    <details>
      <summary>By memorization, as a table</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Learning speed by memorization">
        <table>
          <thead>
            <tr>
              <th scope="col">memorization</th><th scope="col" class="num">examples</th>
              <th scope="col" class="num">epochs, in sample</th><th scope="col" class="num">ever right, in sample</th>
              <th scope="col" class="num">epochs, held out</th><th scope="col" class="num">ever right, held out</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ from, to, count, epochsIn, epochsOut, everIn, everOut }) => (
              <tr key={from}>
                <th scope="row">{number(from, 2)} to {number(to, 2)}</th><td class="num">{whole(count)}</td>
                <td class="num">{number(epochsIn, 2)}</td><td class="num">{number(100 * everIn, 1)}{"\u00a0%"}</td>
                <td class="num">{number(epochsOut, 2)}</td><td class="num">{number(100 * everOut, 1)}{"\u00a0%"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="hint">Means over examples. A model that never gets an example right counts with the last recorded epoch, {run.dynamics!.last}.</p>
    </details>
  );
}
