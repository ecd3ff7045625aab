import { defaultCaps } from '../../source/options.ts'
import { CatFile } from '../../source/cat-file.ts'
import type { ReceiptNote } from '../audit/notes.ts'
import { eachPart } from './git-stream.ts'
import type { LocalRepository } from './repository.ts'

/** Where receipts are kept: `git log --notes=gitvirt` shows them. */
export const notesRef = 'refs/notes/gitvirt'

const mostNoteBytes = 2 ** 26

/**
 * The notes of all commits; none where nothing was applied or the notes were not fetched. Source of the layout: git-notes(1), the commit's
 * id is the path, cut into folders.
 * @throws GitvirtError `HistoryUnreadable`
 */
export async function readNotes(repository: LocalRepository, ref: string = notesRef): Promise<ReceiptNote[]> {
  const tree = await repository.resolve(`${ref}^{tree}`)
  if (tree === undefined) return []
  const blobs: { readonly commit: string; readonly id: string }[] = []
  await eachPart({ gitDir: repository.gitDir, args: ['ls-tree', '-r', '-z', tree], maxBytes: defaultCaps.fetchBytes }, (part) => {
    const match = /^100644 blob ([0-9a-f]+)\t([0-9a-f/]+)$/.exec(part)
    if (match !== null) blobs.push({ id: match[1] ?? '', commit: (match[2] ?? '').replaceAll('/', '') })
  })
  const git = new CatFile(repository.gitDir, true, 'bulk')
  const notes = blobs.map(async ({ commit, id }) => {
    const answer = await git.request(id, mostNoteBytes)
    return { commit, text: answer?.bytes?.toString('utf8') ?? '' }
  })
  const [read] = await Promise.all([Promise.all(notes), git.close()])
  return read
}
