import type { PlainObject } from '../types.ts'

/** Why an encrypted document stays shut, in words that hold nothing of what is in it. */
export type UnsealFault = { readonly code: string; readonly message: string; readonly action?: string }

/** One encrypted document of a SOPS file: what it says, or why that cannot be told. */
export type Unsealed = { readonly manifest: unknown; readonly fault?: undefined } | { readonly fault: UnsealFault }

/** The text of an age file, or why there is none. */
export type UnsealedText = { readonly bytes: Uint8Array; readonly fault?: undefined } | { readonly fault: UnsealFault }

/** Opens encrypted files with the operator's keys. What it returns stays in memory: nothing of it is cached, stored or shown. */
export type Unsealer = {
  /** The documents of a file that have SOPS metadata, in their order. Never throws for what the bytes hold or for missing keys. */
  sops(bytes: Uint8Array): Promise<readonly Unsealed[]>
  /** Likewise for a file that is encrypted as a whole with age. */
  age(bytes: Uint8Array): Promise<UnsealedText>
  /** Keyed digest of what a Secret or ConfigMap holds: equal contents have equal digests, whatever their cipher text. */
  readonly digest: (object: PlainObject) => string
  /** True where the keys differ from those that the last call looked at, or a failure may have passed: shut files are worth another try. */
  keysChanged(): Promise<boolean>
}
