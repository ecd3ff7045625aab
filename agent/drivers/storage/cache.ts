import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { bootId } from './boot.ts'
import { hashFile, parseChecksum, type Checksum } from './checksum.ts'
import type { DiskFormat } from './detect.ts'
import type { Validators } from './download.ts'
import type { ImageInfo } from './images.ts'
import { readJson, writeJson } from './records.ts'

export type CachedImage = {
  readonly file: string
  readonly validators: Validators
  readonly checksum: string | undefined
  /** What the checks of the image inside found; absent until it has passed them all. */
  readonly checked: CheckedImage | undefined
}

export type CheckedImage = ImageInfo & { readonly format: DiskFormat }

/** A kept download by its key. */
export type KeptImage = { readonly key: string; readonly bytes: number }

type Note = {
  readonly bytes: number
  readonly validators: Validators
  readonly checksum?: string
  readonly checked?: CheckedImage
  /** The kernel's id of the boot in which the file's bytes were last known to be the ones that were downloaded. */
  readonly boot?: string
}

/** Downloads that were kept, least recently used first out. */
export class ImageCache {
  readonly #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * A kept download whose bytes are still those that were downloaded. After a reboot they are held against the checksum, which takes as
   * long as reading them; one without a checksum is dropped then, as is one that differs.
   */
  async find(folder: string, key: string, signal: AbortSignal): Promise<CachedImage | undefined> {
    const file = join(folder, key)
    const note = await readNote(file)
    const size = (await stat(file).catch(() => undefined))?.size
    if (note === undefined || size !== note.bytes) return undefined
    const boot = await bootId()
    if (note.boot !== boot) {
      if (!(await hasNotedChecksum(file, note, signal))) {
        await this.drop(folder, key)
        return undefined
      }
      await writeJson(`${file}.json`, { ...note, boot })
    }
    await utimes(file, new Date(), new Date())
    return { file, validators: note.validators, checksum: note.checksum, checked: note.checked }
  }

  /** Remembers that the image in a kept download passed all checks, so that the next volume made of it is not checked again. */
  async noteChecked(file: string, checked: CheckedImage): Promise<void> {
    const note = await readNote(file)
    if (note !== undefined) await writeJson(`${file}.json`, { ...note, checked })
  }

  /**
   * Takes a finished download over by renaming it. It is not put on disk here, which would take as long as the image itself: a power cut
   * may take any part of it, also at full length, so the note holds for this boot only.
   * @returns where it is now; undefined where it is not kept: it is too large, or nothing could tell whether it is still valid
   */
  async keep(
    folder: string,
    key: string,
    item: { file: string; bytes: number; validators: Validators; checksum: Checksum | undefined },
  ): Promise<string | undefined> {
    const known = item.checksum !== undefined || item.validators.etag !== undefined || item.validators.lastModified !== undefined
    if (item.bytes > this.#maxBytes || !known) return undefined
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await this.#makeRoom(folder, item.bytes)
    const file = join(folder, key)
    await rm(`${file}.json`, { force: true })
    await rename(item.file, file)
    const checksum = item.checksum === undefined ? {} : { checksum: `${item.checksum.algorithm}:${item.checksum.hex}` }
    await writeJson(`${file}.json`, { bytes: item.bytes, validators: item.validators, ...checksum, boot: await bootId() })
    return file
  }

  /** What is kept in a folder, most recently used first. What is cut short, or cannot be held against anything after a reboot, is not. */
  async list(folder: string, most: number): Promise<readonly KeptImage[]> {
    const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5))
    const boot = await bootId()
    const kept = await Promise.all(
      names.map(async (key) => {
        const [note, stats] = await Promise.all([readNote(join(folder, key)), stat(join(folder, key)).catch(() => undefined)])
        if (note === undefined || stats?.size !== note.bytes || (note.boot !== boot && note.checksum === undefined)) return []
        return [{ key, bytes: note.bytes, used: stats.mtimeMs }]
      }),
    )
    const newest = kept.flat().sort((one, other) => other.used - one.used || (one.key < other.key ? -1 : 1))
    return newest.slice(0, most).map(({ key, bytes }) => ({ key, bytes }))
  }

  async drop(folder: string, key: string): Promise<void> {
    await rm(join(folder, `${key}.json`), { force: true })
    await rm(join(folder, key), { force: true })
  }

  /** Frees everything, for a pool that is full. */
  async clear(folder: string): Promise<void> {
    await rm(folder, { recursive: true, force: true })
  }

  async #makeRoom(folder: string, bytes: number): Promise<void> {
    const names = (await readdir(folder)).filter((name) => !name.endsWith('.json') && !name.endsWith('.tmp'))
    const items = await Promise.all(names.map(async (name) => ({ name, stats: await stat(join(folder, name)) })))
    items.sort((a, b) => a.stats.mtimeMs - b.stats.mtimeMs)
    let total = items.reduce((sum, item) => sum + item.stats.size, bytes)
    for (const { name, stats } of items) {
      if (total <= this.#maxBytes) return
      await this.drop(folder, name)
      total -= stats.size
    }
  }
}

async function readNote(file: string): Promise<Note | undefined> {
  return (await readJson(`${file}.json`).catch(() => undefined)) as Note | undefined
}

async function hasNotedChecksum(file: string, note: Note, signal: AbortSignal): Promise<boolean> {
  try {
    const checksum = parseChecksum(note.checksum)
    if (checksum === undefined) return false
    const hash = createHash(checksum.algorithm)
    await hashFile(hash, file, { bytes: note.bytes, signal })
    return hash.digest('hex') === checksum.hex
  } catch (error) {
    if (signal.aborted) throw error
    // What cannot be read back is no copy.
    return false
  }
}
