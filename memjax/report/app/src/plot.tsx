// What plots share: a frame as wide as its place, so that letters keep their size in a small window, and axes.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { number, whole } from "./words";

export const MEASURES = { loss: "loss", error: "share of models that are wrong" };

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** A frame for an element of this height; `slope` is height over width where there is room, within the two ends. */
export function useFrame<E extends HTMLElement>(slope: number, least: number, most: number) {
  const place = useRef<E>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const look = () => setWidth(Math.round(place.current!.getBoundingClientRect().width));
    const observer = new ResizeObserver(look);
    observer.observe(place.current!);
    look();
    return () => observer.disconnect();
  }, []);
  const height = Math.max(least, Math.min(most, Math.round(width * slope)));
  const frame: Frame = { width, height, left: 46, right: Math.max(60, width - 8), top: 26, bottom: height - 42 };
  return { place, frame };
}

interface AxesProps {
  frame: Frame;
  x: (value: number) => number;
  y: (value: number) => number;
  xTicks: number[];
  yTicks: number[];
  across: string;
  up: string;
}

export function Axes({ frame, x, y, xTicks, yTicks, across, up }: AxesProps) {
  const { left, right, bottom } = frame;
  return (
    <g aria-hidden="true">
      <text x={2} y={13}>{up}</text>
      {yTicks.map((tick) => (
        <g key={tick}>
          <line class="grid" x1={left} x2={right} y1={y(tick)} y2={y(tick)} />
          <text class="end" x={left - 6} y={y(tick) + 4}>{short(tick)}</text>
        </g>
      ))}
      <line class="axis" x1={left} x2={right} y1={bottom} y2={bottom} />
      {xTicks.map((tick) => <text key={tick} class="middle" x={x(tick)} y={bottom + 16}>{whole(tick)}</text>)}
      <text class="end" x={right} y={bottom + 34}>{across}</text>
    </g>
  );
}

function short(value: number): string {
  if (value && Math.abs(value) < 0.01) return String(value);
  return number(value, Number.isInteger(value) ? 0 : Number.isInteger(value * 10) ? 1 : 2);
}

/** Round values whose square roots lie far enough apart to stand beside an axis from 0 to `top`; as in Python. */
export function rootTicks(top: number): number[] {
  const apart = 0.1 * Math.sqrt(top);
  const ticks: number[] = [];
  for (let power = 5; power > -6; power--) {
    for (const value of [5, 2, 1].map((digit) => Number(`${digit}e${power}`))) {
      const clear = !ticks.length || Math.sqrt(ticks[0]) - Math.sqrt(value) > apart;
      if (clear && value <= top && Math.sqrt(value) > apart) ticks.unshift(value);
    }
  }
  return [0, ...ticks];
}

export function line(epochs: number[], values: number[], x: (value: number) => number, y: (value: number) => number): string {
  let [path, pen] = ["", "M"];
  epochs.forEach((epoch, at) => {
    if (Number.isNaN(values[at])) pen = "M"; // a gap where it is undefined
    else {
      path += `${pen}${x(epoch).toFixed(1)},${y(values[at]).toFixed(1)}`;
      pen = "L";
    }
  });
  return path;
}
