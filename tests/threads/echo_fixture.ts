/** Answers each message with itself; fails at `fail`, and works without an end at `loop`. */
export function serve(port: MessagePort): void {
  port.onmessage = ({ data }: MessageEvent<string>) => {
    if (data === "fail") throw new Error("as requested");
    while (data === "loop");
    port.postMessage(data);
  };
}
