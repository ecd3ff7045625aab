import assert from 'node:assert/strict'
import { join } from 'node:path'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { it } from 'node:test'
import { createGrowRunning } from '../../../../../agent/drivers/storage/grow-running.ts'
import { createPoolPort, makePoolFolder } from '../../../../../agent/drivers/storage/pool.ts'
import { startHost } from '../../../../../lab/host.ts'
import { atEnd } from '../../../../at-end.ts'

it("defines and starts libvirt's pool once, and never changes a foreign one", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'gv-pool-'))
  const host = await startHost({ name: 'gvpool' })
  atEnd(t, async () => {
    await host.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const port = createPoolPort(host.uri)
  const [ours, theirs] = [join(dir, 'ours'), join(dir, 'theirs')]
  await makePoolFolder(ours)
  await makePoolFolder(theirs)
  await port('ours', ours)
  const before = await host.virsh('pool-dumpxml', 'ours')
  await port('ours', ours)
  assert.equal(await host.virsh('pool-dumpxml', 'ours'), before)
  assert.match(await host.virsh('pool-info', 'ours'), /State:\s+running[^]*Autostart:\s+yes/)
  await host.virsh('pool-define-as', 'theirs', 'dir', '--target', theirs)
  await port('theirs', theirs)
  assert.match(await host.virsh('pool-info', 'theirs'), /State:\s+inactive[^]*Autostart:\s+no/)
  await assert.rejects(port('theirs', join(dir, 'elsewhere')), { code: 'PoolConflict' })
  assert.equal(await createGrowRunning(host.uri)(join(ours, 'x.qcow2'), 1), false)
})
