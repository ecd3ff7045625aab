import { differingFields, type Body } from '../../compare/fields.ts'
import { maskDifferences } from '../../compare/mask.ts'
import { matchSides } from '../../compare/match.ts'
import { needsFields } from '../../compare/compare.ts'
import { createAllowance, type Allowance } from '../../compare/policy.ts'
import { addTemplate, documentText, isPromotable, promoteFields } from '../../compare/promote/promote.ts'
import { statedValue } from '../../compare/promote/edit-text.ts'
import type { FieldDifference, IndexedObject, Match, ObjectDifference, SideIndex } from '../../compare/types.ts'
import { createMemoryBlobCache } from '../../desired/cache.ts'
import { judgeBlob } from '../../desired/judge/judge-blob.ts'
import { fieldTest } from '../../plan/diff/patterns.ts'
import { GitvirtError } from '../../lib/errors.ts'
import { parseKey, type ObjectKey } from '../../lib/object-key.ts'
import { policyOf } from './compute.ts'
import type { Side } from './side.ts'
import { SidesContent } from './sides-content.ts'

export type Declared = Side & { readonly kind: 'declared' }

export type PromotionOptions = {
  readonly selects?: ((key: ObjectKey) => boolean) | undefined
  /** Only these fields; then nothing is added. */
  readonly fields?: readonly string[] | undefined
}

/** What a promotion would do. Values are masked. */
export type Promotion = {
  /** New contents of the second side's files, by path below its folder. */
  readonly files: ReadonlyMap<string, string>
  readonly carried: readonly ObjectDifference[]
  /** What stays different, and why. */
  readonly left: readonly { readonly key: ObjectKey; readonly reason: string }[]
}

/** Kinds that belong to one environment alone. */
const own: Readonly<Record<string, string>> = {
  Fleet: 'the policy of an environment is its own',
  Secret: 'secret values belong to an environment',
}

/**
 * What carries the chosen fields from one side to the other.
 * @throws GitvirtError `CannotPromote`, and what reading the sides throws
 */
export async function planPromotion(from: Declared, to: Declared, options: PromotionOptions): Promise<Promotion> {
  const content = new SidesContent([from, to], createMemoryBlobCache())
  const [left, right] = await content.indexes()
  if (left === undefined || right === undefined) return { files: new Map(), carried: [], left: [] }
  const policy = await policyOf(content, 0, left)
  // What either side calls its own stays as it is.
  const allowance = createAllowance([policy, await policyOf(content, 1, right)])
  const matches = matchSides(left, right, { policy, selects: options.selects })
  const texts = { from: await textsOf(from, pathsOf(matches, 'baseObject')), to: await textsOf(to, pathsOf(matches, 'otherObject')) }
  const promoter = new Promoter({ content, allowance, options, texts, right })
  await promoter.read(matches)
  for (const match of matches) promoter.take(match)
  return promoter.result()
}

/** Texts by path; undefined for a file that is there and cannot be read. */
type Texts = ReadonlyMap<string, string | undefined>

/** Files that may have to be read of a side: those of objects that differ, and where new ones would go. */
function pathsOf(matches: readonly Match[], side: 'baseObject' | 'otherObject'): ReadonlySet<string> {
  const paths = new Set<string>()
  for (const match of matches) {
    const added = match.base === 'there' && match.other === 'absent'
    const object = needsFields(match) ? match[side] : added ? match.baseObject : undefined
    if (object !== undefined) paths.add(object.path)
  }
  return paths
}

