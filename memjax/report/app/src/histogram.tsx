// The histogram of memorization.  Its brush, or the two sliders below it, choose the bins that the gallery shows.
import { type D3BrushEvent, brushX } from "d3-brush";
import { scaleLinear, scaleLog } from "d3-scale";
import { select } from "d3-selection";
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Ends } from "./ends";
import { Bins } from "./statistics";
import { allCounts, barCounts, bins, chooseRange, range, run } from "./state";
import { number, plural, whole } from "./words";

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [320, 170, 40, 316, 10, 140];
const SMALLEST = 0.5; // where the logarithmic axis begins, so that a count of one is a visible bar
const logarithmic = signal(true);

const across = scaleLinear([bins.start, bins.end], [LEFT, RIGHT]);
const binAt = (x: number) => Math.round((across.invert(x) - bins.start) / bins.width);

export function Histogram() {
  const layer = useRef<SVGGElement>(null);
  const chosen = range.value;

  useEffect(() => {
    const brush = brushX<unknown>()
      .extent([[LEFT, TOP], [RIGHT, BOTTOM]])
      .on("brush end", (event: D3BrushEvent<unknown>) => {
        if (!event.sourceEvent) return; // moved by us
        const ends = event.selection as [number, number] | null;
        if (!ends) range.value = null;
        else if (event.type === "end" || binAt(ends[1]) > binAt(ends[0])) chooseRange(binAt(ends[0]), binAt(ends[1]));
        if (event.type === "end") place();
      });
    const group = select(layer.current!);
    const place = () => {
      const now = range.peek();
      group.call(brush.move as any, now && now.map((bin) => across(bins.edge(bin))));
    };
    group.call(brush as any);
    const stop = range.subscribe(() => {
      if (!layer.current?.matches(":active")) place();
    });
    return () => {
      stop();
      group.on(".brush", null);
    };
  }, []);

  const most = Math.max(10, ...allCounts);
  const up = logarithmic.value
    ? scaleLog([SMALLEST, most], [BOTTOM, TOP])
    : scaleLinear([0, most], [BOTTOM, TOP]);
  const top = (count: number) => (count ? up(Math.max(count, SMALLEST)) : BOTTOM);
  const ticks = logarithmic.value
    ? Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, power) => 10 ** power)
    : up.ticks(4);
  const counts = barCounts.value;
  const undefinedCount = run.numTrain - allCounts.reduce((sum, count) => sum + count, 0);
  const [low, high] = chosen ?? [0, Bins.COUNT];
  const inside = counts.slice(low, high).reduce((sum, count) => sum + count, 0);

  return (
    <div class="histogram">
      <div class="line">
        <h3>Memorization</h3>
        <label class="switch">
          <input
            type="checkbox" checked={logarithmic.value}
            onChange={(event) => (logarithmic.value = event.currentTarget.checked)}
          />
          log counts
        </label>
      </div>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label="Histogram of memorization; drag to choose a range">
        {ticks.map((tick) => (
          <g key={tick}>
            <line class="grid" x1={LEFT} x2={RIGHT} y1={up(tick)} y2={up(tick)} />
            <text class="end" x={LEFT - 6} y={up(tick) + 4}>{compact(tick)}</text>
          </g>
        ))}
        {allCounts.map((count, bin) => {
          const [x, width] = [across(bins.edge(bin)) + 0.75, across(bins.edge(bin + 1)) - across(bins.edge(bin)) - 1.5];
          const kind = bin >= low && bin < high ? "bar" : "bar out";
          const title = `${number(bins.edge(bin), 2)} to ${number(bins.edge(bin + 1), 2)}: ${plural(counts[bin], "example")}`;
          return (
            <g key={bin}>
              <rect class="ghost" x={x} width={width} y={top(count)} height={BOTTOM - top(count)} />
              <rect class={kind} data-count={counts[bin]} x={x} width={width} y={top(counts[bin])} height={BOTTOM - top(counts[bin])}>
                <title>{title}</title>
              </rect>
            </g>
          );
        })}
        <line class="axis" x1={LEFT} x2={RIGHT} y1={BOTTOM} y2={BOTTOM} />
        {across.ticks(4).map((tick) => (
          <text key={tick} class="middle" x={across(tick)} y={BOTTOM + 17}>{number(tick, tick % 1 ? 2 : 0)}</text>
        ))}
        <g ref={layer} class="brush" aria-hidden="true" />
      </svg>
      <Ends
        id="range" low={low} high={high} count={Bins.COUNT} choose={chooseRange}
        from="from" to="to" words={(bin) => number(bins.edge(bin), 2)}
      />
      <p class="hint">
        {chosen ? `${plural(inside, "example")} in this range. ` : "Drag over the bars to choose a range. "}
        {undefinedCount > 0 && `${whole(undefinedCount)} without a score are in no bar. `}
        {chosen && <button type="button" class="plain" onClick={() => (range.value = null)}>Whole range</button>}
      </p>
    </div>
  );
}

function compact(count: number): string {
  return count >= 1000 ? `${count / 1000}k` : String(count);
}
