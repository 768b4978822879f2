import { versionsIn } from "./installed_packages.ts";
import { runToSuccess } from "../run_command.ts";
import { createTempDir, type TempDir } from "../temp_dir.ts";

export interface PoetryOptions {
  readonly indexUrl: string;
  /** Name and constraint of what the project needs: `lib: "^1.0"`. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** A `poetry.lock` to begin with. */
  readonly lock?: string;
}

/** A project of a real poetry that knows of nothing but one index, with a home, caches and a virtualenv of its own. */
export class PoetryProject implements AsyncDisposable {
  readonly #dir: TempDir;

  constructor(dir: TempDir) {
    this.#dir = dir;
  }

  /** Locks where that is still to be done, installs, and gives the versions of what is there then. */
  async install(): Promise<Readonly<Record<string, string>>> {
    const options = ["--no-interaction", "--no-ansi", "--directory", this.#dir.path];
    await runToSuccess(["poetry", "install", "--no-root", ...options], {
      env: {
        HOME: this.#dir.join("home"),
        POETRY_VIRTUALENVS_IN_PROJECT: "true",
        PIP_CONFIG_FILE: "/dev/null",
        PYTHON_KEYRING_BACKEND: "keyring.backends.null.Keyring",
      },
    });
    const [python = ""] = [...Deno.readDirSync(this.#dir.join(".venv/lib"))].map(({ name }) => name);
    return versionsIn(this.#dir.join(".venv/lib", python, "site-packages"));
  }

  /** What it has locked. */
  async readLock(): Promise<string> {
    return await Deno.readTextFile(this.#dir.join("poetry.lock"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#dir[Symbol.asyncDispose]();
  }
}

/** Sets up a project; the caller disposes of it. */
export async function createPoetryProject(options: PoetryOptions): Promise<PoetryProject> {
  const dir = await createTempDir("vault-poetry-");
  await Deno.mkdir(dir.join("home"));
  await Deno.writeTextFile(dir.join("pyproject.toml"), projectFile(options));
  if (options.lock !== undefined) await Deno.writeTextFile(dir.join("poetry.lock"), options.lock);
  return new PoetryProject(dir);
}

function projectFile({ indexUrl, dependencies }: PoetryOptions): string {
  return `[tool.poetry]
name = "consumer"
version = "1.0"
description = ""
authors = []

[tool.poetry.dependencies]
python = ">=3.8"
${Object.entries(dependencies).map(([name, constraint]) => `${name} = "${constraint}"`).join("\n")}

[[tool.poetry.source]]
name = "vault"
url = "${indexUrl}/"
default = true
`;
}
