/** A family of metrics in Prometheus' text format. */
export interface Family {
  readonly type: string;
  /** The names of the labels of its samples. */
  readonly labels: ReadonlySet<string>;
}

/** Reads the families by the names that queries may use: those of a histogram are `…_bucket`, `…_sum`, `…_count`. */
export function familiesOf(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, Family>();
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (\w+) (\w+)$/gm)) {
    const names = type === "histogram" ? ["bucket", "sum", "count"].map((end) => `${name}_${end}`) : [name];
    for (const name of names) families.set(name, { type, labels: labelsOf(text, name) });
  }
  return families;
}

function labelsOf(text: string, name: string): ReadonlySet<string> {
  const samples = text.matchAll(new RegExp(`^${name}\\{(.*)\\} `, "gm"));
  return new Set([...samples].flatMap(([, braces = ""]) => {
    return [...braces.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label = ""]) => label);
  }));
}
