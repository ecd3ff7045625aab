import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { openJournal } from '../../../../agent/runner/journal.ts'
import { createMachine, sealed } from '../../../integration/session/lab.ts'

const key = 'VirtualMachine/default/web'
const at = '2026-01-01T00:00:00Z'
let dir = ''

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'gitvirt-journal-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const plan = sealed([createMachine('web')])
const step = (state: 'started' | 'done') => ({ type: 'step', key, step: 'DefineDomain:web', state, at }) as const

/** The journal files that this process has open. */
async function openFiles(): Promise<string[]> {
  const links = await readdir('/proc/self/fd')
  const paths = await Promise.all(links.map(async (fd) => await readlink(`/proc/self/fd/${fd}`).catch(() => '')))
  return paths.filter((path) => path.startsWith(`${dir}/`))
}

describe('openJournal', () => {
  it('leaves no file open of a plan whose first line could not be written', async () => {
    const journal = await openJournal(dir)
    const unwritable = {
      ...plan,
      get revision(): string {
        throw new Error('no space')
      },
    }
    await assert.rejects(journal.open(unwritable, at), /no space/)
    assert.deepEqual(await openFiles(), [])
    const file = await journal.open(plan, at)
    assert.equal((await openFiles()).length, 1)
    await file.close()
  })

  it('knows the finished steps of a change that a kill cut off', async () => {
    const file = await (await openJournal(dir)).open(plan, at)
    await file.write(step('started'))
    await file.write(step('done'))
    await file.close()
    const journal = await openJournal(dir)
    assert.deepEqual([...journal.finished(plan.id, key)], ['DefineDomain:web'])
    assert.deepEqual([...journal.finished('another', key)], [])
  })

  it('does not count a step that only started, or whose line was cut off', async () => {
    const file = await (await openJournal(dir)).open(plan, at)
    await file.write(step('started'))
    await file.close()
    const [name = ''] = await readdir(dir)
    await appendFile(join(dir, name), JSON.stringify(step('done')).slice(0, 40))
    assert.deepEqual([...(await openJournal(dir)).finished(plan.id, key)], [])
  })

  it('forgets a change that ended, so that the same plan is carried out afresh', async () => {
    const file = await (await openJournal(dir)).open(plan, at)
    await file.write(step('done'))
    await file.write({ type: 'change', key, result: 'done', at })
    await file.close()
    assert.deepEqual([...(await openJournal(dir)).finished(plan.id, key)], [])
  })

  it('forgets what a killed plan finished once another plan works on the object', async () => {
    const file = await (await openJournal(dir)).open(plan, at)
    await file.write(step('done'))
    await file.close()
    const journal = await openJournal(dir)
    journal.overtaken('another', key)
    assert.deepEqual([...journal.finished(plan.id, key)], [])
  })

  it('writes files that only their owner reads, one for each time a plan comes', async () => {
    const journal = await openJournal(dir)
    await (await journal.open(plan, at)).close()
    await (await journal.open(plan, at)).close()
    const names = await readdir(dir)
    assert.equal(names.length, 2)
    for (const name of names) {
      assert.equal((await stat(join(dir, name))).mode & 0o777, 0o600)
      assert.equal((JSON.parse((await readFile(join(dir, name), 'utf8')).trim()) as { plan: string }).plan, plan.id)
    }
  })
})
