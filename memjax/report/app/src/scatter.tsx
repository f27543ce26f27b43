// Learning speed against memorization.  Its brush chooses steps of the one and bins of the other, as the sliders do.
import { type D3BrushEvent, brush as brushOf } from "d3-brush";
import { scaleLinear } from "d3-scale";
import { select } from "d3-selection";
import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Ends } from "./ends";
import { type Frame, Axes, useFrame } from "./plot";
import { Steps } from "./speed";
import { besidesBrush, bins, chooseRange, chooseSpeeds, learned, range, run, selection, speeds, steps } from "./state";
import { Bins, rankCorrelation } from "./statistics";
import { number, plural } from "./words";

const CELL = 4; // pixels; examples in one cell are drawn as one square, the stronger the more they are

type Scale = (value: number) => number;
type Box = [[number, number], [number, number]];

export function Scatter() {
  const { place, frame } = useFrame<HTMLDivElement>(0.5, 260, 460);
  const canvas = useRef<HTMLCanvasElement>(null);
  const layer = useRef<SVGGElement>(null);
  const { width, height, left, right, top, bottom } = frame;
  const x: Scale = (epochs) => left + (right - left) * steps.fraction(epochs);
  const y = scaleLinear([bins.start, bins.end], [bottom, top]);

  useEffect(() => (width ? brushing(layer.current!, frame) : undefined), [width]);
  useEffect(() => {
    if (!width) return;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const draw = () => paint(canvas.current!, frame, x, y);
    const stop = effect(draw);
    dark.addEventListener("change", draw);
    return () => {
      stop();
      dark.removeEventListener("change", draw);
    };
  }, [width]);

  return (
    <div class="scatter">
      <div class="plot" ref={place}>
        <canvas ref={canvas} aria-hidden="true" />
        <svg width={width} height={height} role="img" aria-label={`Learning speed against memorization; ${inWords()} Drag to choose a part.`}>
          <Axes
            frame={frame} x={x} y={y} xTicks={steps.ticks} yTicks={y.ticks(5)}
            across={width > 480 ? "epochs until learned by models that trained on it" : "epochs until learned, in sample"} up="memorization"
          />
          <line class="limit" x1={left} x2={right} y1={y(run.thresholds.mem)} y2={y(run.thresholds.mem)} />
          <g ref={layer} class="brush" aria-hidden="true" />
        </svg>
      </div>
      <Choice id="scatter" />
    </div>
  );
}

/** The brush as sliders. */
function Choice({ id }: { id: string }) {
  const [low, high] = range.value ?? [0, Bins.COUNT];
  return (
    <div class="choice">
      <SpeedEnds id={`${id}-speed`} />
      <Ends
        id={`${id}-range`} low={low} high={high} count={Bins.COUNT} choose={chooseRange}
        from="memorization from" to="to" words={(bin) => number(bins.edge(bin), 2)}
      />
    </div>
  );
}

export function SpeedEnds({ id }: { id: string }) {
  const [low, high] = speeds.value ?? [0, Steps.COUNT];
  return (
    <Ends
      id={id} low={low} high={high} count={Steps.COUNT} choose={chooseSpeeds}
      from="epochs from" to="to" words={(step) => number(steps.edge(step), 1)}
    />
  );
}

/** What the picture shows, for those who do not see it. */
export function inWords(): string {
  const [times, mem] = [learned!, run.train.mem];
  const mean = (wanted: (place: number) => boolean) => {
    let [sum, count] = [0, 0];
    for (let place = 0; place < run.numTrain; place++) {
      if (wanted(place) && Number.isFinite(times[place])) [sum, count] = [sum + times[place], count + 1];
    }
    return sum / count;
  };
  const [late, soon] = [mean((at) => mem[at] >= run.thresholds.mem), mean((at) => mem[at] < run.thresholds.mem)];
  return (
    `examples with memorization of ${number(run.thresholds.mem, 2)} or more are learned after ${number(late, 1)} epochs on average, ` +
    `all other examples after ${number(soon, 1)}; rank correlation ${number(rankCorrelation(times, mem), 2)}.`
  );
}

