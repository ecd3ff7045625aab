import { digestOf } from '../../../../reconciler/lib/digest.ts'
import type { FileContent } from '../../../../reconciler/desired/engine/file-state.ts'
import { judgeBlob } from '../../../../reconciler/desired/judge/judge-blob.ts'
import type { HistoryCommit, PathEdit } from '../../../../reconciler/history/meaning/commit.ts'

/** Files of one commit: path to text. */
export type Files = ReadonlyMap<string, string>

/** A history in memory: commits of whole trees, and their blobs. */
export class Repository {
  readonly commits: HistoryCommit[] = []
  readonly #trees = new Map<string, Files>()
  readonly #blobs = new Map<string, FileContent>()

  /** Commits these files; parents must have been committed before. Returns the id. */
  commit(files: Files, parents: readonly string[] = this.commits.slice(-1).map(({ id }) => id)): string {
    const id = `c${this.commits.length}`
    const before = this.#trees.get(parents[0] ?? '') ?? new Map<string, string>()
    const edits: PathEdit[] = []
    for (const path of new Set([...before.keys(), ...files.keys()])) {
      const [one, other] = [before.get(path), files.get(path)]
      if (one === other) continue
      edits.push({
        path,
        ...(one === undefined ? {} : { before: this.#put(one) }),
        ...(other === undefined ? {} : { after: this.#put(other) }),
      })
    }
    this.#trees.set(id, files)
    this.commits.push({ id, parents, committedAt: this.commits.length, edits })
    return id
  }

  readonly content = (id: string): FileContent | undefined => this.#blobs.get(id)

  #put(text: string): string {
    const id = digestOf(text)
    if (!this.#blobs.has(id)) this.#blobs.set(id, { id, blob: judgeBlob(Buffer.from(text)) })
    return id
  }
}

/** What a test machine consists of; disks by name, in order. */
export type Machine = {
  readonly name: string
  readonly cores: number
  readonly memory: string
  readonly label?: string | undefined
  readonly disks: readonly (readonly [name: string, serial: string])[]
}

/** How a manifest is written: none of it means anything. */
export type Style = { readonly json?: boolean; readonly comment?: string; readonly quoted?: boolean }

/** A VirtualMachine's manifest. */
export function manifest(machine: Machine, style: Style = {}): string {
  const { name, cores, memory, label, disks } = machine
  const object = {
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: { name, ...(label === undefined ? {} : { labels: { app: label } }) },
    spec: {
      runStrategy: 'Always',
      template: {
        spec: {
          domain: {
            cpu: { cores },
            memory: { guest: memory },
            devices: { disks: disks.map(([disk, serial]) => ({ name: disk, serial, disk: { bus: 'virtio' } })) },
          },
          volumes: disks.map(([disk]) => ({ name: disk, emptyDisk: { capacity: '1Gi' } })).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
        },
      },
    },
  }
  if (style.json === true) return `${JSON.stringify(object, null, 2)}\n`
  const comment = style.comment === undefined ? '' : `# ${style.comment}\n`
  return `${comment}${block(object, '', style.quoted === true)}`
}

/** Block-style YAML of plain data. */
function block(value: object, indent: string, quoted: boolean): string {
  const scalar = (one: unknown): string => (typeof one === 'string' ? (quoted ? JSON.stringify(one) : one) : String(one))
  const lines: string[] = []
  for (const [key, field] of Object.entries(value)) {
    if (Array.isArray(field)) {
      lines.push(field.length === 0 ? `${indent}${key}: []\n` : `${indent}${key}:\n`)
      for (const entry of field) lines.push(`${indent}  - ${block(entry as object, `${indent}    `, quoted).trimStart()}`)
    } else if (typeof field === 'object' && field !== null) lines.push(`${indent}${key}:\n${block(field as object, `${indent}  `, quoted)}`)
    else lines.push(`${indent}${key}: ${scalar(field)}\n`)
  }
  return lines.join('')
}

const domain = 'spec.template.spec.domain'

/** The paths and values of a machine's fields, as blame names them. */
export function fieldsOf({ cores, memory, label, disks }: Machine): Map<string, unknown> {
  return new Map<string, unknown>([
    [`${domain}.cpu.cores`, cores],
    [`${domain}.memory.guest`, memory],
    ...(label === undefined ? [] : [['metadata.labels.app', label] as const]),
    ...disks.map(([name, serial]) => [`${domain}.devices.disks[${name}].serial`, serial] as const),
  ])
}
