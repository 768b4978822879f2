import type { ListForm } from "../../warming.ts";

const installed = /^([a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?)\t(\S+)$/;
const printed = /^'((?:https?|mirror\+https?):\/\/[^']+)' \S+ \d+(?: \S*)?\s*$/;

/** Lists that dpkg and apt write. */
export const installedLists: readonly ListForm[] = [
  {
    name: "the output of dpkg-query -W",
    isForm: ({ text }) => {
      const lines = linesIn(text);
      return lines.length > 0 && lines.every((line) => installed.test(line) || /^[a-z0-9][a-z0-9+.:-]+\t$/.test(line));
    },
    linesOf({ text }) {
      // Packages that are gone but for their configuration have no version.
      const words = linesIn(text).flatMap((line) => {
        const [, name, version] = installed.exec(line) ?? [];
        return name === undefined ? [] : [`${name}=${version}`];
      });
      return words.length === 0 ? [] : [`apt: ${words.join(" ")} depends=no`];
    },
  },
  {
    name: "the output of apt-get install --print-uris",
    isForm: ({ text }) => linesIn(text).some((line) => printed.test(line)),
    linesOf: ({ text }) => linesIn(text).flatMap((line) => printed.exec(line)?.[1]?.replace(/^mirror\+/, "") ?? []),
  },
];

function linesIn(text: string): string[] {
  return text.split("\n").map((line) => line.replace(/\r$/, "")).filter((line) => line.trim() !== "");
}
