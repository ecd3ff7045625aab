import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { array, assert as check, constantFrom, integer, property, record, string } from 'fast-check'
import { receiptsCsv } from '../../../../../reconciler/history/audit/export-csv.ts'
import { receiptsOf, verifyNotes } from '../../../../../reconciler/history/audit/notes.ts'
import { chain, chainStart, readReceipt, receiptLine, type ReceiptBody } from '../../../../../reconciler/history/audit/receipt.ts'
import { verifyChain } from '../../../../../reconciler/history/audit/verify-chain.ts'
import { digestOf } from '../../../../../reconciler/lib/digest.ts'
import type { Receipt } from '../../../../../schemas/generated/receipt.ts'

const commit = (index: number): string => index.toString(16).padStart(40, '0')

function body(change: Partial<ReceiptBody> = {}): ReceiptBody {
  return {
    environment: 'prod',
    commit: commit(1),
    plan: 'a'.repeat(64),
    object: 'VirtualMachine/default/web',
    node: 'kvm1',
    step: 'DefineDomain',
    startedAt: '2026-01-01T00:00:00.123Z',
    endedAt: '2026-01-01T00:00:01Z',
    result: 'succeeded',
    ...change,
  }
}

function chainOf(bodies: readonly ReceiptBody[]): Receipt[] {
  const receipts: Receipt[] = []
  for (const one of bodies) receipts.push(chain(receipts.at(-1) ?? chainStart, one))
  return receipts
}

const lines = (receipts: readonly Receipt[]): string[] => receipts.map(receiptLine)
const codes = (texts: readonly string[]): string[] => verifyChain(texts).faults.map(({ code, sequence }) => `${code} ${sequence ?? ''}`)
const bodies = array(
  record({
    node: constantFrom('kvm1', 'kvm2'),
    commit: integer({ min: 1, max: 4 }).map(commit),
    pullRequest: string({ maxLength: 20, unit: 'binary' }),
  }),
  { minLength: 3, maxLength: 12 },
).map((list) => list.map(body))

describe('a chain of receipts', () => {
  it('is intact as it was made, whatever names it holds, and ends at its last receipt', () => {
    check(
      property(bodies, (list) => {
        const receipts = chainOf(list)
        const report = verifyChain(lines(receipts))
        assert.deepEqual(report.faults, [])
        assert.equal(report.heads.get('prod')?.digest, receipts.at(-1)?.digest)
      }),
    )
  })

  it('tells every removed receipt but the last ones, which only a known head tells', () => {
    check(
      property(bodies, integer({ min: 0, max: 100 }), (list, at) => {
        const receipts = chainOf(list)
        const gone = receipts[at % receipts.length]
        assert.ok(gone)
        const rest = lines(receipts.filter((receipt) => receipt !== gone))
        const last = gone === receipts.at(-1)
        assert.deepEqual(codes(rest), last ? [] : [`Missing ${gone.sequence}`])
        const head = receipts.at(-1)?.digest ?? ''
        const faults = verifyChain(rest, { heads: new Map([['prod', { digest: head }]]) }).faults.map(({ code }) => code)
        assert.deepEqual(faults, last ? ['Truncated'] : ['Missing'])
      }),
    )
  })

  it('tells an altered receipt, also where its digest was made anew', () => {
    check(
      property(bodies, integer({ min: 0, max: 100 }), (list, at) => {
        const receipts = chainOf(list)
        const index = at % (receipts.length - 1)
        const { digest, ...rest } = receipts[index] ?? chainOf([body()])[0]!
        const altered = { ...rest, node: 'elsewhere' }
        const plain = receipts.with(index, { ...altered, digest })
        assert.ok(codes(lines(plain)).includes(`Altered ${index + 1}`))
        const forged = receipts.with(index, { ...altered, digest: digestOf(altered) })
        assert.deepEqual(codes(lines(forged)), [`Altered ${index + 1}`])
      }),
    )
  })

  it('tells two receipts in another order, a repeated one and one that was written otherwise', () => {
    const texts = lines(chainOf([body(), body(), body(), body()]))
    const [one = '', two = '', three = '', four = ''] = texts
    assert.deepEqual(codes([one, three, two, four]), ['Reordered 2'])
    assert.deepEqual(codes([one, two, two, three, four]), ['Duplicated 2'])
    assert.deepEqual(codes([one, two.replace('{', '{ '), three, four]), ['Altered 2'])
    assert.deepEqual(codes([one, two, three, 'nonsense']), ['Unreadable '])
    assert.deepEqual(codes([one, two, three.replace('"kvm1"', '"kvm1","extra":1'), four]), ['Unreadable ', 'Missing 3'])
  })

  it('is one of its own for each environment', () => {
    const prod = chainOf([body(), body()])
    const test = chainOf([body({ environment: 'test' }), body({ environment: 'test' })])
    assert.deepEqual(codes(lines([...prod, ...test])), [])
    assert.deepEqual(codes(lines([...prod, ...test.slice(1)])), ['Missing 1'])
  })

  it('never quotes a value of what it cannot read', () => {
    const { fault } = readReceipt(receiptLine({ ...chainOf([body()])[0]!, node: 'x'.repeat(300) }))
    assert.match(fault ?? '', /\/node must NOT have more than 253 characters/)
  })
})

