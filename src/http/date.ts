const months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const time = "(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})";

/** The three forms that a recipient has to accept: IMF-fixdate, RFC 850 and asctime (RFC 9110 §5.6.7). */
const forms = [
  new RegExp(`^[a-z]{3}, (?<day>\\d{2}) (?<month>[a-z]{3}) (?<year>\\d{4}) ${time} GMT$`, "i"),
  new RegExp(`^[a-z]{6,9}, (?<day>\\d{2})-(?<month>[a-z]{3})-(?<year>\\d{2}) ${time} GMT$`, "i"),
  new RegExp(`^[a-z]{3} (?<month>[a-z]{3}) (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`, "i"),
];

/** Parses an HTTP-date into milliseconds since the epoch; null for anything else. */
export function parseHttpDate(text: string): number | null {
  for (const form of forms) {
    const groups = form.exec(text)?.groups;
    if (groups === undefined) continue;
    const { day, month, year, hour, minute, second } = groups;
    const monthIndex = months.indexOf(month!.toLowerCase());
    const numbers = [fullYear(year!), monthIndex, Number(day), Number(hour), Number(minute), Number(second)] as const;
    return isReal(numbers) ? Date.UTC(...numbers) : null;
  }
  return null;
}

type Parts = readonly [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** Says whether the day and time exist: `Date.UTC` takes 31 February for 3 March. A leap second exists. */
function isReal([year, month, day, hour, minute, second]: Parts): boolean {
  const daysInMonth = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return month >= 0 && day >= 1 && day <= daysInMonth && hour <= 23 && minute <= 59 && second <= 60;
}

/** Returns the full year. A two-digit year more than 50 years ahead is in the past (RFC 9110 §5.6.7). */
function fullYear(digits: string): number {
  if (digits.length === 4) return Number(digits);
  const year = 2000 + Number(digits);
  return year > new Date().getUTCFullYear() + 50 ? year - 100 : year;
}
