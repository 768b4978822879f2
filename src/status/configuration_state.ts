/** How a server and its configuration get along at the moment. */
export interface ConfigurationState {
  /** What is wrong with the configuration or the machine, a sentence each, for everybody to read. */
  readonly warnings: readonly string[];
  /** True while the configuration that was read last is refused, so that an older one stays in force. */
  readonly isRefused: boolean;
  /** When the certificate in use ends, in ms since the epoch; null without one. */
  readonly certificateEndsAt: number | null;
}

export const nothingWrong: ConfigurationState = { warnings: [], isRefused: false, certificateEndsAt: null };
