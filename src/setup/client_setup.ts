import type { Edit } from "./edit/edit.ts";
import type { Repository } from "./edit/repositories.ts";

/** The settings of all users of a machine, or those of one. */
export type Scope = "system" | "user";

/** A vault, as a client reaches it. All of it is made of characters that mean nothing in any format. */
export interface VaultAddress {
  /** Scheme, host, port and perhaps a path, without a slash at the end. */
  readonly url: string;
  /** Host and port. */
  readonly host: string;
  readonly isPlain: boolean;
  /** Of the backend: begins with a slash, or is empty for one at the root. */
  readonly prefix: string;
  /** The repositories of Debian packages that it serves; absent where nobody has asked it. */
  readonly repositories?: readonly Repository[];
}

/** A file of a client, and what has to be in it. */
export interface FileChange {
  /** Absolute, or below the user's home (`~/`) or one of `userFolders` (such as `~config/`). */
  readonly path: string;
  readonly edit: Edit;
  /** True for a file that is only changed where it exists. The last part of its path may have a `*`. */
  readonly isFound?: boolean;
  /** A file that the client reads in place of this one where both exist: it is refused. */
  readonly shadowedBy?: string;
}

/** How one client is pointed at a vault: the command, the script, the page and the documentation are made of it. */
export interface ClientSetup {
  readonly name: string;
  /** One line for lists of clients. */
  readonly title: string;
  /** The usual name of the backend; null where clients are served at the root of the vault. */
  readonly backend: string | null;
  /** The types of backends that serve it. */
  readonly types: readonly string[];
  /** True where its files depend on the repositories that a vault serves. */
  readonly needsRepositories?: boolean;
  /** The scopes that it has, the usual one first. */
  readonly scopes: readonly [Scope, ...Scope[]];
  files(vault: VaultAddress, scope: Scope): readonly FileChange[];
  /** A command that uses the vault without any settings; absent where there is none. */
  once?(vault: VaultAddress): string;
  /** Variables of the environment that come before its files, or name other ones; none when absent. */
  readonly variables?: readonly string[];
  /** Says why the client cannot be given an address; null where it can. */
  refusalOf?(vault: VaultAddress): string | null;
  /** What has to be done before the client sees it; absent where it reads its files every time. */
  readonly restart?: string;
  /** What else one has to know. */
  readonly note?: string;
  /** Files whose presence says that a machine has the client; programs are looked for below `PATH`. */
  readonly programs: readonly string[];
}
