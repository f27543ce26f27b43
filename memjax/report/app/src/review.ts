// What the reader decided about labels: kept in the browser, and saved as a file for `memjax apply`.
import { effect, signal } from "@preact/signals";
import { cell, save } from "./export";
import { nameOf, run } from "./state";

export type Decision = "keep" | "relabel" | "drop" | "unsure";
export const DECISIONS: Decision[] = ["keep", "relabel", "drop", "unsure"];

export interface Verdict {
  decision: Decision;
  /** The new label, if the example gets one. */
  label: string | null;
}

// A run with other results has other places: its decisions are not these.
const KEY = `memjax review ${run.name} ${run.checksums["estimates.npz"] ?? ""}`;

export const verdicts = signal<ReadonlyMap<number, Verdict>>(new Map(stored()));

function stored(): [number, Verdict][] {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "[]");
  } catch {
    return []; // the browser keeps nothing for pages on disk
  }
}

effect(() => {
  const entries = [...verdicts.value];
  try {
    if (entries.length) localStorage.setItem(KEY, JSON.stringify(entries));
    else localStorage.removeItem(KEY);
  } catch {
    // The decisions last as long as the page is open; the file keeps them.
  }
});

/** Decides about a suspect; the same decision again takes it back. */
export function decide(suspect: number, decision: Decision, label?: string): void {
  const changed = new Map(verdicts.value);
  const before = changed.get(suspect);
  if (before?.decision === decision && label === undefined) changed.delete(suspect);
  else changed.set(suspect, { decision, label: decision === "relabel" ? (label ?? run.suspects!.preferred[suspect]) : null });
  verdicts.value = changed;
}

export function forget(): void {
  verdicts.value = new Map();
}

function rows() {
  const { place, label } = run.suspects!;
  return [...verdicts.value]
    .sort(([one], [other]) => one - other)
    .map(([suspect, verdict]) => ({
      id: nameOf("train", place[suspect]),
      label: label[suspect],
      decision: verdict.decision,
      new_label: verdict.label,
    }));
}

export function saveReviewCsv(): void {
  const lines = rows().map((row) => Object.values(row).map(cell).join(","));
  save("review.csv", [["id,label,decision,new_label", ...lines, ""].join("\r\n")], "text/csv");
}

export function saveReviewJson(): void {
  const content = { memjax_review: 1, data: run.name, sha256: run.checksums, decisions: rows() };
  save("review.json", [JSON.stringify(content, null, 1)], "application/json");
}
