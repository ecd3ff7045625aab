import { open } from 'node:fs/promises'
import type { EmailDestination, SlackDestination, WebhookDestination } from '../../schemas/generated/destinations.ts'
import {
  EmailDestination as email,
  SlackDestination as slack,
  WebhookDestination as webhook,
} from '../../schemas/generated/validators/destinations.js'
import { describeError, GitvirtError } from '../lib/errors.ts'

export type Destination = WebhookDestination | SlackDestination | EmailDestination

/** The operator's file, read anew each time, so that addresses and secrets can be changed in place. */
export type Destinations = {
  /** @throws GitvirtError `DestinationsUnreadable`, `DestinationsNotPrivate`, `DestinationsInvalid`, `NoDestination` */
  get(name: string): Promise<Destination>
  /** Names and types of all, for people. @throws GitvirtError as above */
  list(): Promise<{ readonly name: string; readonly type: Destination['type'] }[]>
}

const mostBytes = 1024 * 1024

/** @param file undefined: there are no destinations */
export function openDestinations(file: string | undefined): Destinations {
  return {
    get: async (name) => {
      const found = (await readAll(file)).get(name)
      if (found === undefined) throw noDestination(name, file)
      return checked(name, found, file ?? '')
    },
    list: async () => {
      const all = await readAll(file)
      return [...all].map(([name, value]) => ({ name, type: checked(name, value, file ?? '').type }))
    },
  }
}

async function readAll(file: string | undefined): Promise<Map<string, unknown>> {
  if (file === undefined) return new Map()
  const text = await readPrivate(file)
  const value = await parseYaml(text, file)
  const { destinations, ...others } = isRecord(value) ? value : {}
  if (!isRecord(destinations) || Object.keys(others).length > 0)
    throw invalid(file, 'it has one field, "destinations", with destinations by their names')
  return new Map(Object.entries(destinations))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function parseYaml(text: string, file: string): Promise<unknown> {
  // Loaded here, so that a start does without it.
  const { parse } = await import('yaml')
  try {
    return parse(text, { maxAliasCount: 0 }) as unknown
  } catch {
    // The parser's words quote lines, which hold secrets.
    throw invalid(file, 'it is no YAML')
  }
}

/** Its secrets are worth nothing where others can read them, and its addresses nothing where others can write them. */
async function readPrivate(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      const { mode, uid, size } = await file.stat()
      const owner = process.geteuid?.() ?? uid
      if ((mode & 0o077) !== 0 || (uid !== 0 && uid !== owner)) throw notPrivate(path)
      if (size > mostBytes) throw invalid(path, `it is longer than ${mostBytes} bytes`)
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof GitvirtError) throw error
    throw new GitvirtError({
      code: 'DestinationsUnreadable',
      message: `The file of notification destinations ${path} cannot be read: ${describeError(error)}`,
      action: 'Check --notify-file, and that the service may read it.',
      cause: error,
    })
  }
}

const validators = new Map(Object.entries({ webhook, slack, email }))

function checked(name: string, value: unknown, file: string): Destination {
  const type = isRecord(value) ? String(value['type']) : ''
  const validate = validators.get(type)
  if (validate === undefined) throw invalid(file, `${name}: type is webhook, slack or email`)
  if (!validate(value)) {
    const [fault] = validate.errors ?? []
    const what = JSON.stringify(fault?.params ?? {}).slice(0, 200)
    throw invalid(
      file,
      `${name}${fault?.instancePath ?? ''} ${fault?.message ?? 'is wrong'} ${fault?.keyword === 'pattern' ? '' : what}`.trim(),
    )
  }
  const destination = value as Destination
  if (destination.type === 'email' && destination.tls === 'none' && destination.password !== undefined)
    throw invalid(file, `${name}: a password is not sent without TLS`)
  return destination
}

function notPrivate(path: string): GitvirtError {
  return new GitvirtError({
    code: 'DestinationsNotPrivate',
    message: `The file of notification destinations ${path} can be read or written by others than its owner, or belongs to somebody else.`,
    action: `Run: chmod 600 ${path}, and let root or the service's user own it.`,
  })
}

function invalid(path: string, what: string): GitvirtError {
  return new GitvirtError({
    code: 'DestinationsInvalid',
    message: `The file of notification destinations ${path} is wrong: ${what}.`,
    action: 'See "Notifications" in docs/operator.md.',
  })
}

function noDestination(name: string, file: string | undefined): GitvirtError {
  return new GitvirtError({
    code: 'NoDestination',
    message:
      file === undefined ? `There is no destination ${name}: the reconciler has no --notify-file.` : `${file} has no destination ${name}.`,
    action: 'Add it there, or name another one in spec.notifications of gitvirt.yaml.',
  })
}
