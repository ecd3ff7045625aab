import { deepEqual } from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { BatchAnswers, type CatAnswer } from '../../../../reconciler/source/batch-answers.ts'

const limit = 8
const id = 'a'.repeat(40)
const content = fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes))

/** What git prints for objects of these contents, undefined for one that is missing. */
function outputOf(objects: readonly (Buffer | undefined)[]): Buffer {
  return Buffer.concat(
    objects.flatMap((bytes) =>
      bytes === undefined ? [Buffer.from(`${id} missing\n`)] : [Buffer.from(`${id} blob ${bytes.length}\n`), bytes, Buffer.from('\n')],
    ),
  )
}

function parsed(output: Buffer, cuts: readonly number[]): (CatAnswer | undefined)[] {
  const answers: (CatAnswer | undefined)[] = []
  const parser = new BatchAnswers({ contents: true, limit: () => limit, take: (answer) => void answers.push(answer) })
  const bounds = [0, ...[...cuts].map((cut) => cut % (output.length + 1)).sort((a, b) => a - b), output.length]
  for (let index = 0; index + 1 < bounds.length; index += 1) {
    const piece = output.subarray(bounds[index], bounds[index + 1])
    if (piece.length > 0) parser.feed(piece)
  }
  return answers
}

describe('BatchAnswers', () => {
  it('gives the same answers wherever the pipe cuts the output, and only the size of what is too large', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(content, { nil: undefined }), { maxLength: 6 }),
        fc.array(fc.nat(500), { maxLength: 8 }),
        (objects, cuts) => {
          const expected = objects.map((bytes) =>
            bytes === undefined ? undefined : { id, type: 'blob', size: bytes.length, ...(bytes.length > limit ? {} : { bytes }) },
          )
          const answers = parsed(outputOf(objects), cuts).map((answer) =>
            answer?.bytes === undefined ? answer : { ...answer, bytes: Buffer.from(answer.bytes) },
          )
          deepEqual(answers, expected)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
