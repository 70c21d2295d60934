import { format } from 'node:util'
import { unscanned } from '../masking/actions/actions.js'
import { createErrorSerializer } from '../masking/errors/index.js'
import type { SurfaceMasker } from '../masking/surfaces/surface-masker.js'

/** A record of winston: fields, and under symbols its level, arguments and finished line. */
type Info = { level: string; message: unknown; [field: string | symbol]: unknown }

/** A format of logform, by structure. */
export type MaskFormat = { readonly transform: (info: Info) => Info }

/** The tokens that `splat()` knows. */
const TOKEN = /%[scdjifoO%]/g

/** Puts the arguments into the message, as `splat()` would: a value alone is a word, after `password=` it is a secret. */
const interpolate = (message: string, args: readonly unknown[]): { message: string; rest: readonly unknown[] } => {
  const wanted = (message.match(TOKEN) ?? []).filter((token) => token !== '%%').length
  if (wanted === 0 || args.length === 0) return { message, rest: args }
  return { message: format(message, ...args.slice(0, wanted)), rest: args.slice(wanted) }
}

const [LEVEL, MESSAGE, SPLAT] = [Symbol.for('level'), Symbol.for('message'), Symbol.for('splat')]

/**
 * A format for winston that masks all of a record: fields at any depth, message, arguments and, when an earlier format has made it, the
 * finished line. Its place is after `splat()` and `errors()` and before the format that makes the line, which then sees masked values
 * only; after that one, it masks the line as text, and bytes that `json()` wrote in base64 are past help.
 * The record that came in is left as it was. One that cannot be masked becomes a record of its level and size.
 */
export const maskFormat = ({ masker }: { readonly masker: SurfaceMasker }): MaskFormat => {
  const errors = createErrorSerializer({ masker })
  return {
    transform: (info) => {
      const { level } = info
      try {
        // `logger.log(error)` makes the error itself the record
        const fields = (info instanceof Error ? errors(info) : masker.value({ ...info })) as Record<string, unknown>
        const masked = { ...fields, level } as Info
        masked[LEVEL] = info[LEVEL]
        if (typeof info[MESSAGE] === 'string') masked[MESSAGE] = masker.json(info[MESSAGE])
        if (Array.isArray(info[SPLAT])) {
          const args = masker.value(info[SPLAT]) as readonly unknown[]
          const isOpen = typeof info.message === 'string' && typeof info[MESSAGE] !== 'string'
          const { message, rest } = isOpen ? interpolate(String(info.message), args) : { message: undefined, rest: args }
          if (message !== undefined && message !== info.message) masked.message = masker.text(message)
          masked[SPLAT] = rest
        }
        return masked
      } catch {
        const text = unscanned(0)
        return { level, message: text, [LEVEL]: info[LEVEL], [MESSAGE]: text }
      }
    },
  }
}
