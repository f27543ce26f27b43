// Images out of the sheets, drawn onto a canvas: a sheet is decoded when it is first drawn.
import { useLayoutEffect, useRef } from "preact/hooks";
import { Cells } from "./cells";
import type { Side } from "./data";
import { run } from "./state";

const KEPT = 160; // decoded sheets

const sheets = new Map<string, Promise<HTMLImageElement>>();
const ready = new Map<string, HTMLImageElement>();

const parsed =
  document.readyState === "loading"
    ? new Promise((resolve) => addEventListener("DOMContentLoaded", resolve, { once: true }))
    : Promise.resolve();

async function load(side: Side, number: number): Promise<HTMLImageElement> {
  const files = run.pictures![side];
  const image = new Image();
  if (files) image.src = files[number];
  else {
    await parsed; // the sheets stand behind the script
    image.src = `data:image/png;base64,${document.getElementById(`sheet-${side}-${number}`)!.textContent!.trim()}`;
  }
  await image.decode();
  return image;
}

function sheet(side: Side, number: number): Promise<HTMLImageElement> {
  const key = `${side}-${number}`;
  const known = sheets.get(key);
  if (known) {
    sheets.delete(key); // put last: the sheet that was drawn least recently goes first
    sheets.set(key, known);
    return known;
  }
  const loading = load(side, number);
  sheets.set(key, loading);
  loading.then((image) => ready.set(key, image)).catch(() => sheets.delete(key));
  if (sheets.size > KEPT) {
    const oldest = sheets.keys().next().value!;
    sheets.delete(oldest);
    ready.delete(oldest);
  }
  return loading;
}

/** What an example looks like: its image, or as many columns of its table as asked for. */
export function Picture({ side, place, alt, most = 3 }: { side: Side; place: number; alt: string; most?: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pictures = run.pictures;
  useLayoutEffect(() => {
    if (!pictures || !canvas.current) return;
    const { width, height, columns, rows } = pictures;
    const context = canvas.current.getContext("2d")!;
    const [number, inside] = [Math.floor(place / (columns * rows)), place % (columns * rows)];
    const [left, top] = [(inside % columns) * width, Math.floor(inside / columns) * height];
    let wanted = true;
    const draw = (image: HTMLImageElement) => {
      if (wanted) context.drawImage(image, left, top, width, height, 0, 0, width, height);
    };
    const there = ready.get(`${side}-${number}`);
    if (there) draw(there);
    else context.clearRect(0, 0, width, height);
    if (!there) sheet(side, number).then(draw, () => canvas.current?.classList.add("missing"));
    return () => void (wanted = false);
  }, [side, place]);
  if (!pictures) return <Cells side={side} place={place} most={most} />;
  return (
    <canvas
      ref={canvas} class={`picture ${pictures.kind}`} width={pictures.width} height={pictures.height}
      role="img" aria-label={alt}
    />
  );
}
