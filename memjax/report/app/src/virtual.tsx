// A long list in the flow of the page, of which only the rows near the window exist.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

const BEYOND = 600; // pixels above and below the window

interface Props {
  count: number;
  rowHeight: number;
  /** Least width of a cell; as many stand in a row as fit.  0: one. */
  cellWidth: number;
  label: string;
  row: (index: number) => ComponentChildren;
  /** Told how many stand in a row, and handed the element. */
  onLayout?: (columns: number, element: HTMLElement) => void;
  onKeyDown?: (event: KeyboardEvent) => void;
}

export function Virtual({ count, rowHeight, cellWidth, label, row, onLayout, onKeyDown }: Props) {
  const list = useRef<HTMLUListElement>(null);
  const [{ columns, first, last }, setSeen] = useState({ columns: 1, first: 0, last: 0 });

  useLayoutEffect(() => {
    const element = list.current!;
    let asked = 0;
    const look = () => {
      asked = 0;
      const { top, width } = element.getBoundingClientRect();
      if (!width) return; // in a view that is not shown
      const fit = cellWidth ? Math.max(1, Math.floor(width / cellWidth)) : 1;
      const begin = Math.max(0, Math.floor((-top - BEYOND) / rowHeight));
      const end = Math.max(begin, Math.ceil((innerHeight - top + BEYOND) / rowHeight));
      onLayout?.(fit, element);
      setSeen((seen) =>
        seen.columns === fit && seen.first === begin && seen.last === end ? seen : { columns: fit, first: begin, last: end },
      );
    };
    const ask = () => (asked ||= requestAnimationFrame(look));
    const observer = new ResizeObserver(ask);
    observer.observe(element);
    observer.observe(document.documentElement);
    addEventListener("scroll", ask, { passive: true });
    look();
    return () => {
      cancelAnimationFrame(asked);
      observer.disconnect();
      removeEventListener("scroll", ask);
    };
  }, [cellWidth, rowHeight]);

  const rows = Math.ceil(count / columns);
  const from = Math.min(first, rows);
  const shown = [];
  for (let index = from * columns; index < Math.min(count, last * columns); index++) shown.push(index);
  const style = {
    height: `${rows * rowHeight}px`,
    paddingTop: `${from * rowHeight}px`,
    gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
    gridAutoRows: `${rowHeight}px`,
  };
  return (
    <ul ref={list} class="virtual" aria-label={label} style={style} onKeyDown={onKeyDown}>
      {shown.map(row)}
    </ul>
  );
}
