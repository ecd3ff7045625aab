import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createNetworkDriver } from '../../../../../agent/drivers/nmstate/driver.ts'
import { createRecords, type PolicyRecord } from '../../../../../agent/drivers/nmstate/records.ts'
import { readJson, removeFile, writeJson } from '../../../../../agent/drivers/nmstate/state-file.ts'
import { systemClock } from '../../../../../reconciler/lib/clock.ts'
import { silentLogger } from '../../../../../reconciler/lib/log.ts'
import { atEnd } from '../../../../at-end.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'gitvirt-records-'))
  atEnd(t, () => rm(path, { recursive: true, force: true }))
  return path
}

describe('writeJson', () => {
  it('leaves one private file that reads back the same', async (t) => {
    const dir = await folder(t)
    const path = join(dir, 'deep', 'one.json')
    await writeJson(path, { a: [1] })
    await writeJson(path, { a: [2] })
    assert.deepEqual(await readJson(path), { a: [2] })
    assert.deepEqual(await readdir(join(dir, 'deep')), ['one.json'])
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })
})

describe('readJson', () => {
  it('takes a missing or a torn file for none', async (t) => {
    const path = join(await folder(t), 'torn.json')
    assert.equal(await readJson(path), undefined)
    await writeFile(path, '{"a":')
    assert.equal(await readJson(path), undefined)
    await removeFile(path)
    await removeFile(path)
  })
})

describe('the network driver', () => {
  it('removes at its start what a kill left of records half written', async (t) => {
    const dir = await folder(t)
    const folders = [join(dir, 'network'), join(dir, 'network', 'policies')]
    for (const one of folders) {
      await mkdir(one, { recursive: true })
      for (const name of ['a.json.0123456789ab.tmp', 'a.json.new']) await writeFile(join(one, name), '{')
    }
    const none = { node: 'h1', runDir: dir, libvirtUri: '', clock: systemClock, log: silentLogger, changed: () => undefined }
    const driver = createNetworkDriver({ ...none, stateDir: dir })
    atEnd(t, () => driver.close())
    await driver.prepare()
    assert.deepEqual((await Promise.all(folders.map(async (one) => await readdir(one)))).flat(), ['policies'])
  })
})

describe('records', () => {
  it('keep each policy by its key, whatever the key looks like, and skip files that are none', async (t) => {
    const dir = await folder(t)
    const records = createRecords(dir)
    const record: PolicyRecord = { key: 'NodeNetworkConfigurationPolicy//../../x', provider: 'kernel', limits: [], conditions: [] }
    await records.put(record)
    await writeFile(join(dir, 'foreign.json'), '[]')
    assert.deepEqual(await records.all(), [record])
    assert.deepEqual(await records.get(record.key), record)
    await records.remove(record.key)
    assert.deepEqual(await records.all(), [])
  })
})
