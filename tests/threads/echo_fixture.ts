let served = 0;

/**
 * Answers each message with itself, and `number` with how many ports this thread has served; fails at `fail`, and works
 * without an end at `loop`.
 */
export function serve(port: MessagePort): void {
  const number = ++served;
  port.onmessage = ({ data }: MessageEvent<string>) => {
    if (data === "fail") throw new Error("as requested");
    while (data === "loop");
    port.postMessage(data === "number" ? number : data);
  };
}
