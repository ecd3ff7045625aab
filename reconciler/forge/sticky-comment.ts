import { errorCode } from '../lib/errors.ts'
import type { OwnId } from './own-id.ts'

/** A comment as a forge lists it. */
export type Comment = { readonly id: number; readonly body: string; readonly author: number | undefined }

export type CommentApi = {
  list(): Promise<readonly Comment[]>
  create(body: string): Promise<Comment>
  update(id: number, body: string): Promise<unknown>
  remove(id: number): Promise<unknown>
  readonly self: OwnId
}

export type Sticky = {
  readonly request: number
  readonly api: CommentApi
  readonly marker: string
  readonly body: string
}

/** Requests of which the comment's id is remembered. */
const mostKnown = 1000

/**
 * Keeps one comment per request and marker up to date. Anybody can write a marker into a comment of theirs, and who may write to a
 * repository may often change comments of others too, so ours is told by its id, where it was written here, or by its author. Where
 * the forge does not tell who we are, a comment is made: that one's author is us, and what we made before it is removed.
 */
export class StickyComments {
  readonly #known = new Map<string, number>()

  /** @throws GitvirtError what the forge's calls throw */
  async stick({ request, api, marker, body }: Sticky): Promise<void> {
    const key = `${request} ${marker}`
    const text = `${marker}\n${body}`
    const self = await api.self.ask()
    const all = await api.list()
    const ours = all.find(({ id }) => id === this.#known.get(key)) ?? newestOf(all, marker, self)
    if (ours !== undefined) {
      if (!sameText(ours.body, text)) await api.update(ours.id, text).catch((error: unknown) => this.#refused(key, api, error))
      this.#remember(key, ours.id)
      return await removeOthers(ofAuthor(all, marker, self), ours, api)
    }
    const made = await api.create(text)
    api.self.learn(made.author)
    this.#remember(key, made.id)
    await removeOthers(ofAuthor(all, marker, made.author), made, api)
  }

  /** A token that was rotated may be another user's: the next call looks anew. */
  #refused(key: string, { self }: CommentApi, error: unknown): never {
    if (errorCode(error) === 'ForgeRefused') {
      this.#known.delete(key)
      self.forget()
    }
    throw error
  }

  #remember(key: string, id: number): void {
    this.#known.delete(key)
    this.#known.set(key, id)
    for (const oldest of this.#known.keys()) if (this.#known.size > mostKnown) this.#known.delete(oldest)
  }
}

/** What is told is told: a copy that cannot be removed, or is gone already, fails nothing. One that stays is found again the next time. */
async function removeOthers(copies: readonly Comment[], ours: Comment, api: CommentApi): Promise<void> {
  for (const { id } of copies) if (id !== ours.id) await api.remove(id).catch(() => undefined)
}

/** Forges list in either order; their ids grow. */
function newestOf(all: readonly Comment[], marker: string, self: number | undefined): Comment | undefined {
  return ofAuthor(all, marker, self)
    .toSorted((one, other) => other.id - one.id)
    .at(0)
}

function ofAuthor(all: readonly Comment[], marker: string, author: number | undefined): readonly Comment[] {
  return author === undefined ? [] : all.filter((one) => one.author === author && one.body.startsWith(marker))
}

/** Forges turn line ends around and trim. */
function sameText(one: string, other: string): boolean {
  return one.replaceAll('\r\n', '\n').trim() === other.replaceAll('\r\n', '\n').trim()
}
