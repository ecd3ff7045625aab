/** The answer to one name; `bytes` is absent when only headers are read or the object is over the limit. */
export type CatAnswer = { readonly id: string; readonly type: string; readonly size: number; readonly bytes?: Buffer }

export type AnswerOptions = {
  /** True for `--batch`, false for `--batch-check`, whose answers are headers alone. */
  readonly contents: boolean
  /** Most bytes of the next answer's content: a larger one is passed over, never kept. */
  readonly limit: () => number
  /** Called for each answer, in order; undefined where the store lacks the name. */
  readonly take: (answer: CatAnswer | undefined) => void
}

const maxHeader = 4096

/** Cuts the output of `git cat-file --batch` into answers, however the pipe cuts it. Source: git-cat-file(1), BATCH OUTPUT. */
export class BatchAnswers {
  readonly #options: AnswerOptions
  #rest: Buffer = Buffer.alloc(0)
  #body: { readonly answer: CatAnswer; readonly kept: boolean; into: Buffer | undefined; got: number } | undefined

  constructor(options: AnswerOptions) {
    this.#options = options
  }

  /** Takes the next piece of the output. */
  feed(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (data.length > 0) {
      if (this.#body !== undefined) {
        data = this.#takeBody(data)
        continue
      }
      const end = data.indexOf(0x0a)
      if (end === -1) break
      this.#takeHeader(data.toString('latin1', 0, Math.min(end, maxHeader)))
      data = data.subarray(end + 1)
    }
    this.#rest = data
  }

  #takeHeader(line: string): void {
    const [id = '', type = '', length = ''] = line.split(' ')
    if (!/^\d+$/.test(length)) return this.#options.take(undefined)
    const answer = { id, type, size: Number(length) }
    if (!this.#options.contents) return this.#options.take(answer)
    this.#body = { answer, kept: answer.size <= this.#options.limit(), into: undefined, got: 0 }
  }

  /** Takes what belongs to the body, its closing newline included; returns the rest. */
  #takeBody(data: Buffer): Buffer {
    const body = this.#body
    if (body === undefined) return data
    const { size } = body.answer
    // Most contents come in one piece, which need not be copied.
    if (body.got === 0 && data.length > size) {
      this.#body = undefined
      this.#options.take(body.kept ? { ...body.answer, bytes: data.subarray(0, size) } : body.answer)
      return data.subarray(size + 1)
    }
    const wanted = size - body.got
    if (body.kept) body.into ??= Buffer.allocUnsafe(size)
    const taken = Math.min(wanted, data.length)
    if (body.into !== undefined && taken > 0) data.copy(body.into, body.got, 0, taken)
    body.got += taken
    if (taken === data.length) return data.subarray(taken)
    this.#body = undefined
    this.#options.take(body.into === undefined ? body.answer : { ...body.answer, bytes: body.into })
    return data.subarray(taken + 1)
  }
}
