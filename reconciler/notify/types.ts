import type { Notification, NotifiedAuthor } from '../../schemas/generated/notification.ts'
import type { ObjectKey } from '../lib/object-key.ts'

export type Severity = 'warning' | 'recovery' | 'info'

/** Something that happened to an object, as other rooms tell it. */
export type News = {
  readonly key: ObjectKey
  readonly severity: Exclude<Severity, 'recovery'>
  readonly reason: string
  readonly message: string
  readonly host?: string
  /** Digest of the sealed plan that was carried out. */
  readonly plan?: string
}

/** The revision in force. */
export type InForce = { readonly revision: string; readonly author: NotifiedAuthor }

/** A rule of the Fleet, with every default filled in; times in milliseconds. */
export type NotifyRule = {
  readonly name: string
  readonly to: string
  readonly severities: ReadonlySet<Severity>
  /** Absent: all. */
  readonly kinds?: ReadonlySet<string>
  readonly reasons?: ReadonlySet<string>
  readonly exceptReasons: ReadonlySet<string>
  readonly matchLabels: Readonly<Record<string, string>>
  readonly interval: number
  readonly repeat: number
}

/** What is sent: the webhook's body, from which the others are written. */
export type Message = Notification
