import type { Node } from "./nodes.ts";

/**
 * The same choice, in which sequences that begin alike are one sequence up to where they part. However many globs there
 * are, a comparison then waits for few characters at once.
 */
export function byHead(among: readonly (readonly Node[])[]): readonly (readonly Node[])[] {
  const groups = Map.groupBy(among, ([head]) => keyOf(head));
  return [...groups.values()].map((group) => group.length === 1 ? group[0]! : joined(group));
}

function joined(group: readonly (readonly Node[])[]): readonly Node[] {
  const [first = []] = group;
  const parting = first.findIndex((node, at) => {
    const key = keyOf(node);
    return group.some((nodes) => keyOf(nodes[at]) !== key);
  });
  const common = parting < 0 ? first : first.slice(0, parting);
  const rests = group.map((nodes) => nodes.slice(common.length));
  return rests.every((nodes) => nodes.length === 0) ? common : [...common, { kind: "choice", among: rests }];
}

/** The same for nodes that are alike; empty for the end of a sequence. */
function keyOf(node: Node | undefined): string {
  if (node?.kind === "character") return String(node.code);
  return node === undefined ? "" : JSON.stringify(node);
}
