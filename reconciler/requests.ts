import { setTimeout as sleep } from 'node:timers/promises'
import type { Forge, Request } from './forge/types.ts'
import type { Clock } from './lib/clock.ts'
import { digestOf } from './lib/digest.ts'
import { describeError, errorCode, GitvirtError } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import { previewMarkdown } from './plan/text/markdown.ts'
import { verdictOf, type RequestVerdict } from './plan/text/verdict.ts'
import type { Previews } from './previews.ts'

/** Plans every open request of the forge, and again whenever either side moves. */
export type Requests = {
  /** Looks now, or once more after the look under way. */
  trigger(): void
  stop(): Promise<void>
}

export type RequestsOptions = {
  readonly forge: Forge
  readonly previews: Pick<Previews, 'take'>
  readonly branch: string
  /** Name of the environment, in the names of comments and statuses. */
  readonly environment: string
  /** What moves besides the requests: the tracked commit and what runs. Undefined before the first revision. */
  readonly basis: () => string | undefined
  /** Milliseconds between looks. */
  readonly interval: number
  readonly clock: Pick<Clock, 'now'>
  readonly log: Logger
}

/** What a request was planned with, and when the time alone may change its verdict. */
type Told = { readonly state: string; readonly until?: string | undefined }

/** Milliseconds that a forge which limits us is left alone. */
const restAfterLimit = 300_000

/** Follows the open requests until stopped; never throws. */
export function followRequests(options: RequestsOptions): Requests {
  const end = new AbortController()
  const told = new Map<number, Told>()
  let wake = new AbortController()
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted) {
      wake = new AbortController()
      const wait = await lookAround(options, told)
      await sleep(wait, undefined, { signal: AbortSignal.any([end.signal, wake.signal]) }).catch(() => undefined)
    }
  }
  const done = loop()
  return {
    trigger: () => wake.abort(),
    stop: async () => {
      end.abort()
      await done
    },
  }
}

/** One look at all requests; the milliseconds until the next. */
async function lookAround(options: RequestsOptions, told: Map<number, Told>): Promise<number> {
  const { forge, branch, interval, log } = options
  const basis = options.basis()
  if (basis === undefined) return Math.min(interval, 1000)
  try {
    const requests = await forge.requests(branch)
    for (const number of told.keys()) if (!requests.some((one) => one.number === number)) told.delete(number)
    for (const request of requests) {
      const state = digestOf([request.head, basis])
      const last = told.get(request.number)
      if (last?.state === state && (last.until === undefined || last.until > options.clock.now().toISOString())) continue
      const reviewed = await tryReview(options, request)
      if (reviewed !== undefined) told.set(request.number, { state, until: reviewed.until })
    }
    return interval
  } catch (error) {
    log.warn({ error: describeError(error) }, 'requests of the forge could not be planned; it is tried again')
    return errorCode(error) === 'ForgeBusy' ? Math.max(interval, restAfterLimit) : interval
  }
}

/** Undefined where it must be tried again; one request's failure is no other's. @throws GitvirtError `ForgeBusy` */
async function tryReview(options: RequestsOptions, request: Request): Promise<Verdict | undefined> {
  try {
    return await review(options, request)
  } catch (error) {
    if (errorCode(error) === 'ForgeBusy') throw error
    options.log.warn({ request: request.number, error: describeError(error) }, 'a request could not be planned; it is tried again')
    return undefined
  }
}

/** Hidden from readers, in every Markdown. */
function markerOf(environment: string): string {
  return `<!-- gitvirt/plan/${environment} -->`
}

async function review(options: RequestsOptions, request: Request): Promise<Verdict> {
  const { forge, environment, log } = options
  const verdict = await judge(options, request)
  await forge.comment(request.number, { marker: markerOf(environment), body: verdict.body })
  const { state, description } = verdict
  await forge.status(verdict.head, { context: `gitvirt/plan/${environment}`, state, description })
  log.info({ request: request.number, head: verdict.head, state }, 'a request was planned')
  return verdict
}

type Verdict = {
  /** The commit that was judged. */
  readonly head: string
  readonly body: string
} & RequestVerdict

/** Faults of the request that say so in the comment; all else is ours and is tried again. */
const itsOwnFaults: ReadonlySet<string> = new Set([
  'MergeConflict',
  'NoCommonHistory',
  'TooManyFiles',
  'TooManyBytes',
  'FetchTooLarge',
  'InvalidCommit',
  'TooManyCommits',
])

async function judge({ previews, environment }: RequestsOptions, request: Request): Promise<Verdict> {
  try {
    const plan = await previews.take(`#${request.number}`)
    if (plan.merge.head !== request.head) throw moved(request, plan.merge.head)
    const named = { ...plan, merge: { ...plan.merge, ref: `request ${request.number}` } }
    return { head: plan.merge.head, body: `**${environment}**\n\n${previewMarkdown(named)}`, ...verdictOf(plan) }
  } catch (error) {
    if (!itsOwnFaults.has(errorCode(error))) throw error
    const words = describeError(error)
    return {
      head: request.head,
      body: `### gitvirt: no plan\n\n**${environment}**\n\n${asCode(words)}\n`,
      state: 'failure',
      description: words,
    }
  }
}

/** Forges list a request and publish its head by Git one after the other; what was planned is not what is listed, so it counts for neither. */
function moved({ number, head }: Request, fetched: string): GitvirtError {
  return new GitvirtError({
    code: 'RequestMoved',
    message: `The forge lists ${head} as the head of request ${number}, but Git has ${fetched} there.`,
  })
}

/** Words of others in a block of code, which they cannot end. */
function asCode(text: string): string {
  return text
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n')
}
