import assert from 'node:assert/strict'
import { environment, fieldNames, filesOf, policyFile, written, type Layout } from './twenty-fields.ts'
import type { WorkTree } from './work-tree.ts'

const authors = ['author-a', 'author-b', 'author-c'] as const

/** What is around the repository: the forge with its requests, and gitvirt that follows the main branch. */
export type Stage = {
  readonly work: WorkTree
  /** Opens a request for what HEAD is, or moves it there. Returns the comment on it, once it is planned. */
  request(number: number, title: string): Promise<string>
  /** Pushes the main branch, and waits until what it says is applied. */
  land(): Promise<void>
}

/** Whose commit a field has its value from, the request that brought it, and the revision that was applied with it. */
export type Setter = { readonly subject: string; readonly author: string; readonly pullRequest?: string; readonly landed: string }

/**
 * Twenty fields of one machine, changed by 30 commits of three authors: pushed and by requests that are merged, rebased and squashed, while
 * its files are renamed, joined, split and turned into an overlay. Returns who set each field at the end, by its name.
 */
export async function playThirtyCommits(stage: Stage): Promise<ReadonlyMap<string, Setter>> {
  const story = new Story(stage)
  await story.begin()
  await plainFiles(story)
  await overlays(story)
  assert.equal(story.changes, 30)
  assert.deepEqual([...story.setters.keys()].toSorted(), fieldNames.toSorted())
  return story.setters
}

async function plainFiles(story: Story): Promise<void> {
  await story.set(0)
  await story.set(1)
  await story.land()
  await story.merged(1, async () => {
    await story.set(2)
    await story.layout('renamed')
    await story.set(3)
    await story.set(4)
  })
  await story.rebased(2, async () => {
    await story.set(5)
    await story.layout('joined')
    await story.set(6)
  })
  await story.squashed(3, 7)
  await story.layout('split')
  await story.set(8)
  await story.set(9)
  await story.land()
}

async function overlays(story: Story): Promise<void> {
  await story.merged(4, async () => {
    await story.layout('overlay')
    await story.set(10, 'base')
    await story.set(11, 'patch')
  })
  await story.set(12, 'base')
  await story.set(13, 'patch')
  await story.land()
  await story.merged(
    5,
    async () => {
      await story.layout('overlay-split')
      await story.set(14, 'base')
      await story.set(15, 'base')
    },
    async () => await story.setBeside(16),
  )
  await story.rebased(6, async () => {
    await story.set(17, 'base')
    await story.set(18, 'patch')
  })
  await story.squashed(7, 19)
  await story.layout('overlay-moved')
  await story.set(20, 'base')
  // The overlay says something else: this changes nothing of the machine.
  await story.overridden(11)
  await story.set(21, 'patch')
  await story.land()
  await story.merged(8, async () => {
    await story.set(22, 'base')
    await story.set(23, 'patch')
    await story.set(24, 'base')
  })
  for (const index of [25, 26, 27]) await story.set(index, 'base')
  // Its value comes from a commit before; that the machine has it comes from this one.
  await story.unpatch(28, 11)
  await story.set(29, 'patch')
  await story.land()
}

function nameOf(index: number): string {
  return fieldNames[(index * 7) % fieldNames.length] ?? ''
}

/** A commit that set a field, and has not been applied yet. */
type Pending = Omit<Setter, 'landed'>

/** A request as it is written: what people do on its branch, and what its commits say at their end. */
type Draft = { readonly number: number; readonly edit: () => Promise<void>; readonly trailer?: string }

class Story {
  readonly setters = new Map<string, Setter>()
  readonly #stage: Stage
  readonly #work: WorkTree
  readonly #base = new Map<string, number>()
  readonly #patched = new Map<string, number>()
  readonly #pending = new Map<string, Pending>()
  #layout: Layout = 'alone'
  #draft: Draft | undefined
  #notes = 0
  changes = 0

  constructor(stage: Stage) {
    this.#stage = stage
    this.#work = stage.work
  }

