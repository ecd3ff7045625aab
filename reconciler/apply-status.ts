import { setTimeout as sleep } from 'node:timers/promises'
import type { AppliedVerdict } from './applied-verdict.ts'
import type { CommitStatus, Forge } from './forge/types.ts'
import { describeError, errorCode } from './lib/errors.ts'
import type { Logger } from './lib/log.ts'
import type { Settings } from './store/store.ts'

/** Tells the forge how far the commits of the tracked branch have been carried out. */
export type ApplyStatus = { stop(): Promise<void> }

export type ApplyStatusOptions = {
  readonly forge: Pick<Forge, 'status'>
  /** Name of the environment, in the name of the status. */
  readonly environment: string
  /** The commit that is in force or was refused, with how it goes with it; undefined before there is one. */
  readonly current: () => CurrentCommit | undefined
  /** Keeps what was told, so that a restart tells nothing twice. */
  readonly settings: Settings
  /** Milliseconds between looks. */
  readonly interval: number
  readonly log: Logger
}

export type CurrentCommit = {
  readonly commit: string
  /** False: it was refused. */
  readonly inForce: boolean
  /** While this is the same, so is the verdict on the commit, which is not asked for again. */
  readonly stamp: string
  readonly verdict: () => AppliedVerdict
}

const toldSetting = 'forge.applied'
const restAfterLimit = 300_000
/** Commits that were overtaken before all of them was applied, of which the end is still told. */
const mostOpen = 20

/** What was told of the newest commit, and of which earlier ones the end is not told yet. */
type Told = AppliedVerdict & { readonly commit: string; readonly inForce: boolean; readonly open: readonly string[] }

/** Looks from time to time beside the pipeline, which it never holds up; never throws. */
export function startApplyStatus(options: ApplyStatusOptions): ApplyStatus {
  const end = new AbortController()
  const judge = createJudge()
  const loop = async (): Promise<void> => {
    while (!end.signal.aborted) await sleep(await look(options, judge), undefined, { signal: end.signal }).catch(() => undefined)
  }
  const done = loop()
  return {
    stop: async () => {
      end.abort()
      await done
    },
  }
}

type Judge = (current: CurrentCommit) => AppliedVerdict

/** A verdict plans everything, so it is kept while nothing changes. */
function createJudge(): Judge {
  let last: (Pick<CurrentCommit, 'commit' | 'stamp'> & { readonly verdict: AppliedVerdict }) | undefined
  return ({ commit, stamp, verdict }) => {
    if (last?.commit !== commit || last.stamp !== stamp) last = { commit, stamp, verdict: verdict() }
    return last.verdict
  }
}

/** The milliseconds until the next look. */
async function look(options: ApplyStatusOptions, judge: Judge): Promise<number> {
  const { interval, log } = options
  try {
    await tell(options, judge)
    return interval
  } catch (error) {
    log.warn({ error: describeError(error) }, 'the forge was not told what is applied; it is tried again')
    return errorCode(error) === 'ForgeBusy' ? Math.max(interval, restAfterLimit) : interval
  }
}

async function tell(options: ApplyStatusOptions, judge: Judge): Promise<void> {
  const current = options.current()
  if (current === undefined) return
  const { commit, inForce } = current
  const told = readTold(options.settings)
  // What was applied stays applied: later drift is no fault of the commit.
  if (told?.commit === commit && told.state === 'success' && told.open.length === 0) return
  const verdict = judge(current)
  const open = told === undefined || told.commit === commit ? (told?.open ?? []) : openAfter(told)
  if (told?.commit !== commit || told.state !== verdict.state || told.description !== verdict.description)
    await options.forge.status(commit, statusOf(options, verdict))
  const left = verdict.state === 'success' ? [] : open
  for (const earlier of verdict.state === 'success' ? open : [])
    await options.forge.status(earlier, statusOf(options, { state: 'success', description: `Applied with ${commit.slice(0, 12)}.` }))
  const now = JSON.stringify({ commit, inForce, ...verdict, open: left } satisfies Told)
  if (now !== options.settings.get(toldSetting)) options.settings.put(toldSetting, now)
}

function openAfter({ commit, inForce, state, open }: Told): readonly string[] {
  return state === 'success' || !inForce ? open : [...open, commit].slice(-mostOpen)
}

function statusOf({ environment }: ApplyStatusOptions, { state, description }: AppliedVerdict): CommitStatus {
  return { context: `gitvirt/apply/${environment}`, state, description: description.replaceAll(/\s+/g, ' ').trim() }
}

function readTold(settings: Settings): Told | undefined {
  const text = settings.get(toldSetting)
  return text === undefined ? undefined : (JSON.parse(text) as Told)
}
