import type { FieldContext, Row, Verdict } from './row.ts'
import { imageSize } from './rules.ts'

const unchangeable = 'CDI keeps the spec of a DataVolume as it was created: a changed source would lose what the disk holds.'

/** What made the image does not change once it is there. */
function content(_context: FieldContext): Verdict {
  return { disruption: 'data-loss', act: 'refuse', reason: unchangeable }
}

const onlyImport = 'Only an import looks at it, and this one is finished.'

const immutable = (pattern: string): Row => ({ pattern, change: content })
const afterwards = (pattern: string): Row => ({ pattern, change: 'none', reason: onlyImport })
const hidden = (row: Row): Row => ({ ...row, sensitive: true })

const claims = ['spec.pvc', 'spec.storage'].flatMap((claim): Row[] => [
  { pattern: `${claim}.resources.requests.storage`, change: imageSize },
  { pattern: `${claim}.resources.requests.*`, change: 'none' },
  { pattern: `${claim}.resources.limits.*`, change: 'none' },
  { pattern: `${claim}.accessModes`, change: 'none' },
  { pattern: `${claim}.volumeMode`, change: 'none', reason: 'An image file serves both modes.' },
  { pattern: `${claim}.storageClassName`, change: 'none', reason: 'What counts is the pool that it stands for.' },
  { pattern: `${claim}.volumeAttributesClassName`, change: 'none' },
  { pattern: `${claim}.selector.**`, change: 'none' },
  { pattern: `${claim}.volumeName`, change: 'none' },
  immutable(`${claim}.dataSource.**`),
  immutable(`${claim}.dataSourceRef.**`),
])

const transport = ['certConfigMap', 'secretRef', 'insecureSkipVerify']

const sources: Row[] = [
  immutable('spec.source.blank'),
  immutable('spec.source.upload'),
  ...['http', 's3', 'gcs', 'registry', 'imageio', 'vddk'].flatMap((source) => [
    immutable(`spec.source.${source}.url`),
    ...transport.map((field) => afterwards(`spec.source.${source}.${field}`)),
  ]),
  immutable('spec.source.http.checksum'),
  hidden(afterwards('spec.source.http.extraHeaders')),
  afterwards('spec.source.http.secretExtraHeaders'),
  immutable('spec.source.imageio.diskId'),
  immutable('spec.source.registry.imageStream'),
  immutable('spec.source.registry.platform.architecture'),
  afterwards('spec.source.registry.pullMethod'),
  ...['backingFile', 'uuid'].map((field) => immutable(`spec.source.vddk.${field}`)),
  ...['extraArgs', 'initImageURL', 'thumbprint'].map((field) => afterwards(`spec.source.vddk.${field}`)),
  immutable('spec.source.pvc.**'),
  immutable('spec.source.snapshot.**'),
  immutable('spec.sourceRef.**'),
]

/** Every field of a DataVolume, and what the agent is told besides: its pool, its size and the file's place. */
export const volumeRows: readonly Row[] = [
  { pattern: 'apiVersion', change: 'none' },
  { pattern: 'kind', change: 'none' },
  { pattern: 'metadata.**', change: 'none' },
  { pattern: 'status.**', change: 'none' },
  { pattern: 'status', change: 'none' },
  { pattern: 'origin.path', change: 'none', reason: 'The file moved in Git.' },
  { pattern: 'ownerKey', change: 'none' },
  { pattern: 'allowedSources', change: 'none' },
  { pattern: 'sizeBytes', change: imageSize },
  { pattern: 'pool.name', change: content, reason: 'A disk does not move between pools by itself.' },
  { pattern: 'pool.type', change: content, reason: 'A disk does not move between pools by itself.' },
  { pattern: 'pool.path', change: content, reason: 'A disk does not move between folders by itself.' },
  { pattern: 'pool.format', change: 'none', reason: 'An image keeps the format that it was made in.' },
  ...claims,
  ...sources,
  immutable('spec.contentType'),
  { pattern: 'spec.preallocation', change: 'none', reason: onlyImport },
  { pattern: 'spec.priorityClassName', change: 'none' },
  { pattern: 'spec.serviceAccountName', change: 'none' },
  { pattern: 'spec.checkpoints', change: content },
  { pattern: 'spec.finalCheckpoint', change: content },
]
