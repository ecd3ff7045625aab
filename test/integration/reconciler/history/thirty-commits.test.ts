import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openHistory } from '../../../../reconciler/history/history.ts'
import { blameReport } from '../../../../reconciler/history/report/blame-report.ts'
import { fieldsOf, manifest, type Machine, type Style } from '../../../unit/reconciler/history/model.ts'
import { Repository, webKey } from './repository.ts'

const authors = ['author-a', 'author-b', 'author-c'] as const

/** Seventeen disks, cores, memory and a label: twenty fields. */
function machineOf(values: ReadonlyMap<string, number>): Machine {
  const value = (name: string): number => values.get(name) ?? 1
  const disks = Array.from({ length: 17 }, (_, index) => [`disk${index}`, `s${value(`disk${index}`)}`] as const)
  return { name: 'web', cores: value('cores'), memory: `${value('memory')}Gi`, label: `l${value('label')}`, disks }
}

const names = ['cores', 'memory', 'label', ...Array.from({ length: 17 }, (_, index) => `disk${index}`)]
const other = manifest({ name: 'db', cores: 1, memory: '1Gi', disks: [] })

test('blame names commit and author of each of 20 fields, changed over 30 commits by 3 authors, through rebases, renames, splits and merges', async (t) => {
  const repository = new Repository(t)
  const values = new Map(names.map((name) => [name, 1]))
  const subjects = new Map<string, string>()
  let layout = 0
  /** Files of the machine: alone, with another object, in a folder, as JSON. */
  const files = (): Record<string, string | null> => {
    const style: Style = layout % 3 === 2 ? { json: true } : { comment: `layout ${layout}`, quoted: layout % 2 === 1 }
    const text = manifest(machineOf(values), style)
    const places = ['web.yaml', 'all.yaml', 'vms/web.json', 'moved/www.yaml']
    const place = places[layout % places.length] ?? ''
    const gone = places.filter((path) => path !== place && repository.has(`env/${path}`)).map((path) => [`env/${path}`, null])
    return { ...Object.fromEntries(gone), [`env/${place}`]: layout % 4 === 1 ? `${other}---\n${text}` : text }
  }
  const change = (index: number): void => {
    const name = names[(index * 7) % names.length] ?? ''
    values.set(name, index + 2)
    const subject = `${authors[index % 3]} sets ${name} in ${index}`
    subjects.set(name, subject)
    repository.commit(files(), subject, authors[index % 3])
  }
  repository.commit(files(), 'first')
  for (const name of names) subjects.set(name, 'first')
  for (let index = 0; index < 30; index += 1) {
    if (index % 5 === 3) {
      layout += 1
      repository.commit(files(), `layout ${layout}`, 'author-b')
    }
    if (index !== 10 && index !== 20) change(index)
    else {
      // A topic branch that is rebased over other work, and one that is merged.
      repository.git('checkout', '--quiet', '-b', `topic${index}`)
      change(index)
      repository.git('checkout', '--quiet', 'main')
      repository.commit({ 'README.md': String(index) }, 'beside')
      if (index === 20) repository.merge('topic20', 'Merge pull request #20 from author-c/topic')
      else {
        repository.git('rebase', '--quiet', 'main', 'topic10')
        repository.git('checkout', '--quiet', 'main')
        repository.git('merge', '--quiet', '--ff-only', 'topic10')
      }
    }
  }
  await using stack = new AsyncDisposableStack()
  const history = stack.adopt(await openHistory({ repo: repository.dir, path: 'env' }), async (value) => await value.close())
  const { fields } = await blameReport(history, webKey)
  const blamed = new Map(fields.map(({ field, subject, author }) => [field, { subject, author: author.name }]))
  const paths = [...fieldsOf(machineOf(values)).keys()]
  assert.equal(paths.length, 20)
  const wanted = (name: string): { subject: string; author: string } => {
    const subject = subjects.get(name) ?? ''
    return { subject, author: subject === 'first' ? 'author-a' : (subject.split(' ')[0] ?? '') }
  }
  for (const [index, name] of names.entries()) assert.deepEqual(blamed.get(paths[index] ?? ''), wanted(name), name)
  const merged = fields.find(({ subject }) => subject.endsWith(' in 20'))
  assert.equal(merged?.pullRequest, '#20')
})