async function textsOf(side: Declared, paths: ReadonlySet<string>): Promise<Texts> {
  const { entries, refused } = await side.list()
  const texts = new Map<string, string | undefined>(refused.map(({ path }) => [path, undefined]))
  const wanted = Map.groupBy(
    entries.filter(({ path }) => paths.has(path)),
    ({ id }) => id,
  )
  for await (const { id, bytes } of side.read([...wanted.keys()])) {
    for (const { path } of wanted.get(id) ?? []) texts.set(path, bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8'))
  }
  return texts
}

type PromoterInput = {
  readonly content: SidesContent
  readonly allowance: Allowance
  readonly options: PromotionOptions
  readonly texts: { readonly from: Texts; readonly to: Texts }
  readonly right: SideIndex
}

class Promoter {
  readonly #input: PromoterInput
  readonly #wanted: (path: string) => boolean
  readonly #files = new Map<string, string>()
  readonly #carried: ObjectDifference[] = []
  readonly #left: { key: ObjectKey; reason: string }[] = []
  #before: ReadonlyMap<ObjectKey, Body['object']> = new Map()
  #after: ReadonlyMap<ObjectKey, Body['object']> = new Map()

  constructor(input: PromoterInput) {
    this.#input = input
    this.#wanted = input.options.fields === undefined ? () => true : fieldTest(input.options.fields)
  }

  async read(matches: readonly Match[]): Promise<void> {
    const pairs = matches.filter(needsFields)
    this.#before = await this.#input.content.bodies(
      0,
      pairs.flatMap(({ baseObject }) => baseObject ?? []),
    )
    this.#after = await this.#input.content.bodies(
      1,
      pairs.flatMap(({ otherObject }) => otherObject ?? []),
    )
  }

  take(match: Match): void {
    const { key, base, other } = match
    const reason = own[parseKey(key).kind]
    if (base === 'unknown' || other === 'unknown') this.#leave(key, 'a file that may hold it cannot be read')
    else if (reason !== undefined) {
      if (needsFields(match) || base !== other) this.#leave(key, reason)
    } else if (needsFields(match)) this.#takeFields(match)
    else if (base === 'there' && other === 'absent') this.#add(match)
    else if (base === 'absent') this.#leave(key, 'it is only there; a promotion removes nothing')
  }

  #leave(key: ObjectKey, reason: string): void {
    this.#left.push({ key, reason })
  }

  #takeFields({ key, otherKey, baseObject, otherObject }: Match): void {
    const before = this.#before.get(key)
    const after = this.#after.get(otherKey)
    if (before === undefined || after === undefined || baseObject === undefined || otherObject === undefined) return
    const from: Body = { key, object: before, ownerKey: baseObject.ownerKey }
    const to: Body = { key: otherKey, object: after, ownerKey: otherObject.ownerKey }
    const fields = differingFields(from, to).filter((field) => this.#isMeant(key, otherKey, field))
    if (fields.length === 0) return
    const { path } = otherObject
    const target = { key: otherKey, ownerKey: otherObject.ownerKey }
    const fromText = this.#input.texts.from.get(baseObject.path) ?? ''
    const text = this.#files.get(path) ?? this.#input.texts.to.get(path) ?? ''
    this.#files.set(path, promoteFields(text, { from, fromText, target, path, fields }))
    const head = { key, ...(otherKey === key ? {} : { otherKey }), base: baseObject, other: otherObject }
    this.#carried.push({ ...head, change: 'changed', fields: maskDifferences(key, fields) })
  }

  #isMeant(key: ObjectKey, otherKey: ObjectKey, field: FieldDifference): boolean {
    const { allowance } = this.#input
    if (!this.#wanted(field.path)) return false
    const allowed = allowance.field(key, field.path) ?? allowance.field(otherKey, field.path)
    if (allowed !== undefined) this.#leave(key, `${field.path}: allowed: ${allowed}`)
    else if (!isPromotable(field)) this.#leave(key, `${field.path}: this cannot be carried over by itself`)
    return allowed === undefined && isPromotable(field)
  }

  #add(match: Match): void {
    const { key, otherKey, baseObject } = match
    const allowed = this.#input.allowance.presence(key) ?? this.#input.allowance.presence(otherKey)
    if (this.#input.options.fields !== undefined) this.#leave(key, 'it is not there, and --fields adds no object')
    else if (allowed !== undefined) this.#leave(key, `allowed: ${allowed}`)
    else if (key !== otherKey) this.#leave(key, 'it has another name there: write it by hand once')
    else if (baseObject?.ownerKey !== undefined) this.#owned.push(baseObject)
    else if (baseObject !== undefined) this.#addDocument(key, baseObject)
  }

  /** Volumes of templates, whose machines come later in the order of keys. */
  readonly #owned: IndexedObject[] = []

  /** A machine that is new brings its templates along; into one that is there, the template is written. */
  #addOwned(volume: IndexedObject): void {
    const { key, ownerKey = '' } = volume
    if (this.#carried.some((one) => one.key === ownerKey && one.change === 'removed')) return
    const owner = this.#input.right.objects.find((object) => object.key === ownerKey)
    const template = statedValue(this.#input.texts.from.get(volume.path) ?? '', { key, ownerKey }, [])
    const text = owner === undefined ? undefined : (this.#files.get(owner.path) ?? this.#input.texts.to.get(owner.path))
    if (owner === undefined || text === undefined || template === undefined) {
      this.#leave(key, 'the machine whose template makes it is not carried over')
      return
    }
    this.#files.set(owner.path, addTemplate(text, { key, ownerKey, template, path: owner.path }))
    this.#carried.push({ key, base: volume, change: 'removed', fields: [] })
  }

  #addDocument(key: ObjectKey, object: IndexedObject): void {
    const { path } = object
    const source = documentText(this.#input.texts.from.get(path) ?? '', { key })
    if (source === undefined) {
      this.#leave(key, 'it is one of a List: write it by hand')
      return
    }
    const known = this.#files.get(path) ?? this.#input.texts.to.get(path)
    if (known === undefined && this.#input.texts.to.has(path)) throw taken(key, path)
    const text = known === undefined ? source : `${known.trimEnd()}\n---\n${source}`
    if (!judgeBlob(Buffer.from(text)).objects.some((one) => one.key === key)) throw taken(key, path)
    this.#files.set(path, text)
    this.#carried.push({ key, base: object, change: 'removed', fields: [] })
  }

  result(): Promotion {
    for (const volume of this.#owned) this.#addOwned(volume)
    return { files: this.#files, carried: this.#carried, left: this.#left }
  }
}

function taken(key: ObjectKey, path: string): GitvirtError {
  return new GitvirtError({
    code: 'CannotPromote',
    object: key,
    at: path,
    message: 'The file there holds something else, so that the object cannot be added to it.',
    action: 'Leave it out with a selector, or add it by hand.',
  })
}
