import { manifest, type Machine, type Style } from '../unit/reconciler/history/model.ts'

/** Folder of the environment, and files that every layout has. */
export const environment = 'env/prod'
export const policyFile = `${environment}/gitvirt.yaml`

const disks = Array.from({ length: 17 }, (_, index) => `disk${index}`)

/** Seventeen disks, cores, memory and a label: twenty fields. */
export const fieldNames: readonly string[] = ['cores', 'memory', 'label', ...disks]

/** Which value each field has, as a number; what is missing has 1. */
export type Values = ReadonlyMap<string, number>

/** The path of a field, as blame tells it. */
export function fieldPath(name: string): string {
  if (name === 'label') return 'metadata.labels.app'
  const domain = 'spec.template.spec.domain'
  const own: Readonly<Record<string, string>> = { cores: `${domain}.cpu.cores`, memory: `${domain}.memory.guest` }
  return own[name] ?? `${domain}.devices.disks[${name}].serial`
}

/** What a manifest has for a value of a field. */
export function written(name: string, value: number): string | number {
  if (name === 'cores') return (value % 3) + 1
  if (name === 'memory') return `${60 + value}Mi`
  return `${name === 'label' ? 'l' : 's'}${value}`
}

/** Where a JSON patch of the machine finds a field. */
function pointer(name: string): string {
  if (name === 'label') return '/metadata/labels/app'
  const domain = '/spec/template/spec/domain'
  if (name === 'cores') return `${domain}/cpu/cores`
  return name === 'memory' ? `${domain}/memory/guest` : `${domain}/devices/disks/${disks.indexOf(name)}/serial`
}

function machineOf(values: Values): Machine {
  const of = (name: string): string => String(written(name, values.get(name) ?? 1))
  return {
    name: 'web',
    cores: Number(of('cores')),
    memory: of('memory'),
    label: of('label'),
    disks: disks.map((name) => [name, of(name)] as const),
  }
}

const other = manifest({ name: 'db', cores: 1, memory: '64Mi', disks: [] }).replace('Always', 'Halted')

/** How the environment is laid out in files; none of it means anything. */
export type Layout = 'alone' | 'renamed' | 'joined' | 'split' | 'overlay' | 'overlay-split' | 'overlay-moved'

/** The files of a layout. @param patched what the overlay says in the place of its base; nothing where there is no overlay */
export function filesOf(layout: Layout, base: Values, patched: Values): ReadonlyMap<string, string> {
  const web = (style: Style = {}): string => manifest(machineOf(base), style)
  const both = (): string => `${other}---\n${web({ quoted: true })}`
  const plain: Readonly<Partial<Record<Layout, () => Record<string, string>>>> = {
    alone: () => ({ [`${environment}/web.yaml`]: web(), [`${environment}/db.yaml`]: other }),
    renamed: () => ({ [`${environment}/machines/www.yaml`]: web({ comment: 'renamed' }), [`${environment}/db.yaml`]: other }),
    joined: () => ({ [`${environment}/all.yaml`]: both() }),
    split: () => ({ [`${environment}/machines/web.json`]: web({ json: true }), [`${environment}/machines/db.yaml`]: other }),
  }
  const bases: Readonly<Partial<Record<Layout, () => Record<string, string>>>> = {
    overlay: () => ({ 'base/kustomization.yaml': 'resources: [all.yaml]\n', 'base/all.yaml': both() }),
    'overlay-split': () => ({
      'base/kustomization.yaml': 'resources: [machines/web.yaml, db.yaml]\n',
      'base/machines/web.yaml': web(),
      'base/db.yaml': other,
    }),
    'overlay-moved': () => ({
      'shared/fleet/kustomization.yaml': 'resources: [web.yaml, db.yaml]\n',
      'shared/fleet/web.yaml': web({ comment: 'moved' }),
      'shared/fleet/db.yaml': other,
    }),
  }
  const files = plain[layout]?.()
  if (files !== undefined) return new Map(Object.entries(files))
  const folder = layout === 'overlay-moved' ? 'shared/fleet' : 'base'
  return new Map(Object.entries({ ...bases[layout]?.(), [`${environment}/kustomization.yaml`]: kustomization(folder, patched) }))
}

function kustomization(folder: string, patched: Values): string {
  const head = `resources: [../../${folder}]\n`
  if (patched.size === 0) return head
  const lines = [...patched].map(([name, value]) => `    - {op: replace, path: ${pointer(name)}, value: ${written(name, value)}}\n`)
  return `${head}patches:\n- target: {kind: VirtualMachine, name: web}\n  patch: |-\n${lines.join('')}`
}
