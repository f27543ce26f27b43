// The panel beside the gallery: what to show, in which order, and what to take away.
import { useEffect, useRef } from "preact/hooks";
import { saveCsv, saveJson, saveKeepMask } from "./export";
import { Histogram } from "./histogram";
import { SpeedEnds } from "./scatter";
import {
  type SortKey, ascending, classCounts, classes, learned, marks, onlyMarked, onlyMislabelled, query, run,
  selection, sortKey, speeds, toggled,
} from "./state";
import { whole } from "./words";

const SORTS: Record<SortKey, string> = {
  mem: "memorization",
  stderr: "standard error",
  influence: "largest influence",
  probability: "probability of the label, held out",
  speed: "learning speed",
  id: "id",
};

export function Filters() {
  const wide = matchMedia("(min-width: 60rem)").matches;
  return (
    <details class="filters" open={wide}>
      <summary>Filter, sort and export</summary>
      <div class="panel">
        <Search />
        <Histogram />
        {learned && <Speeds />}
        {run.classes.length > 1 && <Classes />}
        <Switches />
        <Sort />
        <Export />
      </div>
    </details>
  );
}

function Search() {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement && event.target.type !== "range";
      if (event.key !== "/" || typing || !input.current?.checkVisibility()) return;
      event.preventDefault();
      input.current.focus();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
  return (
    <label class="search">
      <h3>Search</h3>
      <input
        ref={input} id="search" type="search" placeholder="a label, or ids: 12, 345" autocomplete="off" spellcheck={false}
        value={query.value} onInput={(event) => (query.value = event.currentTarget.value)}
      />
    </label>
  );
}

function Speeds() {
  return (
    <div>
      <h3>Learning speed</h3>
      <SpeedEnds id="speed" />
      {speeds.value && (
        <p class="hint"><button type="button" class="plain" onClick={() => (speeds.value = null)}>All speeds</button></p>
      )}
    </div>
  );
}

function Classes() {
  return (
    <div>
      <h3 id="classes-title">Classes</h3>
      <div class="chips" role="group" aria-labelledby="classes-title">
        {run.classes.map((name, label) => (
          <button
            key={label} type="button" class="chip" title={name} aria-pressed={classes.value.has(label)}
            onClick={() => (classes.value = toggled(classes.value, label))}
          >
            <bdi>{name}</bdi> <span class="count">{whole(classCounts.value[label])}</span>
          </button>
        ))}
      </div>
    </div>
  );
}

function Switches() {
  const wrong = run.train.mislabelled.some((value) => value === 1);
  if (!wrong && !marks.value.size && !onlyMarked.value) return null;
  return (
    <div class="switches">
      {wrong && (
        <label class="switch">
          <input
            type="checkbox" checked={onlyMislabelled.value}
            onChange={(event) => (onlyMislabelled.value = event.currentTarget.checked)}
          />
          only labels changed on purpose
        </label>
      )}
      <label class="switch">
        <input
          type="checkbox" checked={onlyMarked.value}
          onChange={(event) => (onlyMarked.value = event.currentTarget.checked)}
        />
        only marked ({whole(marks.value.size)})
      </label>
    </div>
  );
}

function Sort() {
  const missing = new Set([...(run.train.probabilityOut ? [] : ["probability"]), ...(learned ? [] : ["speed"])]);
  const [lowest, highest] = sortKey.value === "speed" ? ["fastest", "slowest"] : ["lowest", "highest"];
  const keys = (Object.keys(SORTS) as SortKey[]).filter((key) => !missing.has(key));
  return (
    <div>
      <h3><label for="sort">Sort by</label></h3>
      <div class="line">
        <select id="sort" value={sortKey.value} onChange={(event) => (sortKey.value = event.currentTarget.value as SortKey)}>
          {keys.map((key) => <option key={key} value={key}>{SORTS[key]}</option>)}
        </select>
        <button type="button" onClick={() => (ascending.value = !ascending.value)}>
          {ascending.value ? `\u2191 ${lowest} first` : `\u2193 ${highest} first`}
        </button>
      </div>
    </div>
  );
}

function Export() {
  const places = selection.value;
  return (
    <div class="export">
      <h3>Export the selection</h3>
      <p>
        <strong>{whole(places.length)}</strong> of {whole(run.numTrain)} examples
      </p>
      <div class="line wrap">
        <button type="button" onClick={() => saveCsv(places)}>CSV</button>
        <button type="button" onClick={() => saveJson(places)}>JSON</button>
        <button type="button" onClick={() => saveKeepMask(places)}>Keep-mask</button>
      </div>
      <p class="hint">The keep-mask is a .npy file that is False for the selected examples: <code>x_train[keep]</code> excludes them.</p>
    </div>
  );
}
