/** Where a client has its settings: below the user's home, or where a variable of the environment says. */
export interface UserFolder {
  readonly variable: string;
  /** Below the home; empty for the home itself. */
  readonly usual: string;
}

/** The folders that paths of clients' files can begin with, as in `~config/pip/pip.conf`; `~/` is the home. */
export const userFolders: Readonly<Record<string, UserFolder>> = {
  config: { variable: "XDG_CONFIG_HOME", usual: ".config" },
  bun: { variable: "XDG_CONFIG_HOME", usual: "" },
  cargo: { variable: "CARGO_HOME", usual: ".cargo" },
  gradle: { variable: "GRADLE_USER_HOME", usual: ".gradle" },
};
