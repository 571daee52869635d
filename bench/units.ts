/** Bytes as `12.3 MiB`. */
export function mebibytes(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return `${mib >= 100 ? Math.round(mib).toLocaleString("en") : mib.toPrecision(3)} MiB`;
}

/** Seconds as `1.23 s`, `45 ms`, `6.7 µs`. */
export function duration(seconds: number): string {
  const [value, unit] =
    seconds >= 1 ? [seconds, "s"] : seconds >= 1e-3 ? [seconds * 1e3, "ms"] : [seconds * 1e6, "µs"];
  return `${value >= 100 ? Math.round(value) : value.toPrecision(3)} ${unit}`;
}

/** `50,000`. */
export function count(value: number): string {
  return value.toLocaleString("en");
}
