/** How much one blob may hold. Beyond, it is refused as a whole: manifests are hostile input. */
export type ParseLimits = {
  readonly maxBytes: number
  /** Nesting of collections. */
  readonly maxDepth: number
  /** Alias nodes (`*name`) in one document. */
  readonly maxAliases: number
  /** Nodes of one document after every alias is replaced by what it stands for. */
  readonly maxNodes: number
  /** Keys that merges (`<<`) may bring in over one blob. */
  readonly maxMergeKeys: number
  /** Documents and list items of one blob. */
  readonly maxObjects: number
}

export const defaultLimits: ParseLimits = {
  maxBytes: 1024 * 1024,
  maxDepth: 64,
  maxAliases: 200,
  maxNodes: 200_000,
  maxMergeKeys: 2000,
  maxObjects: 5000,
}
