const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const time = "(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})";

/** The three forms a recipient has to accept: IMF-fixdate, RFC 850 and asctime (RFC 9110 §5.6.7). */
const forms = [
  new RegExp(`^[a-z]{3}, (?<day>\\d{2}) (?<month>[a-z]{3}) (?<year>\\d{4}) ${time} GMT$`, "i"),
  new RegExp(`^[a-z]{6,9}, (?<day>\\d{2})-(?<month>[a-z]{3})-(?<year>\\d{2}) ${time} GMT$`, "i"),
  new RegExp(`^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`, "i"),
];

/** Reads an HTTP-date: milliseconds since the epoch, or null for anything else. */
export function parseHttpDate(text: string): number | null {
  for (const form of forms) {
    const groups = form.exec(text)?.groups;
    if (groups === undefined) continue;
    const { day, month, year, hour, minute, second } = groups;
    const monthIndex = months.indexOf(month!.toLowerCase());
    const numbers = [fullYear(year!), monthIndex, Number(day), Number(hour), Number(minute), Number(second)] as const;
    return monthIndex < 0 ? null : Date.UTC(...numbers);
  }
  return null;
}

/** A two-digit year more than 50 years ahead is in the past (RFC 9110 §5.6.7). */
function fullYear(digits: string): number {
  if (digits.length === 4) return Number(digits);
  const year = 2000 + Number(digits);
  return year > new Date().getUTCFullYear() + 50 ? year - 100 : year;
}
