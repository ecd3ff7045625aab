import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { noteOff, noteRun } from '../../../../../../agent/drivers/libvirt/apply/run.ts'
import { createRecords, type MachineRecord, type Records } from '../../../../../../agent/drivers/libvirt/records.ts'
import type { Session } from '../../../../../../agent/drivers/libvirt/session.ts'
import { parseXml } from '../../../../../../agent/drivers/libvirt/xml.ts'
import { systemClock } from '../../../../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../../../../reconciler/lib/log.ts'
import { machineWith } from '../machine.ts'

const machine = machineWith()
const live = parseXml("<domain id='7'><devices/></domain>")
const before: MachineRecord = { version: 1, machine, name: 'test_a', definition: '<domain/>', sources: {}, unsupported: [] }
const after: MachineRecord = { ...before, definition: "<domain type='kvm'/>", unsupported: ['new'] }

describe('what is noted of a run', () => {
  let dir: string
  let records: Records
  let session: Session
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gv-run-'))
    records = createRecords(dir, silentLogger)
    await records.load()
    session = { records, context: { clock: systemClock } } as unknown as Session
  })
  afterEach(async () => await rm(dir, { recursive: true, force: true }))
  const onDisk = async (): Promise<unknown> => JSON.parse(await readFile(join(dir, 'machines', `${machine.uid}.json`), 'utf8'))

  it('goes to the record, and away with the run', async () => {
    await records.save(before)
    const noted = await noteRun(session, before, live)
    assert.deepEqual(records.byKey(machine.key), noted)
    assert.deepEqual(noted.boot?.machine, machine)
    await noteOff(session, noted)
    assert.deepEqual(await onDisk(), before)
  })

  it('leaves a definition that is newer than what was seen, also one that is being written', async () => {
    await records.save(before)
    const { boot } = await noteRun(session, before, live)
    assert.ok(boot)
    const saving = records.save(after)
    await noteOff(session, { ...before, boot })
    await noteRun(session, before, live)
    await saving
    assert.deepEqual(records.byKey(machine.key), after)
    assert.deepEqual(await onDisk(), after)
  })

  it('leaves a newer run when an older look says off', async () => {
    await records.save(before)
    const first = await noteRun(session, before, live)
    await records.save(before)
    const second = await noteRun(session, before, parseXml("<domain id='8'><devices/></domain>"))
    await noteOff(session, first)
    assert.deepEqual(records.byKey(machine.key), second)
  })

  it('makes no record where it was removed', async () => {
    await noteRun(session, before, live)
    assert.equal(records.byKey(machine.key), undefined)
  })
})
