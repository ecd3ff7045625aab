import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { it, type TestContext } from 'node:test'
import { checkImage, convertImage, inspectImage } from '../../../../../agent/drivers/storage/images.ts'
import { unpack } from '../../../../../agent/drivers/storage/unpack.ts'
import { GitvirtError } from '../../../../../reconciler/lib/errors.ts'
import { atEnd } from '../../../../at-end.ts'

const never = new AbortController().signal

function makeFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'gv-killed-'))
  atEnd(t, () => rmSync(dir, { recursive: true, force: true }))
  return dir
}

/** Puts a program in front of the host's own one that ends itself by a signal. */
function shadow(t: TestContext, program: string, signal: string): string {
  const dir = makeFolder(t)
  const { PATH = '' } = process.env
  atEnd(t, () => (process.env['PATH'] = PATH))
  process.env['PATH'] = `${dir}${delimiter}${PATH}`
  writeFileSync(join(dir, program), `#!/bin/sh\nkill -${signal} $$\n`, { mode: 0o755 })
  return dir
}

const isPassing = (error: unknown): boolean => error instanceof GitvirtError && error.code === 'CommandFailed' && !error.terminal

it('does not blame the image when a program that reads it is killed', async (t) => {
  const dir = shadow(t, 'qemu-img', 'KILL')
  const from = { path: join(dir, 'from'), format: 'qcow2' } as const
  await assert.rejects(inspectImage(from.path, 'qcow2'), isPassing)
  await assert.rejects(checkImage(from.path, 'qcow2'), isPassing)
  await assert.rejects(convertImage(from, { path: join(dir, 'to'), format: 'qcow2', preallocate: false }, never), isPassing)
})

it('refuses an image that takes more processor time than it may', async (t) => {
  const dir = shadow(t, 'qemu-img', 'XCPU')
  await assert.rejects(inspectImage(join(dir, 'from'), 'qcow2'), { code: 'CorruptImage', terminal: true })
})

it('does not blame the image when its target cannot be written', async (t) => {
  const dir = makeFolder(t)
  const from = { path: join(dir, 'from'), format: 'raw' } as const
  writeFileSync(from.path, Buffer.alloc(65_536))
  await assert.rejects(convertImage(from, { path: join(dir, 'none', 'to'), format: 'qcow2', preallocate: false }, never), isPassing)
})

it('does not blame the wrapper when xz is killed', async (t) => {
  const dir = shadow(t, 'xz', 'KILL')
  const job = { wrapper: 'xz', from: join(dir, 'from'), to: join(dir, 'to'), maxBytes: 1, signal: never } as const
  await assert.rejects(unpack(job), isPassing)
})
