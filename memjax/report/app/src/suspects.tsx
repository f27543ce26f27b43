// The labels to look at: one card each, with the decision of the reader.
import { signal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Picture } from "./picture";
import { type Decision, DECISIONS, decide, forget, saveReviewCsv, saveReviewJson, verdicts } from "./review";
import { nameOf, permalink, run } from "./state";
import { number, percent, plural, whole } from "./words";

const AT_ONCE = 24;
const SHOWN_COLUMNS = 6;

const shown = signal(AT_ONCE);
const onlyOpen = signal(false);

export function Suspects() {
  const list = useRef<HTMLUListElement>(null);
  const { place, wrong } = run.suspects!;
  const all = Array.from({ length: place.length }, (_, suspect) => suspect);
  const left = all.filter((suspect) => !onlyOpen.value || !verdicts.value.has(suspect));
  const looked = verdicts.value.size;
  const wrongs = all.filter((suspect) => wrong[suspect] === 1).length;

  const keys = (event: KeyboardEvent) => {
    if (event.target instanceof HTMLSelectElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const cards = [...list.current!.querySelectorAll<HTMLElement>(".suspect")];
    const at = cards.findIndex((card) => card.contains(event.target as Node));
    if (at < 0) return;
    const decision = DECISIONS.find((word) => word[0] === event.key);
    const step = { ArrowDown: 1, ArrowRight: 1, j: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (decision) decide(Number(cards[at].dataset.suspect), decision);
    else if (!step) return;
    event.preventDefault();
    const next = cards[at + (step ?? (onlyOpen.value ? 0 : 1))];
    next?.focus();
  };

  return (
    <>
      <div class="review">
        <span role="status">
          {plural(all.length, "label")}, least probable first; <strong>{whole(wrongs)}</strong> of them look wrong. Decided: <strong>{whole(looked)}</strong>
        </span>
        <label class="switch">
          <input id="only-open" type="checkbox" checked={onlyOpen.value} onChange={(event) => (onlyOpen.value = event.currentTarget.checked)} />
          only undecided
        </label>
        <button type="button" disabled={!looked} onClick={saveReviewCsv}>Save as CSV</button>
        <button type="button" disabled={!looked} onClick={saveReviewJson}>Save as JSON</button>
        {looked > 0 && <button type="button" class="plain" onClick={() => confirm("Forget all decisions?") && forget()}>forget all</button>}
        <span class="hint">
          Keys on a card: <kbd>k</kbd> keep, <kbd>r</kbd> relabel, <kbd>d</kbd> drop, <kbd>u</kbd> unsure, arrows to move.
        </span>
      </div>
      <ul class="suspects" ref={list} onKeyDown={keys} aria-label="Labels to look at">
        {left.slice(0, shown.value).map((suspect) => <Suspect key={suspect} suspect={suspect} />)}
      </ul>
      {left.length > shown.value && (
        <p><button type="button" onClick={() => (shown.value += AT_ONCE)}>Show {whole(Math.min(AT_ONCE, left.length - shown.value))} more</button></p>
      )}
    </>
  );
}

function Suspect({ suspect }: { suspect: number }) {
  const { place, wrong, label, preferred, probability, preferredProbability, low, high } = run.suspects!;
  const at = place[suspect];
  const name = nameOf("train", at);
  const verdict = verdicts.value.get(suspect);
  return (
    <li class={verdict ? "suspect decided" : "suspect"} tabIndex={0} data-suspect={suspect} aria-label={`${name}, labelled ${label[suspect]}`}>
      {run.pictures && <Picture side="train" place={at} alt={`Training example ${name}, labelled ${label[suspect]}`} />}
      <div>
        <p><a href={`#${permalink("train", at)}`}><bdi>{name}</bdi></a> {wrong[suspect] === 1 && <span class="changed">looks wrong</span>}</p>
        <p><span class="soft">label</span> <strong><bdi>{label[suspect]}</bdi></strong> <span class="soft">held out</span> {percent(probability[suspect])}</p>
        <p><span class="soft">models say</span> <strong><bdi>{preferred[suspect]}</bdi></strong> {percent(preferredProbability[suspect])}</p>
        <p class="hint">memorization {number(run.train.mem[at], 2)} ({number(low[suspect], 2)} to {number(high[suspect], 2)})</p>
      </div>
      {!run.pictures && <Picture side="train" place={at} alt="" most={SHOWN_COLUMNS} />}
      <div class="decisions" role="group" aria-label={`Decision about ${name}`}>
        {DECISIONS.map((word) => <Choice key={word} suspect={suspect} decision={word} chosen={verdict?.decision === word} />)}
        {verdict?.decision === "relabel" && (
          <select
            aria-label="new label" value={verdict.label ?? ""}
            onChange={(event) => decide(suspect, "relabel", event.currentTarget.value)}
          >
            {run.classes.map((text) => <option key={text} value={text}>{text}</option>)}
          </select>
        )}
      </div>
    </li>
  );
}

function Choice({ suspect, decision, chosen }: { suspect: number; decision: Decision; chosen: boolean }) {
  return (
    <button type="button" aria-pressed={chosen} onClick={() => decide(suspect, decision)}>{decision}</button>
  );
}
