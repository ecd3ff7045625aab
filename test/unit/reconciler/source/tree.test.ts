import assert from 'node:assert/strict'
import { it } from 'node:test'
import * as fc from 'fast-check'
import { diffTrees, findEntry, mayHold, parseTree } from '../../../../reconciler/source/tree.ts'

type Entry = { readonly name: string; readonly tree: boolean; readonly id: number }

const entries = fc.uniqueArray(fc.record({ name: fc.stringMatching(/^[a-c.]{1,3}$/), tree: fc.boolean(), id: fc.nat(3) }), {
  selector: (entry) => entry.name,
})

function build(list: readonly Entry[]): Buffer {
  const sortName = (entry: Entry): Buffer => Buffer.from(entry.tree ? `${entry.name}/` : entry.name)
  const sorted = [...list].sort((a, b) => Buffer.compare(sortName(a), sortName(b)))
  return Buffer.concat(sorted.map((entry) => Buffer.concat([Buffer.from(`${mode(entry)} ${entry.name}\0`), Buffer.alloc(20, entry.id)])))
}

function mode(entry: Entry): string {
  return entry.tree ? '40000' : '100644'
}

function line(entry: { mode: string; name: Buffer; id: string }): string {
  return `${entry.mode} ${entry.name.toString()} ${entry.id}`
}

it('reads back every entry of a tree', () => {
  fc.assert(
    fc.property(entries, (list) => {
      const parsed = parseTree(build(list), 20).map(line).sort()
      assert.deepEqual(parsed, list.map((entry) => `${mode(entry)} ${entry.name} ${Buffer.alloc(20, entry.id).toString('hex')}`).sort())
    }),
  )
})

it('finds an entry by its name, whatever other names and ids look like', () => {
  const name = fc.stringMatching(/^[ab ]{1,3}$/)
  const id = fc.array(fc.constantFrom(0, 0x20, 0x61, 0x62), { minLength: 20, maxLength: 20 })
  fc.assert(
    fc.property(fc.uniqueArray(fc.record({ name, id }), { selector: (entry) => entry.name, maxLength: 6 }), name, (list, wanted) => {
      const sorted = list.toSorted((a, b) => (a.name < b.name ? -1 : 1))
      const tree = Buffer.concat(sorted.map((entry) => Buffer.concat([Buffer.from(`100644 ${entry.name}\0`), Buffer.from(entry.id)])))
      const expected = list.find((entry) => entry.name === wanted)
      const found = findEntry(tree, wanted, 20)
      assert.equal(found?.id, expected === undefined ? undefined : Buffer.from(expected.id).toString('hex'))
      assert.ok(expected === undefined || mayHold(tree, wanted))
    }),
    { numRuns: 1000 },
  )
})

it('finds exactly the entries that one tree has and the other has not', () => {
  fc.assert(
    fc.property(entries, entries, (left, right) => {
      const [before, after] = [build(left), build(right)]
      const lines = (tree: Buffer): Set<string> => new Set(parseTree(tree, 20).map(line))
      const pairs = diffTrees(before, after, 20)
      const removed = pairs.flatMap((pair) => (pair.before === undefined ? [] : [line(pair.before)]))
      const added = pairs.flatMap((pair) => (pair.after === undefined ? [] : [line(pair.after)]))
      assert.deepEqual(new Set(removed), lines(before).difference(lines(after)))
      assert.deepEqual(new Set(added), lines(after).difference(lines(before)))
      for (const pair of pairs) {
        if (pair.before !== undefined && pair.after !== undefined) assert.deepEqual(pair.before.name, pair.after.name)
      }
    }),
    { numRuns: 500 },
  )
})

it('reports a damaged tree as InvalidTree and never reads past its end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        parseTree(Buffer.from(bytes), 20)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'InvalidTree')
      }
    }),
  )
})
