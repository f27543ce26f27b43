// Numbers as people read them, as in words.py.

const formats = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

export function number(value: number, digits: 0 | 1 | 2 | 3 = 3): string {
  if (!Number.isFinite(value)) return "undefined";
  const text = formats[digits].format(Math.abs(value));
  return value < 0 && /[1-9]/.test(text) ? `\u2212${text}` : text;
}

export function percent(value: number, digits = 1): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(digits)}\u00a0%` : "undefined";
}

/** What models reach on an example: the share that is right, or the mean of another score. */
export function reached(value: number, shares: boolean, digits = 1): string {
  return shares ? percent(value, digits) : number(value);
}

export function whole(value: number): string {
  return formats[0].format(value);
}

export function withError(value: number, stderr: number, digits: 2 | 3 = 3): string {
  return Number.isFinite(stderr) ? `${number(value, digits)} ± ${number(stderr, digits)}` : number(value, digits);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}
