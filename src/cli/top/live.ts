import type { Screen } from "../io.ts";
import type { StopSignal } from "../stop_signal.ts";
import type { Feed } from "./feed.ts";
import { frameOf } from "./frame.ts";
import { Painter } from "./screen.ts";
import type { Look } from "./styled.ts";

export interface LiveOptions {
  readonly screen: Screen;
  readonly intervalMs: number;
  readonly look: Pick<Look, "isUnicode" | "hasColors">;
  readonly stop: StopSignal["signal"];
  /** Calls `turned` whenever the server is lost or found again. */
  readonly onTurn: (turned: () => void) => void;
}

const footer = "q quits";
const interrupt = "\x03";

/** Draws what a server does until somebody presses q, or the program is stopped. */
export async function showLive(feed: Pick<Feed, "news">, options: LiveOptions): Promise<void> {
  const { screen, intervalMs, look, stop, onTurn } = options;
  using painter = new Painter(screen);
  const draw = () => {
    const size = screen.size();
    painter.draw(frameOf(feed.news, { ...look, ...size, now: Date.now(), footer }), look);
  };
  const endResizing = screen.onResize(() => {
    painter.forget();
    draw();
  });
  onTurn(draw);
  draw();
  const timer = setInterval(draw, intervalMs);
  try {
    await Promise.race([
      quitPressed(screen),
      new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true })),
    ]);
  } finally {
    clearInterval(timer);
    onTurn(() => {});
    endResizing();
  }
}

/** Where no keys come any more, a signal still ends the program. */
async function quitPressed(screen: Screen): Promise<void> {
  for (let keys = await screen.read(); keys !== null; keys = await screen.read()) {
    if (/q/i.test(keys) || keys.includes(interrupt)) return;
  }
  await new Promise(() => {});
}
