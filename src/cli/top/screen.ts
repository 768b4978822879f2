import type { Screen } from "../io.ts";
import { type Line, type Look, paintedLine } from "./styled.ts";

/*
 * Control sequences that every terminal of the last decades knows: the alternate screen (1049), the cursor (25) and
 * wrapping at the right edge (7) as DEC private modes, and ECMA-48.
 */
const enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
const leave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
const clear = "\x1b[2J";

/** Draws frames on a terminal, which has its own text again when this is closed. */
export class Painter implements Disposable {
  readonly #screen: Screen;
  #drawn: readonly string[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
    screen.setRaw(true);
    screen.write(enter);
  }

  /** Draws the lines that have changed. */
  draw(lines: readonly Line[], look: Pick<Look, "hasColors">): void {
    const painted = lines.map((line) => paintedLine(line, look));
    const height = Math.max(painted.length, this.#drawn.length);
    let text = "";
    for (let row = 0; row < height; row++) {
      if (painted[row] === this.#drawn[row]) continue;
      // A line is cleared first: behind its last column some terminals would clear that one.
      text += `\x1b[${row + 1};1H\x1b[2K${painted[row] ?? ""}`;
    }
    this.#drawn = painted;
    if (text !== "") this.#screen.write(text);
  }

  /** Draws everything anew the next time, such as after a change of the size. */
  forget(): void {
    this.#drawn = [];
    this.#screen.write(clear);
  }

  [Symbol.dispose](): void {
    this.#screen.write(leave);
    this.#screen.setRaw(false);
  }
}
