/** Things that went wrong alike, with what is to be done about them. */
export interface ProblemGroup {
  /** The code of the error (`upstream_silent`), or the name of the event (`damaged_body`). */
  readonly code: string;
  /** What went wrong, in a sentence. */
  readonly title: string;
  /** What to do about it, in a sentence or two. */
  readonly advice: string;
  /** Empty where no backend is concerned. */
  readonly backend: string;
  /** How often it happened since the start. */
  readonly count: number;
  /** In ms since the epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** The last message, without secrets; empty where there is none. */
  readonly message: string;
  /** The path of the last request, without secrets; empty where there was none. */
  readonly path: string;
  /** By which the log has more; empty where there was no request. */
  readonly requestId: string;
}
