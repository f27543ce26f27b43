// Numbers as people read them, as in words.py.

export function number(value: number, digits = 3): string {
  if (!Number.isFinite(value)) return "undefined";
  const text = Math.abs(value).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return value < 0 && Number(text.replaceAll(",", "")) !== 0 ? `\u2212${text}` : text;
}

export function percent(value: number, digits = 1): string {
  return Number.isFinite(value) ? `${(100 * value).toFixed(digits)}\u00a0%` : "undefined";
}

export function whole(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: 0 });
}

export function withError(value: number, stderr: number, digits = 3): string {
  return Number.isFinite(stderr) ? `${number(value, digits)} ± ${number(stderr, digits)}` : number(value, digits);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}
