import { GitvirtError } from '../lib/errors.ts'

/** A comment as a forge lists it. */
export type Comment = { readonly id: number; readonly body: string; readonly author: number | undefined }

export type CommentApi = {
  list(): Promise<readonly Comment[]>
  create(body: string): Promise<unknown>
  update(id: number, body: string): Promise<unknown>
  /** Id of the token's own user; undefined where the forge does not tell, as for tokens of pipelines. */
  self(): Promise<number | undefined>
}

/**
 * Keeps one comment up to date. It is found by its marker and its author: anybody can write a marker into a comment of theirs, which
 * is not ours to change.
 */
export async function stick(api: CommentApi, { marker, body }: { readonly marker: string; readonly body: string }): Promise<void> {
  const text = `${marker}\n${body}`
  const self = await api.self()
  const ours = (await api.list()).find((one) => one.body.startsWith(marker) && (self === undefined || one.author === self))
  if (ours === undefined) await api.create(text)
  else if (sameText(ours.body, text)) return
  else await api.update(ours.id, text).catch(async (error: unknown) => await insteadOfForeign(error, { api, text, self }))
}

/** Where nobody told who we are, the comment may have been another's. */
async function insteadOfForeign(
  error: unknown,
  { api, text, self }: { readonly api: CommentApi; readonly text: string; readonly self: number | undefined },
): Promise<void> {
  if (self !== undefined || !(error instanceof GitvirtError) || error.code !== 'ForgeRefused') throw error
  await api.create(text)
}

/** Forges turn line ends around and trim. */
function sameText(one: string, other: string): boolean {
  return one.replaceAll('\r\n', '\n').trim() === other.replaceAll('\r\n', '\n').trim()
}
