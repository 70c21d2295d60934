import type { Masker } from '@parapet/core'
import type { JsonTextMasker } from '../structure/index.js'

/** What the surfaces need of a masker: text, values, and JSON text that stays valid JSON. */
export type SurfaceMasker = Masker & {
  /** JSON documents, also several as NDJSON; other text is masked as text */
  readonly json: (text: string) => string
  readonly jsonText: JsonTextMasker
  /** masks bytes or text that come in pieces */
  readonly scan: () => { readonly write: (piece: Uint8Array | string) => Uint8Array; readonly end: () => Uint8Array }
}
