/** Orders versions of packages (deb-version(7)): negative where `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  return left.epoch - right.epoch || comparePart(left.upstream, right.upstream) ||
    comparePart(left.revision, right.revision);
}

/** Says whether a version is as a relation such as `>=` wants it; without a relation every one is. */
export function satisfies(version: string, relation: string | null, wanted: string): boolean {
  const order = relation === null ? 0 : compareVersions(version, wanted);
  switch (relation) {
    case null:
      return true;
    case "=":
      return order === 0;
    case "<<":
      return order < 0;
    case "<=":
    case "<":
      return order <= 0;
    case ">>":
      return order > 0;
    case ">=":
    case ">":
      return order >= 0;
    default:
      return false;
  }
}

function partsOf(version: string) {
  const colon = version.indexOf(":");
  const rest = version.slice(colon + 1);
  const dash = rest.lastIndexOf("-");
  return {
    epoch: colon < 0 ? 0 : Number(version.slice(0, colon)),
    upstream: dash < 0 ? rest : rest.slice(0, dash),
    revision: dash < 0 ? "" : rest.slice(dash + 1),
  };
}

/** Compares texts and numbers in turn. A tilde comes before the end, and letters before other characters. */
function comparePart(a: string, b: string): number {
  let [left, right] = [a, b];
  while (left !== "" || right !== "") {
    const [textA, textB] = [/^\D*/.exec(left)![0], /^\D*/.exec(right)![0]];
    const order = compareTexts(textA, textB);
    if (order !== 0) return order;
    [left, right] = [left.slice(textA.length), right.slice(textB.length)];
    const [numberA, numberB] = [/^\d*/.exec(left)![0], /^\d*/.exec(right)![0]];
    const difference = compareNumbers(numberA, numberB);
    if (difference !== 0) return difference;
    [left, right] = [left.slice(numberA.length), right.slice(numberB.length)];
  }
  return 0;
}

function compareTexts(a: string, b: string): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = weightOf(a[at]) - weightOf(b[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function weightOf(character: string | undefined): number {
  if (character === undefined) return 0;
  if (character === "~") return -1;
  return character.charCodeAt(0) + (/[a-z]/i.test(character) ? 0 : 256);
}

/** Numbers may be dates, longer than what is exact. */
function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.replace(/^0+/, ""), b.replace(/^0+/, "")];
  if (left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}
