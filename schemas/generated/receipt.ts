/* Generated from schemas/ by `npm run generate`. Do not edit. */
/**
 * This interface was referenced by `Receipt`'s JSON-Schema
 * via the `definition` "Sha256".
 */
export type Sha256 = string
/**
 * RFC 3339, UTC.
 *
 * This interface was referenced by `Receipt`'s JSON-Schema
 * via the `definition` "Time".
 */
export type Time = string

/**
 * What became of one applied step: one line of the Git note (refs/notes/gitvirt) of the commit that asked for it. The line is the receipt's canonical JSON (RFC 8785), so that equal receipts are equal bytes. The receipts of one environment form a chain by their digests.
 */
export interface Receipt {
  /**
   * Version of this format.
   */
  version: 1
  /**
   * Place in the environment's chain, from 1, without gaps.
   */
  sequence: number
  previous: Sha256
  digest: Sha256
  /**
   * Name of the environment: of its Fleet, or else its folder.
   */
  environment: string
  /**
   * The revision that was applied.
   */
  commit: string
  plan: Sha256
  /**
   * Key of the object: Kind/namespace/name.
   */
  object: string
  /**
   * The host that carried it out; empty for a person's decision.
   */
  node: string
  /**
   * Verb of the step: DefineDomain, HotplugDomain, RestartDomain, CreateVolume …; of a decision: Suspend, Resume, Lease, EndLease.
   */
  step: string
  startedAt: Time
  endedAt: Time
  /**
   * refused: the host's state had moved since the plan, so nothing was done.
   */
  result: 'succeeded' | 'failed' | 'refused'
  /**
   * Code of the failure; never its words, which may hold values.
   */
  error?: string
  author?: Person
  committer?: Person
  signer?: Signer
  mergedBy?: Person
  /**
   * As people write it: #12, group/project!12.
   */
  pullRequest?: string
  decision?: Decision
  /**
   * Of an object that another source of the environment declares: which one. Author, signer and pull request are those of its revision; the commit is that of the environment's own source.
   */
  source?: {
    /**
     * Name of the source in the environment.
     */
    name: string
    /**
     * The revision of that source that was in force.
     */
    commit: string
  }
  /**
   * Paths of the fields that the step brought to the host; never values. Absent where the step brings the whole object.
   *
   * @maxItems 1000
   */
  fields?: string[]
}
/**
 * This interface was referenced by `Receipt`'s JSON-Schema
 * via the `definition` "Person".
 */
export interface Person {
  name: string
  email: string
}
/**
 * Whose signature of the commit was checked and held.
 *
 * This interface was referenced by `Receipt`'s JSON-Schema
 * via the `definition` "Signer".
 */
export interface Signer {
  kind: 'openpgp' | 'ssh'
  /**
   * Fingerprint of the key.
   */
  key: string
  /**
   * The principal that the allowed signers give to the key, or the key's user id.
   */
  name: string
}
/**
 * What a person held back, or no longer holds back; the commit is the revision that was in force.
 *
 * This interface was referenced by `Receipt`'s JSON-Schema
 * via the `definition` "Decision".
 */
export interface Decision {
  /**
   * The identity that the API authenticated; gitvirt itself where the time had come.
   */
  by: string
  /**
   * Their own words.
   */
  reason: string
  until?: Time
}
