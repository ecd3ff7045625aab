import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { trimLog } from '../../../../../agent/drivers/libvirt/apply/console-log.ts'
import { openSocket } from '../../../../../agent/drivers/libvirt/apply/console.ts'
import { letQemuPass } from '../../../../../agent/drivers/libvirt/files.ts'

describe('the files of a machine', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gv-files-'))
  })
  afterEach(async () => await rm(folder, { recursive: true, force: true }))

  it('cuts a console log that is too long, and keeps its end', async () => {
    const log = join(folder, 'console.log')
    await writeFile(log, `${'x'.repeat(2 << 20)}the end`)
    await trimLog(log)
    assert.equal((await stat(log)).size, 0)
    const kept = await readFile(`${log}.1`, 'utf8')
    assert.ok(kept.endsWith('the end') && kept.length === 256 * 1024)
  })

  it('follows no link, neither to a log nor to a socket', async () => {
    const target = join(folder, 'other')
    await writeFile(target, 'x'.repeat(2 << 20))
    await symlink(target, join(folder, 'console.log'))
    await trimLog(join(folder, 'console.log'))
    assert.equal((await stat(target)).size, 2 << 20)
    const server = createServer((socket) => socket.end())
    await new Promise<void>((resolve) => server.listen(join(folder, 's.sock'), resolve))
    try {
      await symlink(join(folder, 's.sock'), join(folder, 'link.sock'))
      await assert.rejects(openSocket(join(folder, 'link.sock'), 'k'), { code: 'ConsoleUnavailable' })
      await assert.rejects(openSocket(target, 'k'), { code: 'ConsoleUnavailable' })
      await assert.rejects(openSocket(join(folder, 'none'), 'k'), { code: 'ConsoleUnavailable' })
      const stream = await openSocket(join(folder, 's.sock'), 'k')
      stream.destroy()
    } finally {
      server.close()
    }
  })

  it("lets another user than the agent's pass, and changes nothing for the same", async () => {
    await chmod(folder, 0o700)
    await letQemuPass([folder], { uid: process.getuid?.() ?? 0 })
    assert.equal((await stat(folder)).mode & 0o777, 0o700)
    await letQemuPass([folder], { uid: 64055 })
    assert.equal((await stat(folder)).mode & 0o777, 0o711)
  })
})
