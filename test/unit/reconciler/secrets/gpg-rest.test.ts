import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gpgSilent } from '../../../../reconciler/secrets/gpg.ts'
import { createGpgRest } from '../../../../reconciler/secrets/gpg-rest.ts'

type World = {
  /** Files on which gpg hangs. */
  readonly hangs: Set<string>
  readonly shut: Set<string>
  /** Times that gpg was asked for a file. */
  readonly asked: Map<string, number>
  /** Lets the time pass, and tries what is shut, always in the same order, whenever it is worth it. */
  readonly run: (minutes: number) => Promise<void>
  /** A commit brings a file, which is tried at once. */
  readonly arrive: (file: string) => Promise<void>
}

/** A reconciler with encrypted files, of which it tries all at its start. */
async function world(files: readonly string[], hangs: readonly string[]): Promise<World> {
  let now = 0
  const rest = createGpgRest(() => now)
  const made = { hangs: new Set(hangs), shut: new Set(files), asked: new Map<string, number>() }
  const open = async (file: string): Promise<void> => {
    made.asked.set(file, (made.asked.get(file) ?? 0) + 1)
    if (!made.hangs.has(file)) return
    now += 20_000
    throw gpgSilent('it hangs')
  }
  const tryAll = async (files: Iterable<string>): Promise<void> => {
    for (const file of files) {
      await rest
        .run(async () => await open(file), file)
        .then(
          () => made.shut.delete(file),
          (error: unknown) => assert.equal((error as { code?: string }).code, 'GpgTimedOut'),
        )
    }
  }
  await tryAll(made.shut)
  const run = async (minutes: number): Promise<void> => {
    for (const end = now + minutes * 60_000; now < end; now += 1000) if (rest.isOver()) await tryAll(made.shut)
  }
  const arrive = async (file: string): Promise<void> => {
    made.shut.add(file)
    await tryAll([file])
  }
  return { ...made, run, arrive }
}

describe('a gpg that does not answer', () => {
  it('for one file opens all others after its first rest', async () => {
    const { shut, run } = await world(['bad', 'one', 'two'], ['bad'])
    await run(1)
    assert.deepEqual([...shut], ['bad'])
  })

  it('for a few files opens the others once each of these was tried', async () => {
    const { shut, run } = await world(['bad', 'worse', 'one', 'two'], ['bad', 'worse'])
    await run(3)
    assert.deepEqual([...shut].sort(), ['bad', 'worse'])
  })

  it('for one file opens what comes later, though that file is tried again and again', async () => {
    const { shut, asked, run, arrive } = await world(['bad'], ['bad'])
    await run(60)
    const before = asked.get('bad') ?? 0
    assert.ok(before > 5 && before < 15, `asked ${before} times`)
    await arrive('late')
    await run(11)
    assert.deepEqual([...shut], ['bad'])
  })

  it('for any file is asked no more often than after its rests, and opens all soon after it answers', async () => {
    const files = Array.from({ length: 20 }, (_, index) => `file ${index}`)
    const { hangs, shut, asked, run } = await world(files, files)
    await run(300)
    const total = [...asked.values()].reduce((sum, count) => sum + count, 0)
    assert.ok(total < 40, `asked ${total} times`)
    assert.deepEqual([...asked.keys()].sort(), [...files].sort())
    hangs.clear()
    await run(21)
    assert.deepEqual([...shut], [])
  })
})
