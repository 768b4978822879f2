/** What a list of packages says of one, as far as its dependencies and its file need it. */
export interface Stanza {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Below the root of the repository. */
  readonly filename: string;
  readonly sizeBytes: number;
  /** Fields as they are written; empty where they are missing. */
  readonly provides: string;
  readonly preDepends: string;
  readonly depends: string;
  readonly recommends: string;
}

/** Nobody has longer stanzas; the rest of one is dropped, so that memory stays bounded. */
const longestStanza = 1024 * 1024;

const field =
  /^(Package|Version|Architecture|Filename|Size|Provides|Pre-Depends|Depends|Recommends):[ \t]*(.*(?:\n[ \t].*)*)/gim;

/** Parses a Packages index chunk by chunk. */
export class StanzaParser {
  readonly #onStanza: (stanza: Stanza) => void;
  readonly #decoder = new TextDecoder();
  #rest = "";

  constructor(onStanza: (stanza: Stanza) => void) {
    this.#onStanza = onStanza;
  }

  write(chunk: Uint8Array): void {
    const text = this.#rest + this.#decoder.decode(chunk, { stream: true });
    const end = text.lastIndexOf("\n\n");
    this.#rest = end < 0 ? text.slice(0, longestStanza) : text.slice(end + 2);
    if (end >= 0) this.#parse(text.slice(0, end));
  }

  /** Parses what is left after the last bytes. */
  end(): void {
    this.#parse(this.#rest);
    this.#rest = "";
  }

  #parse(text: string): void {
    for (const one of text.split(/\n\n+/)) {
      const fields: Record<string, string> = {};
      for (const [, name, value] of one.matchAll(field)) fields[name!.toLowerCase()] ??= value!.trim();
      const { package: name, version, filename } = fields;
      if (name === undefined || version === undefined || filename === undefined) continue;
      this.#onStanza({
        ...{ name, version, filename, architecture: fields.architecture ?? "" },
        sizeBytes: Number(fields.size) || 0,
        provides: fields.provides ?? "",
        preDepends: fields["pre-depends"] ?? "",
        depends: fields.depends ?? "",
        recommends: fields.recommends ?? "",
      });
    }
  }
}
