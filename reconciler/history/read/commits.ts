import { GitvirtError } from '../../lib/errors.ts'
import { judgeAnyEntry, judgeEntry, type Verdict } from '../../source/entry-rules.ts'
import { defaultCaps } from '../../source/options.ts'
import type { HistoryCommit, PathEdit } from '../meaning/commit.ts'
import { eachPart } from './git-stream.ts'

export type CommitQuery = {
  readonly gitDir: string
  /** Id of the newest commit. */
  readonly tip: string
  /** The environment's folder; empty for the root. */
  readonly path: string
  readonly firstParent?: boolean
  /** True: changes of every file are told, not of manifests alone. */
  readonly allFiles?: boolean
}

const mostCommits = 2_000_000

/**
 * Every commit that touches the folder and every merge, parents before children, each with the manifests that it changes against its
 * first parent. One process; trees that are equal on both sides are not read (git-log(1), History Simplification and --raw).
 * @throws GitvirtError `HistoryUnreadable`, `HistoryTooLarge`
 */
export async function readCommits(query: CommitQuery): Promise<HistoryCommit[]> {
  const commits: HistoryCommit[] = []
  let edits: PathEdit[] = []
  let meta: string | undefined
  const readEdit = createEditReader(query.allFiles === true ? judgeAnyEntry : judgeEntry)
  await eachPart({ gitDir: query.gitDir, args: logArguments(query) }, (part) => {
    if (meta !== undefined) {
      const edit = readEdit(meta, part)
      meta = undefined
      if (edit !== undefined) edits.push(edit)
    } else if (/^\n?:/.test(part)) meta = part.trimStart()
    else if (part.trim() !== '') {
      edits = []
      commits.push(readHeader(part, edits))
      if (commits.length > mostCommits) throw tooManyCommits()
    }
  })
  return commits
}

function logArguments({ tip, path, firstParent }: CommitQuery): string[] {
  const walk = ['--topo-order', '--reverse', ...(firstParent === true ? ['--first-parent'] : ['--full-history', '--parents'])]
  const compare = ['--raw', '--no-abbrev', '--no-renames', '--root', '--diff-merges=first-parent', '-r', '-z']
  // The empty part in front sets a header apart from the line break that ends the changes before it.
  return ['log', ...walk, ...compare, '--no-show-signature', '--format=%x00%H %ct %P', tip, '--', ...(path === '' ? [] : [path])]
}

function readHeader(part: string, edits: readonly PathEdit[]): HistoryCommit {
  const [id = '', time = '0', ...parents] = part.trim().split(' ')
  return { id, parents: parents.filter((parent) => parent !== ''), committedAt: Number(time), edits }
}

/**
 * Reads `:100644 100644 <before> <after> M` with its path (git-diff-tree(1), RAW OUTPUT FORMAT); undefined for other files. Paths come
 * again and again, so each is judged once.
 */
export function createEditReader(rule: typeof judgeEntry = judgeEntry): (meta: string, path: string) => PathEdit | undefined {
  const verdicts = new Map<string, Verdict>()
  const judge = (path: string, mode: string, id: string): Side => {
    if (mode === '000000') return {}
    const place = `${mode} ${path}`
    const verdict = verdicts.get(place) ?? verdictOf(rule, path, mode)
    verdicts.set(place, verdict)
    if (verdict.kind === 'manifest') return { id }
    return verdict.kind === 'refused' ? { refused: { code: verdict.refused.code, message: verdict.refused.message } } : {}
  }
  return (meta, path) => {
    const [beforeMode = '', afterMode = '', beforeId = '', afterId = ''] = meta.slice(1).trim().split(' ')
    const before = judge(path, beforeMode, beforeId)
    const after = judge(path, afterMode, afterId)
    if ([before, after].every(({ id, refused }) => id === undefined && refused === undefined)) return undefined
    return {
      path,
      ...(before.id === undefined ? {} : { before: before.id }),
      ...(after.id === undefined ? {} : { after: after.id }),
      ...(after.refused === undefined ? {} : { refused: after.refused }),
    }
  }
}

type Side = { readonly id?: string; readonly refused?: { readonly code: string; readonly message: string } }

function verdictOf(rule: typeof judgeEntry, path: string, mode: string): Verdict {
  const slash = path.lastIndexOf('/')
  const name = Buffer.from(path.slice(slash + 1))
  return rule(slash < 0 ? '' : path.slice(0, slash), { mode, name, id: '', isTree: false }, defaultCaps.depth)
}

function tooManyCommits(): GitvirtError {
  return new GitvirtError({
    code: 'HistoryTooLarge',
    message: `The history has more than ${mostCommits} commits.`,
    action: 'Name a smaller folder with --path, or walk the main line only with --first-parent.',
    terminal: true,
  })
}
