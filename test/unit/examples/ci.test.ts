import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { createProgram } from '../../../reconciler/cli/gitvirt.ts'

const folder = join(import.meta.dirname, '../../../examples/ci')

/** The gitvirt command lines of a pipeline's file. */
function commandLines(file: string): string[][] {
  const lines: string[] = []
  const collect = (value: unknown): void => {
    if (typeof value === 'string' && value.startsWith('gitvirt ')) lines.push(value)
    else if (value !== null && typeof value === 'object') for (const one of Object.values(value)) collect(one)
  }
  collect(parse(readFileSync(join(folder, file), 'utf8')))
  return lines.map((line) =>
    line
      .replace(/ >>? .*$/, '')
      .split(' ')
      .slice(1),
  )
}

describe('examples of pipelines', () => {
  for (const file of ['github-actions.yaml', 'gitlab-ci.yaml']) {
    it(`${file} calls commands and flags that exist`, async () => {
      const lines = commandLines(file)
      assert.equal(lines.length, 2)
      for (const [name = '', ...args] of lines) {
        const command = (await createProgram()).commands.find((one) => one.name() === name)
        assert.ok(command !== undefined, name)
        const flags = args.filter((word) => word.startsWith('-'))
        for (const flag of flags)
          assert.ok(
            command.options.some((option) => option.long === flag || option.short === flag),
            flag,
          )
      }
    })
  }
})
