/* Generated from schemas/ by `npm run generate`. Do not edit. */
/**
 * The body that a webhook destination is sent: one piece of news, or a digest of several.
 */
export interface Notification {
  /**
   * Version of this format. Fields may be added to it; others keep their meaning.
   */
  version: 1
  /**
   * The same in every try to deliver this message: whoever has it already may drop it.
   */
  id: string
  /**
   * warning: something is wrong. recovery: it no longer is. info: something went as it should. digest: several of these. test: asked for by a person.
   */
  type: 'warning' | 'recovery' | 'info' | 'digest' | 'test'
  /**
   * RFC 3339 time of the news; of a digest, of the newest one in it.
   */
  time: string
  /**
   * Name of the environment (--environment).
   */
  environment: string
  /**
   * Name of the rule in spec.notifications of the Fleet; empty in a test.
   */
  rule: string
  /**
   * Stable word for what happened, as in events; Digest in a digest.
   */
  reason: string
  /**
   * What happened, for people.
   */
  message: string
  /**
   * How many pieces of news this message tells of.
   */
  count: number
  object?: NotifiedObject
  /**
   * Host that it happened on.
   */
  host?: string
  /**
   * Git commit that was in force.
   */
  revision?: string
  author?: NotifiedAuthor
  /**
   * Digest of the sealed plan that was carried out.
   */
  plan?: string
  /**
   * Where to read more: the destination's link with the revision filled in.
   */
  link?: string
  /**
   * Of a digest: its news by type and reason.
   */
  groups?: NewsGroup[]
}
/**
 * What the news is about.
 *
 * This interface was referenced by `Notification`'s JSON-Schema
 * via the `definition` "NotifiedObject".
 */
export interface NotifiedObject {
  kind: string
  /**
   * Empty for kinds without namespace.
   */
  namespace: string
  /**
   * * stands for the environment as a whole.
   */
  name: string
}
/**
 * Author of the revision that was in force.
 *
 * This interface was referenced by `Notification`'s JSON-Schema
 * via the `definition` "NotifiedAuthor".
 */
export interface NotifiedAuthor {
  name: string
  email: string
}
/**
 * News of one type and reason.
 *
 * This interface was referenced by `Notification`'s JSON-Schema
 * via the `definition` "NewsGroup".
 */
export interface NewsGroup {
  type: 'warning' | 'recovery' | 'info'
  reason: string
  /**
   * How many there were; items has the first ones.
   */
  count: number
  /**
   * RFC 3339 time of the first one.
   */
  first: string
  /**
   * RFC 3339 time of the last one.
   */
  last: string
  items: NewsItem[]
}
/**
 * One piece of news.
 *
 * This interface was referenced by `Notification`'s JSON-Schema
 * via the `definition` "NewsItem".
 */
export interface NewsItem {
  /**
   * RFC 3339.
   */
  time: string
  object: NotifiedObject
  message: string
  host?: string
  revision?: string
  author?: NotifiedAuthor
  plan?: string
}
