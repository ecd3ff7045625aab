import type { FileListing } from '../../compare/listing-index.ts'
import type { LiveSide } from '../../compare/live.ts'
import type { ReadBlobs } from '../../desired/types.ts'

/** One side, known by name; what it holds is read when it is needed. */
export type Side =
  | { readonly kind: 'live'; readonly name: string; readonly identity?: undefined; readonly live: LiveSide }
  | {
      readonly kind: 'declared'
      readonly name: string
      /** Stands for all that the side holds: two sides of one identity are equal. */
      readonly identity: string
      /** True where its objects come of an overlay, so that its files are no place to write them. */
      readonly rendered: boolean
      readonly list: () => Promise<FileListing>
      readonly read: ReadBlobs
    }
