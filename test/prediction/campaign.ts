import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Demo } from '../../lab/demo.ts'
import { readSteps } from '../../lab/agent-journal.ts'
import { until } from '../../lab/wait.ts'
import { createClient, type Client } from '../../reconciler/cli/client.ts'
import type { RequestPlan } from '../../reconciler/plan/text/preview.ts'
import type { Plan } from '../../schemas/generated/plan.ts'
import { BootWatch } from './boot-watch.ts'
import { applyEdits, type Attempt } from './edits.ts'
import { filesOf, type FleetModel, type ModelMachine } from './fleet-model.ts'
import { approved, finalBlocks, type Outcome } from './judge.ts'
import { judgeDisks, judgeNetworks } from './judge-disks.ts'
import { judgeMachines } from './judge-machines.ts'
import { measure, type Measured } from './measure.ts'

/** A commit whose result was not what its plan said. */
export type Wrong = { readonly run: number; readonly what: readonly string[]; readonly lines: readonly string[]; readonly told: string }

export type Tally = { readonly runs: number; readonly wrong: readonly Wrong[]; readonly restarts: number; readonly refused: number }

type ApiList = {
  readonly items: readonly {
    readonly kind?: string
    readonly reason?: string
    readonly message?: string
    readonly metadata: { readonly name: string }
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] }
  }[]
}

/** Carries out commits on one host, one after the other, and holds each against its plan. */
export class Campaign {
  readonly #demo: Demo
  readonly #boots: BootWatch
  #client: Client | undefined
  #model: FleetModel
  #run = 0
  #steps = 0
  #restarts = 0
  #refused = 0
  readonly #wrong: Wrong[] = []
  constructor(demo: Demo, model: FleetModel) {
    this.#demo = demo
    this.#boots = new BootWatch(join(demo.stateDir, 'agent', 'guests'))
    this.#model = model
  }

  get tally(): Tally {
    return { runs: this.#run, wrong: this.#wrong, restarts: this.#restarts, refused: this.#refused }
  }

  /** Brings up the first fleet. */
  async begin(): Promise<void> {
    await this.#write(undefined, this.#model)
    await this.#commit('The first fleet')
    await this.#demo.git('push', '--quiet', '--set-upstream', 'origin', 'main')
    await this.#demo.startGitvirt()
    this.#client = createClient({ kubeconfig: this.#demo.kubeconfig })
    await this.#firstGuests()
    await this.#settled('the first fleet')
    this.#steps = this.#journal().length
  }

  async #firstGuests(): Promise<void> {
    const running = this.#model.machines.filter(({ runStrategy }) => runStrategy === 'Always')
    const probe = async (): Promise<true | undefined> => {
      const { machines } = await this.#measure()
      return running.every(({ name }) => machines.get(name)?.process !== undefined) || undefined
    }
    try {
      await until('the first guests', probe, { seconds: 180 })
    } catch (error) {
      throw new Error(`${String(error)}\n${this.#demo.log().slice(-3000)}`, { cause: error })
    }
  }

