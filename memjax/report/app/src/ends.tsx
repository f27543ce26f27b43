// Two sliders that say the same as a brush, for the keyboard.

interface Props {
  id: string;
  low: number;
  high: number;
  count: number;
  from: string;
  to: string;
  words: (step: number) => string;
  choose: (low: number, high: number) => void;
}

export function Ends({ id, low, high, count, from, to, words, choose }: Props) {
  return (
    <div class="ends">
      <label>
        <span>{from} <output>{words(low)}</output></span>
        <input
          type="range" id={`${id}-from`} min={0} max={count - 1} value={low} aria-valuetext={words(low)}
          onInput={(event) => choose(event.currentTarget.valueAsNumber, Math.max(high, event.currentTarget.valueAsNumber + 1))}
        />
      </label>
      <label>
        <span>{to} <output>{words(high)}</output></span>
        <input
          type="range" id={`${id}-to`} min={1} max={count} value={high} aria-valuetext={words(high)}
          onInput={(event) => choose(Math.min(low, event.currentTarget.valueAsNumber - 1), event.currentTarget.valueAsNumber)}
        />
      </label>
    </div>
  );
}
