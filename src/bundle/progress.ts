/** How far an export, an import or a verification is. */
export interface BundleProgress {
  readonly bodies: number;
  readonly bytes: number;
  readonly totalBodies: number;
  readonly totalBytes: number;
}

/** Is called now and then, at least once for each body. */
export type OnProgress = (progress: BundleProgress) => void;
