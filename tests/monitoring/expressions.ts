/** A metric as an expression of PromQL selects it. */
export interface Selector {
  readonly name: string;
  /** The names of the labels in its braces. */
  readonly labels: readonly string[];
  /** The function it is given to, such as `rate`; empty for none. */
  readonly within: string;
}

/** What may stand where a metric could: PromQL's own words. */
const words = new Set(["and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "bool", "offset"]);

/** Lists the metrics that an expression of PromQL names. */
export function selectorsOf(expr: string): Selector[] {
  // Lists of labels look like metrics, and so do the units of durations.
  const bare = expr.replaceAll(/\b(by|without|on|ignoring|group_left)\s*\([^)]*\)/g, " ").replaceAll(
    /\[[^\]]*\]/g,
    " ",
  );
  const found = bare.matchAll(/(?:(\w+)\s*\(\s*)?(?<![\w:"$])([a-zA-Z_][\w:]*)\b(?!\s*\()(\{(?:[^}"]|"[^"]*")*\})?/g);
  return [...found].flatMap(([, within = "", name = "", braces = ""]) => {
    if (words.has(name)) return [];
    const labels = [...braces.matchAll(/([a-z_]\w*)\s*(?:=~|!~|!=|=)\s*"[^"]*"/g)].map(([, label = ""]) => label);
    return [{ name, labels, within }];
  });
}
