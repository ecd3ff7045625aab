import { createHash } from 'node:crypto'
import { compareSides, needsFields } from '../../../../reconciler/compare/compare.ts'
import { differingFields } from '../../../../reconciler/compare/fields.ts'
import { indexListing } from '../../../../reconciler/compare/listing-index.ts'
import { matchSides } from '../../../../reconciler/compare/match.ts'
import type { Comparison, ComparisonPolicy, JsonObject, SideIndex } from '../../../../reconciler/compare/types.ts'
import { judgeBlob } from '../../../../reconciler/desired/judge/judge-blob.ts'

/** A side made of files: text by path. */
export type Files = Readonly<Record<string, string>>

export type TestSide = { readonly index: SideIndex; readonly bodies: ReadonlyMap<string, JsonObject> }

export function sideOf(files: Files): TestSide {
  const blobs = new Map(
    Object.values(files).map((text) => [createHash('sha1').update(text).digest('hex'), judgeBlob(Buffer.from(text))] as const),
  )
  const entries = Object.entries(files).map(([path, text]) => ({ path, id: createHash('sha1').update(text).digest('hex') }))
  const bodies = new Map([...blobs.values()].flatMap(({ objects }) => objects.map(({ key, object }) => [key, object] as const)))
  return { index: indexListing({ entries, refused: [] }, blobs), bodies }
}

export function compareFiles(
  a: Files | TestSide,
  b: Files | TestSide,
  policy?: ComparisonPolicy,
  selects?: (key: string) => boolean,
): Comparison {
  const [base, other] = [asSide(a), asSide(b)]
  const live = !base.index.declared || !other.index.declared
  const matches = matchSides(base.index, other.index, { policy, selects })
  return compareSides({
    names: { base: 'A', other: 'B' },
    base: base.index,
    other: other.index,
    matches,
    policy,
    selects,
    fieldsOf: (match) => {
      if (!needsFields(match)) throw new Error(`${match.key} is asked for although nothing can differ.`)
      const from = { key: match.key, object: base.bodies.get(match.key) ?? {}, ownerKey: match.baseObject?.ownerKey }
      const to = { key: match.otherKey, object: other.bodies.get(match.otherKey) ?? {}, ownerKey: match.otherObject?.ownerKey }
      return differingFields(from, to, live)
    },
  })
}

function asSide(side: Files | TestSide): TestSide {
  return 'index' in side && typeof side.index === 'object' ? (side as TestSide) : sideOf(side as Files)
}

export type MachineOptions = {
  readonly namespace?: string
  readonly memory?: string
  readonly cores?: number
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
  readonly disk?: string
  readonly spec?: Record<string, unknown>
}

/** A valid VirtualMachine as JSON, which is YAML. */
export function machine(
  name: string,
  { namespace, memory = '1Gi', cores, labels, annotations, disk, spec = {} }: MachineOptions = {},
): string {
  const template = disk === undefined ? [] : [{ metadata: { name: `${name}-root` }, spec: volumeSpec(disk) }]
  return JSON.stringify({
    apiVersion: 'kubevirt.io/v1',
    kind: 'VirtualMachine',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec: {
      runStrategy: 'Always',
      ...(disk === undefined ? {} : { dataVolumeTemplates: template }),
      template: {
        spec: {
          domain: { memory: { guest: memory }, ...(cores === undefined ? {} : { cpu: { cores } }), devices: {} },
          ...(disk === undefined ? {} : { volumes: [{ name: 'root', dataVolume: { name: `${name}-root` } }] }),
        },
      },
      ...spec,
    },
  })
}

function volumeSpec(size: string): Record<string, unknown> {
  return { storage: { resources: { requests: { storage: size } } }, source: { blank: {} } }
}

export function fleet(name: string, spec: Record<string, unknown> = {}): string {
  return JSON.stringify({ apiVersion: 'gitvirt.io/v1alpha1', kind: 'Fleet', metadata: { name }, spec })
}