  async begin(): Promise<void> {
    const policy = 'apiVersion: gitvirt.io/v1alpha1\nkind: Fleet\nmetadata: {name: prod}\nspec: {disruption: {unattended: restart}}\n'
    const files = new Map([[policyFile, policy], ...this.#files()])
    await this.#work.edit(files, { message: 'Add two machines', author: authors[0] })
    await this.#stage.land()
  }

  /** Changes the field of this number, in the machine's file or base, or by the overlay's patch. */
  async set(index: number, through: 'base' | 'patch' = 'base'): Promise<void> {
    const name = nameOf(index)
    assert.ok(through === 'patch' || !this.#patched.has(name), `${name} is patched`)
    const values = through === 'base' ? this.#base : this.#patched
    values.set(name, index + 2)
    await this.#work.replace(this.#files(), this.#change(index, name))
  }

  /** As `set` by the patch, where nothing but the overlay is as this story has it: on the main branch, beside a request. */
  async setBeside(index: number): Promise<void> {
    const name = nameOf(index)
    this.#patched.set(name, index + 2)
    const [overlay] = [...this.#files()].filter(([path]) => path.startsWith(environment))
    assert.ok(overlay !== undefined)
    await this.#work.edit(new Map([overlay]), this.#change(index, name))
  }

  /** Takes the field of a number out of the overlay, so that the base rules it. */
  async unpatch(index: number, field: number): Promise<void> {
    const name = nameOf(field)
    assert.ok(this.#patched.delete(name))
    await this.#work.replace(this.#files(), this.#change(index, name))
  }

  /** Changes in the base what the overlay has another value for. */
  async overridden(field: number): Promise<void> {
    this.#base.set(nameOf(field), 100)
    await this.#work.replace(this.#files(), { message: 'Change what production has otherwise', author: authors[2] })
  }

  async layout(layout: Layout): Promise<void> {
    this.#layout = layout
    await this.#work.replace(this.#files(), { message: `Lay out as ${layout}`, author: authors[1] })
  }

  async land(): Promise<void> {
    await this.#stage.land()
    const landed = await this.#work.git('rev-parse', 'HEAD')
    for (const [name, setter] of this.#pending) this.setters.set(name, { ...setter, landed })
    this.#pending.clear()
  }

  /** A request that a merge commit brings in, beside other work. */
  async merged(number: number, edit: () => Promise<void>, beside = (): Promise<void> => this.#note()): Promise<void> {
    const branch = await this.#open({ number, edit })
    await beside()
    await this.#work.git('merge', '--quiet', '--no-ff', '--message', `Merge pull request #${number} from author/${branch}`, branch)
    await this.land()
  }

  /** A request that is rebased over other work, and is then the main branch. */
  async rebased(number: number, edit: () => Promise<void>): Promise<void> {
    const branch = await this.#open({ number, edit, trailer: `\n\nPull-Request: #${number}` })
    await this.#note()
    await this.#work.git('rebase', '--quiet', 'main', branch)
    await this.#stage.request(number, branch)
    await this.#work.git('switch', '--quiet', 'main')
    await this.#work.git('merge', '--quiet', '--ff-only', branch)
    await this.land()
  }

  /** A request of two commits that comes in as one, which is the one that counts. */
  async squashed(number: number, index: number): Promise<void> {
    const name = nameOf(index)
    const branch = await this.#open({
      number,
      edit: async () => {
        this.#base.set(name, 200 + index)
        await this.#work.replace(this.#files(), { message: 'Try another value', author: authors[0] })
        await this.set(index)
      },
    })
    await this.#note()
    const setter = this.#pending.get(name)
    assert.ok(setter !== undefined)
    const squash = { ...setter, subject: `${setter.subject} (#${number})` }
    this.#pending.set(name, squash)
    await this.#work.git('merge', '--quiet', '--squash', branch)
    await this.#work.commit({ message: squash.subject, author: squash.author })
    await this.land()
  }

  /** Writes a request, and reads of its comment what it would change. */
  async #open(draft: Draft): Promise<string> {
    const branch = `topic-${draft.number}`
    await this.#work.git('switch', '--quiet', '--create', branch)
    this.#draft = draft
    await draft.edit()
    this.#draft = undefined
    const comment = await this.#stage.request(draft.number, branch)
    for (const name of this.#pending.keys()) {
      const value = written(name, this.#patched.get(name) ?? this.#base.get(name) ?? 1)
      assert.ok(comment.includes(`-> ${JSON.stringify(value)}`), `${name} in ${comment}`)
    }
    await this.#work.git('switch', '--quiet', 'main')
    return branch
  }

  /** A commit of the main branch that changes no machine. */
  async #note(): Promise<void> {
    this.#notes += 1
    const files = new Map([[`${environment}/README.md`, `Note ${this.#notes}\n`]])
    await this.#work.edit(files, { message: 'Write it down', author: authors[2] })
  }

  #files(): ReadonlyMap<string, string> {
    return filesOf(this.#layout, this.#base, this.#patched)
  }

  #change(index: number, name: string): { readonly message: string; readonly author: string } {
    this.changes += 1
    const author = authors[index % authors.length] ?? authors[0]
    const subject = `Set ${name}, change ${index}`
    const { number, trailer = '' } = this.#draft ?? {}
    this.#pending.set(name, { subject, author, ...(number === undefined ? {} : { pullRequest: `#${number}` }) })
    return { message: `${subject}${trailer}`, author }
  }
}
