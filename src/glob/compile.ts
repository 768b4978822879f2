import { literal, type Node, parseGlob } from "./nodes.ts";
import { Program } from "./program.ts";

/**
 * Returns a function that compares names with globs, of which one has to fit: `*` and `?` within a segment, `**` as a
 * segment for any segments, `[a-z]`, `[!a]`, `{a,b}`, and `\` before a character that stands for itself. A slash at the
 * end of a name is passed over. The time is bounded by the product of both lengths, whatever the globs are.
 */
export function compileGlobs(globs: readonly string[]): (name: string) => boolean {
  const program = programOf(globs);
  return (name) => program.matches(name);
}

/** What `compileGlobs` compares names with. */
export function programOf(globs: readonly string[]): Program {
  return new Program([{ kind: "choice", among: globs.map(parseGlob) }, trailing]);
}

/** As `compileGlobs`, for the rules of a configuration: there, `team/**` has `team` itself, too. */
export function compileRules(globs: readonly string[]): (name: string) => boolean {
  const matches = compileGlobs(globs);
  return (name) => matches(name.endsWith("/") ? name : `${name}/`);
}

const trailing: Node = { kind: "choice", among: [[], [literal("/")]] };

/**
 * What other programs understand and `compileGlobs` takes as it stands: `!(a)`, `(a|b)`, `{1..3}`, and `!` before the
 * whole.
 */
const foreign = /[!?+*@]\(|^!|\([^()]*\|[^()]*\)|\{[^{},]*\.\.[^{},]*\}/;
/** In brackets other programs understand this. */
const posixClass = /\[:[a-z]+:\]/;

/** Says why a glob would mean something else than its author wants, to stand after the glob; null where it would not. */
export function globProblem(glob: string): string | null {
  const unescaped = glob.replace(/\\./g, "x");
  const plain = unescaped.replace(/\[[!^]?\]?[^\]/]*\]/g, "x");
  const [found] = posixClass.exec(unescaped) ?? foreign.exec(plain) ?? [];
  return found === undefined
    ? null
    : `"${found}" means nothing in a pattern; known are *, **, ?, [a-z], [!a] and {a,b}`;
}
