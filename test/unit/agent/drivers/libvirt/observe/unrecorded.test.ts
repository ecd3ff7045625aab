import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { markNamespace } from '../../../../../../agent/drivers/libvirt/mark.ts'
import type { GuestAgents } from '../../../../../../agent/drivers/libvirt/observe/guest-agents.ts'
import { observeMachines } from '../../../../../../agent/drivers/libvirt/observe/machines.ts'
import { createRecords, type Records } from '../../../../../../agent/drivers/libvirt/records.ts'
import { createTurns } from '../../../../../../reconciler/lib/turns.ts'
import type { Session } from '../../../../../../agent/drivers/libvirt/session.ts'
import { GitvirtError } from '../../../../../../reconciler/lib/errors.ts'
import { silentLogger } from '../../../../../../reconciler/lib/log.ts'
import { machineWith } from '../machine.ts'

const machine = machineWith()
const copy = '22222222-2222-4222-8222-222222222222'
const mark = `<gitvirt:machine xmlns:gitvirt='${markNamespace}' key='${machine.key}' uid='${machine.uid}' node='n1'/>`

describe('domains without a record', () => {
  let dir: string
  let records: Records
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gv-unrecorded-'))
    records = createRecords(dir, silentLogger)
    await records.load()
  })
  afterEach(async () => await rm(dir, { recursive: true, force: true }))

  /** A host whose domains all carry the mark of the one machine, as virt-clone leaves it. */
  const observe = async (uids: readonly string[]) => {
    const answer = (words: readonly string[]): string | undefined => {
      const domain = words[words.indexOf('--domain') + 1] ?? ''
      if (words[0] === 'list') return `${uids.join('\n')}\n`
      if (words[0] === 'net-dhcp-leases' || !uids.includes(domain)) return undefined
      if (words[0] === 'domstate') return 'shut off (shutdown)\n'
      return words[0] === 'metadata' ? mark : `<domain type='kvm'><uuid>${domain}</uuid><metadata>${mark}</metadata></domain>`
    }
    const absent = ([verb]: readonly string[]): GitvirtError =>
      new GitvirtError({ code: verb === 'net-dhcp-leases' ? 'NetworkNotFound' : 'DomainNotFound', message: 'not there' })
    const virsh = {
      uri: '',
      call: async (words: readonly string[]) => answer(words) ?? '',
      batch: async (commands: readonly (readonly string[])[]) => commands.map((words) => answer(words) ?? absent(words)),
    }
    const session = { virsh, records, exclusive: createTurns() } as unknown as Session
    const facts = await observeMachines(session, {} as GuestAgents)
    return facts.map(({ key, uid }) => ({ key, uid }))
  }
  const original = { key: machine.key, uid: machine.uid }

  it('are told where the mark is their own', async () => {
    assert.deepEqual(await observe([machine.uid]), [original])
  })

  it("are somebody else's where the mark names another uuid, with and without the original's record", async () => {
    assert.deepEqual(await observe([copy]), [])
    assert.deepEqual(await observe([copy, machine.uid]), [original])
    const definition = `<domain type='kvm'/>`
    await records.save({ version: 1, machine, name: 'test_a', definition, sources: {}, unsupported: [] })
    assert.deepEqual(await observe([machine.uid, copy]), [original])
  })
})
