/** Values by data key, base64. */
export type InputValues = Readonly<Record<string, string>>

/** What an encrypted Secret or ConfigMap holds, apart from its body, which has cipher text only. */
export type SealedContents = {
  /** Changes with the contents, where they could be read; else with the cipher text. Tells nothing about the values. */
  readonly digest: string
  /** The values for the host that needs them; undefined where they were not read. */
  values(): InputValues | undefined
}

/** Keeps values where neither JSON nor a log nor an inspection finds them. */
export class OpenedContents implements SealedContents {
  readonly digest: string
  readonly #values: InputValues

  constructor(digest: string, values: InputValues) {
    this.digest = digest
    this.#values = values
  }

  values(): InputValues {
    return this.#values
  }
}

/** Contents that nobody opened: another cipher text may be other contents, so it counts as such. */
export function unreadContents(digest: string): SealedContents {
  return { digest: `unread:${digest}`, values: () => undefined }
}
