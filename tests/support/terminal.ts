import { waitUntil } from "./wait_until.ts";

/** Runs a program on a terminal of its own, as python3 makes one, and does there what a person does. */
const driver = `
import fcntl, json, os, pty, select, struct, sys, termios
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
def echoes():
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
resize(24, 80)
commands = b""
while True:
    ready, _, _ = select.select([terminal, 0], [], [])
    if terminal in ready:
        try:
            text = os.read(terminal, 65536)
        except OSError:
            text = b""
        if text == b"":
            break
        os.write(1, text)
    if 0 in ready:
        read = os.read(0, 65536)
        if read == b"":
            os.kill(child, 9)
            break
        commands += read
        *lines, commands = commands.split(b"\\n")
        for line in lines:
            command = json.loads(line)
            if "keys" in command:
                os.write(terminal, command["keys"].encode())
            if "size" in command:
                resize(*command["size"])
            if "echo" in command:
                os.write(1, b"<<echo %d>>" % echoes())
_, status = os.waitpid(child, 0)
os.write(1, b"<<end %d echo %d>>" % (os.waitstatus_to_exitcode(status), echoes()))
`;

/** A program on a terminal of 24 rows and 80 columns. */
export class Terminal implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #read: Promise<void>;
  #output = "";

  constructor(command: readonly string[], env: Readonly<Record<string, string>>) {
    this.#process = new Deno.Command("python3", {
      args: ["-c", driver, ...command],
      env: { ...env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#read = this.#readAll();
  }

  /** All that the program has written, with its control sequences. */
  get output(): string {
    return this.#output;
  }

  /** Forgets what was written until now. */
  forget(): void {
    this.#output = "";
  }

  press(keys: string): Promise<void> {
    return this.#command({ keys });
  }

  resize(rows: number, columns: number): Promise<void> {
    return this.#command({ size: [rows, columns] });
  }

  /** Resolves with what matches, once that was written. */
  shows(pattern: RegExp): Promise<RegExpExecArray> {
    return waitUntil(`the terminal shows ${pattern}`, () => pattern.exec(this.#output) ?? undefined, 30_000)
      .catch((error) => {
        throw new Error(`${error.message}:\n${JSON.stringify(this.#output.slice(-3000))}`);
      });
  }

  /** Whether what is typed is shown, as where no program draws on the whole terminal. */
  async echoes(): Promise<boolean> {
    await this.#command({ echo: true });
    const [, echo] = await this.shows(/<<echo (\d)>>/);
    this.#output = this.#output.replace(/<<echo \d>>/, "");
    return echo === "1";
  }

  /** Resolves once the program has ended. */
  async ended(): Promise<{ readonly code: number; readonly echoes: boolean }> {
    const [, code, echo] = await this.shows(/<<end (-?\d+) echo (\d)>>/);
    return { code: Number(code), echoes: echo === "1" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#read;
    await this.#process.status;
  }

  async #command(command: object): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
  }

  async #readAll(): Promise<void> {
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) this.#output += text;
  }
}
