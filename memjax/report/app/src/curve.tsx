// The loss of one example while models train: models that trained on it against models that did not.
import { scaleLinear, scaleSqrt } from "d3-scale";
import type { Curves, SideName } from "./data";
import { Axes, MEASURES, line, rootTicks, useFrame } from "./plot";
import { run } from "./state";
import { number, plural, whole, withError } from "./words";

const SIDES: [SideName, string][] = [["in", "in sample"], ["out", "held out"]];

/** What was recorded of one example; nothing where nothing was. */
export function Recorded({ place }: { place: number }) {
  const { dynamics } = run;
  if (!dynamics) return null;
  return (
    <section class="recorded">
      <h3>While the models trained</h3>
      <Learned place={place} />
      {dynamics.curves && <Curve place={place} curves={dynamics.curves} />}
    </section>
  );
}

function Learned({ place }: { place: number }) {
  const { learned, learnedStderr, numLearned, num, last } = run.dynamics!;
  if (!learned || !learnedStderr || !numLearned) return null;
  const sentence = (side: SideName) => {
    if (!num[side][place]) return "no model";
    const ever = numLearned[side][place] === num[side][place] ? "all" : `${whole(numLearned[side][place])} of`;
    return `${withError(learned[side][place], learnedStderr[side][place], 2)} epochs, by ${ever} ${plural(num[side][place], "model")}`;
  };
  const missed = SIDES.some(([side]) => numLearned[side][place] < num[side][place]);
  return (
    <>
      <p class="learned">
        {SIDES.map(([side, word]) => (
          <span key={side}><span class={`key ${side}`} aria-hidden="true" /> <span class="soft">learned, {word}, after</span> {sentence(side)}<br /></span>
        ))}
      </p>
      {missed && <p class="hint">A model that never gets it right counts with the last recorded epoch, {last}.</p>}
    </>
  );
}

function Curve({ place, curves }: { place: number; curves: Curves }) {
  const { place: element, frame } = useFrame<HTMLDivElement>(0.4, 200, 280);
  const { width, height, left, right, top, bottom } = frame;
  const { epochs, metric } = curves;
  const at = (of: "mean" | "stderr", side: SideName) => epochs.map((_, epoch) => curves[of][side].at(place * epochs.length + epoch));
  const sides = SIDES.map(([side, word]) => ({ side, word, mean: at("mean", side), stderr: at("stderr", side) }));
  const highest = Math.max(
    1e-6,
    ...sides.flatMap(({ mean, stderr }) => mean.map((value, epoch) => value + (stderr[epoch] || 0)).filter(Number.isFinite)),
  );
  const x = scaleLinear([epochs[0], Math.max(epochs[0] + 1, epochs[epochs.length - 1])], [left, right]);
  const y = scaleSqrt([0, highest], [bottom, top]);
  const end = (mean: number[]) => number(mean[mean.length - 1], 2);
  return (
    <>
      <div class="plot" ref={element}>
        <svg
          class="curve" width={width} height={height} role="img"
          aria-label={`${MEASURES[metric]} by epoch; after ${epochs[epochs.length - 1]} epochs ${sides.map(({ word, mean }) => `${word} ${end(mean)}`).join(", ")}`}
        >
          <Axes
            frame={frame} x={x} y={y} xTicks={x.ticks(Math.min(10, width / 60)).filter(Number.isInteger)} yTicks={rootTicks(highest)}
            across="epochs" up={MEASURES[metric]}
          />
          {sides.map(({ side, mean, stderr }) => <path key={side} class={`band ${side}`} d={band(epochs, mean, stderr, x, y)} />)}
          {sides.map(({ side, mean }) => <path key={side} class={side} d={line(epochs, mean, x, y)} />)}
        </svg>
      </div>
      <p class="hint">
        Solid: mean over models that trained on it. Dashed: mean over models that did not. Bands: 95 % intervals. The vertical axis has a square-root scale.
      </p>
      <details>
        <summary>The numbers as a table</summary>
        <table>
          <thead><tr><th scope="col" class="num">epochs</th><th scope="col" class="num">{metric}, in sample</th><th scope="col" class="num">{metric}, held out</th></tr></thead>
          <tbody>
            {epochs.map((epoch, row) => (
              <tr key={epoch}>
                <th scope="row" class="num">{whole(epoch)}</th>
                {sides.map(({ side, mean, stderr }) => <td key={side} class="num">{withError(mean[row], stderr[row], 2)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}

/** The 95 % interval of the mean, not below 0. */
function band(epochs: number[], mean: number[], stderr: number[], x: (value: number) => number, y: (value: number) => number): string {
  const known = epochs.map((_, at) => at).filter((at) => Number.isFinite(mean[at]) && Number.isFinite(stderr[at]));
  if (!known.length) return "";
  const point = (at: number, sign: number) => `${x(epochs[at]).toFixed(1)},${y(Math.max(0, mean[at] + 1.96 * sign * stderr[at])).toFixed(1)}`;
  return `M${[...known.map((at) => point(at, 1)), ...known.reverse().map((at) => point(at, -1))].join("L")}Z`;
}