  /** One commit: planned as a request, merged, carried out, measured; then approved where the attempt says so. */
  async attempt(attempt: Attempt): Promise<void> {
    const { model, what } = applyEdits(this.#model, attempt.edits)
    this.#run += 1
    await this.#booted(model)
    const before = await this.#measure()
    await this.#write(this.#model, model)
    await this.#commit(what.join('; '))
    await this.#demo.git('push', '--quiet', '--force', 'origin', 'HEAD:refs/heads/request')
    const told = await this.#api<RequestPlan>('/gitvirt/v1/plan?ref=request')
    const faults = told.errors.filter(({ severity }) => severity === 'error')
    if (faults.length > 0) return await this.#takeBack(faults.map(({ message }) => message).join('; '))
    await this.#demo.git('push', '--quiet', 'origin', 'main')
    await this.#api('/gitvirt/v1/reconcile', 'POST')
    const old = this.#model
    this.#model = model
    const left = await this.#settledOrUndone(what, told.plan, old)
    if (left === undefined) return
    const after = await this.#measure()
    const common = { model, before, after, left: left.changes, conditions: await this.#conditions() }
    const lines = await this.#judge({ ...common, told: told.plan.changes, impact: told.impact }, what, told.plan)
    if (lines === 0 && attempt.approve) await this.#approve(what, { before: after, plan: left })
  }

  /** What never comes to an end was told wrong, and goes back, so that the other commits have their turn. */
  async #settledOrUndone(what: readonly string[], told: Plan, old: FleetModel): Promise<Plan | undefined> {
    try {
      return await this.#settled(what.join('; '))
    } catch (error) {
      this.#note({ run: this.#run, what, lines: [error instanceof Error ? error.message : String(error)], told: summary(told) })
      await this.#write(this.#model, old)
      this.#model = old
      await this.#commit('Undo it')
      await this.#demo.git('push', '--quiet', 'origin', 'main')
      await this.#api('/gitvirt/v1/reconcile', 'POST')
      await this.#settled('undoing it').catch((then: unknown) => {
        // As where a guest without a system keeps a device that it was given.
        throw new Error(`${this.#wrong.map(({ lines }) => lines.join('\n')).join('\n')}\n${String(then)}`, { cause: error })
      })
      this.#steps = this.#journal().length
      return undefined
    }
  }

  #note(wrong: Wrong): void {
    this.#wrong.push(wrong)
    this.#log(`run ${wrong.run} WRONG: ${[wrong.what.join('; '), ...wrong.lines].join('\n#   ')}`)
  }

  /** For a person who watches a long campaign. */
  #log(text: string): void {
    if (process.env['GITVIRT_PREDICTION_LOG'] !== undefined) console.log(`# ${Math.round(performance.now() / 1000)} s ${text}`)
  }

  async #approve(what: readonly string[], { before, plan }: { readonly before: Outcome['before']; readonly plan: Plan }): Promise<void> {
    const waiting = plan.changes.filter(({ approval }) => approval !== undefined)
    if (waiting.length === 0) return
    this.#restarts += waiting.length
    for (const { key, approval } of waiting) await this.#api('/gitvirt/v1/approvals', 'POST', { key, plan: approval })
    const left = await this.#settled(`${what.join('; ')}, approved`)
    const after = await this.#measure()
    const common = { model: this.#model, before, after, left: left.changes, conditions: await this.#conditions() }
    await this.#judge({ ...common, told: approved(plan) }, [...what, 'approved'], plan)
  }

  /** An edit that Git refuses is taken out of the branch again. */
  async #takeBack(why: string): Promise<void> {
    this.#refused += 1
    this.#log(`run ${this.#run} refused: ${why}`)
    await this.#demo.git('reset', '--quiet', '--hard', 'HEAD~1')
  }

  async #judge(outcome: Outcome, what: readonly string[], told: Plan): Promise<number> {
    const steps = this.#journal()
    const failed = steps.slice(this.#steps).filter(({ state }) => state === 'failed')
    this.#steps = steps.length
    const lines = [
      ...failed.map(({ step, message }) => `${step} failed: ${message ?? ''}`),
      ...(await this.#mergedAsTold()),
      ...judgeMachines(outcome),
      ...judgeDisks(outcome),
      ...judgeNetworks(outcome),
    ]
    if (lines.length > 0) this.#note({ run: this.#run, what, lines, told: summary(told) })
    else this.#log(`run ${this.#run} as told: ${what.join('; ')}`)
    return lines.length
  }

  /** What is applied is what was told for the request; the reconciler says so itself. */
  async #mergedAsTold(): Promise<string[]> {
    const { items } = await this.#api<ApiList>('/api/v1/events')
    const head = (await this.#demo.git('rev-parse', '--short=12', 'HEAD')).trim()
    const told = items.filter(({ reason, message }) => reason === 'MergedPlannedAgain' && message?.includes(head) === true)
    return told.map(({ message }) => message ?? '')
  }

  async #conditions(): Promise<Map<string, Set<string>>> {
    const lists = ['kubevirt.io/v1/namespaces/default/virtualmachines', 'cdi.kubevirt.io/v1beta1/namespaces/default/datavolumes']
    const found = new Map<string, Set<string>>()
    for (const list of lists) {
      const kind = list.includes('virtualmachines') ? 'VirtualMachine' : 'DataVolume'
      for (const { metadata, status } of (await this.#api<ApiList>(`/apis/${list}`)).items) {
        const held = (status?.conditions ?? []).filter((one) => one.status === 'True').map(({ type }) => type)
        found.set(`${kind}/${metadata.name}`, new Set(held))
      }
    }
    return found
  }

  /** Waits until all that is left in the plan waits for a person, and stays so. */
  async #settled(what: string, seconds = 45): Promise<Plan> {
    let last: Plan | undefined
    let since = 0
    let seen = ''
    const probe = async (): Promise<Plan | undefined> => {
      last = await this.#api<Plan>('/gitvirt/v1/plan')
      const head = (await this.#demo.git('rev-parse', 'HEAD')).trim()
      const quiet = last.revision === head && last.changes.every((change) => isHeld(change, last?.changes ?? []))
      const state = JSON.stringify(last.changes.map(({ key, base, steps }) => [key, base, steps.map(({ id }) => id)]))
      if (!quiet || state !== seen) since = performance.now()
      seen = state
      return quiet && performance.now() - since > 250 ? last : undefined
    }
    try {
      return await until(`an end of: ${what}`, probe, { seconds, everyMs: 60 })
    } catch (error) {
      throw new Error(`run ${this.#run}, ${what}: ${String(error)}\n${summary(last)}\n${this.#demo.log().slice(-3000)}`, { cause: error })
    }
  }

  /** Waits for guests that shall let go of devices: only one that has booted does. */
  async #booted(next: FleetModel): Promise<void> {
    const after = new Map(next.machines.map((one) => [one.name, one]))
    const losers = this.#model.machines.filter((one) => one.boots && losesDevices(one, after.get(one.name)))
    for (const { name } of losers) {
      const booted = async (): Promise<true | undefined> => {
        const machine = (await this.#measure()).machines.get(name)
        return machine?.process === undefined || (await this.#boots.hasBooted(name)) || undefined
      }
      await until(`${name} to boot`, booted, { seconds: 180 })
    }
  }

  async #measure(): Promise<Measured> {
    const measured = await measure(this.#demo)
    await this.#boots.note(measured.machines)
    return measured
  }

  #journal(): ReturnType<typeof readSteps> {
    return readSteps(join(this.#demo.stateDir, 'agent', 'journal'))
  }

  async #write(before: FleetModel | undefined, after: FleetModel): Promise<void> {
    const [old, files] = [before === undefined ? new Map<string, string>() : filesOf(before), filesOf(after)]
    for (const path of old.keys()) if (!files.has(path)) await rm(join(this.#demo.clone, path))
    for (const [path, text] of files) {
      if (old.get(path) === text) continue
      await mkdir(dirname(join(this.#demo.clone, path)), { recursive: true })
      await writeFile(join(this.#demo.clone, path), text)
    }
  }

  async #commit(message: string): Promise<void> {
    await this.#demo.git('add', '--all')
    await this.#demo.git('commit', '--quiet', '--allow-empty', '--message', message)
  }

  async #api<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
    if (this.#client === undefined) throw new Error('gitvirt does not run yet')
    return await this.#client.call<T>(path, { method, ...(body === undefined ? {} : { body }) })
  }
}

function losesDevices(before: ModelMachine, after: ModelMachine | undefined): boolean {
  const names = new Set([...(after?.disks ?? []), ...(after?.nics ?? [])].map(({ name }) => name))
  return [...before.disks, ...before.nics].some(({ name }) => !names.has(name))
}

/** Nothing of it is done before a person comes. */
function isHeld(change: Plan['changes'][number], changes: Plan['changes']): boolean {
  const final = finalBlocks(changes, change)
  return change.steps.every(({ id }) => final.some((block) => block.steps === undefined || block.steps.includes(id)))
}

function summary(plan: Plan | undefined): string {
  const changes = (plan?.changes ?? []).map(({ key, action, steps, fields, blocked }) => {
    const told = fields.map(({ path, disruption }) => `${path}[${disruption}]`).join(' ')
    return `${action} ${key}: ${steps.map(({ verb }) => verb).join(',')} ${told} ${blocked.map(({ reason, message }) => `${reason}: ${message}`).join(' ')}`
  })
  return changes.join('\n')
}
