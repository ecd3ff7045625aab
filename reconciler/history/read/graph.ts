import type { HistoryCommit } from '../meaning/commit.ts'
import { CatFile } from '../../source/cat-file.ts'
import { eachPart } from './git-stream.ts'
import type { LocalRepository } from './repository.ts'

/** The whole graph behind these commits, parents before children; commits that the repository does not hold are left out. */
export async function readGraph({ gitDir }: LocalRepository, tips: readonly string[]): Promise<HistoryCommit[]> {
  const present = await presentCommits(gitDir, tips)
  const commits: HistoryCommit[] = []
  const args = ['log', '--topo-order', '--reverse', '--no-patch', '--no-show-signature', '-z', '--format=%H %ct %P', '--stdin']
  await eachPart({ gitDir, args, input: present.map((id) => `${id}\n`).join('') }, (part) => {
    const [id = '', time = '0', ...parents] = part.trim().split(' ')
    if (id !== '') commits.push({ id, committedAt: Number(time), parents, edits: [] })
  })
  return commits
}

/** A force-push may have taken a revision away that was applied once. */
async function presentCommits(gitDir: string, ids: readonly string[]): Promise<string[]> {
  const git = new CatFile(gitDir, false, 'bulk')
  const answers = ids.map(async (id) => (await git.request(id))?.type === 'commit')
  const [found] = await Promise.all([Promise.all(answers), git.close()])
  return ids.filter((_, index) => found[index])
}
