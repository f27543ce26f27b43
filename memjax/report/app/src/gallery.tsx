// The selected examples as cards, in the order asked for.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Filters } from "./filters";
import { Picture } from "./picture";
import { className, clearFilters, isFiltered, learned, marks, nameOf, permalink, run, selection, toggled } from "./state";
import { Virtual } from "./virtual";
import { number, reached, whole, withError } from "./words";

const WITH_PICTURE = { pixels: 236, photo: 272 };
const WITH_CELLS = 182;
const [TEXT_ONLY, LINE] = [122, 17];
const WIDTH = run.cells ? 200 : 152;

/** The card that the arrow keys move from, as a number in the selection. */
const current = signal(0);

export function Examples() {
  return (
    <div class="explorer">
      <Filters />
      <Gallery />
    </div>
  );
}

function Gallery() {
  const places = selection.value;
  const layout = useRef<{ columns: number; element: HTMLElement } | null>(null);
  const height = (run.pictures ? WITH_PICTURE[run.pictures.kind] : run.cells ? WITH_CELLS : TEXT_ONLY) + (learned ? LINE : 0);

  useEffect(() => {
    current.value = 0;
    const element = layout.current?.element;
    if (element && element.getBoundingClientRect().top < 0) element.closest(".explorer")!.scrollIntoView();
  }, [places]);

  const move = (event: KeyboardEvent) => {
    const { columns, element } = layout.current!;
    const page = columns * Math.max(1, Math.floor(innerHeight / height) - 1);
    const steps: Record<string, number> = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, PageUp: -page, PageDown: page,
      Home: -Infinity, End: Infinity,
    };
    if (event.key === "m") marks.value = toggled(marks.value, places[current.value]);
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const next = Math.max(0, Math.min(places.length - 1, current.value + step));
    current.value = next;
    bringIntoView(element, Math.floor(next / columns) * height, height);
    // The card is there once the list has seen the scrolling, which is in the next frame.
    requestAnimationFrame(() => requestAnimationFrame(() => focusCard(element, next)));
  };

  if (!places.length) {
    return (
      <div class="empty">
        <p>No example passes these filters.</p>
        <button type="button" onClick={clearFilters}>Show all</button>
      </div>
    );
  }
  return (
    <div class="gallery">
      <p class="found" role="status">
        <strong>{whole(places.length)}</strong> of {whole(run.numTrain)} examples
        {isFiltered.value && <>, <button type="button" class="plain" onClick={clearFilters}>show all</button></>}
      </p>
      <Virtual
        count={places.length} rowHeight={height} cellWidth={WIDTH} label="Selected examples"
        onLayout={(columns, element) => (layout.current = { columns, element })} onKeyDown={move}
        row={(index) => <Card key={places[index]} index={index} place={places[index]} count={places.length} />}
      />
    </div>
  );
}

function focusCard(list: HTMLElement, index: number): void {
  list.querySelector<HTMLElement>(`[data-index="${index}"]`)?.focus({ preventScroll: true });
}

function bringIntoView(list: HTMLElement, top: number, height: number): void {
  const above = document.querySelector(".top")!.getBoundingClientRect().bottom;
  const start = list.getBoundingClientRect().top + top;
  if (start < above) scrollBy({ top: start - above - 8 });
  else if (start + height > innerHeight) scrollBy({ top: start + height - innerHeight + 8 });
}

function Card({ index, place, count }: { index: number; place: number; count: number }) {
  const { train } = run;
  const name = className(train.label[place]);
  return (
    <li aria-setsize={count} aria-posinset={index + 1}>
      <a
        class="card" href={`#${permalink("train", place)}`} data-index={index} tabIndex={index === current.value ? 0 : -1}
        onFocus={() => (current.value = index)}
      >
        <Picture side="train" place={place} alt={`Training example ${nameOf("train", place)}, labelled ${name}`} />
        <span class="name" title={name}><bdi>{name}</bdi></span>
        <span class="line">
          <span class="id">id {nameOf("train", place)}</span>
          {train.mislabelled[place] === 1 && <span class="changed" title="label changed on purpose">changed</span>}
        </span>
        <span class="score">{withError(train.mem[place], train.stderr[place])}</span>
        <span class="rates">
          in sample {reached(train.correctIn[place], run.shares, 0)} of {whole(train.numIn[place])}<br />
          held out {reached(train.correctOut[place], run.shares, 0)} of {whole(train.numOut[place])}
          {learned && <><br />learned: {number(learned[place], 1)} epochs</>}
        </span>
        {marks.value.has(place) && <span class="mark">marked</span>}
      </a>
    </li>
  );
}
