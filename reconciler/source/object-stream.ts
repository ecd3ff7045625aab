import { spawn } from 'node:child_process'
import { GitvirtError } from '../lib/errors.ts'
import { BatchAnswers, type CatAnswer } from './batch-answers.ts'
import { gitEnvironment } from './git-environment.ts'

/**
 * Many objects of a store in one run of git, in the order of their ids; those that the store lacks are left out. Git goes on while the
 * reader works on what it has, as far as the pipe between them holds.
 * @param maxBytes contents beyond this are passed over: the answer is there without them
 * @throws GitvirtError `StoreUnreadable`
 */
export async function* streamObjects(storeDir: string, ids: readonly string[], maxBytes: number): AsyncGenerator<readonly CatAnswer[]> {
  const child = spawn('git', ['cat-file', '--batch', '--buffer'], { env: gitEnvironment(storeDir), stdio: 'pipe' })
  let words = ''
  let ended = false
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-1000)))
  child.stdin.on('error', () => undefined)
  const exit = new Promise<number | Error | null>((resolve) => {
    child.once('error', resolve)
    child.once('close', resolve)
  }).finally(() => (ended = true))
  child.stdin.end(`${ids.join('\n')}\n`)
  let answers: CatAnswer[] = []
  let got = 0
  const parser = new BatchAnswers({
    contents: true,
    limit: () => maxBytes,
    take: (answer) => {
      got += 1
      if (answer !== undefined) answers.push(answer)
    },
  })
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      parser.feed(chunk)
      if (answers.length > 0) yield answers
      answers = []
    }
    const code = await exit
    if (code !== 0 || got !== ids.length) throw unreadable(words.trim() || (code instanceof Error ? code.message : `exit code ${code}`))
  } finally {
    // A reader that stops early leaves git with more to say.
    if (!ended) child.kill()
    await exit
  }
}

function unreadable(words: string): GitvirtError {
  return new GitvirtError({
    code: 'StoreUnreadable',
    message: `git cat-file ended: ${words}`,
    action: 'Remove the object store; it is fetched again.',
  })
}
