import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { prepareSources, renewScratch } from '../../../../../../agent/drivers/libvirt/apply/sources.ts'
import { machinePaths } from '../../../../../../agent/drivers/libvirt/files.ts'
import type { DiskSource } from '../../../../../../agent/drivers/libvirt/render/input.ts'
import { run } from '../../../../../../reconciler/lib/exec.ts'
import { machineWith } from '../machine.ts'

describe('an ephemeral volume', () => {
  let dir: string
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gv-sources-'))
    for (const name of ['old', 'new']) await run('qemu-img', ['create', '-q', '-f', 'raw', '--', join(dir, `${name}.img`), '1M'])
  })
  afterEach(async () => await rm(dir, { recursive: true, force: true }))

  const machineOn = (claimName: string) =>
    machineWith((spec) => (spec.volumes = [{ name: 'root', ephemeral: { persistentVolumeClaim: { claimName } } }]))
  const pathsOf = () => machinePaths({ stateDir: dir, runDir: dir }, machineOn('old').uid)
  const define = async (claimName: string): Promise<Record<string, DiskSource>> => {
    const volumes = {
      file: async (key: string) => ({ path: join(dir, `${key.split('/').at(-1)}.img`), format: 'raw' as const, virtualBytes: 1024 * 1024 }),
    }
    await mkdir(pathsOf().folder, { recursive: true })
    const data = { secrets: {}, configMaps: {} }
    const { sources } = await prepareSources({ machine: machineOn(claimName), data, paths: pathsOf(), volumes })
    return Object.fromEntries(sources)
  }
  const overlay = () => join(pathsOf().folder, 'root.qcow2')
  const baseOf = async (): Promise<unknown> =>
    (JSON.parse((await run('qemu-img', ['info', '--output=json', '--', overlay()])).stdout) as Record<string, unknown>)['backing-filename']

  it('stands on the new base at the start after claimName has changed', async () => {
    await renewScratch(machineOn('old'), pathsOf(), await define('old'))
    assert.equal(await baseOf(), join(dir, 'old.img'))
    await renewScratch(machineOn('new'), pathsOf(), await define('new'))
    assert.equal(await baseOf(), join(dir, 'new.img'))
  })

  it('comes back at the next start where a crash has left no overlay', async () => {
    const sources = await define('old')
    await rm(overlay())
    await renewScratch(machineOn('old'), pathsOf(), sources)
    assert.equal(await baseOf(), join(dir, 'old.img'))
  })
})
