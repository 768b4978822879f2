/** Grok's own patterns, as far as they are used here (logstash-patterns-core, patterns/ecs-v1/grok-patterns). */
const base: Readonly<Record<string, string>> = {
  INT: String.raw`(?:[+-]?(?:[0-9]+))`,
  BASE10NUM: String.raw`(?<![0-9.+-])(?>[+-]?(?:(?:[0-9]+(?:\.[0-9]+)?)|(?:\.[0-9]+)))`,
  NUMBER: String.raw`(?:%{BASE10NUM})`,
  WORD: String.raw`\b\w+\b`,
  NOTSPACE: String.raw`\S+`,
  DATA: String.raw`.*?`,
  GREEDYDATA: String.raw`.*`,
  MONTHNUM: String.raw`(?:0?[1-9]|1[0-2])`,
  MONTHDAY: String.raw`(?:(?:0[1-9])|(?:[12][0-9])|(?:3[01])|[1-9])`,
  YEAR: String.raw`(?>\d\d){1,2}`,
  HOUR: String.raw`(?:2[0123]|[01]?[0-9])`,
  MINUTE: String.raw`(?:[0-5][0-9])`,
  SECOND: String.raw`(?:(?:[0-5]?[0-9]|60)(?:[:.,][0-9]+)?)`,
  ISO8601_TIMEZONE: String.raw`(?:Z|[+-]%{HOUR}(?::?%{MINUTE}))`,
  TIMESTAMP_ISO8601: String
    .raw`%{YEAR}-%{MONTHNUM}-%{MONTHDAY}[T ]%{HOUR}:?%{MINUTE}(?::?%{SECOND})?%{ISO8601_TIMEZONE}?`,
  LOGLEVEL: "([Aa]lert|ALERT|[Tt]race|TRACE|[Dd]ebug|DEBUG|[Nn]otice|NOTICE|[Ii]nfo?(?:rmation)?|INFO?(?:RMATION)?|" +
    "[Ww]arn?(?:ing)?|WARN?(?:ING)?|[Ee]rr?(?:or)?|ERR?(?:OR)?|[Cc]rit?(?:ical)?|CRIT?(?:ICAL)?|[Ff]atal|FATAL|" +
    "[Ss]evere|SEVERE|EMERG(?:ENCY)?|[Ee]merg(?:ency)?)",
};

interface Field {
  readonly name: string;
  readonly type: string;
}

/** What a pattern has found, by the names of fields as they stand in it. */
export type Found = ReadonlyMap<string, string | number>;

/** Makes a function of a pattern of grok; it returns null where a text does not match. */
export function grok(pattern: string): (text: string) => Found | null {
  const fields: Field[] = [];
  const regExp = new RegExp(withAtoms(expand(pattern, fields)));
  return (text) => {
    const { groups } = regExp.exec(text) ?? {};
    if (groups === undefined) return null;
    return new Map(fields.flatMap(({ name, type }, at) => {
      const value = groups[`field${at}`];
      return value === undefined ? [] : [[name, type === "" ? value : Number(value)] as const];
    }));
  };
}

/** Puts the patterns in the places of their names. */
function expand(pattern: string, fields: Field[]): string {
  return pattern.replaceAll(
    /%\{(\w+)(?::([\w[\]]+))?(?::(int|float))?\}/g,
    (_, used: string, name?: string, type = "") => {
      const definition = base[used];
      if (definition === undefined) throw new Error(`${used} is not among the patterns of this test`);
      if (name === undefined) return expand(definition, fields);
      const group = `field${fields.push({ name, type }) - 1}`;
      return `(?<${group}>${expand(definition, fields)})`;
    },
  );
}

/** Writes atomic groups, which JavaScript has not, as what is the same: `(?=(?<atom>…))\k<atom>`. */
function withAtoms(pattern: string): string {
  let result = pattern;
  for (let count = 0;; count++) {
    const start = result.lastIndexOf("(?>");
    if (start < 0) return result;
    const end = closing(result, start);
    const inside = result.slice(start + 3, end);
    result = `${result.slice(0, start)}(?:(?=(?<atom${count}>${inside}))\\k<atom${count}>)${result.slice(end + 1)}`;
  }
}

function closing(pattern: string, start: number): number {
  let depth = 0;
  let isClass = false;
  for (let at = start; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === "\\") at++;
    else if (isClass) isClass = character !== "]";
    else if (character === "[") isClass = true;
    else if (character === "(") depth++;
    else if (character === ")" && --depth === 0) return at;
  }
  throw new Error(`A group of ${pattern} has no end`);
}
