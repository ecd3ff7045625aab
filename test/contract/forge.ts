import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { Forge } from '../../reconciler/forge/types.ts'

/** A comment as the forge shows it. */
export type ShownComment = { readonly author: string; readonly body: string }
export type ShownStatus = { readonly context: string; readonly state: string; readonly description: string }

/** A forge with one repository, and what other people do there. */
export type ForgeSubject = {
  /** A client as a reconciler that starts opens it. Nameless: its token may not ask who it is. */
  client(options?: { readonly nameless: boolean }): Forge
  /** Name of the client's own user. */
  readonly self: string
  /** Opens requests against a branch; resolves with their numbers. */
  open(base: string, titles: readonly string[]): Promise<readonly number[]>
  /** Commit at the head of every request. */
  readonly head: string
  comment(author: string, request: number, body: string): Promise<void>
  /** In the order in which they were made. */
  comments(request: number): Promise<readonly ShownComment[]>
  /** Takes a comment away as its author. */
  remove(request: number, comment: ShownComment): Promise<void>
  /** Oldest first. */
  statuses(commit: string): Promise<readonly ShownStatus[]>
  /** How the forge calls the state `failure`. */
  readonly failure: string
  /** Calls of the API that the clients made. */
  calls(): number
}

export type ForgeContract = {
  /** An empty repository with the branches `main` and `other`. */
  readonly create: (t: TestContext) => Promise<ForgeSubject>
  /** More people than one. */
  readonly people: readonly [string, string]
}

const marker = '<!-- gitvirt/plan/prod -->'
const marked = (body: string): string => `${marker}\n${body}`

