import { Cron } from 'croner'

/** A time that comes again and again, and how long it lasts. */
export type Schedule = {
  /** Five fields of crontab(5). */
  readonly cron: string
  /** An IANA time zone such as Europe/Berlin. */
  readonly timeZone: string
  readonly milliseconds: number
}

const options = { paused: true, mode: '5-part', catch: false } as const

/** What is wrong with a schedule's text; undefined where it is one. One that never comes is wrong too. */
export function scheduleProblem(cron: string, timeZone: string): string | undefined {
  if (cron.startsWith('@')) return 'A schedule has five fields: minute, hour, day of month, month, day of week.'
  try {
    return new Cron(cron, { ...options, timezone: timeZone }).nextRun(new Date(0)) === null ? `"${cron}" never comes.` : undefined
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Cron\w+: /, '') : String(error)
  }
}

/** True from each start of the schedule on, for as long as it lasts. Pure. */
export function isOpen(schedule: Schedule, now: Date): boolean {
  const start = nextStart(schedule, new Date(now.getTime() - schedule.milliseconds))
  return start !== undefined && start.getTime() <= now.getTime()
}

/** The first start after a time. */
export function nextStart({ cron, timeZone }: Schedule, after: Date): Date | undefined {
  return new Cron(cron, { ...options, timezone: timeZone }).nextRun(after) ?? undefined
}

/** Starts that one end is looked for behind: schedules that overlap without end have none. */
const mostStarts = 50

/** When an open schedule closes; undefined where its starts overlap for longer than anybody waits. */
export function closesAt(schedule: Schedule, now: Date): Date | undefined {
  let end = now.getTime()
  let start = nextStart(schedule, new Date(end - schedule.milliseconds))
  for (let count = 0; count < mostStarts; count += 1) {
    if (start === undefined || start.getTime() > end) return new Date(end)
    end = start.getTime() + schedule.milliseconds
    start = nextStart(schedule, start)
  }
  return undefined
}