describe('receipts in notes', () => {
  const receipts = chainOf([1, 2, 1, 3].map((index) => body({ commit: commit(index) })))
  const notes = [3, 1, 2].map((index) => ({
    commit: commit(index),
    text: receipts
      .filter((receipt) => receipt.commit === commit(index))
      .map((receipt) => `${receiptLine(receipt)}\n`)
      .join(''),
  }))

  it('are one chain over all notes, also where a commit was applied twice', () => {
    assert.deepEqual(verifyNotes(notes).faults, [])
    assert.deepEqual(
      receiptsOf(notes).map(({ sequence }) => sequence),
      [1, 2, 3, 4],
    )
  })

  it('of another source stand with its commits in its own repository, where only what is there is judged', () => {
    const source = { name: 'net', commit: commit(7) }
    const mixed = chainOf([body(), body({ source }), body({ source, node: 'kvm2' }), body(), body({ source })])
    const copied = (some: readonly Receipt[]) => ({ commit: commit(7), text: lines(some).join('\n') })
    const theirs = [copied(mixed.filter((one) => one.source !== undefined))]
    const report = verifyNotes(theirs)
    assert.deepEqual([report.faults, [...report.partial], [...report.heads.keys()]], [[], ['prod'], []])
    // An altered one is told, and one that does not follow the one before it.
    const forged = chain(mixed[0] ?? chainStart, body({ source, node: 'kvm9' }))
    assert.deepEqual(
      verifyNotes([copied([forged, ...mixed.slice(2, 3)])]).faults.map(({ code }) => code),
      ['Altered'],
    )
    // Two folders of one repository: the chain and copies of parts of it.
    const chained = { commit: commit(1), text: lines(mixed).join('\n') }
    assert.deepEqual(verifyNotes([chained, ...theirs]).faults, [])
    assert.equal(receiptsOf([chained, ...theirs]).length, mixed.length)
    assert.deepEqual(
      verifyNotes([chained, copied([forged])]).faults.map(({ code, commit: where }) => [code, where]),
      [['Altered', commit(7)]],
    )
    assert.deepEqual(
      verifyNotes([{ commit: commit(8), text: lines(mixed.slice(1, 2)).join('\n') }]).faults.map(({ code }) => code),
      ['Missing', 'Misplaced'],
    )
  })

  it('must stand in the order of the chain, and with their own commit', () => {
    const turned = notes.map(({ commit, text }) => ({ commit, text: text.trim().split('\n').toReversed().join('\n') }))
    assert.deepEqual(
      verifyNotes(turned).faults.map(({ code, sequence, commit: where }) => [code, sequence, where]),
      [['Reordered', 1, commit(1)]],
    )
    const moved = notes.map(({ commit: id, text }) => ({ commit: id === commit(2) ? commit(9) : id, text }))
    assert.deepEqual(
      verifyNotes(moved).faults.map(({ code, sequence, commit: where }) => [code, sequence, where]),
      [['Misplaced', 2, commit(9)]],
    )
  })

  it('become CSV that a spreadsheet takes for text', () => {
    const [, line = ''] = receiptsCsv(chainOf([body({ author: { name: '=cmd()', email: 'a,"b' }, fields: ['a.b', 'c'] })])).split('\r\n')
    assert.match(line, /,"'=cmd\(\) <a,""b>",/)
    assert.match(line, /,a\.b c,/)
  })
})
