import type { Person, Receipt } from '../../../schemas/generated/receipt.ts'

const columns: readonly (readonly [name: string, value: (receipt: Receipt) => string | number | undefined])[] = [
  ['environment', ({ environment }) => environment],
  ['sequence', ({ sequence }) => sequence],
  ['commit', ({ commit }) => commit],
  ['plan', ({ plan }) => plan],
  ['object', ({ object }) => object],
  ['node', ({ node }) => node],
  ['step', ({ step }) => step],
  ['startedAt', ({ startedAt }) => startedAt],
  ['endedAt', ({ endedAt }) => endedAt],
  ['result', ({ result }) => result],
  ['error', ({ error }) => error],
  ['author', ({ author }) => personText(author)],
  ['committer', ({ committer }) => personText(committer)],
  ['signer', ({ signer }) => signer?.name],
  ['signerKey', ({ signer }) => signer?.key],
  ['mergedBy', ({ mergedBy }) => personText(mergedBy)],
  ['pullRequest', ({ pullRequest }) => pullRequest],
  ['decidedBy', ({ decision }) => decision?.by],
  ['reason', ({ decision }) => decision?.reason],
  ['until', ({ decision }) => decision?.until],
  ['source', ({ source }) => source?.name],
  ['sourceCommit', ({ source }) => source?.commit],
  ['fields', ({ fields }) => fields?.join(' ')],
  ['previous', ({ previous }) => previous],
  ['digest', ({ digest }) => digest],
]

function personText(person: Person | undefined): string | undefined {
  return person === undefined ? undefined : `${person.name} <${person.email}>`
}

/** Receipts as CSV (RFC 4180) with a header line. */
export function receiptsCsv(receipts: readonly Receipt[]): string {
  const lines = receipts.map((receipt) => columns.map(([, value]) => cell(value(receipt))))
  return [columns.map(([name]) => name), ...lines].map((line) => `${line.join(',')}\r\n`).join('')
}

/** Names come from commits: a text that a spreadsheet would take for a formula gets an apostrophe in front. */
function cell(value: string | number | undefined): string {
  if (value === undefined || typeof value === 'number') return String(value ?? '')
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
