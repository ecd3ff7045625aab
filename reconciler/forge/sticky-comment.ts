import { errorCode } from '../lib/errors.ts'

/** A comment as a forge lists it. */
export type Comment = { readonly id: number; readonly body: string; readonly author: number | undefined }

export type CommentApi = {
  list(): Promise<readonly Comment[]>
  create(body: string): Promise<{ readonly id: number }>
  update(id: number, body: string): Promise<unknown>
  /** Id of the token's own user; undefined where the forge does not tell, as for tokens of pipelines. */
  self(): Promise<number | undefined>
}

export type Sticky = {
  readonly request: number
  readonly api: CommentApi
  readonly marker: string
  readonly body: string
}

/** Requests of which the comment's id is remembered. */
const mostKnown = 1000
/** Authors whose comments are tried where nobody told who we are. */
const mostTried = 5

/**
 * Keeps one comment per request and marker up to date. Anybody can write a marker into a comment of theirs, so ours is told by its id,
 * where it was written here; else by its author; and where the forge does not tell who we are, by whether it can be changed.
 */
export class StickyComments {
  readonly #known = new Map<string, number>()

  /** @throws GitvirtError what the forge's calls throw */
  async stick({ request, api, marker, body }: Sticky): Promise<void> {
    const key = `${request} ${marker}`
    const text = `${marker}\n${body}`
    const self = await api.self()
    const all = await api.list()
    const ours = all.find(({ id }) => id === this.#known.get(key)) ?? newestOf(all, marker, self)
    if (ours !== undefined) {
      if (!sameText(ours.body, text)) await api.update(ours.id, text).catch((error: unknown) => this.#refused(key, error))
      return this.#remember(key, ours.id)
    }
    const taken = self === undefined ? await takeOver(api, newestOfEach(all, marker), text) : undefined
    this.#remember(key, taken ?? (await api.create(text)).id)
  }

  /** A token that was rotated may be another user's: the next call looks anew. */
  #refused(key: string, error: unknown): never {
    if (errorCode(error) === 'ForgeRefused') this.#known.delete(key)
    throw error
  }

  #remember(key: string, id: number): void {
    this.#known.delete(key)
    this.#known.set(key, id)
    for (const oldest of this.#known.keys()) if (this.#known.size > mostKnown) this.#known.delete(oldest)
  }
}

function newestOf(all: readonly Comment[], marker: string, self: number | undefined): Comment | undefined {
  return self === undefined ? undefined : newestFirst(all, marker).find(({ author }) => author === self)
}

/** Of one author either all comments can be changed or none, so that one who writes many keeps us from none. */
function newestOfEach(all: readonly Comment[], marker: string): readonly Comment[] {
  const authors = new Map<number | undefined, Comment>()
  for (const one of newestFirst(all, marker)) if (!authors.has(one.author)) authors.set(one.author, one)
  return [...authors.values()].slice(0, mostTried)
}

/** Forges list in either order; their ids grow. */
function newestFirst(all: readonly Comment[], marker: string): readonly Comment[] {
  return all.filter(({ body }) => body.startsWith(marker)).sort((one, other) => other.id - one.id)
}

/** The first that lets itself be written; also where it says the same already, because a copy of ours is not ours. */
async function takeOver(api: CommentApi, candidates: readonly Comment[], text: string): Promise<number | undefined> {
  for (const { id } of candidates) {
    try {
      await api.update(id, text)
      return id
    } catch (error) {
      if (errorCode(error) !== 'ForgeRefused') throw error
    }
  }
  return undefined
}

/** Forges turn line ends around and trim. */
function sameText(one: string, other: string): boolean {
  return one.replaceAll('\r\n', '\n').trim() === other.replaceAll('\r\n', '\n').trim()
}
