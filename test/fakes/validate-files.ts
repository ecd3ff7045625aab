import { digestOf } from '../../reconciler/lib/digest.ts'
import { createDesired } from '../../reconciler/desired/state.ts'
import type { DesiredObject, ManifestError } from '../../reconciler/desired/types.ts'

/** A file to validate: its path relative to the environment's root, and its content. */
type FileToValidate = { readonly path: string; readonly bytes: Uint8Array }

type Validation = {
  /** Every fault of every file, sorted by file and place. */
  readonly findings: readonly ManifestError[]
  readonly objects: readonly DesiredObject[]
}

/** Validates files as one environment: each for itself, and together (duplicates, missing references). Pure. */
export async function validateFiles(files: readonly FileToValidate[]): Promise<Validation> {
  const contents = new Map<string, Uint8Array>()
  const entries = files.map(({ path, bytes }) => {
    const id = digestOf(Buffer.from(bytes).toString('latin1'))
    contents.set(id, bytes)
    return { path, id, size: bytes.byteLength }
  })
  const read = async function* (ids: readonly string[]): AsyncGenerator<{ id: string; bytes: Uint8Array }> {
    for (const id of ids) yield { id, bytes: contents.get(id) ?? new Uint8Array() }
  }
  const { view } = await createDesired().update({ revision: '', entries, read })
  const objects = [...view.keys()].flatMap((key) => view.get(key) ?? [])
  return { findings: view.errors(), objects }
}
