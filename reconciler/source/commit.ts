import { GitvirtError } from '../lib/errors.ts'

export type Commit = {
  readonly tree: string
  readonly parents: readonly string[]
  readonly author: { readonly name: string; readonly email: string }
  /** RFC 3339. */
  readonly committedAt: string
  readonly subject: string
}

const maxSubject = 500

/**
 * Reads a commit object's text. Source: gitformat-commit and git-commit-tree(1).
 * @throws GitvirtError `InvalidCommit`
 */
export function parseCommit(id: string, bytes: Uint8Array): Commit {
  const text = new TextDecoder().decode(bytes)
  const end = text.indexOf('\n\n')
  const head = (end === -1 ? text : text.slice(0, end)).split('\n')
  const values = (name: string): string[] => head.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1))
  const tree = values('tree')[0]
  if (tree === undefined || !/^[0-9a-f]{40,64}$/.test(tree)) {
    throw new GitvirtError({ code: 'InvalidCommit', message: `Commit ${id} names no tree.`, action: 'Check the repository with git fsck.' })
  }
  const committer = parsePerson(values('committer')[0] ?? '')
  const { name, email } = parsePerson(values('author')[0] ?? '')
  const subject =
    end === -1
      ? ''
      : (text
          .slice(end + 2)
          .trimStart()
          .split('\n', 1)[0] ?? '')
  return { tree, parents: values('parent'), author: { name, email }, committedAt: committer.at, subject: subject.slice(0, maxSubject) }
}

function parsePerson(line: string): { name: string; email: string; at: string } {
  const match = /^(.*?) ?<([^>]*)> (\d{1,12})/.exec(line)
  const seconds = Number(match?.[3] ?? 0)
  return { name: match?.[1] ?? '', email: match?.[2] ?? '', at: new Date(seconds * 1000).toISOString() }
}
