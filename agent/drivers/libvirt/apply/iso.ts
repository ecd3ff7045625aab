import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { errorCode } from '../../../../reconciler/lib/errors.ts'
import { run } from '../../../../reconciler/lib/exec.ts'
import type { Medium } from '../render/seed.ts'

/** Programs that make ISO 9660 images with Joliet and Rock Ridge; the first that is installed is used. */
const programs: readonly (readonly [string, readonly string[]])[] = [
  ['genisoimage', []],
  ['xorriso', ['-as', 'mkisofs']],
  ['mkisofs', []],
]

/**
 * Makes a medium at `path`, mode 0600, so that it appears whole or not at all.
 * The contents stand only in a private folder, never in arguments.
 * @throws GitvirtError `CommandNotFound`, `CommandFailed`
 */
export async function writeIso(medium: Medium, path: string): Promise<void> {
  await using cleanup = new AsyncDisposableStack()
  const folder = await mkdtemp(`${path}.tmp-`)
  cleanup.defer(async () => await rm(folder, { recursive: true, force: true }))
  const tree = join(folder, 'tree')
  await mkdir(tree, { mode: 0o700 })
  for (const [name, content] of medium.files) {
    await mkdir(dirname(join(tree, name)), { recursive: true, mode: 0o700 })
    await writeFile(join(tree, name), content, { mode: 0o600, flag: 'wx' })
  }
  const image = join(folder, 'image.iso')
  await (await open(image, 'wx', 0o600)).close()
  await makeImage(['-quiet', '-joliet', '-rock', '-volid', medium.label, '-output', image, tree])
  const file = await open(image, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(image, path)
}

async function makeImage(args: readonly string[]): Promise<void> {
  for (const [index, [program, first]] of programs.entries()) {
    try {
      await run(program, [...first, ...args])
      return
    } catch (error) {
      if (errorCode(error) !== 'CommandNotFound' || index === programs.length - 1) throw error
    }
  }
}
