const units = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** Formats a number of bytes for people: `1.5 GiB`, `512 bytes`. */
export function shownBytes(bytes: number): string {
  let power = 0;
  let amount = bytes;
  while (amount >= 1023.95 && power < units.length - 1) {
    amount /= 1024;
    power += 1;
  }
  return `${power === 0 ? amount : Number(amount.toFixed(1))} ${units[power]}`;
}

/** Formats a speed in bytes per second for people: `1.5 MiB/s`. */
export function shownRate(bytesPerSecond: number): string {
  return `${shownBytes(Math.round(bytesPerSecond))}/s`;
}
