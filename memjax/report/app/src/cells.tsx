// A row of the user's table: names, values, and where each stands among the training examples of its label.
import type { Side } from "./data";
import { run } from "./state";

const UNKNOWN = 255;
const FAR = 5; // percent from either end
const BY_TOKEN = "log p of each token, in minus out";
const SPACE = "\u2423"; // how a space is written where tokens stand apart
const STRONG = 5; // nats

interface Cell {
  name: string;
  text: string;
  standing: number | null;
}

const shortest = new Intl.NumberFormat("en", { maximumSignificantDigits: 6, useGrouping: false });

function cellOf(column: number, side: Side, place: number): Cell {
  const { names, columns } = run.cells!;
  const { texts, standing, [side]: values } = columns[column];
  const value = values[place];
  const known = side === "train" && standing && standing[place] !== UNKNOWN;
  return { name: names[column], text: texts ? texts[value] : shortest.format(value), standing: known ? standing[place] : null };
}

/** Tokens with a number each, as a text whose colour is the stronger the larger the number, in nats. */
function Tokens({ text }: { text: string }) {
  return (
    <>
      {text.split(" ").map((word) => {
        const [, token, rise] = word.match(/^(.*?)([+-][\d.]+|[+-]?nan)$/) ?? [word, word, "nan"];
        const share = Math.round(Math.min(1, Math.max(0, Number(rise) / STRONG || 0)) * 60);
        const background = `color-mix(in srgb, var(--mark) ${share}%, transparent)`;
        return <span title={`${token} ${rise}`} style={{ background }}>{token === SPACE ? "\u00a0" : token}</span>;
      })}
    </>
  );
}

/** The cells of a row, or those that stand farthest from the middle of its class, in the order of the table. */
function cellsOf(side: Side, place: number, most: number): Cell[] {
  const cells = run.cells!.names.map((_, column) => cellOf(column, side, place));
  if (cells.length <= most) return cells;
  const far = (cell: Cell) => Math.abs((cell.standing ?? 50) - 50);
  const least = [...cells].sort((one, other) => far(other) - far(one)).slice(0, most);
  return cells.filter((cell) => least.includes(cell));
}

export function Cells({ side, place, most }: { side: Side; place: number; most: number }) {
  if (!run.cells || place >= run.cells[side === "train" ? "numTrain" : "numTest"]) return null;
  return (
    <table class={most === Infinity ? "cells whole" : "cells"}>
      <tbody>
        {cellsOf(side, place, most).map(({ name, text, standing }) => (
          <tr key={name}>
            <th scope="row" title={name}><bdi>{name}</bdi></th>
            {name === BY_TOKEN ? <td><Tokens text={text} /></td> : <td title={text}><bdi>{text}</bdi></td>}
            {side === "train" && (
              <td
                class={standing !== null && Math.min(standing, 100 - standing) <= FAR ? "stands far" : "stands"}
                title="share of the training examples of its label with a lower value"
              >
                {standing === null ? "" : `higher than ${standing}\u00a0%`}
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
