import type { Command } from "../command.ts";
import { type Place, placesOf, type ValuedOption, valuedOptions } from "./candidates.ts";

/** What a shell with `case` and `for` writes in its own way. */
export interface Dialect {
  /** The lines up to the first decision. They declare `current`, `previous`, `command`, `word` and `skip`. */
  readonly head: string;
  /** All words between the program and the one that is being typed. */
  readonly words: string;
  /** The lines after the function. */
  readonly foot: string;
  /** Offers the values of an option, and ends; by what it returns, options are put together. */
  values(option: ValuedOption): string;
  /** Offers what may follow behind some words. */
  offer(place: Place): string;
}

/** Returns the script of a shell: it finds out which command is typed, and offers what may follow. */
export function shellScript(commands: readonly Command[], { head, words, foot, values, offer }: Dialect): string {
  const [valued, places] = [valuedOptions(commands), placesOf(commands)];
  const namesOf = (options: readonly ValuedOption[]) => options.flatMap(({ names }) => names).join("|");
  const namedIn = ({ words }: Place) => `"${words.join(" ")}"`;
  return `${head}
  case $previous in
${lines(Map.groupBy(valued, values), ([action, options]) => `    ${namesOf(options)}) ${action}return ;;`)}
  esac
  for word in ${words}; do
    if [ -n "$skip" ]; then skip=; continue; fi
    case $word in
      ${namesOf(valued)}) skip=1 ;;
      -*) ;;
      *) case "$command\${command:+ }$word" in
${lines(places.slice(1), (place) => `        ${namedIn(place)}) command=${namedIn(place)} ;;`)}
      esac ;;
    esac
  done
  case "$command" in
${lines(places, (place) => `    ${namedIn(place)}) ${offer(place)} ;;`)}
  esac
}
${foot}
`;
}

function lines<Item>(items: Iterable<Item>, lineOf: (item: Item) => string): string {
  return Array.from(items, lineOf).join("\n");
}
