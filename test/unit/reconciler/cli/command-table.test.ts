import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Command } from 'commander'
import { commandsFor, commandTable } from '../../../../reconciler/cli/command-table.ts'
import { createProgram } from '../../../../reconciler/cli/gitvirt.ts'

const namesOf = (words: readonly string[]): string[] => commandsFor(words).flatMap(({ names }) => names)
const all = commandTable.flatMap(({ names }) => names)

describe('the commands that a call loads', () => {
  for (const { names, add } of commandTable) {
    it(`${names.join(', ')}: the file adds what the table says`, async () => {
      const program = new Command()
      ;(await add())(program)
      assert.deepEqual(program.commands.map((command) => command.name()).toSorted(), names.toSorted())
    })
  }

  it('are those that its arguments name, flags and their values before them or not', () => {
    assert.deepEqual(namesOf(['--context', 'lab', 'get', 'vm']), ['get'])
    assert.deepEqual(namesOf(['-n', 'plan', 'get', 'vm']), ['get'])
    assert.deepEqual(namesOf(['--no-color', '--namespace=plan', 'get', 'plan']), ['get'])
    assert.deepEqual(namesOf(['plan', '--help']), ['plan'])
  })

  it('are all where none is named, or all are spoken of', () => {
    for (const words of [
      [],
      ['--help'],
      ['--help', 'plan'],
      ['help', 'plan'],
      ['completion', 'bash'],
      ['plam'],
      ['--version'],
      ['--kubeconfig', 'plan', '--help'],
      ['-n', 'get'],
      ['gett', 'plan'],
      ['--no-color', '-h', 'plan'],
    ])
      assert.deepEqual(namesOf(words), all, words.join(' '))
  })

  it('do what they do with all others beside them', async () => {
    const [some, whole] = [await createProgram(['plan']), await createProgram()]
    const help = ({ commands }: Command): string | undefined => commands.find((command) => command.name() === 'plan')?.helpInformation()
    assert.equal(help(some), help(whole))
    assert.equal(some.commands.length, 1)
  })
})