function brushing(element: SVGGElement, { left, right, top, bottom }: Frame): () => void {
  const across = (step: number) => left + ((right - left) * step) / Steps.COUNT;
  const up = (bin: number) => bottom - ((bottom - top) * bin) / Bins.COUNT;
  const stepAt = (x: number) => Math.round(((x - left) / (right - left)) * Steps.COUNT);
  const binAt = (y: number) => Math.round(((bottom - y) / (bottom - top)) * Bins.COUNT);
  const brush = brushOf<unknown>()
    .extent([[left, top], [right, bottom]])
    .on("brush end", (event: D3BrushEvent<unknown>) => {
      if (!event.sourceEvent) return; // moved by us
      const box = event.selection as Box | null;
      if (box) {
        const [[x0, y0], [x1, y1]] = box;
        if (stepAt(x1) > stepAt(x0) && binAt(y0) > binAt(y1)) {
          chooseSpeeds(stepAt(x0), stepAt(x1));
          chooseRange(binAt(y1), binAt(y0));
        }
      } else speeds.value = range.value = null;
      if (event.type === "end") place();
    });
  const group = select(element);
  const place = () => {
    const [times, mems] = [speeds.peek(), range.peek()];
    const [[from, to], [low, high]] = [times ?? [0, Steps.COUNT], mems ?? [0, Bins.COUNT]];
    group.call(brush.move as any, times || mems ? [[across(from), up(high)], [across(to), up(low)]] : null);
  };
  group.call(brush as any);
  const stop = effect(() => {
    void [speeds.value, range.value];
    if (!element.matches(":active")) place();
  });
  return () => {
    stop();
    group.on(".brush", null);
  };
}

/** Squares: faint where the other filters leave nothing, plain where the brush does, coloured where it is selected. */
function paint(canvas: HTMLCanvasElement, frame: Frame, x: Scale, y: Scale): void {
  const sharp = devicePixelRatio || 1;
  [canvas.width, canvas.height] = [frame.width * sharp, frame.height * sharp];
  [canvas.style.width, canvas.style.height] = [`${frame.width}px`, `${frame.height}px`];
  const context = canvas.getContext("2d")!;
  context.scale(sharp, sharp);
  const colour = getComputedStyle(canvas);
  const columns = Math.ceil(frame.width / CELL);
  const layers = [new Map<number, number>(), new Map<number, number>(), new Map<number, number>()];
  const wanted = besidesBrush.value;
  const add = (layer: number, place: number) => {
    const [across, up] = [x(learned![place]), y(run.train.mem[place])];
    if (!Number.isFinite(across) || !Number.isFinite(up)) return;
    const cell = Math.floor(up / CELL) * columns + Math.min(columns - 1, Math.floor(across / CELL));
    layers[layer].set(cell, (layers[layer].get(cell) ?? 0) + 1);
  };
  for (let place = 0; place < run.numTrain; place++) add(wanted(place) ? 1 : 0, place);
  for (const place of selection.value) add(2, place);
  let crowd = 1;
  for (const layer of layers) for (const count of layer.values()) crowd = Math.max(crowd, count);
  const most = Math.log1p(crowd);
  for (const [layer, name, least] of [[0, "--line", 0.6], [1, "--soft", 0.3], [2, "--accent", 0.4]] as const) {
    context.fillStyle = colour.getPropertyValue(name);
    for (const [cell, count] of layers[layer]) {
      if (layer === 1 && layers[2].get(cell) === count) continue; // all of it is selected
      context.globalAlpha = least + (1 - least) * (Math.log1p(count) / most);
      context.fillRect((cell % columns) * CELL, Math.floor(cell / columns) * CELL, CELL - 0.5, CELL - 0.5);
    }
  }
}

export function Found() {
  return (
    <p class="found" role="status">
      <strong>{plural(selection.value.length, "example")}</strong> selected
    </p>
  );
}