/** What the following of requests relies on in any forge. */
export function forgeContract(name: string, { create, people: [one, another] }: ForgeContract): void {
  const open = async (t: TestContext): Promise<ForgeSubject & { readonly request: number }> => {
    const subject = await create(t)
    const [request = 0] = await subject.open('main', ['A request'])
    return { ...subject, request }
  }
  /** Author and words of each comment, without the marker. */
  const told = async (subject: ForgeSubject, request: number): Promise<readonly (readonly [string, string])[]> =>
    (await subject.comments(request)).map(({ author, body }) => [author, body.replace(`${marker}\n`, '')] as const)

  describe(`${name} as a forge`, () => {
    it('lists the requests against one branch, over many pages, however short the forge makes them', async (t) => {
      const subject = await create(t)
      const titles = Array.from({ length: 12 }, (_, index) => `Request ${index}`)
      await subject.open('other', ['Another', 'One more'])
      const numbers = await subject.open('main', titles)
      const found = await subject.client().requests('main')
      assert.deepEqual(
        found.toSorted((a, b) => a.number - b.number),
        numbers.map((number, index) => ({ number, head: subject.head, title: titles[index] ?? '' })),
      )
    })

    it('keeps one comment, and writes it again only where it says something else', async (t) => {
      const subject = await open(t)
      const { request } = subject
      const forge = subject.client()
      await subject.comment(one, request, marked('by somebody else'))
      await forge.comment(request, { marker, body: 'first' })
      await forge.comment(request, { marker, body: 'second' })
      const calls = subject.calls()
      await forge.comment(request, { marker, body: 'second' })
      assert.equal(subject.calls(), calls + 1, 'only looked')
      assert.deepEqual(await told(subject, request), [
        [one, 'by somebody else'],
        [subject.self, 'second'],
      ])
    })

    it('finds its comment again after a restart, though it could change those of others', async (t) => {
      const subject = await open(t)
      const { request } = subject
      await subject.client().comment(request, { marker, body: 'first' })
      await subject.comment(one, request, marked('a copy'))
      await subject.client().comment(request, { marker, body: 'second' })
      assert.deepEqual(await told(subject, request), [
        [subject.self, 'second'],
        [one, 'a copy'],
      ])
    })

    it('keeps to the one comment it made where the token may not ask who it is, whatever others write', async (t) => {
      const subject = await open(t)
      const { request } = subject
      const forge = subject.client({ nameless: true })
      await subject.comment(one, request, marked('before'))
      await forge.comment(request, { marker, body: 'first' })
      await subject.comment(another, request, marked('after'))
      for (const body of ['second', 'third']) await forge.comment(request, { marker, body })
      assert.deepEqual(await told(subject, request), [
        [one, 'before'],
        [subject.self, 'third'],
        [another, 'after'],
      ])
      const calls = subject.calls()
      await forge.comment(request, { marker, body: 'third' })
      assert.equal(subject.calls(), calls + 1, 'only looked')
    })

    it('makes its comment anew after a restart where the token may not ask who it is, and leaves those of others alone', async (t) => {
      const subject = await open(t)
      const { request } = subject
      await subject.client({ nameless: true }).comment(request, { marker, body: 'first' })
      for (const author of [one, another]) await subject.comment(author, request, marked(`a copy by ${author}`))
      const again = subject.client({ nameless: true })
      for (const body of ['second', 'third']) await again.comment(request, { marker, body })
      assert.deepEqual(await told(subject, request), [
        [one, `a copy by ${one}`],
        [another, `a copy by ${another}`],
        [subject.self, 'third'],
      ])
    })

    it('makes its comment anew where a person deleted it', async (t) => {
      const subject = await open(t)
      const { request } = subject
      const forge = subject.client({ nameless: true })
      await subject.comment(one, request, marked('another'))
      await forge.comment(request, { marker, body: 'first' })
      await subject.remove(request, { author: subject.self, body: marked('first') })
      await forge.comment(request, { marker, body: 'second' })
      assert.deepEqual(await told(subject, request), [
        [one, 'another'],
        [subject.self, 'second'],
      ])
    })

    it('asks once for many comments, and finds its own among them', async (t) => {
      const subject = await open(t)
      const { request } = subject
      await subject.client().comment(request, { marker, body: 'first' })
      for (let round = 0; round < 55; round += 1) await subject.comment(one, request, `word ${round}`)
      const forge = subject.client()
      await forge.comment(request, { marker, body: 'second' })
      const comments = await told(subject, request)
      assert.equal(comments.length, 56)
      assert.deepEqual(comments[0], [subject.self, 'second'])
      const calls = subject.calls()
      await forge.comment(request, { marker, body: 'second' })
      assert.ok(subject.calls() - calls <= 2, `${subject.calls() - calls} calls`)
    })

    it('keeps a long comment with its line ends and signs as it was written', async (t) => {
      const subject = await open(t)
      const { request } = subject
      const forge = subject.client()
      const body = `**prod**\r\n\n\`\`\`diff\n+ "64Mi" -> <b>&amp;</b> \u00e9 \u{1f5a5}\n\`\`\`\n${'x'.repeat(64_000)}`
      await forge.comment(request, { marker, body })
      const calls = subject.calls()
      await forge.comment(request, { marker, body })
      assert.equal(subject.calls(), calls + 1, 'only looked')
      assert.equal((await subject.comments(request)).length, 1)
    })

    it('sets a status in its words, twice alike too, however long they are', async (t) => {
      const subject = await open(t)
      const forge = subject.client()
      const status = { context: 'gitvirt/plan/prod', state: 'failure', description: 'x'.repeat(500) } as const
      await forge.status(subject.head, status)
      await forge.status(subject.head, status)
      const found = await subject.statuses(subject.head)
      assert.deepEqual(found[0], { context: 'gitvirt/plan/prod', state: subject.failure, description: 'x'.repeat(140) })
    })

    it('shows the last status of each context', async (t) => {
      const subject = await open(t)
      const forge = subject.client()
      for (const state of ['pending', 'success'] as const)
        for (const context of ['gitvirt/plan/prod', 'gitvirt/plan/test'])
          await forge.status(subject.head, { context, state, description: state })
      for (const context of ['gitvirt/plan/prod', 'gitvirt/plan/test']) {
        const last = (await subject.statuses(subject.head)).findLast((status) => status.context === context)
        assert.deepEqual([last?.state, last?.description], ['success', 'success'])
      }
    })
  })
}
