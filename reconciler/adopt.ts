import type { ObservedMachine } from '../schemas/generated/observation.ts'
import type { Origin } from '../schemas/generated/plan.ts'
import { setFields } from './compare/promote/set-fields.ts'
import type { FieldEdit } from './compare/promote/edit-text.ts'
import type { DesiredObject, DesiredView } from './desired/types.ts'
import { GitvirtError } from './lib/errors.ts'
import { rootOf } from './lib/folders-above.ts'
import { keyText, parseKey } from './lib/object-key.ts'
import type { Adopt } from './lease-ports.ts'
import type { ObservedView } from './observed/types.ts'
import { formatPath } from './plan/diff/path.ts'
import { ignoredBy, withoutIgnored } from './plan/ignored.ts'
import { readBack, type ReadBack } from './plan/read-back.ts'
import { loadPolicy } from './plan/resolve/policy.ts'
import type { Source } from './source/types.ts'
import type { LeaseRecord } from './store/leases.ts'

export type AdoptPorts = {
  readonly source: Pick<Source, 'list' | 'read' | 'branch'>
  readonly desired: () => DesiredView | undefined
  readonly observed: Pick<ObservedView, 'get'>
}

/**
 * Writes what was changed on a machine by hand into its manifest, on a branch of its own. What a manifest cannot say is listed in the commit
 * message by its path.
 */
export function createAdopt({ source, desired, observed }: AdoptPorts): Adopt {
  return async (lease) => {
    const { key } = lease
    const view = desired()
    const wanted = view?.get(key)
    const [sighting] = observed.get(key)
    if (view === undefined || wanted === undefined || sighting?.object.kind !== 'VirtualMachine')
      throw new GitvirtError({ code: 'NotFound', message: `${keyText(key)} is not in Git or on no host any more.` })
    const { fields, left } = changedByHand(view, wanted, sighting.object)
    if (fields.length === 0 && left.length === 0) return undefined
    const { path } = wanted.origin
    if (rootOf(path) !== '') throw cannotAdopt(`${keyText(key)} is declared in ${path}, a file of another source of the environment.`)
    const text = await textOf(source, view.revision, wanted.origin)
    const edited = setFields(text, { key }, fields)
    const open = [...left, ...edited.left.map(({ path: field }) => formatPath(field))]
    if (edited.written.length === 0) return { left: open }
    const message = messageOf(lease, { host: sighting.node, written: edited.written, open })
    const branch = await source.branch({ name: branchName(lease), parent: view.revision, files: new Map([[path, edited.text]]), message })
    return { branch, left: open }
  }
}

/** What differs, without the fields that are left as the host has them: these no lease changed, and nothing takes them back. */
function changedByHand(view: DesiredView, wanted: DesiredObject, observed: ObservedMachine): ReadBack {
  const { policy } = loadPolicy(view)
  const read = observed.driftOmitted === undefined ? readBack(observed, policy.allowedHostPaths) : notRead(observed, observed.driftOmitted)
  const ignored = wanted.kind === 'VirtualMachine' ? ignoredBy(policy, wanted) : undefined
  return ignored === undefined ? read : withoutIgnored(read, ignored)
}

/** What is not told may belong to any device that is: one that was written without it would be another. */
function notRead({ drift }: ObservedMachine, omitted: number): ReadBack {
  const rest = `${omitted} more, which is more than a host tells of one machine, so that nothing is written`
  return { fields: [], left: [...drift.map(({ path }) => path), rest] }
}

async function textOf(source: Pick<Source, 'list' | 'read'>, revision: string, { path, blob }: Origin): Promise<string> {
  const entry = (await source.list(revision)).entries.find((one) => one.path === path)
  // What an overlay rendered has an id of its own, which is that of no file.
  if (blob !== undefined && entry?.id !== blob)
    throw cannotAdopt(`What ${path} declares is rendered by an overlay, so that there is no one file to edit.`)
  for await (const { bytes } of source.read(entry === undefined ? [] : [entry.id])) {
    if (bytes !== undefined) return Buffer.from(bytes).toString('utf8')
  }
  throw new GitvirtError({ code: 'PathNotFound', message: `${path} is not in revision ${revision.slice(0, 12)}.` })
}

function cannotAdopt(message: string): GitvirtError {
  return new GitvirtError({
    code: 'CannotAdopt',
    message,
    action: 'Write the change into its repository by hand, or end the lease without adopting it.',
  })
}

/** gitvirt/adopt/web-20260301, with the namespace where it is not the default one. */
function branchName({ key, at }: LeaseRecord): string {
  const { namespace, name } = parseKey(key)
  return `gitvirt/adopt/${namespace === 'default' ? '' : `${namespace}/`}${name}-${at.slice(0, 10).replaceAll('-', '')}`
}

type Told = { readonly host: string; readonly written: readonly FieldEdit[]; readonly open: readonly string[] }

/** Paths only: values stand in the diff, and what is not in it may hold what nobody should read. */
function messageOf({ key, by, reason, at }: LeaseRecord, { host, written, open }: Told): string {
  const line = (text: string): string => `- ${text}`
  const what = [
    `Adopt manual changes to ${keyText(key)}`,
    '',
    oneLine(`${by} had a lease since ${at}: ${reason}`),
    '',
    `Changed on ${host}, and here:`,
    ...written.map(({ path, value }) => line(`${formatPath(path)}${value === undefined ? ' (removed)' : ''}`)),
  ]
  if (open.length > 0)
    what.push('', 'Changed there, and not here, as the manifest cannot say it or it is not laid out for it:', ...open.map(line))
  return `${what.join('\n')}\n`
}

/** A person's words make no lines of their own, which others would read as trailers. */
function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
