/* Generated from schemas/ by `npm run generate`. Do not edit. */
/**
 * Address that messages link to; {revision} is filled in.
 *
 * This interface was referenced by `Destinations`'s JSON-Schema
 * via the `definition` "Link".
 */
export type Link = string
/**
 * Most messages in any hour, whatever rules of the Fleet say; what is more waits and is gathered. Default: 60.
 *
 * This interface was referenced by `Destinations`'s JSON-Schema
 * via the `definition` "MostPerHour".
 */
export type MostPerHour = number
/**
 * A mail address, without a display name.
 *
 * This interface was referenced by `Destinations`'s JSON-Schema
 * via the `definition` "Address".
 */
export type Address = string

/**
 * The operator's file of notification destinations (--notify-file). It holds secrets and lies on the reconciler's host, never in Git.
 */
export interface Destinations {
  /**
   * Destinations by the name that rules of the Fleet use.
   */
  destinations: {
    [k: string]: WebhookDestination | SlackDestination | EmailDestination
  }
}
/**
 * Any HTTP server that takes JSON.
 *
 * This interface was referenced by `Destinations`'s JSON-Schema
 * via the `definition` "WebhookDestination".
 */
export interface WebhookDestination {
  type: 'webhook'
  /**
   * Where it is posted to.
   */
  url: string
  /**
   * Key of the HMAC-SHA256 signature; without it nothing is signed.
   */
  secret?: string
  /**
   * Sent as a bearer token.
   */
  token?: string
  /**
   * True: the server may have a loopback, link-local or private address.
   */
  allowPrivate?: boolean
  /**
   * File with the certificates (PEM) of the server's own authority.
   */
  caFile?: string
  link?: Link
  mostPerHour?: MostPerHour
}
/**
 * An incoming webhook of Slack, or of a server that takes the same: Mattermost, Rocket.Chat, Zulip.
 *
 * This interface was referenced by `Destinations`'s JSON-Schema
 * via the `definition` "SlackDestination".
 */
export interface SlackDestination {
  type: 'slack'
  /**
   * Address of the incoming webhook.
   */
  url: string
  /**
   * True: the server may have a loopback, link-local or private address.
   */
  allowPrivate?: boolean
  /**
   * File with the certificates (PEM) of the server's own authority.
   */
  caFile?: string
  link?: Link
  mostPerHour?: MostPerHour
}
/**
 * An SMTP server, and who is written to.
 *
 * This interface was referenced by `Destinations`'s JSON-Schema
 * via the `definition` "EmailDestination".
 */
export interface EmailDestination {
  type: 'email'
  /**
   * Name or address of the SMTP server.
   */
  host: string
  /**
   * Default: 587, with implicit TLS 465.
   */
  port?: number
  /**
   * starttls (default): refused where the server does not offer it. implicit: TLS from the first byte. none: no TLS, and no password.
   */
  tls?: 'starttls' | 'implicit' | 'none'
  username?: string
  password?: string
  from: Address
  /**
   * @minItems 1
   * @maxItems 50
   */
  to: [Address, ...Address[]]
  /**
   * True: the server may have a loopback, link-local or private address.
   */
  allowPrivate?: boolean
  /**
   * File with the certificates (PEM) of the server's own authority.
   */
  caFile?: string
  link?: Link
  mostPerHour?: MostPerHour
}
