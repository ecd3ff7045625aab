/** Runs the checks and the test suites one after the other; the exit status tells whether all passed. */
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
type Stage = { readonly title: string; readonly program: string; readonly args: readonly string[] }

/** A folder that is missing, or empty, is an error: a suite must not vanish without a word. */
function testFiles(...folders: string[]): string[] {
  return folders.flatMap((folder) => {
    const names = readdirSync(join(root, 'test', folder), { recursive: true, encoding: 'utf8' })
    const files = names.filter((name) => name.endsWith('.test.ts')).toSorted()
    if (files.length === 0) throw new Error(`test/${folder} holds no test.`)
    return files.map((name) => join('test', folder, name))
  })
}

function testStage(
  title: string,
  options: { readonly concurrency: number; readonly timeout: number; readonly files: readonly string[] },
): Stage[] {
  const flags = ['--test', `--test-concurrency=${options.concurrency}`, `--test-timeout=${options.timeout}`]
  return [{ title, program: process.execPath, args: [...flags, ...options.files] }]
}

function stages(slow: boolean): Stage[] {
  if (slow) return testStage('slow tests', { concurrency: 1, timeout: 3_000_000, files: testFiles('slow') })
  return [
    { title: 'check', program: 'npm', args: ['run', '--silent', 'check'] },
    ...testStage('unit and integration tests', { concurrency: 2, timeout: 600_000, files: testFiles('unit', 'integration') }),
    ...testStage('end-to-end tests', { concurrency: 1, timeout: 900_000, files: testFiles('e2e') }),
  ]
}

async function runStage(stage: Stage): Promise<boolean> {
  console.log(`\n## ${stage.title}`)
  const child = spawn(stage.program, stage.args, { cwd: root, stdio: 'inherit' })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return code === 0
}

const failed: string[] = []
for (const stage of stages(process.argv.includes('--slow'))) {
  if (!(await runStage(stage))) failed.push(stage.title)
}
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join(', ')}`)
  process.exitCode = 1
}
