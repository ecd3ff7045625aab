import { randomBytes } from 'node:crypto'
import { run } from '../../../reconciler/lib/exec.ts'
import { anyFailed, lost, proofCommand, tellsLoss, tidyWords, type Answer, type Ended } from './virsh-answer.ts'

/** Linux limits one argument to 128 KiB. */
const commandsPerProcess = 250
const maxBytes = 256 * 1024 * 1024

/**
 * Carries out questions in virsh processes of their own, which get them as an argument. Asked once more where the connection was lost.
 * @throws GitvirtError of the process; Error with virsh's words where it has no connection or does not understand a line
 */
export async function askInProcess(uri: string, lines: readonly string[]): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  for (let from = 0; from < lines.length; from += commandsPerProcess) {
    const part = lines.slice(from, from + commandsPerProcess)
    const first = await askOnce(uri, part)
    const outcome = 'ended' in first ? await askOnce(uri, part) : first
    if ('ended' in outcome) throw outcome.ended
    answers.push(...outcome)
  }
  return answers
}

async function askOnce(uri: string, lines: readonly string[]): Promise<readonly Answer[] | Ended> {
  const token = randomBytes(12).toString('hex')
  const line = [...lines, proofCommand].map((one) => `${one}; echo ${token}; echo --err ${token}`).join('; ')
  // The last command's failure is the exit code of all, so it says nothing.
  const { stdout, stderr } = await run('virsh', ['-q', '-c', uri, line], { okCodes: [1], maxBytes })
  const out = stdout.split(token)
  const err = stderr.split(token)
  if (Math.min(out.length, err.length) <= lines.length + 1) throw new Error(tidyWords(stderr) || 'libvirt does not answer')
  const said = [...lines, proofCommand].map((_, index): Answer => {
    const failure = tidyWords(err[index] ?? '')
    const text = (out[index] ?? '').replace(/^\n/, '')
    return failure === '' ? { stdout: text } : { stdout: text, failure }
  })
  const answers = said.slice(0, -1)
  return anyFailed(answers) && (tellsLoss(stderr) || anyFailed(said.slice(-1))) ? lost(answers) : answers
}
